//! The Open Source Vulnerability format, <https://ossf.github.io/osv-schema/>: what its fields
//! mean wherever a record comes from. What an ecosystem puts into them is for its feed.

mod ecosystems;
pub(crate) mod export;
mod feed;
pub(crate) mod publisher;
mod rating;
pub(crate) mod vendor;
mod versions;

use std::borrow::Cow;

use clair_model::Severity as Level;
use clair_purl::Written;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(crate) use self::ecosystems::released;
pub(crate) use self::feed::Osv;
pub(crate) use self::versions::Versions;
use crate::text;

/// A record, with the fields that we read of it. Text is borrowed from the JSON where that has no
/// escapes in it.
#[derive(Debug, Deserialize)]
pub(crate) struct Record<'a> {
    #[serde(borrow)]
    pub(crate) id: Cow<'a, str>,
    #[serde(borrow, default)]
    modified: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    published: Option<Cow<'a, str>>,
    /// When it was withdrawn, if it was.
    #[serde(default)]
    withdrawn: Option<IgnoredAny>,
    /// Other names of the same vulnerability.
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    pub(crate) aliases: Vec<Text<'a>>,
    /// What it was made from: a distribution names the CVE here.
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    pub(crate) upstream: Vec<Text<'a>>,
    /// What has to do with it without being the same: a distribution names its notices here.
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    pub(crate) related: Vec<Text<'a>>,
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    details: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    pub(crate) severity: Vec<Severity<'a>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    pub(crate) affected: Vec<Affected<'a>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    references: Vec<Reference<'a>>,
    /// What its publisher says beyond the format.
    #[serde(borrow, default)]
    database_specific: Option<&'a RawValue>,
}

/// A text in a list, where serde does not borrow by itself.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A score of one system: a CVSS vector, or a vendor's word.
#[derive(Debug, Deserialize)]
pub(crate) struct Severity<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) score: Cow<'a, str>,
}

/// What it says about one package.
#[derive(Debug, Deserialize)]
pub(crate) struct Affected<'a> {
    /// Absent where only a source repository is known.
    #[serde(borrow, default)]
    pub(crate) package: Option<Package<'a>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    pub(crate) severity: Vec<Severity<'a>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    ranges: Vec<Range<'a>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    versions: Vec<Text<'a>>,
    #[serde(borrow, default)]
    ecosystem_specific: Option<&'a RawValue>,
}

/// A package of an ecosystem.
#[derive(Debug, Deserialize)]
pub(crate) struct Package<'a> {
    #[serde(borrow)]
    pub(crate) ecosystem: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow, default)]
    purl: Option<Cow<'a, str>>,
}

/// What many publishers have in `database_specific`, GitHub and Bitnami among them.
#[derive(Default, Deserialize)]
struct DatabaseSpecific<'a> {
    #[serde(borrow, default)]
    severity: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    cwe_ids: Vec<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct Range<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default, deserialize_with = "absent_or_null")]
    events: Vec<Event<'a>>,
}

/// Something that happens at a version. The schema allows one of the four fields at a time.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    introduced: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fixed: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    last_affected: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    limit: Option<Cow<'a, str>>,
}

#[derive(Debug, Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    url: Cow<'a, str>,
}

impl<'a> Record<'a> {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// When it is not JSON in UTF-8, or a field of it has a wrong type.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    pub(crate) fn is_withdrawn(&self) -> bool {
        self.withdrawn.is_some()
    }

    /// The shorter of its two texts.
    pub(crate) fn summary(&self) -> &str {
        self.summary.as_deref().unwrap_or_default()
    }

    /// The severity in the publisher's word, and the weaknesses.
    fn specific(&self) -> DatabaseSpecific<'_> {
        self.database_specific
            .and_then(|json| serde_json::from_str(json.get()).ok())
            .unwrap_or_default()
    }

    /// The severity in the publisher's word, where it has one for the whole record.
    pub(crate) fn severity_word(&self) -> String {
        text::line(self.specific().severity.as_deref().unwrap_or_default())
    }

    /// The weaknesses.
    pub(crate) fn cwes(&self) -> Vec<String> {
        let specific = self.specific();
        let ids = specific.cwe_ids.iter().map(|id| id.0.as_ref());
        text::distinct(ids.filter(|id| text::is_cwe(id)).map(str::to_owned))
    }

    pub(crate) fn published(&self) -> Option<Timestamp> {
        self.published.as_deref()?.parse().ok()
    }

    pub(crate) fn modified(&self) -> Option<Timestamp> {
        self.modified.as_deref()?.parse().ok()
    }

    /// The longer of its two texts that is there.
    pub(crate) fn description(&self) -> String {
        [&self.details, &self.summary]
            .into_iter()
            .flatten()
            .map(|description| text::prose(description))
            .find(|description| !description.is_empty())
            .unwrap_or_default()
    }

    /// The CVSS vectors, each once, those of single packages behind those of the whole.
    pub(crate) fn cvss(&self) -> Vec<String> {
        let of_packages = self.affected.iter().flat_map(|affected| &affected.severity);
        let severities = self.severity.iter().chain(of_packages);
        text::distinct(
            severities
                .filter(|severity| severity.kind.starts_with("CVSS_"))
                .map(|severity| text::line(&severity.score)),
        )
    }

    /// The links to the web, each once.
    pub(crate) fn links(&self) -> Vec<String> {
        let urls = self.references.iter().map(|reference| &reference.url);
        text::distinct(urls.filter_map(|url| text::link(url)))
    }
}

/// The word that a list of severities has for a system, such as `Ubuntu`.
pub(crate) fn score<'s>(severities: &'s [Severity<'_>], system: &str) -> Option<&'s str> {
    severities
        .iter()
        .find(|severity| severity.kind == system)
        .map(|severity| severity.score.as_ref())
}

/// A vendor's word for a severity, if it is one that everybody uses, or Red Hat's.
pub(crate) fn level(word: &str) -> Level {
    match word.to_ascii_lowercase().as_str() {
        "moderate" => Level::Medium,
        "important" => Level::High,
        word => word.parse().unwrap_or_default(),
    }
}

impl<'a> Affected<'a> {
    /// Whether it is about a package of this ecosystem.
    pub(crate) fn is_of(&self, ecosystem: &str) -> bool {
        self.package
            .as_ref()
            .is_some_and(|package| package.ecosystem == ecosystem)
    }

    /// Whether this is the version of every fix that it names, and there is one.
    pub(crate) fn is_fixed_in(&self, version: &str) -> bool {
        let events = || self.ranges.iter().flat_map(|range| &range.events);
        let mut fixes = events()
            .filter_map(|event| event.fixed.as_deref())
            .peekable();
        fixes.peek().is_some() && fixes.all(|fixed| fixed == version)
    }

    /// What its ecosystem says beyond the format; the default of it where that is of another form.
    pub(crate) fn specific<T: Default + Deserialize<'a>>(&self) -> T {
        self.ecosystem_specific
            .and_then(|json| serde_json::from_str(json.get()).ok())
            .unwrap_or_default()
    }
}

impl Package<'_> {
    /// A qualifier of its package URL, such as `arch`.
    pub(crate) fn qualifier(&self, key: &str) -> Option<Cow<'_, str>> {
        let purl = Written::parse(self.purl.as_deref()?)?;
        purl.qualifier(key).ok()?
    }
}

/// The schema wants lists; some writers put `null` where one would be empty.
fn absent_or_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests;
