//! Oracle Linux: the errata (ELSA) as OVAL, <https://linux.oracle.com/security/>.
//!
//! One document per year, of updates that fix vulnerabilities. Vulnerabilities without a fix are
//! not told, nor that a package is not affected.
//!
//! Oracle builds some packages a second time: for Ksplice, which patches them while they run, and
//! validated for FIPS 140. Their versions are higher than any ordinary one by their epochs
//! (`2:1.1.1g-15.ksplice1.el8_3`, `10:3.6.16-4.0.1.el8_fips`), so an ordinary package, however
//! new, would seem to be older than their fix. Their errata demand the mark themselves ("openssl
//! is ksplice-based"), or mean packages that only subscribers of another channel have. Both have
//! pockets of their own here, which are asked for packages with the same mark only.

use clair_model::{Namespace, Severity};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::catalog::{self, Listing};
use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source};

/// The feed.
pub(crate) struct Oracle;

/// The first year that there are errata of.
const FIRST: i16 = 2006;

impl Feed for Oracle {
    fn about(&self) -> About {
        About {
            name: "oracle",
            description: "Oracle Linux errata: what is fixed in every release",
            upstream: "https://linux.oracle.com/security/oval/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        catalog::labelled(
            self.name(),
            fetcher,
            root,
            Listing::Everywhere,
            year,
            || {
                let this = Timestamp::now().to_zoned(TimeZone::UTC).year();
                let names = (FIRST..=this).map(|year| format!("com.oracle.elsa-{year}.xml"));
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
        oval::read(source, document, sink, &Errata)
    }
}

/// The year of a document, by its name.
fn year(name: &str) -> Option<String> {
    let year = name
        .strip_prefix("com.oracle.elsa-")?
        .strip_suffix(".xml")?;
    let is_year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
    is_year.then(|| year.to_owned())
}

struct Errata;

impl Vendor for Errata {
    fn scopes(
        &self,
        _: &Definition,
        conditions: &[Condition<'_>],
        version: &str,
    ) -> Result<Vec<Scope>, Skip> {
        let mut releases = Vec::new();
        let mut arches = Vec::new();
        let mut module = None;
        let mut pocket = pocket_of(version);
        for condition in conditions {
            match Meaning::of(condition).ok_or(Skip::Conditional)? {
                Meaning::Release(release) => releases.push(release),
                Meaning::Arch(arch) => arches.extend(on_system(&arch)),
                Meaning::Module(stream) => module = Some(stream),
                Meaning::Ksplice => pocket = Some("ksplice"),
                Meaning::Signature => {}
            }
        }
        if releases.is_empty() {
            return Err(Skip::UnknownRelease);
        }
        let scopes = releases.into_iter().map(|release| Scope {
            namespace: match pocket {
                Some(pocket) => Namespace::oracle_pocket(&release, pocket),
                None => Namespace::release("ol", &release),
            },
            arches: arches.clone(),
            module: module.clone(),
            note: None,
        });
        Ok(scopes.collect())
    }

    /// Oracle has the words of Red Hat in capitals, and `N/A`.
    fn severity(&self, word: &str) -> Severity {
        match word {
            "LOW" => Severity::Low,
            "MODERATE" => Severity::Medium,
            "IMPORTANT" => Severity::High,
            "CRITICAL" => Severity::Critical,
            _ => Severity::Unknown,
        }
    }

    fn notice(&self, definition: &Definition) -> Option<String> {
        definition.reference("elsa").map(str::to_owned)
    }
}

/// The mark of a special build in a version.
fn pocket_of(version: &str) -> Option<&'static str> {
    let version = version.to_ascii_lowercase();
    ["ksplice", "fips"]
        .into_iter()
        .find(|mark| version.contains(mark))
}

/// What conditions there are.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Release(String),
    Arch(String),
    Module(String),
    Ksplice,
    Signature,
}

impl Meaning {
    /// Oracle tests releases and architectures by the package `oraclelinux-release`, and modules
    /// by a file that the comment names.
    fn of(condition: &Condition<'_>) -> Option<Self> {
        let Some(state) = condition.state else {
            let stream = condition.comment.strip_prefix("Module ")?;
            let stream = stream.strip_suffix(" is enabled")?;
            let is_stream = crate::text::is_name(stream) && stream.contains(':');
            return is_stream.then(|| Self::Module(stream.to_owned()));
        };
        if state.is_signature {
            return Some(Self::Signature);
        }
        if let Some(release) = &state.release {
            return release.value.contains("ksplice").then_some(Self::Ksplice);
        }
        if condition.package != Some("oraclelinux-release") {
            return None;
        }
        if let Some(arch) = &state.arch {
            return Some(Self::Arch(arch.value.to_string()));
        }
        let release = state.version.as_ref()?.value.trim_start_matches('^');
        let is_number = !release.is_empty() && release.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| Self::Release(release.to_owned()))
    }
}

/// The architectures of packages on a system of one. `x86_64` has packages of 32 bits as well.
fn on_system(arch: &str) -> Vec<String> {
    let packages: &[&str] = match arch {
        "x86_64" => &["i686", "noarch", "x86_64"],
        "i386" | "i686" => &["i386", "i486", "i586", "i686", "noarch"],
        _ => &[arch, "noarch"],
    };
    packages.iter().map(|arch| (*arch).to_owned()).collect()
}
