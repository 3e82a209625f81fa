//! ALT Linux: the errata as OVAL, <https://rdb.altlinux.org/api/> (`errata/export/oval`).
//!
//! One archive per branch, with a document for each erratum: an update that fixes vulnerabilities.
//! Those without a fix are not told. A branch inherits the errata of that which it was made from,
//! so an archive is complete.

use clair_model::{Namespace, Severity};
use jiff::Timestamp;
use serde::Deserialize;

use crate::archive::{self, Format};
use crate::catalog::{self, Listing};
use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{
    About, Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Skip, Source, text,
};

/// The feed.
pub(crate) struct Alt;

/// The list of branches, beside their archives.
const BRANCHES: &str = "branches";

/// What the platform of an erratum has before the branch.
const PLATFORM: &str = "ALT Linux branch ";

impl Feed for Alt {
    fn about(&self) -> About {
        About {
            name: "alt",
            description: "ALT Linux errata: what is fixed in every branch",
            upstream: "https://rdb.altlinux.org/api/errata/export/oval/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let label = |name: &str| {
            let stem = name.strip_suffix(".zip").unwrap_or(name);
            branch(stem.strip_suffix(".tar").unwrap_or(stem)).map(str::to_owned)
        };
        catalog::labelled(
            self.name(),
            fetcher,
            root,
            Listing::Directories,
            label,
            || {
                let branches = branches(fetcher, root)?.into_iter();
                let documents = branches.map(|branch| (branch.clone(), vec![root.join(&branch)]));
                Ok(documents.collect())
            },
        )
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let limits = document.meter().limits();
        let errata = (Format::Xml, "errata");
        archive::read_records(source, document, sink, errata, &mut |name, xml, sink| {
            oval::read_record(source, name, xml, limits, sink, self)?;
            Ok(())
        })?;
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
