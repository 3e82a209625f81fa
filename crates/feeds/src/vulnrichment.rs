//! CISA: Vulnrichment, <https://github.com/cisagov/vulnrichment>.
//!
//! Enrichments: what CISA, as an *authorized data publisher*, adds to records of the CVE list: its
//! answers to those questions of SSVC that are the same for everybody, an assessment by CVSS and the
//! weakness where whoever assigned the CVE gives none. The documents are records of the CVE list,
//! version 5, of which only CISA's container is read; their form is described by
//! <https://github.com/CVEProject/cve-schema>.

use clair_model::facts::{self, Exploitation, Ssvc, Vulnrichment};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::archive::{self, Format};
use crate::assessment::assessment;
use crate::facts::hand_over;
use crate::{
    About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, catalog, text,
};

/// The feed.
pub(crate) struct CisaEnrichment;

/// Names that the archive of all records may have, that of the publisher first.
const ARCHIVES: [&str; 6] = [
    "develop.tar.gz",
    "develop.tar",
    "develop.tar.zst",
    "develop.tar.xz",
    "develop.tar.bz2",
    "develop.zip",
];

/// The key of CISA among the publishers.
const CISA: &str = "134c704f-9b21-4f2e-91b3-4a467353bcc0";

impl Feed for CisaEnrichment {
    fn about(&self) -> About {
        About {
            name: facts::VULNRICHMENT,
            description: "CISA Vulnrichment: SSVC, CVSS and weaknesses that CISA adds to CVEs",
            upstream: "https://github.com/cisagov/vulnrichment/archive/refs/heads/",
            revision: 1,
            ..About::ENRICHMENTS
        }
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let locations = catalog::archive(root, &ARCHIVES);
        Ok(vec![Source::new(self.name(), locations)])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let records = (Format::Json, "records");
        archive::read_records(source, document, sink, records, &mut |_, json, sink| {
            let record: Record = serde_json::from_slice(json).map_err(|_| Skip::Malformed)?;
            let mut skip = |reason, about: &str| sink.skipped(reason, &text::line(about));
            match read(&record, &mut skip) {
                Ok(added) => hand_over(source, sink, &record.metadata.id, &added)?,
                Err(reason) => skip(reason, &record.metadata.id),
            }
            Ok(())
        })?;
        Ok(None)
    }
}

#[derive(Debug, Deserialize)]
struct Record {
    #[serde(rename = "cveMetadata")]
    metadata: Metadata,
    containers: Containers,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(rename = "cveId")]
    id: String,
    #[serde(default)]
    state: String,
}

#[derive(Debug, Deserialize)]
struct Containers {
    #[serde(default)]
    adp: Vec<Container>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    provider_metadata: Provider,
    #[serde(default)]
    metrics: Vec<Metric>,
    #[serde(default)]
    problem_types: Vec<ProblemType>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    org_id: String,
    #[serde(default)]
    short_name: String,
}

#[derive(Debug, Deserialize)]
struct Metric {
    #[serde(rename = "cvssV2_0")]
    v2: Option<Box<RawValue>>,
    #[serde(rename = "cvssV3_0")]
    v30: Option<Box<RawValue>>,
    #[serde(rename = "cvssV3_1")]
    v31: Option<Box<RawValue>>,
    #[serde(rename = "cvssV4_0")]
    v40: Option<Box<RawValue>>,
    other: Option<Other>,
}

#[derive(Debug, Deserialize)]
struct Other {
    #[serde(rename = "type")]
    kind: String,
    content: Box<RawValue>,
}

#[derive(Debug, Deserialize)]
struct Answers {
    #[serde(default)]
    timestamp: String,
    options: Vec<Answer>,
}

/// The answer to one question. The words are in any case.
#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(rename = "Exploitation")]
    exploitation: Option<String>,
    #[serde(rename = "Automatable")]
    automatable: Option<String>,
    #[serde(rename = "Technical Impact")]
    impact: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ProblemType {
    #[serde(default)]
    descriptions: Vec<Problem>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    #[serde(default, rename = "cweId")]
    cwe: String,
}

fn read(record: &Record, skip: &mut dyn FnMut(Skip, &str)) -> Result<Vulnrichment, Skip> {
    let id = &record.metadata.id;
    if !text::is_cve(id) {
        return Err(Skip::BadId);
    }
    if record.metadata.state == "REJECTED" {
        return Err(Skip::Withdrawn);
    }
    let mut added = Vulnrichment::default();
    let of_cisa = |container: &&Container| container.provider_metadata.org_id == CISA;
    let mut weaknesses = Vec::new();
    for container in record.containers.adp.iter().filter(of_cisa) {
        for metric in &container.metrics {
            let written = [&metric.v40, &metric.v31, &metric.v30, &metric.v2];
            for written in written.into_iter().flatten() {
                match assessment(written.get(), &container.provider_metadata.short_name) {
                    Some(assessment) => added.cvss.push(assessment),
                    None => skip(Skip::Malformed, &format!("an assessment of {id}")),
                }
            }
            if let Some(other) = metric.other.as_ref().filter(|other| other.kind == "ssvc") {
                match ssvc(&other.content) {
                    Some(ssvc) => added.ssvc = Some(ssvc),
                    None => skip(Skip::Malformed, &format!("the answers about {id}")),
                }
            }
        }
        let problems = container.problem_types.iter();
        let problems = problems.flat_map(|problem| &problem.descriptions);
        weaknesses.extend(problems.map(|problem| problem.cwe.as_str()));
    }
    let weaknesses = weaknesses.into_iter().filter(|cwe| text::is_cwe(cwe));
    added.cwes = text::distinct(weaknesses.map(str::to_owned));
    if added == Vulnrichment::default() {
        return Err(Skip::NothingAdded);
    }
    Ok(added)
}

/// The answers, where all three questions have one that we know.
fn ssvc(json: &RawValue) -> Option<Ssvc> {
    let answers: Answers = serde_json::from_str(json.get()).ok()?;
    let word = |answer: fn(&Answer) -> Option<&String>| {
        let word = answers.options.iter().find_map(answer)?;
        Some(word.trim().to_ascii_lowercase())
    };
    Some(Ssvc {
        exploitation: match word(|answer| answer.exploitation.as_ref())?.as_str() {
            "none" => Exploitation::None,
            // Later versions of the question say what they mean by it.
            "poc" | "public poc" => Exploitation::Poc,
            "active" => Exploitation::Active,
            _ => return None,
        },
        automatable: match word(|answer| answer.automatable.as_ref())?.as_str() {
            "yes" => true,
            "no" => false,
            _ => return None,
        },
        total_impact: match word(|answer| answer.impact.as_ref())?.as_str() {
            "total" => true,
            "partial" => false,
            _ => return None,
        },
        timestamp: text::line(&answers.timestamp),
    })
}
