//! Azure Linux, and CBL-Mariner as it was called before: OVAL,
//! <https://github.com/microsoft/AzureLinuxVulnerabilityData>.
//!
//! One document per release, with a definition for each vulnerability of each source package:
//! which versions have it, whether it is fixed or not. Some definitions are marked as not
//! applicable ("This CVE either no longer is or was never applicable"), which says that the package
//! is not affected. The criteria do not test the release, since a document is about one only.

use clair_model::{FixState, Namespace, PackageKind, Severity};
use jiff::Timestamp;

use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, catalog};

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
    fn name(&self) -> &'static str {
        "azurelinux"
    }

    fn description(&self) -> &'static str {
        "Azure Linux and CBL-Mariner: what is fixed, affected and not applicable"
    }

    fn upstream(&self) -> &'static str {
        "https://raw.githubusercontent.com/microsoft/AzureLinuxVulnerabilityData/main/"
    }

    fn revision(&self) -> u32 {
        1
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let label = |name: &str| Release::of_document(name).map(|release| release.label());
        if root.is_document() {
            return Ok(vec![catalog::single(self.name(), root, label)]);
        }
        let mut documents = match root {
            Location::Path(_) => catalog::list(fetcher, root, |name| label(name).is_some())?,
            Location::Http(_) => catalog::Documents::new(),
        };
        if documents.is_empty() {
            documents = catalog::probe(fetcher, root, KNOWN.into_iter().map(str::to_owned))?;
        }
        catalog::sources(self.name(), root, documents, |name| {
            label(name).unwrap_or_default()
        })
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let label = source.name.split('/').nth(1).unwrap_or_default();
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

    fn state(&self, definition: &Definition) -> Option<FixState> {
        (definition.patchable == "Not Applicable").then_some(FixState::NotAffected)
    }
}
