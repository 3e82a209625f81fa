//! Alpine: the security database, <https://secdb.alpinelinux.org/>.
//!
//! One document per branch and repository, made from what the maintainers of packages note down
//! as fixed (`secfixes` in an APKBUILD). So it knows no vulnerability that is not fixed, and
//! neither severities nor descriptions. Its packages are source packages.

mod branch;
mod package;

use std::fmt;
use std::io::Read;

use clair_model::Namespace;
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use self::branch::Branch;
use crate::json::{self, Output};
use crate::{Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Source, text};

/// The feed.
pub(crate) struct Alpine;

const REPOSITORIES: [&str; 2] = ["main", "community"];

/// A text beside the branches with the time of the data, in seconds since 1970.
const LAST_UPDATE: &str = "last-update";

impl Feed for Alpine {
    fn name(&self) -> &'static str {
        "alpine"
    }

    fn description(&self) -> &'static str {
        "Alpine security database: what is fixed in main and community of every branch"
    }

    fn upstream(&self) -> &'static str {
        "https://secdb.alpinelinux.org/"
    }

    fn revision(&self) -> u32 {
        1
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
        let location = document.location().to_owned();
        let mut output = Output::new(document, sink);
        let expected = source
            .name
            .split('/')
            .nth(1)
            .and_then(|name| name.parse().ok());
        let result = json::read(
            document,
            Database {
                output: &mut output,
                branch: expected,
            },
        );
        output.finish(source, &location, result).map(|()| None)
    }
}

/// The source of a document that was named by itself. Its place tells the branch if it is like
/// that of the upstream; else the document has to.
fn single(document: &Location) -> Source {
    let parts = document.parts_from_end();
    let part = |index: usize| parts.get(index).map_or("", String::as_str);
    let repository = part(0).split('.').next().unwrap_or_default();
    let name = match part(1).parse::<Branch>() {
        Ok(branch) => format!("alpine/{branch}/{repository}"),
        Err(()) => format!("alpine/{repository}"),
    };
    Source {
        name,
        locations: vec![document.clone()],
        date: None,
    }
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

/// A whole document.
struct Database<'o, 's> {
    output: &'o mut Output<'s>,
    branch: Option<Branch>,
}

impl<'de> DeserializeSeed<'de> for Database<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Database<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a security database of Alpine")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let mut has_packages = false;
        while let Some(field) = fields.next_key::<String>()? {
            match field.as_str() {
                "distroversion" => {
                    let stated: String = fields.next_value()?;
                    self.branch = Some(self.agreed(&stated).map_err(A::Error::custom)?);
                }
                "packages" => {
                    let namespace = match &self.branch {
                        Some(branch) => branch.namespace(),
                        None => return Err(A::Error::custom("packages before their branch")),
                    };
                    has_packages = true;
                    let packages = Packages {
                        output: self.output,
                        namespace,
                    };
                    fields.next_value_seed(packages)?;
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        if has_packages {
            Ok(())
        } else {
            Err(A::Error::missing_field("packages"))
        }
    }
}

impl Database<'_, '_> {
    /// The branch that a document states, which must be the one that its place does.
    fn agreed(&self, stated: &str) -> Result<Branch, String> {
        let shown = text::line(stated);
        let stated: Branch = stated
            .parse()
            .map_err(|()| format!("its branch {shown:?} is none"))?;
        match &self.branch {
            Some(expected) if *expected != stated => {
                Err(format!("it is of branch {stated}, not {expected}"))
            }
            _ => Ok(stated),
        }
    }
}

/// The list of packages. Empty, it may be `null`.
struct Packages<'o, 's> {
    output: &'o mut Output<'s>,
    namespace: Namespace,
}

impl<'de> DeserializeSeed<'de> for Packages<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Packages<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of packages")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut packages: A) -> Result<(), A::Error> {
        loop {
            self.output.record()?;
            // As text first: a package of another shape is then an error of its own only.
            let Some(json) = packages.next_element::<Box<RawValue>>()? else {
                return Ok(());
            };
            let output = &mut *self.output;
            let advisories =
                package::advisories(&self.namespace, json.get(), &mut |skip, about| {
                    output.skip(skip, about);
                });
            for advisory in advisories {
                self.output.advisory(advisory)?;
            }
        }
    }
}
