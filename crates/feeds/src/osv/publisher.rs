//! What OSV records mean, of which publishers have ideas of their own.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};

use super::export::Reading;
use super::{Affected as Entry, Record, ecosystems, level, rating};
use crate::{Skip, text};

/// What the records of one publisher mean.
pub(crate) trait Publisher {
    /// The vulnerabilities that a record is about, each by the name under which it is reported.
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String>;

    /// Its statements. What cannot be read of it goes to `skip`, with the name of the package.
    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected>;

    /// Why a record is left out, if it is.
    ///
    /// # Errors
    ///
    /// The reason.
    fn is_wanted(&self, _: &Record<'_>) -> Result<(), Skip> {
        Ok(())
    }

    /// The severity in the publisher's word.
    fn severity(&self, record: &Record<'_>) -> String {
        record.severity_word()
    }

    /// Whether what a record says of a package that is not affected holds whatever other records
    /// say of it. Else it is kept by the name of the record alone, lest it clear the package.
    fn clears(&self) -> bool {
        true
    }

    /// Where one can read about the record, where its references do not say so.
    fn link(&self, _: &Record<'_>) -> Option<String> {
        None
    }
}

impl<P: Publisher> Reading for P {
    fn is_wanted(&self, record: &Record<'_>) -> Result<(), Skip> {
        Publisher::is_wanted(self, record)
    }

    /// An advisory for each vulnerability that a record is about.
    fn advisories(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Advisory> {
        if record.affected.is_empty() {
            skip(Skip::NoPackage, "");
        }
        let statements = self.statements(record, skip);
        if statements.is_empty() {
            return Vec::new();
        }
        let names = self.vulnerabilities(record);
        let several = names.len() > 1;
        let mut template = template(self, record);
        let mut advisories = Vec::with_capacity(names.len() + 1);
        let (kept, statements): (Vec<_>, Vec<_>) = statements
            .into_iter()
            .partition(|statement| !self.clears() && statement.fix_state == FixState::NotAffected);
        if !kept.is_empty() {
            let id = record.id.clone().into_owned();
            advisories.push(Advisory {
                aliases: aliases(record, &id, several),
                id,
                affected: kept,
                ..template.clone()
            });
        }
        if !statements.is_empty() {
            template.affected = statements;
            advisories.extend(names.into_iter().map(|id| Advisory {
                aliases: aliases(record, &id, several),
                id,
                ..template.clone()
            }));
        }
        advisories
    }
}

/// All that depends neither on the name nor on the statements.
fn template(publisher: &impl Publisher, record: &Record<'_>) -> Advisory {
    let severity = publisher.severity(record);
    let cvss = record.cvss();
    let mut links = record.links();
    if let Some(link) = publisher.link(record).filter(|link| !links.contains(link)) {
        links.insert(0, link);
    }
    Advisory {
        description: record.description(),
        issued: record.published(),
        modified: record.modified(),
        links,
        normalized_severity: match level(&severity) {
            Severity::Unknown => rating::severity(&cvss),
            level => level,
        },
        severity,
        cvss,
        cwes: record.cwes(),
        ..Advisory::new("")
    }
}

/// Its own name and its other ones, but for that under which it is reported. The CVEs of an update
/// of several are no names of each other.
fn aliases(record: &Record<'_>, id: &str, several: bool) -> Vec<String> {
    let own = std::iter::once(record.id.as_ref());
    let others = record.aliases.iter().chain(&record.upstream);
    let others = others.map(|name| name.0.as_ref());
    let others = others.filter(|name| !(several && text::is_cve(name)));
    text::distinct(
        own.chain(others)
            .filter(|name| *name != id && text::is_id(name))
            .map(str::to_owned),
    )
}

/// Where the versions of a package are said to be vulnerable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    pub(crate) scheme: Scheme,
    pub(crate) kind: PackageKind,
    pub(crate) name: String,
}

impl Place {
    /// A statement about the package, of which all else is to be filled in.
    pub(crate) fn statement(&self, ranges: Vec<Range>, fix_state: FixState) -> Affected {
        Affected::of(
            self.namespace.clone(),
            self.name.clone(),
            self.kind,
            Vulnerable {
                scheme: self.scheme,
                ranges,
            },
            fix_state,
        )
    }
}

/// The names of a record that is one vulnerability of which others know too: the CVE among its
/// names, or its own.
pub(crate) fn one_vulnerability(record: &Record<'_>) -> Vec<String> {
    let aliases = record.aliases.iter().chain(&record.upstream);
    let mut names = std::iter::once(&record.id).chain(aliases.map(|alias| &alias.0));
    let cve = names.find(|name| text::is_cve(name));
    vec![cve.unwrap_or(&record.id).clone().into_owned()]
}

/// The names of a record that is an update which fixes several vulnerabilities: the CVEs that it
/// names, or its own.
pub(crate) fn fixed_vulnerabilities(record: &Record<'_>) -> Vec<String> {
    let lists = [&record.upstream, &record.related, &record.aliases];
    let named = lists.into_iter().flatten().map(|name| name.0.as_ref());
    let cves = text::distinct(named.filter(|name| text::is_cve(name)).map(str::to_owned));
    if cves.is_empty() {
        vec![record.id.clone().into_owned()]
    } else {
        cves
    }
}

