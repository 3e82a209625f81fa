//! Clair's enrichers and our feeds of facts: which have the same data, and how each writes it.
//!
//! What Clair's have is less: of the assessments of a CVE one, by CVSS 3. So an export has our
//! sources whole, for us, and beside them a copy in Clair's words, for Clair. That it is a copy
//! its fingerprint says; when the file is read here it is passed over.

use clair_feeds::{Skip, assessment, cleaned_kev, text};
use clair_model::facts::{self, Assessment, ClairEpss, ClairKev, Epss, Nvd, RELEASE, Release};
use clair_model::{Enrichment, JsonText};

use crate::updater::feed_of;

/// What the fingerprint of a copy begins with.
pub(crate) const COPY: &str = "copy:";

/// Whose assessments Clair takes.
const NIST: &str = "nvd@nist.gov";

/// One of Clair's enrichers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enricher {
    /// The assessments of the National Vulnerability Database by CVSS 3.
    Cvss,
    /// The Exploit Prediction Scoring System.
    Epss,
    /// The catalogue of known exploited vulnerabilities.
    Kev,
}

impl Enricher {
    const ALL: [Self; 3] = [Self::Cvss, Self::Epss, Self::Kev];

    /// The one that is an updater.
    pub(crate) fn of_updater(updater: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|enricher| enricher.updater() == updater)
    }

    /// The one that has data of a source.
    pub(crate) fn of_source(source: &str) -> Option<Self> {
        let feed = feed_of(source);
        let mut all = Self::ALL.into_iter();
        all.find(|enricher| feed_of(enricher.source()) == feed)
    }

    /// Its name.
    pub(crate) fn updater(self) -> &'static str {
        match self {
            Self::Cvss => "clair.cvss",
            Self::Epss => "clair.epss",
            Self::Kev => "clair.kev",
        }
    }

    /// The source that has its records here. Our feed of NIST has one for each year, so that all
    /// years together are another one, which goes when the feed is read.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Cvss => "nvd/clair.cvss",
            Self::Epss => facts::EPSS,
            Self::Kev => facts::KEV,
        }
    }

    /// Our fact of Clair's, and the release of the feed that it is from.
    ///
    /// # Errors
    ///
    /// When it is not of the form of the enricher.
    pub(crate) fn read(
        self,
        tags: Vec<String>,
        value: &JsonText,
    ) -> Result<(Enrichment, Release), Skip> {
        let (value, release) = match self {
            Self::Cvss => {
                let assessment = assessment(value.get(), NIST).ok_or(Skip::Malformed)?;
                let cvss = vec![assessment];
                (JsonText::of(&Nvd { cvss }), Release::default())
            }
            Self::Epss => {
                let item: ClairEpss = value.read().map_err(|_| Skip::Malformed)?;
                let Epss { epss, percentile } = item.epss;
                if ![epss, percentile]
                    .iter()
                    .all(|share| (0.0..=1.0).contains(share))
                {
                    return Err(Skip::Malformed);
                }
                let release = Release {
                    version: text::line(&item.model_version),
                    date: text::line(&item.date),
                };
                (JsonText::of(&item.epss), release)
            }
            Self::Kev => {
                let ClairKev {
                    catalog_version,
                    kev,
                    ..
                } = value.read().map_err(|_| Skip::Malformed)?;
                let release = Release {
                    version: text::line(&catalog_version),
                    date: String::new(),
                };
                (JsonText::of(&cleaned_kev(&kev)), release)
            }
        };
        let value = value.map_err(|_| Skip::Malformed)?;
        Ok((Enrichment { tags, value }, release))
    }

    /// Clair's fact of ours; `None` if Clair has none.
    pub(crate) fn write(
        self,
        tags: &[String],
        value: &JsonText,
        release: &Release,
    ) -> Option<JsonText> {
        let [cve] = tags else { return None };
        if cve == RELEASE {
            return None;
        }
        let value = match self {
            Self::Cvss => {
                let nvd: Nvd = value.read().ok()?;
                JsonText::of(&Assessment::of_version_3(&nvd.cvss)?.data)
            }
            Self::Epss => JsonText::of(&ClairEpss {
                model_version: release.version.clone(),
                date: release.date.clone(),
                cve: cve.clone(),
                epss: value.read().ok()?,
            }),
            Self::Kev => JsonText::of(&ClairKev {
                cve: cve.clone(),
                catalog_version: release.version.clone(),
                kev: value.read().ok()?,
            }),
        };
        value.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enrichers_and_sources_are_the_same_both_ways() {
        for (updater, source) in [
            ("clair.cvss", "nvd/2024"),
            ("clair.cvss", "nvd/clair.cvss"),
            ("clair.epss", "epss"),
            ("clair.kev", "kev"),
        ] {
            let enricher = Enricher::of_source(source).unwrap();
            assert_eq!(Enricher::of_updater(updater), Some(enricher));
        }
        assert_eq!(Enricher::of_source("vulnrichment"), None);
        assert_eq!(Enricher::of_updater("nvd"), None);
    }

    #[test]
    fn what_is_not_of_the_form_of_an_enricher_is_left_out() {
        for (enricher, value) in [
            (Enricher::Cvss, r#"{"version":"3.1"}"#),
            (
                Enricher::Cvss,
                r#"{"version":"3.1","vectorString":"CVSS:3.1/AV:N","baseScore":11}"#,
            ),
            (
                Enricher::Epss,
                r#"{"cve":"CVE-2024-1","epss":2,"percentile":0}"#,
            ),
            (Enricher::Epss, r#"{"epss":0.1,"percentile":0.2}"#),
            (Enricher::Kev, "[]"),
        ] {
            let read = enricher.read(vec!["CVE-2024-1".to_owned()], &value.parse().unwrap());
            assert_eq!(read.unwrap_err(), Skip::Malformed, "{value}");
        }
    }
}
