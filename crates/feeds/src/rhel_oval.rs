//! Red Hat: what its errata fix, as OVAL, <https://security.access.redhat.com/data/oval/v2/>.
//!
//! One document per product and stream, which a manifest lists. Red Hat has replaced them by VEX,
//! which says more, and does not add to them any more:
//! <https://www.redhat.com/en/blog/red-hat-vex-files-cves-are-now-generally-available>. They are for
//! mirrors that have nothing newer. Together with VEX everything would be told twice, so the feed is
//! read only where it is asked for.
//!
//! What a definition says holds for the products in its list of CPEs. Definitions of what is not
//! fixed name components by their sources and have no versions; they are left to VEX.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};

use clair_cpe::Cpe;
use clair_model::{Namespace, Severity};
use jiff::Timestamp;

use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{
    About, Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Skip, Source, catalog,
    repository, text,
};

/// The feed.
pub(crate) struct RhelOval;

/// The list of documents: path, checksum and length.
const MANIFEST: &str = "PULP_MANIFEST";
/// The list of all documents there ever were has some hundred lines.
const MAX_MANIFEST: u64 = 4 << 20;
const MAX_DOCUMENTS: usize = 5_000;
const SUFFIX: &str = ".oval.xml";

impl Feed for RhelOval {
    fn about(&self) -> About {
        About {
            name: "rhel-oval",
            description: "Red Hat OVAL: what errata fix, for mirrors without VEX (only where asked for)",
            upstream: "https://security.access.redhat.com/data/oval/v2/",
            is_default: false,
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            return Ok(vec![catalog::single(self.name(), root, |name| {
                stream(name)
            })]);
        }
        let mut documents = manifest(fetcher, root)?;
        if documents.is_empty() {
            documents = catalog::list(fetcher, root, |name| stream(name).is_some())?;
            let names = fetcher.list(root)?.unwrap_or_default();
            for directory in names.iter().filter(|name| name.ends_with('/')) {
                let below = root.join(directory);
                let found = catalog::list(fetcher, &below, |name| stream(name).is_some())?;
                documents.extend(
                    found
                        .into_iter()
                        .map(|(name, places)| (format!("{directory}{name}"), places)),
                );
            }
        }
        catalog::sources(self.name(), root, documents, |name| {
            stream(name).unwrap_or_default()
        })
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        oval::read(source, document, sink, &Errata)
    }
}

/// The documents that the manifest lists; none if there is no manifest.
fn manifest(
    fetcher: &Fetcher,
    root: &Location,
) -> Result<BTreeMap<String, Vec<Location>>, FeedError> {
    let place = root.join(MANIFEST);
    let document = match fetcher.fetch(&place, None) {
        Ok(Fetched::New { document, .. }) => document,
        Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut documents = BTreeMap::new();
    for line in BufReader::new(document.take(MAX_MANIFEST)).lines() {
        let line =
            line.map_err(|error| FeedError::from_read("rhel-oval", &place.to_string(), error))?;
        let path = line.split(',').next().unwrap_or_default().trim();
        let stem = path.strip_suffix(".bz2").unwrap_or(path);
        let is_below = text::is_name(path) && !path.split('/').any(|part| part == "..");
        if documents.len() < MAX_DOCUMENTS && is_below && stream(stem).is_some() {
            documents.insert(stem.to_owned(), vec![root.join(path)]);
        }
    }
    Ok(documents)
}

/// Directory and stream of a document of errata: `RHEL8/rhel-8` of `RHEL8/rhel-8.oval.xml`. Of each
/// stream there are others, that have what is not fixed as well, or only what is not affected.
fn stream(name: &str) -> Option<String> {
    let stem = name.strip_suffix(SUFFIX)?;
    let is_of_errata = !stem.ends_with("-including-unpatched") && !stem.contains("unaffected");
    (is_of_errata && text::is_name(stem)).then(|| stem.to_owned())
}

struct Errata;

impl Vendor for Errata {
    fn scopes(
        &self,
        definition: &Definition,
        conditions: &[Condition<'_>],
        _version: &str,
    ) -> Result<Vec<Scope>, Skip> {
        let mut module = None;
        for condition in conditions {
            let comment = condition.comment;
            if let Some(stream) = comment
                .strip_prefix("Module ")
                .and_then(|rest| rest.strip_suffix(" is enabled"))
            {
                if !stream.contains(':') || !text::is_name(stream) || module.is_some() {
                    return Err(Skip::Malformed);
                }
                module = Some(stream.to_owned());
            } else if comment.starts_with("kernel ") || comment.contains("currently running") {
                // No image runs a kernel.
            } else if condition.state.is_some_and(|state| state.is_signature)
                || is_about_the_system(comment)
            {
                // What is signed and which release it is, the products tell as well.
            } else {
                return Err(Skip::Conditional);
            }
        }
        let is_product = |cpe: &&String| text::is_name(cpe) && cpe.parse::<Cpe>().is_ok();
        let scopes: Vec<Scope> = definition
            .cpes
            .iter()
            .filter(is_product)
            .map(|cpe| Scope {
                module: module.clone(),
                ..Scope::of(Namespace::product(cpe))
            })
            .collect();
        if scopes.is_empty() {
            return Err(Skip::UnknownRelease);
        }
        Ok(scopes)
    }

    fn severity(&self, word: &str) -> Severity {
        repository::severity(word)
    }

    fn notice(&self, definition: &Definition) -> Option<String> {
        let notice = definition.reference("RHSA")?;
        Some(notice.to_owned())
    }
}

fn is_about_the_system(comment: &str) -> bool {
    let is_release = comment.starts_with("Red Hat ")
        && (comment.ends_with(" is installed") || comment.ends_with(" must be installed"));
    is_release || comment.ends_with(" key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_told_from_what_else_there_is_of_them() {
        for (name, expected) in [
            ("RHEL8/rhel-8.oval.xml", Some("RHEL8/rhel-8")),
            ("RHEL8/rhel-8.4-eus.oval.xml", Some("RHEL8/rhel-8.4-eus")),
            ("RHEL8/rhel-8-including-unpatched.oval.xml", None),
            ("RHEL8/rhel-8-unaffected.oval.xml", None),
            ("PULP_MANIFEST", None),
        ] {
            assert_eq!(stream(name).as_deref(), expected, "{name}");
        }
    }
}
