//! Red Hat: which products a repository is for, and under which names an image is offered,
//! <https://security.access.redhat.com/data/metrics/>.
//!
//! Enrichments: images name the repositories of their packages, and statements the products that
//! they hold for; matching looks up one by the other. The tags are the ids of repositories and the
//! names of images, which do not get into each other's way: the facts differ.

use std::fmt;

use clair_cpe::Cpe;
use clair_model::Enrichment;
use clair_model::facts::{self, RhelMapping};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::facts::fact;
use crate::json::{self, Entries, Output};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, text};

/// The feed.
pub(crate) struct RhelMappings;

/// The documents, and what their sources are called.
const DOCUMENTS: [(&str, &str); 2] = [
    ("repository-to-cpe.json", "repositories"),
    ("container-name-repos-map.json", "containers"),
];

/// More values than any entry has.
const MAX_VALUES: usize = 1_000;

/// The field that has the entries.
const DATA: &str = "data";

impl Feed for RhelMappings {
    fn about(&self) -> About {
        About {
            name: facts::RHEL_MAPPINGS,
            description: "Red Hat: the products of repositories, and the names of container images",
            upstream: "https://security.access.redhat.com/data/metrics/",
            revision: 1,
            ..About::ENRICHMENTS
        }
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            return Ok(vec![Source::new(self.name(), vec![root.clone()])]);
        }
        let sources = DOCUMENTS
            .iter()
            .map(|(document, label)| Source::part(self.name(), label, root.candidates(document)));
        Ok(sources.collect())
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let location = document.location().to_owned();
        let mut output = Output::new(document, sink);
        let result = json::read(document, Whole(&mut output));
        output.finish(source, &location, result).map(|()| None)
    }
}

/// An entry of `repository-to-cpe.json`.
#[derive(Deserialize)]
struct Repository {
    cpes: Vec<String>,
}

/// The fact that an entry states; none if it cannot be used.
fn read(key: &str, json: &str, skip: &mut dyn FnMut(Skip, &str)) -> Option<Enrichment> {
    if !text::is_name(key) {
        skip(Skip::BadId, key);
        return None;
    }
    let mut mapping = RhelMapping::default();
    if let Ok(Repository { cpes }) = serde_json::from_str(json) {
        mapping.products = cpes;
        let is_product = |cpe: &String| text::is_name(cpe) && cpe.parse::<Cpe>().is_ok();
        let named = mapping.products.len();
        mapping.products.retain(is_product);
        mapping.products.truncate(MAX_VALUES);
        if mapping.products.len() < named {
            skip(Skip::Malformed, key);
        }
    } else if let Ok(names) = serde_json::from_str::<Vec<String>>(json) {
        mapping.images = names;
        mapping.images.retain(|name| text::is_name(name));
        mapping.images.truncate(MAX_VALUES);
    } else {
        skip(Skip::Malformed, key);
        return None;
    }
    // Repositories for nobody in particular are in the list as well.
    if mapping == RhelMapping::default() {
        return None;
    }
    fact(key, &mapping).ok()
}

struct Whole<'o, 's>(&'o mut Output<'s>);

impl<'de> DeserializeSeed<'de> for Whole<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Whole<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with an object {DATA:?}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut count = 0_u64;
        while let Some(key) = fields.next_key::<String>()? {
            if key == DATA {
                count += fields.next_value_seed(Entries {
                    output: &mut *self.0,
                    what: &"an object with an entry for each name",
                    read_entry: &read,
                })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        if count == 0 {
            // Taken for true, it would say that no repository is for anything.
            return Err(de::Error::custom(format_args!("it has no {DATA:?}")));
        }
        Ok(())
    }
}
