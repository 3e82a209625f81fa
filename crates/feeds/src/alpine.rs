//! Alpine: the security database, <https://secdb.alpinelinux.org/>.
//!
//! One document per branch and repository, made from what the maintainers of packages note down
//! as fixed (`secfixes` in an APKBUILD). So it knows no vulnerability that is not fixed, and
//! neither severities nor descriptions. Its packages are source packages.

mod branch;

use std::io::Read;

use clair_model::Namespace;
use jiff::Timestamp;

use self::branch::Branch;
use crate::secdb::{self, Publisher};
use crate::{About, Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Source, text};

/// The feed.
pub(crate) struct Alpine;

const REPOSITORIES: [&str; 2] = ["main", "community"];

const TRACKER: &str = "https://security.alpinelinux.org/vuln/";

/// A text beside the branches with the time of the data, in seconds since 1970.
const LAST_UPDATE: &str = "last-update";

impl Feed for Alpine {
    fn about(&self) -> About {
        About {
            name: "alpine",
            description: "Alpine security database: what is fixed in main and community of every branch",
            upstream: "https://secdb.alpinelinux.org/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            return Ok(vec![single(root)]);
        }
        let mut sources = Vec::new();
        let branches = branch::discover(fetcher, root)?;
        let date = last_update(fetcher, root);
        for branch in branches {
            for repository in repositories(fetcher, root, &branch)? {
                sources.push(Source {
                    name: format!("{}/{branch}/{repository}", self.name()),
                    locations: root.candidates(&format!("{branch}/{repository}.json")),
                    date,
                });
            }
        }
        if sources.is_empty() {
            let location = root.to_string();
            return Err(FeedError::malformed(
                self.name(),
                &location,
                "it has no branches",
            ));
        }
        Ok(sources)
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let place = source.label();
        let publisher = Repository {
            branch: place.and_then(|name| name.parse().ok()),
        };
        secdb::read(source, document, sink, &publisher).map(|()| None)
    }
}

/// The source of a document that was named by itself. Its place tells the branch if it is like
/// that of the upstream; else the document has to.
fn single(document: &Location) -> Source {
    let parts = document.parts_from_end();
    let part = |index: usize| parts.get(index).map_or("", String::as_str);
    let repository = part(0).split('.').next().unwrap_or_default();
    let label = match part(1).parse::<Branch>() {
        Ok(branch) => format!("{branch}/{repository}"),
        Err(()) => repository.to_owned(),
    };
    Source::part("alpine", &label, vec![document.clone()])
}

/// The repositories that a branch has documents of. The oldest branches had no community.
fn repositories(
    fetcher: &Fetcher,
    root: &Location,
    branch: &Branch,
) -> Result<Vec<&'static str>, FeedError> {
    let names = fetcher.list(&root.join(&format!("{branch}/")))?;
    let mut found = Vec::new();
    for repository in REPOSITORIES {
        let document = format!("{repository}.json");
        let is_there = match &names {
            Some(names) => names.iter().any(|name| name.starts_with(&document)),
            None => fetcher.exists(&root.candidates(&format!("{branch}/{document}")))?,
        };
        found.extend(is_there.then_some(repository));
    }
    Ok(found)
}

/// When the upstream made the data, if it is told.
fn last_update(fetcher: &Fetcher, root: &Location) -> Option<Timestamp> {
    let Ok(Fetched::New { document, .. }) = fetcher.fetch(&root.join(LAST_UPDATE), None) else {
        return None;
    };
    let mut text = String::new();
    document.take(64).read_to_string(&mut text).ok()?;
    Timestamp::from_second(text.trim().parse().ok()?).ok()
}

/// The documents of one repository.
struct Repository {
    /// The branch that its place tells.
    branch: Option<Branch>,
}

impl Publisher for Repository {
    fn tracker(&self) -> Option<&'static str> {
        Some(TRACKER)
    }

    /// The branch that a document states, which must be the one that its place does.
    fn namespace(&self, stated: Option<&str>) -> Result<Namespace, String> {
        let Some(stated) = stated else {
            let branch = self.branch.as_ref().map(Branch::namespace);
            return branch.ok_or_else(|| "packages before their branch".to_owned());
        };
        let shown = text::line(stated);
        let stated: Branch = stated
            .parse()
            .map_err(|()| format!("its branch {shown:?} is none"))?;
        match &self.branch {
            Some(expected) if *expected != stated => {
                Err(format!("it is of branch {stated}, not {expected}"))
            }
            _ => Ok(stated.namespace()),
        }
    }
}
