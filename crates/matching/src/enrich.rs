//! Facts about vulnerabilities, looked up in the enrichments of the database.
//!
//! They are found by CVE: the vulnerability's own name and its aliases, and where neither has one,
//! what its links name. Clair takes the links of every vulnerability, but a link says only that
//! something is related: the description of one flaw links to that of the one it resembles, and a
//! score would be shown that is another's.

use std::collections::HashMap;

use clair_model::facts::{self, Nvd, RELEASE, Release, Vulnrichment};
use clair_model::{Id, ReportVulnerability};
use clair_risk::{CveFacts, Facts, Releases, cves};
use clair_vulndb::{Database, EnrichmentReader, Error};
use serde::de::DeserializeOwned;

/// What the database knows of vulnerabilities, each CVE looked up once.
pub(crate) struct Lookup<'a> {
    reader: EnrichmentReader<'a>,
    known: HashMap<String, CveFacts>,
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Self {
            reader: database.enrichment_reader(),
            known: HashMap::new(),
        }
    }

    /// Which releases of their feeds the facts are from.
    pub(crate) fn releases(&mut self) -> Result<Releases, Error> {
        Ok(Releases {
            epss: self.release(facts::EPSS)?,
            kev: self.release(facts::KEV)?,
        })
    }

    /// What is known of each of some vulnerabilities; those of which nothing is are left out.
    pub(crate) fn all<'v>(
        &mut self,
        vulnerabilities: impl Iterator<Item = (Id, &'v ReportVulnerability)>,
    ) -> Result<HashMap<Id, Facts>, Error> {
        let names: Vec<_> = vulnerabilities
            .map(|(id, found)| (id, cves_of(found)))
            .collect();
        let mut wanted: Vec<&String> = names.iter().flat_map(|(_, cves)| cves).collect();
        // Values lie in the order of their tags, several in one compressed block.
        wanted.sort_unstable();
        wanted.dedup();
        for feed in [facts::NVD, facts::EPSS, facts::KEV, facts::VULNRICHMENT] {
            for cve in &wanted {
                self.add(feed, cve)?;
            }
        }
        let mut all = HashMap::new();
        for (id, cves) in &names {
            let known = cves.iter().filter_map(|cve| self.known.get(cve));
            let facts = Facts {
                cves: known.cloned().collect(),
            };
            if !facts.cves.is_empty() {
                all.insert(*id, facts);
            }
        }
        Ok(all)
    }

    fn add(&mut self, feed: &str, cve: &str) -> Result<(), Error> {
        let Some(json) = self.reader.first(feed, cve)? else {
            return Ok(());
        };
        let known = self
            .known
            .entry(cve.to_owned())
            .or_insert_with(|| CveFacts {
                cve: cve.to_owned(),
                ..CveFacts::default()
            });
        match feed {
            facts::NVD => {
                let nvd: Option<Nvd> = parse(feed, cve, &json);
                known.assessments.extend(nvd.unwrap_or_default().cvss);
            }
            facts::EPSS => known.epss = parse(feed, cve, &json),
            facts::KEV => known.kev = parse(feed, cve, &json),
            _ => {
                let added: Vulnrichment = parse(feed, cve, &json).unwrap_or_default();
                known.ssvc = added.ssvc;
                // NVD passes most of them on.
                for assessment in added.cvss {
                    let is_told = known
                        .assessments
                        .iter()
                        .any(|other| other.data.vector_string == assessment.data.vector_string);
                    if !is_told {
                        known.assessments.push(assessment);
                    }
                }
            }
        }
        Ok(())
    }

    fn release(&mut self, feed: &str) -> Result<Release, Error> {
        let json = self.reader.first(feed, RELEASE)?;
        let release = json.and_then(|json| parse(feed, RELEASE, &json));
        Ok(release.unwrap_or_default())
    }
}

/// The CVEs that a vulnerability is about.
pub(crate) fn cves_of(found: &ReportVulnerability) -> Vec<String> {
    let names = std::iter::once(&found.name).chain(&found.aliases);
    let own = cves(names.map(String::as_str));
    if own.is_empty() {
        cves([found.links.as_str()])
    } else {
        own
    }
}

/// Reads a value. One of another form, which a later release may have written, is none.
fn parse<T: DeserializeOwned>(feed: &str, tag: &str, json: &str) -> Option<T> {
    serde_json::from_str(json)
        .inspect_err(|error| tracing::warn!(feed, tag, %error, "an enrichment is not understood"))
        .ok()
}
