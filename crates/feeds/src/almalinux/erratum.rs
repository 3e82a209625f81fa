//! One erratum, and what it means.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Vulnerable};
use clair_version::Scheme;
use jiff::Timestamp;
use serde::Deserialize;

use crate::osv::{level, publisher};
use crate::{Skip, text};

/// The longest erratum, in bytes. Real ones have less than a million.
const LARGEST: usize = 8 << 20;

/// An erratum. What the older form names otherwise has both names here.
#[derive(Deserialize)]
struct Erratum<'a> {
    #[serde(borrow, alias = "updateinfo_id")]
    id: Cow<'a, str>,
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    severity: Option<Cow<'a, str>>,
    #[serde(default)]
    issued_date: Option<Date>,
    #[serde(default)]
    updated_date: Option<Date>,
    #[serde(borrow, default)]
    references: Vec<Reference<'a>>,
    #[serde(borrow, default)]
    packages: Vec<Package<'a>>,
    #[serde(borrow, default)]
    modules: Vec<Module<'a>>,
    /// Where the older form has packages and the one module that they are of.
    #[serde(borrow, default)]
    pkglist: Option<Pkglist<'a>>,
}

#[derive(Deserialize)]
struct Pkglist<'a> {
    #[serde(borrow, default)]
    packages: Vec<Package<'a>>,
    #[serde(borrow, default)]
    module: Option<Module<'a>>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    epoch: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    release: Cow<'a, str>,
    #[serde(borrow, default)]
    arch: Cow<'a, str>,
    /// `name:stream:version:context:arch`.
    #[serde(borrow, default)]
    module: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Module<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    stream: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, default)]
    href: Cow<'a, str>,
    #[serde(borrow, default)]
    id: Cow<'a, str>,
}

/// What a version is one of.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    namespace: Namespace,
    package: &'a str,
    module: Option<String>,
}

/// Seconds since 1970, or milliseconds in an object.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Date {
    Seconds(f64),
    Milliseconds {
        #[serde(rename = "$date")]
        date: i64,
    },
}

impl Date {
    fn timestamp(self) -> Option<Timestamp> {
        match self {
            // As precise as it is written, which is a second.
            #[allow(
                clippy::cast_possible_truncation,
                reason = "saturates, and is checked then"
            )]
            Self::Seconds(seconds) => Timestamp::from_second(seconds as i64).ok(),
            Self::Milliseconds { date } => Timestamp::from_millisecond(date).ok(),
        }
    }
}

/// Reads an erratum of a release, which the packages tell where it is empty: an advisory for each
/// vulnerability that is fixed. What cannot be read of it goes to `skip`.
pub(super) fn advisories(
    release: &str,
    json: &str,
    skip: &mut dyn FnMut(Skip, &str),
) -> Vec<Advisory> {
    if json.len() > LARGEST {
        skip(Skip::TooLarge, "an erratum");
        return Vec::new();
    }
    let Ok(erratum) = serde_json::from_str::<Erratum<'_>>(json) else {
        skip(Skip::Malformed, "an erratum");
        return Vec::new();
    };
    let id = text::line(&erratum.id);
    if !text::is_id(&id) {
        skip(Skip::BadId, &id);
        return Vec::new();
    }
    let names = erratum.vulnerabilities();
    if names.is_empty() && erratum.kind.as_deref() != Some("security") {
        skip(Skip::NotSecurity, &id);
        return Vec::new();
    }
    let statements = erratum.statements(release, &mut |reason, package| {
        skip(reason, &format!("{id} {package}"));
    });
    if statements.is_empty() {
        return Vec::new();
    }
    erratum.named(&id, names, statements)
}

