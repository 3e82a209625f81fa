//! ALT Linux: the errata as OVAL, <https://rdb.altlinux.org/api/> (`errata/export/oval`).
//!
//! One archive per branch, with a document for each erratum: an update that fixes vulnerabilities.
//! Those without a fix are not told. A branch inherits the errata of that which it was made from,
//! so an archive is complete.

use clair_model::{Namespace, Severity};
use jiff::Timestamp;
use serde::Deserialize;

use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{
    Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Skip, Source, archive, catalog,
    text,
};

/// The feed.
pub(crate) struct Alt;

/// The list of branches, beside their archives.
const BRANCHES: &str = "branches";

/// What the platform of an erratum has before the branch.
const PLATFORM: &str = "ALT Linux branch ";

impl Feed for Alt {
    fn name(&self) -> &'static str {
        "alt"
    }

    fn description(&self) -> &'static str {
        "ALT Linux errata: what is fixed in every branch"
    }

    fn upstream(&self) -> &'static str {
        "https://rdb.altlinux.org/api/errata/export/oval/"
    }

    fn revision(&self) -> u32 {
        2
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let label = |name: &str| {
            let stem = name.strip_suffix(".zip").unwrap_or(name);
            branch(stem.strip_suffix(".tar").unwrap_or(stem)).map(str::to_owned)
        };
        if root.is_document() {
            return Ok(vec![catalog::single(self.name(), root, label)]);
        }
        let mut documents = match root {
            Location::Path(_) => catalog::list(fetcher, root, |name| label(name).is_some())?,
            Location::Http(_) => catalog::Documents::new(),
        };
        if documents.is_empty() {
            for branch in branches(fetcher, root)? {
                let place = root.join(&branch);
                documents.insert(branch, vec![place]);
            }
        }
        catalog::sources(self.name(), root, documents, |name| {
            label(name).unwrap_or_default()
        })
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let limits = document.meter().limits();
        let mut count = 0_u64;
        archive::for_each_xml_record(source, document, &mut |name, content| {
            let read = match content {
                Ok(xml) => oval::read_record(source, name, xml, limits, sink, self),
                Err(reason) => {
                    sink.skipped(reason, name);
                    return Ok(());
                }
            };
            match read {
                Ok(_) => count += 1,
                // One that is broken says nothing about the others.
                Err(FeedError::Malformed { .. }) => sink.skipped(Skip::Malformed, name),
                Err(error) => return Err(error),
            }
            Ok(())
        })?;
        if count == 0 {
            // Taken for true, it would say that the branch has no vulnerabilities.
            let reason = "it has no errata that can be read";
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                reason,
            ));
        }
        Ok(None)
    }
}

/// Asks for the branches.
fn branches(fetcher: &Fetcher, root: &Location) -> Result<Vec<String>, FeedError> {
    #[derive(Deserialize)]
    struct List {
        branches: Vec<String>,
    }
    let location = root.join(BRANCHES);
    let Fetched::New { document, .. } = fetcher.fetch(&location, None)? else {
        return Ok(Vec::new());
    };
    let list: List = serde_json::from_reader(document).map_err(|error| {
        let reason = text::line(&error.to_string());
        FeedError::malformed("alt", &location.to_string(), reason)
    })?;
    let named = list.branches.iter().filter_map(|name| branch(name));
    Ok(text::distinct(named.map(str::to_owned)))
}

/// The name of a branch, if it is one: `p10`, `c9f2`, `sisyphus`.
fn branch(name: &str) -> Option<&str> {
    let is_branch = (1..=32).contains(&name.len())
        && name != BRANCHES
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    is_branch.then_some(name)
}

impl Vendor for Alt {
    /// The criteria test which product is installed, by its os-release; the definition names the
    /// branch that those products are made from.
    fn scopes(
        &self,
        definition: &Definition,
        conditions: &[Condition<'_>],
        _: &str,
    ) -> Result<Vec<Scope>, Skip> {
        let is_product = |condition: &Condition<'_>| {
            condition.package.is_none() && condition.comment.ends_with("must be installed")
        };
        if !conditions.iter().all(is_product) {
            return Err(Skip::Conditional);
        }
        let mut scopes = Vec::new();
        for platform in &definition.platforms {
            let branch = platform.strip_prefix(PLATFORM).and_then(branch);
            let branch = branch.ok_or(Skip::UnknownRelease)?;
            scopes.push(Scope::of(Namespace::release("altlinux", branch)));
        }
        if scopes.is_empty() {
            return Err(Skip::UnknownRelease);
        }
        Ok(scopes)
    }

    fn severity(&self, word: &str) -> Severity {
        word.parse().unwrap_or_default()
    }

    fn notice(&self, definition: &Definition) -> Option<String> {
        definition.reference("ALTPU").map(str::to_owned)
    }
}
