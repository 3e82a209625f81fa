//! Azure Linux, and CBL-Mariner as it was called before: OVAL,
//! <https://github.com/microsoft/AzureLinuxVulnerabilityData>.
//!
//! One document per release, with a definition for each vulnerability of each source package:
//! which versions have it, whether it is fixed or not. Some definitions are marked as not
//! applicable ("This CVE either no longer is or was never applicable"), which says that the package
//! is not affected. The criteria do not test the release, since a document is about one only.

use clair_model::{FixState, Namespace, PackageKind, Severity};
use clair_version::Range;
use jiff::Timestamp;

use crate::catalog::{self, Listing};
use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source};

/// The feed.
pub(crate) struct AzureLinux;

/// Documents that are looked for where there is no listing, as on GitHub.
const KNOWN: [&str; 4] = [
    "cbl-mariner-1.0-oval.xml",
    "cbl-mariner-2.0-oval.xml",
    "azurelinux-3.0-oval.xml",
    "azurelinux-4.0-oval.xml",
];

impl Feed for AzureLinux {
    fn about(&self) -> About {
        About {
            name: "azurelinux",
            description: "Azure Linux and CBL-Mariner: what is fixed, affected and not applicable",
            upstream: "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let label = |name: &str| Release::of_document(name).map(|release| release.label());
        catalog::labelled(
            self.name(),
            fetcher,
            root,
            Listing::Directories,
            label,
            || catalog::probe(fetcher, root, KNOWN.into_iter().map(str::to_owned)),
        )
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let label = source.label().unwrap_or_default();
        let Some(release) = Release::of_label(label) else {
            let reason = "its name does not tell the release, as azurelinux-3.0-oval.xml does";
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                reason,
            ));
        };
        oval::read(source, document, sink, &release)
    }
}

/// The release that a document is about.
struct Release {
    family: &'static str,
    number: String,
}

impl Release {
    fn of_document(name: &str) -> Option<Self> {
        let stem = name.strip_suffix("-oval.xml")?;
        Self::of_label(stem.strip_prefix("cbl-").unwrap_or(stem))
    }

    fn of_label(label: &str) -> Option<Self> {
        let (family, number) = label.split_once('-')?;
        let family = match family {
            "mariner" => "mariner",
            "azurelinux" => "azurelinux",
            _ => return None,
        };
        let is_number =
            number.len() <= 8 && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        is_number.then(|| Self {
            family,
            number: number.to_owned(),
        })
    }

    fn label(&self) -> String {
        format!("{}-{}", self.family, self.number)
    }
}

impl Vendor for Release {
    fn scopes(
        &self,
        _: &Definition,
        conditions: &[Condition<'_>],
        _: &str,
    ) -> Result<Vec<Scope>, Skip> {
        if !conditions.is_empty() {
            return Err(Skip::Conditional);
        }
        let namespace = Namespace::release(self.family, &self.number);
        Ok(vec![Scope::of(namespace)])
    }

    fn severity(&self, word: &str) -> Severity {
        word.parse().unwrap_or_default()
    }

    fn notice(&self, _: &Definition) -> Option<String> {
        None
    }

    fn kind(&self) -> PackageKind {
        PackageKind::Source
    }

    fn versions(&self, range: Range) -> Result<Range, Skip> {
        let bound = |version: Option<String>| version.map(unmarked).transpose();
        Ok(Range {
            introduced: bound(range.introduced)?,
            fixed: bound(range.fixed)?,
            last_affected: bound(range.last_affected)?,
        })
    }

    fn state(&self, definition: &Definition) -> Option<FixState> {
        (definition.patchable == "Not Applicable").then_some(FixState::NotAffected)
    }
}

/// The version that is meant by one of a test. Microsoft puts the mark of the distribution behind
/// whatever it knows of the version: behind a release, where it belongs, but also behind one that has
/// it already (`10.6.9-3.cm2.cm2`), behind a version without a release (`0.9.0.cm2`, which would be
/// above the packages of 0.9.0), and behind none (`null.cm2`).
fn unmarked(version: String) -> Result<String, Skip> {
    let is_mark = |text: &str| {
        let number = text.strip_prefix("cm").or(text.strip_prefix("azl"));
        number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
    };
    let Some((known, mark)) = version.rsplit_once('.') else {
        return Ok(version);
    };
    if !is_mark(mark) {
        return Ok(version);
    }
    let has_mark = known.rsplit_once('.').is_some_and(|(_, last)| last == mark);
    match known {
        "null" => Err(Skip::BadVersion),
        known if has_mark || !known.contains('-') => Ok(known.to_owned()),
        _ => Ok(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_of_the_distribution_belongs_to_a_release_once() {
        for (version, meant) in [
            ("9.8p1-3.azl3", "9.8p1-3.azl3"),
            ("10.6.9-3.cm2.cm2", "10.6.9-3.cm2"),
            ("0.9.0.cm2", "0.9.0"),
            ("0.0.0.azl3", "0.0.0"),
            ("1:1.2", "1:1.2"),
            ("1.2.cmake", "1.2.cmake"),
        ] {
            assert_eq!(unmarked(version.to_owned()).as_deref(), Ok(meant));
        }
        assert_eq!(unmarked("null.cm2".to_owned()), Err(Skip::BadVersion));
    }
}
