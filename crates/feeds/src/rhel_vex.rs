//! Red Hat: CSAF VEX documents, <https://redhatproductsecurity.github.io/security-data-guidelines/csaf-vex/>.
//!
//! One document per CVE, about all products of Red Hat: which packages are fixed, affected, under
//! investigation and not affected. The archive of all of them is named by a text beside it.
//!
//! What is said of Red Hat Enterprise Linux itself, by its CPE `enterprise_linux`, is in the
//! namespace of its major release. Every other product, extended support of a minor release being
//! one, has other versions of the same packages, and a namespace that is its CPE.
//!
//! Only packages of rpm are read. Containers, Maven artefacts and others are left out as such.

mod csaf;
mod product;
mod statements;

use std::io::Read;

use clair_model::Severity;
use jiff::Timestamp;

use crate::{
    Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Skip, Source, archive, repository,
    text,
};

/// The feed.
pub(crate) struct RhelVex;

/// The text that names the archive.
const LATEST: &str = "archive_latest.txt";

impl Feed for RhelVex {
    fn name(&self) -> &'static str {
        "rhel-vex"
    }

    fn description(&self) -> &'static str {
        "Red Hat VEX: what is fixed, affected and not affected in its products"
    }

    fn upstream(&self) -> &'static str {
        "https://security.access.redhat.com/data/csaf/v2/vex/"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let mut locations = Vec::new();
        if root.is_document() {
            locations.push(root.clone());
        } else {
            locations.extend(latest(fetcher, root)?.map(|name| root.join(&name)));
            // A directory without an archive may have the documents themselves.
            locations.extend(matches!(root, Location::Path(_)).then(|| root.clone()));
        }
        if locations.is_empty() {
            let reason = format!("it has no {LATEST}");
            return Err(FeedError::malformed(self.name(), &root.to_string(), reason));
        }
        Ok(vec![Source {
            name: self.name().to_owned(),
            locations,
            date: None,
        }])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let mut count = 0_u64;
        archive::for_each_record(source, document, &mut |name, content| {
            let json = match content {
                Ok(json) => json,
                Err(reason) => {
                    sink.skipped(reason, name);
                    return Ok(());
                }
            };
            let Ok(csaf) = csaf::Csaf::parse(json) else {
                sink.skipped(Skip::Malformed, name);
                return Ok(());
            };
            count += 1;
            let advisories = statements::advisories(&csaf, &mut |reason, about| {
                sink.skipped(reason, &text::line(about));
            });
            for advisory in advisories {
                sink.advisory(advisory).map_err(|error| FeedError::Sink {
                    name: source.name.clone(),
                    source: error,
                })?;
            }
            Ok(())
        })?;
        if count == 0 {
            // Taken for true, it would say that Red Hat has no vulnerabilities.
            let reason = "it has no documents that can be read";
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                reason,
            ));
        }
        Ok(None)
    }
}

/// The name of the newest archive, if one is named.
fn latest(fetcher: &Fetcher, root: &Location) -> Result<Option<String>, FeedError> {
    let place = root.join(LATEST);
    let document = match fetcher.fetch(&place, None) {
        Ok(Fetched::New { document, .. }) => document,
        Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut name = String::new();
    document
        .take(1024)
        .read_to_string(&mut name)
        .map_err(|error| FeedError::from_read("rhel-vex", &place.to_string(), error))?;
    let name = name.trim();
    let is_name = text::is_name(name) && !name.contains('/');
    Ok(is_name.then(|| name.to_owned()))
}

/// The severity that a threat of the category `impact` means.
fn severity(word: &str) -> Severity {
    repository::severity(word)
}