/// The severity that the title of an update begins with, as Red Hat's do and those that are made
/// from them: `Important: firefox security update`.
pub(crate) fn severity_of_update(title: &str) -> String {
    let word = title.split_once(':').map_or("", |(word, _)| word.trim());
    let is_one = matches!(word, "Low" | "Moderate" | "Important" | "Critical");
    if is_one {
        word.to_owned()
    } else {
        String::new()
    }
}

/// The stream of a module that the title of an update names: `Moderate: ruby:3.3 security update`,
/// with a package of it behind a slash where the update is about that one: `httpd:2.4/mod_http2`.
pub(crate) fn stream(title: &str) -> Option<&str> {
    let is_part = |part: &str| {
        let is_word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+');
        !part.is_empty() && part.bytes().all(is_word)
    };
    let words = title.split_whitespace();
    let words = words.map(|word| word.split('/').next().unwrap_or_default());
    words.map(|word| word.trim_end_matches(',')).find(|word| {
        let parts = word.split_once(':');
        parts.is_some_and(|(name, stream)| is_part(name) && is_part(stream))
    })
}

/// The module that packages are built in which are fixed so: their releases have a mark of it.
///
/// # Errors
///
/// When they are of a module, and it is not told of which stream. Versions of several streams of a
/// module do not follow each other, so nothing can be said then.
fn module(fixed: &[Range], stream: Option<&str>) -> Result<Option<String>, Skip> {
    let is_modular = |range: &Range| {
        let fixed = range.fixed.as_deref().unwrap_or_default();
        fixed.contains(".module+el") || fixed.contains(".module_el")
    };
    if !fixed.iter().any(is_modular) {
        return Ok(None);
    }
    stream
        .map(|stream| Some(stream.to_owned()))
        .ok_or(Skip::NoModule)
}

/// The statements of a record, each package on its own: one that cannot be read goes to `skip`.
/// What is said twice, for each of several architectures, is one statement.
pub(crate) fn each_package(
    record: &Record<'_>,
    skip: &mut dyn FnMut(Skip, &str),
    mut add: impl FnMut(&Entry<'_>, &mut Vec<Affected>) -> Result<(), Skip>,
) -> Vec<Affected> {
    let mut statements = Vec::with_capacity(record.affected.len());
    for affected in &record.affected {
        if let Err(reason) = add(affected, &mut statements) {
            let package = affected.package.as_ref();
            skip(reason, package.map_or("", |package| package.name.as_ref()));
        }
    }
    let (hash, mut seen) = (RandomState::new(), HashSet::new());
    statements.retain(|statement| seen.insert(hash.hash_one(statement)));
    statements
}

/// The statements of a record, each looked up where its ecosystem is; only those of one ecosystem where
/// one is named. `stream` is that of the modules in it.
pub(crate) fn statements(
    record: &Record<'_>,
    ecosystem: Option<&str>,
    stream: Option<&str>,
    skip: &mut dyn FnMut(Skip, &str),
) -> Vec<Affected> {
    each_package(record, skip, |affected, statements| {
        let package = affected.package.as_ref().ok_or(Skip::NoPackage)?;
        if !text::is_name(&package.name) {
            return Err(Skip::NoPackage);
        }
        let name = package.ecosystem.split(':').next();
        if ecosystem.is_some_and(|ecosystem| name != Some(ecosystem)) {
            return Err(Skip::Foreign);
        }
        let found = ecosystems::place(&package.ecosystem);
        let (line, namespace) = found.ok_or(Skip::UnknownRelease)?;
        let place = Place {
            namespace,
            scheme: line.scheme,
            kind: line.kind,
            name: package.name.clone().into_owned(),
        };
        add_update(affected, &place, stream, statements)
    })
}

/// Adds what a record that is an update says of a package.
///
/// # Errors
///
/// Why nothing can be said.
fn add_update(
    affected: &Entry<'_>,
    place: &Place,
    stream: Option<&str>,
    statements: &mut Vec<Affected>,
) -> Result<(), Skip> {
    let versions = affected.versions(place.scheme)?;
    let module = module(&versions.fixed, stream)?;
    statements.extend(versions.by_state().map(|(ranges, fix_state)| Affected {
        module: module.clone(),
        ..place.statement(ranges, fix_state)
    }));
    Ok(())
}

/// Whether a record is an update of security, by what its name begins with, or names a
/// vulnerability whatever it calls itself.
///
/// # Errors
///
/// When it is not.
pub(crate) fn is_security_update(record: &Record<'_>, prefixes: &[&str]) -> Result<(), Skip> {
    let is_security = prefixes.iter().any(|prefix| record.id.starts_with(prefix));
    if is_security || fixed_vulnerabilities(record)[0] != record.id {
        Ok(())
    } else {
        Err(Skip::NotSecurity)
    }
}

/// Whether it is a number, as major releases are.
pub(crate) fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}
