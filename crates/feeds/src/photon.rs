//! Photon OS: the advisories (PHSA) as OVAL.
//!
//! One document per release, <https://packages.broadcom.com/photon/photon_oval_definitions/>, of
//! updates that fix vulnerabilities, with the same names that are announced at
//! <https://github.com/vmware/photon/wiki/Security-Advisories>. Vulnerabilities without a fix are
//! not told. What they name are binary packages, each by itself.

use clair_model::{Namespace, Severity};
use jiff::Timestamp;

use crate::catalog::{self, Listing};
use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, text};

/// The feed.
pub(crate) struct Photon;

/// Releases that are looked for where there is no listing. Photon 5 came in 2023.
const RELEASES: std::ops::RangeInclusive<u32> = 1..=9;

impl Feed for Photon {
    fn about(&self) -> About {
        About {
            name: "photon",
            description: "Photon OS advisories: what is fixed in every release",
            upstream: "https://packages.broadcom.com/photon/photon_oval_definitions/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        catalog::labelled(
            self.name(),
            fetcher,
            root,
            Listing::Everywhere,
            release,
            || {
                let names = RELEASES.map(|release| format!("com.vmware.phsa-photon{release}.xml"));
                catalog::probe(fetcher, root, names)
            },
        )
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        oval::read(source, document, sink, &Photon)
    }
}

/// The release of a document, by its name.
fn release(name: &str) -> Option<String> {
    let release = name
        .strip_prefix("com.vmware.phsa-photon")?
        .strip_suffix(".xml")?;
    number(release).map(str::to_owned)
}

fn number(text: &str) -> Option<&str> {
    let is_number = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(text)
}

impl Vendor for Photon {
    fn scopes(
        &self,
        _: &Definition,
        conditions: &[Condition<'_>],
        _: &str,
    ) -> Result<Vec<Scope>, Skip> {
        let mut scopes = Vec::new();
        for condition in conditions {
            let state = condition.state.ok_or(Skip::Conditional)?;
            if state.is_signature {
                continue;
            }
            if condition.package != Some("photon-release") {
                return Err(Skip::Conditional);
            }
            // The test of the release is a pattern such as `^3[^\d]`; the comment is plain.
            let release = condition
                .comment
                .strip_prefix("Photon OS ")
                .and_then(|rest| rest.strip_suffix(" is installed"))
                .map(|release| release.strip_suffix(".0").unwrap_or(release))
                .and_then(number)
                .ok_or(Skip::UnknownRelease)?;
            scopes.push(Scope::of(Namespace::release(
                "photon",
                &format!("{release}.0"),
            )));
        }
        if scopes.is_empty() {
            return Err(Skip::UnknownRelease);
        }
        Ok(scopes)
    }

    fn severity(&self, word: &str) -> Severity {
        match word {
            "Low" => Severity::Low,
            "Moderate" => Severity::Medium,
            "Important" => Severity::High,
            "Critical" => Severity::Critical,
            _ => Severity::Unknown,
        }
    }

    /// The first word of the title: `PHSA-2020:00001`.
    fn notice(&self, definition: &Definition) -> Option<String> {
        let word = definition.title.split_whitespace().next()?;
        (word.starts_with("PHSA-") && text::is_id(word)).then(|| word.to_owned())
    }
}
