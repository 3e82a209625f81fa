//! What is known of a vulnerability beyond its advisory.

use clair_model::facts::{Assessment, Epss, Exploitation, Kev, Release, Ssvc};

/// What is known of a vulnerability: of each of its CVEs, of which there may be several.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Those CVEs of which something is known.
    pub cves: Vec<CveFacts>,
}

/// What is known of a CVE.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CveFacts {
    /// The CVE; empty for assessments of which a report does not tell it.
    pub cve: String,
    /// Assessments by CVSS.
    pub assessments: Vec<Assessment>,
    /// How likely it is exploited.
    pub epss: Option<Epss>,
    /// Its entry in the catalogue of those that are exploited.
    pub kev: Option<Kev>,
    /// The answers to questions of SSVC.
    pub ssvc: Option<Ssvc>,
}

/// Which releases of their feeds facts are from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases {
    /// The model of EPSS.
    pub epss: Release,
    /// The catalogue of known exploited vulnerabilities.
    pub kev: Release,
}

impl CveFacts {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.assessments.is_empty()
            && self.epss.is_none()
            && self.kev.is_none()
            && self.ssvc.is_none()
    }
}

impl Facts {
    /// The likeliest exploitation of any of the CVEs.
    pub fn epss(&self) -> Option<Epss> {
        let scored = self.cves.iter().filter_map(|facts| facts.epss);
        scored.max_by(|a, b| a.epss.total_cmp(&b.epss))
    }

    /// The entries in the catalogue of those that are exploited.
    pub fn kev(&self) -> impl Iterator<Item = &Kev> {
        self.cves.iter().filter_map(|facts| facts.kev.as_ref())
    }

    /// Whether any is used by ransomware.
    pub fn has_ransomware(&self) -> bool {
        self.kev().any(|kev| {
            kev.known_ransomware_campaign_use
                .eq_ignore_ascii_case("known")
        })
    }

    /// The worst of the answers to each question of SSVC.
    pub fn ssvc(&self) -> Option<Ssvc> {
        let answered = self.cves.iter().filter_map(|facts| facts.ssvc.clone());
        answered.reduce(|a, b| Ssvc {
            exploitation: a.exploitation.max(b.exploitation),
            automatable: a.automatable || b.automatable,
            total_impact: a.total_impact || b.total_impact,
            timestamp: a.timestamp.max(b.timestamp),
        })
    }

    /// Whether it is known to be exploited.
    pub fn is_exploited(&self) -> bool {
        let is_active = |facts: &CveFacts| {
            let ssvc = facts.ssvc.as_ref();
            ssvc.is_some_and(|ssvc| ssvc.exploitation == Exploitation::Active)
        };
        self.kev().next().is_some() || self.cves.iter().any(is_active)
    }
}

/// The CVEs that some names of a vulnerability are or contain, each once, in their order:
/// `CVE-2024-1 on Ubuntu` is about one.
pub fn cves<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts {
        for cve in in_text(text) {
            if !found.contains(&cve) {
                found.push(cve);
            }
        }
    }
    found
}

fn in_text(text: &str) -> impl Iterator<Item = String> {
    let starts = text.as_bytes().windows(4).enumerate();
    let starts = starts.filter(|(_, window)| window.eq_ignore_ascii_case(b"CVE-"));
    starts.filter_map(|(start, _)| {
        let rest = text.as_bytes().get(start + 4..)?;
        let digits = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let year = rest.get(..4).filter(|year| digits(year) == 4)?;
        let number = rest.get(4..)?.strip_prefix(b"-")?;
        let number = number.get(..digits(number))?;
        if !(4..=19).contains(&number.len()) {
            return None;
        }
        let (year, number) = (std::str::from_utf8(year), std::str::from_utf8(number));
        Some(format!("CVE-{}-{}", year.ok()?, number.ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cves_are_found_in_names_and_links() {
        for (texts, expected) in [
            (&["CVE-2024-1000"][..], &["CVE-2024-1000"][..]),
            (&["cve-2024-1000", "CVE-2024-1000"], &["CVE-2024-1000"]),
            (
                &[
                    "CVE-2024-1000 on Ubuntu",
                    "https://e.org/CVE-2023-12345.html",
                ],
                &["CVE-2024-1000", "CVE-2023-12345"],
            ),
            (&["UBUNTU-CVE-2024-1000"], &["CVE-2024-1000"]),
            (
                &["CVE-2024-100", "CVE-24-1000", "CVE-", "RHSA-2024:1000", "é"],
                &[],
            ),
        ] {
            assert_eq!(cves(texts.iter().copied()), expected, "{texts:?}");
        }
    }
}
