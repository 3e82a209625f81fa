//! What the enrichments that reports know have for values: facts about CVEs, which are their tags.
//!
//! Feeds write them and reports read them, and neither knows the other, so their form is here.

use serde::{Deserialize, Serialize};

/// The feed of [`Nvd`].
pub const NVD: &str = "nvd";

/// The feed of [`Epss`], whose release is under the tag [`RELEASE`].
pub const EPSS: &str = "epss";

/// The feed of [`Kev`], whose release is under the tag [`RELEASE`].
pub const KEV: &str = "kev";

/// The feed of [`Vulnrichment`].
pub const VULNRICHMENT: &str = "vulnrichment";

/// The feed of [`RhelMapping`], whose tags are no CVEs.
pub const RHEL_MAPPINGS: &str = "rhel-mappings";

/// The tag under which a feed has its [`Release`]. Were it in every value, every one would change
/// with each release.
pub const RELEASE: &str = "release";

/// What a feed says of all of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// The version of the model or of the catalogue.
    pub version: String,
    /// The date, as the feed writes it.
    pub date: String,
}

/// What Red Hat says of a repository of packages, by its id, or of a container image, by the name
/// that it has for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RhelMapping {
    /// The CPEs of the products that the repository is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// The names under which the image is offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}

/// What the National Vulnerability Database says of a CVE.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Nvd {
    /// The assessments by CVSS, those of the database itself and those that it passes on.
    pub cvss: Vec<Assessment>,
}

/// An assessment by CVSS, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Who made it, in the words of the feed: `nvd@nist.gov`.
    pub source: String,
    /// Whether it is the feed's own, not one that it passes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub primary: bool,
    /// The assessment.
    pub data: CvssData,
}

impl Assessment {
    /// The one of several that Clair would show: the feed's own by 3.1, else by 3.0. Where there is
    /// none, which is so of most CVEs since 2024, that of somebody else.
    pub fn of_version_3(assessments: &[Self]) -> Option<&Self> {
        let of = |primary: bool, version: &str| {
            let mut matching = assessments.iter();
            matching.find(|it| it.primary == primary && it.data.version == version)
        };
        of(true, "3.1")
            .or_else(|| of(true, "3.0"))
            .or_else(|| of(false, "3.1"))
            .or_else(|| of(false, "3.0"))
    }
}

/// An assessment by CVSS 2.0, 3.0, 3.1 or 4.0 with the words of the schemas of FIRST, for 3.x all
/// base metrics.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CvssData {
    /// The version of CVSS: `3.1`.
    pub version: String,
    /// The vector.
    pub vector_string: String,
    /// The base score.
    pub base_score: f64,
    /// Its severity, in capitals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub base_severity: String,
    /// How it is attacked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attack_vector: String,
    /// How hard that is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attack_complexity: String,
    /// What an attacker must be allowed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub privileges_required: String,
    /// What a user must do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_interaction: String,
    /// Whether it reaches beyond its component.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// What it does to confidentiality.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub confidentiality_impact: String,
    /// What it does to integrity.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub integrity_impact: String,
    /// What it does to availability.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub availability_impact: String,
}

/// How likely a CVE is exploited within thirty days, by the Exploit Prediction Scoring System.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// The probability, 0 to 1.
    pub epss: f64,
    /// The part of all CVEs whose probability is the same or lower, 0 to 1.
    pub percentile: f64,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities. The words are Clair's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kev {
    /// The name of the vulnerability.
    pub vulnerability_name: String,
    /// When it was added.
    pub date_added: String,
    /// What it is.
    pub short_description: String,
    /// What agencies of the United States have to do about it.
    pub required_action: String,
    /// Until when.
    pub due_date: String,
    /// Whether it is used by ransomware: `Known` or `Unknown`.
    pub known_ransomware_campaign_use: String,
}

/// [`Epss`] in the words of Clair's enricher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClairEpss {
    /// The version of the model.
    #[serde(default)]
    pub model_version: String,
    /// The date of the scores, as the feed writes it.
    #[serde(default)]
    pub date: String,
    /// The CVE.
    pub cve: String,
    /// Its score.
    #[serde(flatten)]
    pub epss: Epss,
}

/// [`Kev`] in the words of Clair's enricher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClairKev {
    /// The CVE.
    pub cve: String,
    /// The version of the catalogue.
    #[serde(default)]
    pub catalog_version: String,
    /// Its entry.
    #[serde(flatten)]
    pub kev: Kev,
}

/// What CISA adds to a record of the CVE list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Vulnrichment {
    /// The answers to the questions of SSVC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssvc: Option<Ssvc>,
    /// Assessments by CVSS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cvss: Vec<Assessment>,
    /// Weaknesses: `CWE-79`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
}

/// The answers to those questions of Stakeholder-Specific Vulnerability Categorization that do not
/// depend on the stakeholder, <https://www.cisa.gov/stakeholder-specific-vulnerability-categorization-ssvc>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ssvc {
    /// Whether it is exploited.
    pub exploitation: Exploitation,
    /// Whether an attacker can automate reconnaissance to exploitation.
    pub automatable: bool,
    /// Whether an attacker gains all of the component, not a part.
    pub total_impact: bool,
    /// When that was decided, as the feed writes it.
    pub timestamp: String,
}

/// What is known of the exploitation of a vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exploitation {
    /// Nothing.
    None,
    /// There is a public proof of concept.
    Poc,
    /// It is exploited.
    Active,
}

impl Exploitation {
    /// The answer as a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Poc => "poc",
            Self::Active => "active",
        }
    }
}