impl Erratum<'_> {
    /// The CVEs that it refers to.
    fn vulnerabilities(&self) -> Vec<String> {
        let ids = self.references.iter().map(|reference| reference.id.trim());
        text::distinct(ids.filter(|id| text::is_cve(id)).map(str::to_owned))
    }

    fn named(&self, id: &str, names: Vec<String>, statements: Vec<Affected>) -> Vec<Advisory> {
        let severity = text::line(self.severity.as_deref().unwrap_or_default());
        let severity = if severity == "None" {
            String::new()
        } else {
            severity
        };
        let release = statements[0].namespace.as_str().rsplit(':').next();
        let page = format!(
            "https://errata.almalinux.org/{}/{}.html",
            release.unwrap_or_default(),
            id.replace(':', "-")
        );
        let others = self.references.iter();
        // Each CVE has a page there, which only those who look for it need.
        let others = others.filter(|reference| !text::is_cve(&reference.id));
        let links = others.filter_map(|reference| text::link(&reference.href));
        let template = Advisory {
            description: text::prose(self.description.as_deref().unwrap_or_default()),
            issued: self.issued_date.and_then(Date::timestamp),
            modified: self.updated_date.and_then(Date::timestamp),
            links: text::distinct(std::iter::once(page).chain(links)),
            normalized_severity: level(&severity),
            severity,
            affected: statements,
            ..Advisory::new(id)
        };
        if names.is_empty() {
            return vec![template];
        }
        let of_vulnerability = |name: String| Advisory {
            id: name,
            aliases: vec![id.to_owned()],
            ..template.clone()
        };
        names.into_iter().map(of_vulnerability).collect()
    }

    fn packages(&self) -> impl Iterator<Item = &Package<'_>> {
        let older = self.pkglist.iter().flat_map(|list| &list.packages);
        self.packages.iter().chain(older)
    }

    /// One statement for each package, module and version, with all architectures that have it:
    /// rebuilds on one of them make the versions differ.
    ///
    /// An erratum may list builds of several minor releases, each of which has the fix. So the
    /// oldest is the first that is not vulnerable.
    fn statements(&self, release: &str, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        if self.packages().next().is_none() {
            skip(Skip::NoPackage, "");
        }
        let mut oldest: BTreeMap<(Place<'_>, &str), String> = BTreeMap::new();
        for package in self.packages() {
            match self.fixed(package, release) {
                Ok((place, version)) => {
                    let known = oldest.entry((place, package.arch.as_ref()));
                    let known = known.or_insert_with(|| version.clone());
                    if Scheme::Rpm.order(&version, known).is_lt() {
                        *known = version;
                    }
                }
                Err(reason) => skip(reason, &package.name),
            }
        }
        let mut arches: BTreeMap<(Place<'_>, String), Vec<String>> = BTreeMap::new();
        for ((place, arch), version) in oldest {
            let of_version = arches.entry((place, version)).or_default();
            of_version.extend((!arch.is_empty()).then(|| arch.to_owned()));
        }
        let statement = |((place, version), arches): ((Place<'_>, String), Vec<String>)| Affected {
            arches,
            module: place.module,
            ..Affected::of(
                place.namespace,
                place.package,
                PackageKind::Binary,
                Vulnerable::before(Scheme::Rpm, version),
                FixState::Fixed,
            )
        };
        arches.into_iter().map(statement).collect()
    }

    /// Where, in which module and with which version a package is fixed.
    fn fixed<'p>(
        &self,
        package: &'p Package<'_>,
        release: &str,
    ) -> Result<(Place<'p>, String), Skip> {
        if !text::is_name(&package.name)
            || !(package.arch.is_empty() || text::is_name(&package.arch))
        {
            return Err(Skip::NoPackage);
        }
        let release = if release.is_empty() {
            release_of(&package.release)
        } else {
            release
        };
        if !publisher::is_number(release) {
            return Err(Skip::UnknownRelease);
        }
        let version = match package.epoch.as_ref() {
            "" | "0" => format!("{}-{}", package.version, package.release),
            epoch => format!("{epoch}:{}-{}", package.version, package.release),
        };
        if !text::can_be_version(&version) || Scheme::Rpm.validate(&version).is_err() {
            return Err(Skip::BadVersion);
        }
        let place = Place {
            namespace: Namespace::release("almalinux", release),
            package: &package.name,
            module: self.module(package)?,
        };
        Ok((place, version))
    }

    /// The stream of the module of a package: its own, or the only one of the erratum.
    fn module(&self, package: &Package<'_>) -> Result<Option<String>, Skip> {
        if let Some(label) = package.module.as_deref().filter(|label| !label.is_empty()) {
            let mut parts = label.split(':');
            return match (parts.next(), parts.next()) {
                (Some(name), Some(stream)) if text::is_name(label) => {
                    Ok(Some(format!("{name}:{stream}")))
                }
                _ => Err(Skip::NoModule),
            };
        }
        if !package.release.contains(".module") {
            return Ok(None);
        }
        let older = self.pkglist.iter().filter_map(|list| list.module.as_ref());
        let modules: BTreeSet<String> = self
            .modules
            .iter()
            .chain(older)
            .map(|module| format!("{}:{}", module.name, module.stream))
            .collect();
        match modules.into_iter().collect::<Vec<_>>().as_slice() {
            [module] if text::is_name(module) => Ok(Some(module.clone())),
            _ => Err(Skip::NoModule),
        }
    }
}

/// `8` of `10.el8_4.1` and of `18.module_el8.5.0+2632+14ced695`.
fn release_of(release: &str) -> &str {
    let tag = release.split_once("el").map_or("", |(_, tag)| tag);
    let end = tag.find(|c: char| !c.is_ascii_digit());
    end.map_or(tag, |end| &tag[..end])
}
