//! Documents of OSV records, of whichever publisher.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use jiff::Timestamp;

use super::{Affected as Entry, Record, level, rating};
use crate::{Document, FeedError, Location, Sink, Skip, Source, archive, text};

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
        Affected {
            namespace: self.namespace.clone(),
            package: self.name.clone(),
            kind: self.kind,
            arches: Vec::new(),
            module: None,
            vulnerable: Vulnerable {
                scheme: self.scheme,
                ranges,
            },
            fix_state,
            severity: None,
            normalized_severity: None,
            note: None,
        }
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

/// Adds what a record that is an update says of a package.
///
/// # Errors
///
/// Why nothing can be said.
pub(crate) fn add_update(
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

/// The one source of a feed of records: an archive of all of them, or where that is a directory
/// without one, the records themselves.
pub(crate) fn source(name: &str, root: &Location) -> Source {
    let mut locations = Vec::new();
    if root.is_document() {
        locations.push(root.clone());
    } else {
        locations.extend(ARCHIVES.iter().map(|archive| root.join(archive)));
        locations.extend(matches!(root, Location::Path(_)).then(|| root.clone()));
    }
    Source {
        name: name.to_owned(),
        locations,
        date: None,
    }
}

/// Names that an archive of records may have: that of OSV.dev, and others on a mirror.
const ARCHIVES: [&str; 4] = ["all.zip", "all.tar.gz", "all.tar.zst", "all.tar"];

/// Reads a document: an archive of records, a directory of them, or one by itself.
///
/// # Errors
///
/// When it is none of these, has no record or ends early, a limit is passed, or the sink refuses.
pub(crate) fn read(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    publisher: &dyn Publisher,
) -> Result<Option<Timestamp>, FeedError> {
    let mut reader = Reader {
        source,
        sink,
        publisher,
        count: 0,
        newest: None,
        seen: HashSet::new(),
        hash: RandomState::new(),
    };
    archive::for_each_record(source, document, &mut |name, content| match content {
        Ok(json) => reader.record(name, json),
        Err(skip) => {
            reader.sink.skipped(skip, name);
            Ok(())
        }
    })?;
    if reader.count == 0 {
        // Taken for true, it would say that there are no vulnerabilities.
        let reason = "it has no records that can be read";
        return Err(FeedError::malformed(
            &source.name,
            document.location(),
            reason,
        ));
    }
    Ok(reader.newest)
}

struct Reader<'s> {
    source: &'s Source,
    sink: &'s mut dyn Sink,
    publisher: &'s dyn Publisher,
    /// How many records were of the form of one.
    count: u64,
    /// When the record was changed that was changed last.
    newest: Option<Timestamp>,
    /// Hashes of the ids that were read.
    seen: HashSet<u64>,
    hash: RandomState,
}

impl Reader<'_> {
    fn record(&mut self, name: &str, json: &[u8]) -> Result<(), FeedError> {
        // Lists of what there is lie beside records, and have no record's name.
        if name.rsplit('/').next() == Some("all.json") {
            return Ok(());
        }
        let Ok(record) = Record::parse(json) else {
            self.sink.skipped(Skip::Malformed, name);
            return Ok(());
        };
        self.count += 1;
        self.newest = self.newest.max(record.modified());
        let id = text::line(&record.id);
        if let Err(skip) = self.is_wanted(&record) {
            self.sink.skipped(skip, &id);
            return Ok(());
        }
        for advisory in self.advisories(&record, &id) {
            let taken = self.sink.advisory(advisory);
            taken.map_err(|error| FeedError::Sink {
                name: self.source.name.clone(),
                source: error,
            })?;
        }
        Ok(())
    }

    fn is_wanted(&mut self, record: &Record<'_>) -> Result<(), Skip> {
        if !text::is_id(&record.id) {
            return Err(Skip::BadId);
        }
        if !self.seen.insert(self.hash.hash_one(record.id.as_ref())) {
            return Err(Skip::Duplicate);
        }
        if record.is_withdrawn() {
            return Err(Skip::Withdrawn);
        }
        self.publisher.is_wanted(record)
    }

    /// An advisory for each vulnerability that a record is about.
    fn advisories(&mut self, record: &Record<'_>, subject: &str) -> Vec<Advisory> {
        let mut skip = |reason: Skip, package: &str| {
            let subject = text::line(&format!("{subject} {package}"));
            self.sink.skipped(reason, &subject);
        };
        if record.affected.is_empty() {
            skip(Skip::NoPackage, "");
        }
        let statements = self.publisher.statements(record, &mut skip);
        if statements.is_empty() {
            return Vec::new();
        }
        let names = self.publisher.vulnerabilities(record);
        let several = names.len() > 1;
        let mut template = self.template(record);
        let mut advisories = Vec::with_capacity(names.len() + 1);
        let (kept, statements): (Vec<_>, Vec<_>) = statements.into_iter().partition(|statement| {
            !self.publisher.clears() && statement.fix_state == FixState::NotAffected
        });
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

    /// All that depends neither on the name nor on the statements.
    fn template(&self, record: &Record<'_>) -> Advisory {
        let severity = self.publisher.severity(record);
        let cvss = record.cvss();
        let mut links = record.links();
        if let Some(link) = self
            .publisher
            .link(record)
            .filter(|link| !links.contains(link))
        {
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
