//! Facts as the `enrichments` of a vulnerability report: a list for each type of fact, of one object
//! from the keys of vulnerabilities to facts about them.
//!
//! The types of Clair's enrichers have Clair's names and fields. Quay takes the first type that a
//! report has for [`CVSS`], so that one is there, and comes first, whenever there is any.

use std::collections::BTreeMap;

use clair_model::facts::{Assessment, ClairEpss, ClairKev, CvssData, Exploitation, Release, Ssvc};
use clair_model::{Id, JsonText};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{CveFacts, Facts, MissionImpact, Releases, decide};

/// Clair's type of assessments by CVSS 3: the `cvssData` objects of NVD, one for each CVE.
pub const CVSS: &str = "message/vnd.clair.map.vulnerability; enricher=clair.cvss \
    schema=https://csrc.nist.gov/schema/nvd/api/2.0/cve_api_json_2.0.schema";

/// Clair's type of probabilities of exploitation.
pub const EPSS: &str = "message/vnd.clair.map.vulnerability; enricher=clair.epss schema=none";

/// Clair's type of entries in the catalogue of known exploited vulnerabilities.
pub const KEV: &str = "message/vnd.clair.map.vulnerability; enricher=clair.kev schema=none";

/// Ours of all assessments by CVSS, of all versions, and whose they are.
pub const SCORES: &str = "message/vnd.clair.map.vulnerability; enricher=clair.scores schema=none";

/// Ours of the answers to SSVC, with what CISA's tree advises for each impact on a mission.
pub const SSVC: &str = "message/vnd.clair.map.vulnerability; enricher=clair.ssvc schema=none";

/// An enrichment of a report is not of the form of its type.
#[derive(Debug, Error)]
#[error("enrichment {kind:?} of the report")]
pub struct UnreadableEnrichment {
    kind: &'static str,
    source: serde_json::Error,
}

type ById<T> = BTreeMap<Id, Vec<T>>;

