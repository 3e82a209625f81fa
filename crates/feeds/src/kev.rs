//! CISA: the catalogue of known exploited vulnerabilities,
//! <https://www.cisa.gov/known-exploited-vulnerabilities-catalog>.
//!
//! Enrichments: a CVE that is in the catalogue is exploited. Its form is described by
//! <https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json>.

use clair_model::Enrichment;
use clair_model::facts::{self, Kev, RELEASE, Release};
use jiff::Timestamp;
use serde::Deserialize;

use crate::facts::{each_record, fact, hand_over};
use crate::{
    About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, catalog, date, text,
};

/// The feed.
pub(crate) struct KnownExploited;

const DOCUMENT: &str = "known_exploited_vulnerabilities.json";

impl Feed for KnownExploited {
    fn about(&self) -> About {
        About {
            name: facts::KEV,
            description: "CISA catalogue of known exploited vulnerabilities: which CVEs are exploited",
            upstream: "https://www.cisa.gov/sites/default/files/feeds/",
            revision: 1,
            ..About::ENRICHMENTS
        }
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        Ok(catalog::document(self.name(), root, DOCUMENT))
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let words = each_record(source, document, sink, "vulnerabilities", &read)?;
        let word = |key: &str| words.get(key).cloned().unwrap_or_default();
        let release = Release {
            version: word("catalogVersion"),
            date: word("dateReleased"),
        };
        hand_over(source, sink, RELEASE, &release)?;
        Ok(date::parse(&release.date))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID")]
    cve: String,
    #[serde(default)]
    vulnerability_name: String,
    #[serde(default)]
    date_added: String,
    #[serde(default)]
    short_description: String,
    #[serde(default)]
    required_action: String,
    #[serde(default)]
    due_date: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

fn read(json: &str, skip: &mut dyn FnMut(Skip, &str)) -> Option<Enrichment> {
    let Ok(entry) = serde_json::from_str::<Entry>(json) else {
        skip(Skip::Malformed, "an entry of the catalogue");
        return None;
    };
    // The catalogue is made by hand.
    let cve = entry.cve.trim();
    if !text::is_cve(cve) {
        skip(Skip::BadId, cve);
        return None;
    }
    let kev = Kev {
        vulnerability_name: entry.vulnerability_name,
        date_added: entry.date_added,
        short_description: entry.short_description,
        required_action: entry.required_action,
        due_date: entry.due_date,
        known_ransomware_campaign_use: entry.known_ransomware_campaign_use,
    };
    fact(cve, &cleaned(&kev)).ok()
}

/// An entry whose texts are fit to be shown.
pub fn cleaned(kev: &Kev) -> Kev {
    Kev {
        vulnerability_name: text::line(&kev.vulnerability_name),
        date_added: text::line(&kev.date_added),
        short_description: text::prose(&kev.short_description),
        required_action: text::prose(&kev.required_action),
        due_date: text::line(&kev.due_date),
        known_ransomware_campaign_use: text::line(&kev.known_ransomware_campaign_use),
    }
}
