//! AlmaLinux: the errata of every release, <https://wiki.almalinux.org/documentation/errata.html>.
//!
//! The vendor recommends `errata.full.json`, the only form that tells of which module each package
//! is. Its older `errata.json` and an archive of its OSV records are read too.

mod erratum;
mod osv;

use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use self::osv::Records;
use crate::json::{self, List, Output};
use crate::osv::{export, publisher};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Source};

/// The feed.
pub(crate) struct AlmaLinux;

/// The documents that a release may have, the best first.
const DOCUMENTS: [&str; 2] = ["errata.full.json", "errata.json"];

/// The releases to look for where a root does not list what it has: the first, and as far as may
/// be.
const RELEASES: std::ops::RangeInclusive<u32> = 8..=20;

/// What tells the source of OSV records.
const OSV: &str = "osv";

impl Feed for AlmaLinux {
    fn about(&self) -> About {
        About {
            name: "almalinux",
            description: "AlmaLinux errata: what is fixed in every release",
            upstream: "https://errata.almalinux.org/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            return Ok(vec![self.single(root)]);
        }
        let mut sources = Vec::new();
        for release in releases(fetcher, root)? {
            let documents = DOCUMENTS.iter();
            let documents = documents.map(|name| root.candidates(&format!("{release}/{name}")));
            let locations: Vec<Location> = documents.flatten().collect();
            if fetcher.exists(&locations)? {
                sources.push(self.source(&release.to_string(), locations));
            }
        }
        if sources.is_empty() {
            let records = export::source(self.name(), root);
            sources.push(self.source(OSV, records.locations));
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
        if place == Some(OSV) {
            return export::read(source, document, sink, &Records);
        }
        let location = document.location().to_owned();
        let mut output = Output::new(document, sink);
        let errata = Errata {
            output: &mut output,
            release: place.unwrap_or_default(),
        };
        let result = json::read(document, errata);
        output.finish(source, &location, result).map(|()| None)
    }
}

impl AlmaLinux {
    fn source(&self, label: &str, locations: Vec<Location>) -> Source {
        Source::part(self.name(), label, locations)
    }

    /// The source of a document that was named by itself. Its place tells the release if it is
    /// like that of the upstream; else the packages do.
    fn single(&self, document: &Location) -> Source {
        let parts = document.parts_from_end();
        let part = |index: usize| parts.get(index).map_or("", String::as_str);
        let locations = vec![document.clone()];
        if !part(0).starts_with("errata") {
            return self.source(OSV, locations);
        }
        if publisher::is_number(part(1)) {
            return self.source(part(1), locations);
        }
        Source::new(self.name(), locations)
    }
}

/// The releases that may be below a root.
fn releases(fetcher: &Fetcher, root: &Location) -> Result<Vec<u32>, FeedError> {
    let Some(names) = fetcher.list(root)? else {
        return Ok(RELEASES.collect());
    };
    let names = names.iter().filter_map(|name| name.strip_suffix('/'));
    let mut releases: Vec<u32> = names.filter_map(|name| name.parse().ok()).collect();
    if releases.is_empty() {
        releases.extend(RELEASES);
    }
    releases.sort_unstable();
    Ok(releases)
}

/// A whole document: a list of errata, or an object that has one.
struct Errata<'o, 's> {
    output: &'o mut Output<'s>,
    release: &'o str,
}

impl<'de> DeserializeSeed<'de> for Errata<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Errata<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the errata of a release of AlmaLinux")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Self { output, release } = self;
        let mut has_data = false;
        while let Some(field) = fields.next_key::<String>()? {
            if field == "data" {
                has_data = true;
                let output = &mut *output;
                fields.next_value_seed(Errata { output, release })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        if has_data {
            Ok(())
        } else {
            Err(A::Error::missing_field("data"))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, errata: A) -> Result<(), A::Error> {
        let release = self.release;
        let list = List {
            output: self.output,
            read_record: &|json, skip| erratum::advisories(release, json, skip),
        };
        json::some(list.visit_seq(errata)?)
    }
}