#[derive(Debug, Serialize, Deserialize)]
struct ScoreItem {
    cve: String,
    source: String,
    primary: bool,
    version: String,
    vector: String,
    score: f64,
    severity: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct SsvcItem {
    cve: String,
    exploitation: Exploitation,
    automatable: bool,
    total_impact: bool,
    timestamp: String,
    #[serde(default)]
    decision: Decisions,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Decisions {
    low: String,
    medium: String,
    high: String,
}

/// Writes the facts about the vulnerabilities of a report as its enrichments.
///
/// # Errors
///
/// When a fact has a number that JSON does not have.
pub fn write<'f>(
    facts: impl IntoIterator<Item = (Id, &'f Facts)>,
    releases: &Releases,
) -> Result<BTreeMap<String, Vec<JsonText>>, serde_json::Error> {
    let mut cvss: ById<&CvssData> = ById::new();
    let mut epss: ById<ClairEpss> = ById::new();
    let mut kev: ById<ClairKev> = ById::new();
    let mut scores: ById<ScoreItem> = ById::new();
    let mut ssvc: ById<SsvcItem> = ById::new();
    for (id, facts) in facts {
        for facts in &facts.cves {
            let cve = &facts.cve;
            if let Some(assessment) = Assessment::of_version_3(&facts.assessments) {
                cvss.entry(id).or_default().push(&assessment.data);
            }
            for assessment in &facts.assessments {
                let item = ScoreItem::new(cve, assessment);
                scores.entry(id).or_default().push(item);
            }
            if let Some(known) = facts.epss {
                epss.entry(id).or_default().push(ClairEpss {
                    model_version: releases.epss.version.clone(),
                    date: releases.epss.date.clone(),
                    cve: cve.clone(),
                    epss: known,
                });
            }
            if let Some(known) = &facts.kev {
                kev.entry(id).or_default().push(ClairKev {
                    cve: cve.clone(),
                    catalog_version: releases.kev.version.clone(),
                    kev: known.clone(),
                });
            }
            if let Some(known) = &facts.ssvc {
                ssvc.entry(id).or_default().push(SsvcItem::new(cve, known));
            }
        }
    }
    let mut enrichments = BTreeMap::new();
    add(&mut enrichments, EPSS, &epss)?;
    add(&mut enrichments, KEV, &kev)?;
    add(&mut enrichments, SCORES, &scores)?;
    add(&mut enrichments, SSVC, &ssvc)?;
    if !(enrichments.is_empty() && cvss.is_empty()) {
        enrichments.insert(CVSS.to_owned(), vec![JsonText::of(&cvss)?]);
    }
    Ok(enrichments)
}

fn add<T: Serialize>(
    enrichments: &mut BTreeMap<String, Vec<JsonText>>,
    kind: &str,
    facts: &ById<T>,
) -> Result<(), serde_json::Error> {
    if !facts.is_empty() {
        enrichments.insert(kind.to_owned(), vec![JsonText::of(facts)?]);
    }
    Ok(())
}

impl ScoreItem {
    fn new(cve: &str, assessment: &Assessment) -> Self {
        let data = &assessment.data;
        Self {
            cve: cve.to_owned(),
            source: assessment.source.clone(),
            primary: assessment.primary,
            version: data.version.clone(),
            vector: data.vector_string.clone(),
            score: data.base_score,
            severity: data.base_severity.clone(),
        }
    }
}

impl SsvcItem {
    fn new(cve: &str, ssvc: &Ssvc) -> Self {
        let advice = |mission| decide(ssvc, mission).name().to_owned();
        Self {
            cve: cve.to_owned(),
            exploitation: ssvc.exploitation,
            automatable: ssvc.automatable,
            total_impact: ssvc.total_impact,
            timestamp: ssvc.timestamp.clone(),
            decision: Decisions {
                low: advice(MissionImpact::Low),
                medium: advice(MissionImpact::Medium),
                high: advice(MissionImpact::High),
            },
        }
    }
}

/// Reads the facts back from the enrichments of a report, of this or of another Clair. Types that
/// are not known are left alone.
///
/// # Errors
///
/// When an enrichment is not of the form of its type.
pub fn read(
    enrichments: &BTreeMap<String, Vec<JsonText>>,
) -> Result<(BTreeMap<Id, Facts>, Releases), UnreadableEnrichment> {
    let mut facts = Reading::default();
    let mut releases = Releases::default();
    for (id, item) in items::<ScoreItem>(enrichments, SCORES)? {
        let assessment = Assessment {
            source: item.source,
            primary: item.primary,
            data: CvssData {
                version: item.version,
                vector_string: item.vector,
                base_score: item.score,
                base_severity: item.severity,
                ..CvssData::default()
            },
        };
        facts.of(id, &item.cve).assessments.push(assessment);
    }
    // All of them are among the others, where there are others.
    if !enrichments.contains_key(SCORES) {
        for (id, data) in items::<CvssData>(enrichments, CVSS)? {
            facts.of(id, "").assessments.push(Assessment {
                source: "nvd@nist.gov".to_owned(),
                primary: true,
                data,
            });
        }
    }
    for (id, item) in items::<ClairEpss>(enrichments, EPSS)? {
        facts.of(id, &item.cve).epss = Some(item.epss);
        releases.epss = Release {
            version: item.model_version,
            date: item.date,
        };
    }
    for (id, item) in items::<ClairKev>(enrichments, KEV)? {
        facts.of(id, &item.cve).kev = Some(item.kev);
        releases.kev.version = item.catalog_version;
    }
    for (id, item) in items::<SsvcItem>(enrichments, SSVC)? {
        facts.of(id, &item.cve).ssvc = Some(Ssvc {
            exploitation: item.exploitation,
            automatable: item.automatable,
            total_impact: item.total_impact,
            timestamp: item.timestamp,
        });
    }
    Ok((facts.0, releases))
}

#[derive(Default)]
struct Reading(BTreeMap<Id, Facts>);

impl Reading {
    fn of(&mut self, id: Id, cve: &str) -> &mut CveFacts {
        let cves = &mut self.0.entry(id).or_default().cves;
        let place = match cves.iter().position(|facts| facts.cve == cve) {
            Some(place) => place,
            None => {
                cves.push(CveFacts {
                    cve: cve.to_owned(),
                    ..CveFacts::default()
                });
                cves.len() - 1
            }
        };
        &mut cves[place]
    }
}

fn items<'r, T: Deserialize<'r>>(
    enrichments: &'r BTreeMap<String, Vec<JsonText>>,
    kind: &'static str,
) -> Result<Vec<(Id, T)>, UnreadableEnrichment> {
    let mut all = Vec::new();
    for document in enrichments.get(kind).into_iter().flatten() {
        let facts: ById<T> = document
            .read()
            .map_err(|source| UnreadableEnrichment { kind, source })?;
        for (id, items) in facts {
            all.extend(items.into_iter().map(|item| (id, item)));
        }
    }
    Ok(all)
}
