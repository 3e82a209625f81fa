//! NIST: the National Vulnerability Database, <https://nvd.nist.gov/vuln/data-feeds>.
//!
//! Enrichments: assessments of each CVE by CVSS, of versions 2.0, 3.0, 3.1 and 4.0, by NIST
//! (*primary*) and by others. There is a document for each year; that of 2002 has those before, too.
//! Beside each lies a text with the checksum of what is in it, so a year that has not changed is not
//! fetched. The form of the documents is described by
//! <https://csrc.nist.gov/schema/nvd/api/2.0/cve_api_json_2.0.schema>.

use std::io::Read;

use clair_model::Enrichment;
use clair_model::facts::{self, Nvd};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::assessment::Written;
use crate::catalog::{self, Documents, Listing};
use crate::facts::{each_record, fact};
use crate::{
    About, Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Skip, Source, date, text,
};

/// The feed.
pub(crate) struct NationalDatabase;

/// The first year that has a document.
const FIRST: i16 = 2002;

const PREFIX: &str = "nvdcve-2.0-";

/// The forms of a document, that of the publisher first.
const FORMS: [&str; 5] = [".json.gz", ".json", ".json.zst", ".json.xz", ".json.bz2"];

/// No text with a checksum is longer.
const META: u64 = 4096;

impl Feed for NationalDatabase {
    fn about(&self) -> About {
        About {
            name: facts::NVD,
            description: "NIST NVD: how severe each CVE is by CVSS",
            upstream: "https://nvd.nist.gov/feeds/json/cve/2.0/",
            revision: 1,
            ..About::ENRICHMENTS
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let label = |name: &str| year_of(name.strip_suffix(".json")?);
        let known = || match root {
            Location::Http(_) => published(fetcher, root),
            Location::Path(_) => Ok(Documents::new()),
        };
        catalog::labelled(
            self.name(),
            fetcher,
            root,
            Listing::Directories,
            label,
            known,
        )
    }

    fn stamp(&self, fetcher: &Fetcher, source: &Source) -> Result<Option<String>, FeedError> {
        let Some(meta) = source.locations.first().and_then(meta) else {
            return Ok(None);
        };
        let document = match fetcher.fetch(&meta, None) {
            Ok(Fetched::New { document, .. }) => document,
            // A mirror need not have them.
            Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = String::new();
        document
            .take(META)
            .read_to_string(&mut text)
            .map_err(|error| FeedError::from_read(&source.name, &meta.to_string(), error))?;
        Ok(checksum(&text))
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let words = each_record(source, document, sink, "vulnerabilities", &read)?;
        Ok(words.get("timestamp").and_then(|time| date::parse(time)))
    }
}

/// The documents that the publisher has: one a year.
fn published(fetcher: &Fetcher, root: &Location) -> Result<Documents, FeedError> {
    let this_year = Timestamp::now().to_zoned(TimeZone::UTC).year();
    let documents = (FIRST..=this_year).map(|year| {
        let forms = FORMS.iter();
        let places = forms.map(|form| root.join(&format!("{PREFIX}{year}{form}")));
        (format!("{PREFIX}{year}.json"), places.collect())
    });
    let mut documents: Documents = documents.collect();
    // That of a new year is not there at once.
    if let Some(newest) = documents.last_entry()
        && !fetcher.exists(&newest.get()[..1])?
    {
        newest.remove();
    }
    Ok(documents)
}

/// The year that a document is of, by its name.
fn year_of(stem: &str) -> Option<String> {
    let year = stem.strip_prefix(PREFIX)?;
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| year.to_owned())
}

/// Where the text with the checksum of a document is.
fn meta(document: &Location) -> Option<Location> {
    let name = document.parts_from_end().into_iter().next()?;
    let stem = FORMS.iter().find_map(|form| name.strip_suffix(form))?;
    year_of(stem)?;
    document.sibling(&format!("{stem}.meta"))
}

/// `sha256:` and its digits, the last line of five.
fn checksum(meta: &str) -> Option<String> {
    let digits = meta
        .lines()
        .find_map(|line| line.trim().strip_prefix("sha256:"))?;
    let is_hash = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    is_hash.then(|| format!("sha256:{}", digits.to_ascii_lowercase()))
}

#[derive(Debug, Deserialize)]
struct Record {
    cve: Cve,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cve {
    id: String,
    #[serde(default)]
    vuln_status: String,
    #[serde(default)]
    metrics: Metrics,
}

#[derive(Debug, Default, Deserialize)]
struct Metrics {
    #[serde(default, rename = "cvssMetricV40")]
    v40: Vec<Box<RawValue>>,
    #[serde(default, rename = "cvssMetricV31")]
    v31: Vec<Box<RawValue>>,
    #[serde(default, rename = "cvssMetricV30")]
    v30: Vec<Box<RawValue>>,
    #[serde(default, rename = "cvssMetricV2")]
    v2: Vec<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    #[serde(default)]
    source: String,
    #[serde(default, rename = "type")]
    kind: String,
    cvss_data: Written,
    /// That of version 2 is here.
    #[serde(default)]
    base_severity: String,
}

fn read(json: &str, skip: &mut dyn FnMut(Skip, &str)) -> Option<Enrichment> {
    let Ok(Record { cve }) = serde_json::from_str::<Record>(json) else {
        skip(Skip::Malformed, "a vulnerability");
        return None;
    };
    if !text::is_cve(&cve.id) {
        skip(Skip::BadId, &cve.id);
        return None;
    }
    if cve.vuln_status == "Rejected" {
        skip(Skip::Withdrawn, &cve.id);
        return None;
    }
    let Metrics { v40, v31, v30, v2 } = cve.metrics;
    let mut nvd = Nvd::default();
    for metric in [v40, v31, v30, v2].iter().flatten() {
        let metric: Option<Metric> = serde_json::from_str(metric.get()).ok();
        let assessment = metric.and_then(|metric| {
            let primary = metric.kind == "Primary";
            metric
                .cvss_data
                .keep(&metric.source, primary, &metric.base_severity)
        });
        match assessment {
            Some(assessment) => nvd.cvss.push(assessment),
            None => skip(Skip::Malformed, &format!("an assessment of {}", cve.id)),
        }
    }
    if nvd.cvss.is_empty() {
        skip(Skip::NothingAdded, &cve.id);
        return None;
    }
    fact(&cve.id, &nvd).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_a_document_lies_beside_it() {
        for (document, expected) in [
            (
                "https://e.org/x/nvdcve-2.0-2024.json.gz",
                "https://e.org/x/nvdcve-2.0-2024.meta",
            ),
            ("/x/nvdcve-2.0-2024.json", "/x/nvdcve-2.0-2024.meta"),
        ] {
            let meta = meta(&document.parse().unwrap()).unwrap();
            assert_eq!(meta.to_string(), expected);
        }
        for document in ["/x/nvdcve-2.0-modified.json.gz", "/x/2024.json"] {
            assert!(meta(&document.parse().unwrap()).is_none(), "{document}");
        }
        let hash = "D165E29D8D911F3F1E0919A5C1E8C423B14AF1C38F57847DD0A8CC9DBD027618";
        let text = format!("lastModifiedDate:2025\r\nsize:1\r\nsha256:{hash}\r\n");
        assert_eq!(
            checksum(&text).unwrap(),
            format!("sha256:{}", hash.to_lowercase())
        );
        assert_eq!(checksum("sha256:12"), None);
        assert_eq!(checksum(""), None);
    }
}
