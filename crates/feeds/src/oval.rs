//! The Open Vulnerability and Assessment Language, <https://oval-community-guidelines.readthedocs.io/>,
//! as vendors of rpm packages write it: what it means wherever a document comes from. What is
//! particular about one vendor is its [`Vendor`].
//!
//! A document has *definitions* (a vulnerability, or an update that fixes some), whose *criteria*
//! refer to *tests* (a package that an *object* names is in a *state*). Since what is referred to
//! comes last, a document is spooled to an unlinked file and read twice. In memory are the tests,
//! and one definition at a time.

mod criteria;
mod definition;
mod index;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, Cursor, Seek, SeekFrom};

use clair_model::{Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use jiff::Timestamp;

pub(crate) use criteria::Condition;
pub(crate) use definition::Definition;

use self::criteria::Finding;
use self::index::Index;
use crate::xml::Xml;
use crate::{Document, FeedError, Limits, Sink, Skip, Source, date, text};

/// The name of the root of every document.
const ROOT: &str = "oval_definitions";

/// What is particular about the documents of one vendor.
pub(crate) trait Vendor {
    /// Where the conditions on the way to a package hold.
    ///
    /// # Errors
    ///
    /// When there is a condition that we cannot tell of a package, or of another product.
    fn scopes(
        &self,
        definition: &Definition,
        conditions: &[Condition<'_>],
        version: &str,
    ) -> Result<Vec<Scope>, Skip>;

    /// The severity that the vendor's word means.
    fn severity(&self, word: &str) -> Severity;

    /// The vendor's own name of a definition.
    fn notice(&self, definition: &Definition) -> Option<String>;

    /// Which links of a definition are worth to be kept.
    fn is_link(&self, _source: &str, _id: &str) -> bool {
        true
    }

    /// Whether packages are named by their sources.
    fn kind(&self) -> PackageKind {
        PackageKind::Binary
    }

    /// The vulnerable versions that the vendor means by those of a test.
    ///
    /// # Errors
    ///
    /// When they are none.
    fn versions(&self, range: Range) -> Result<Range, Skip> {
        Ok(range)
    }

    /// The state of all packages of a definition, where the vendor tells it apart from criteria.
    fn state(&self, _definition: &Definition) -> Option<FixState> {
        None
    }
}

/// Where a statement holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    pub(crate) namespace: Namespace,
    /// Architectures, beside those that the test of a package has. Empty for all.
    pub(crate) arches: Vec<String>,
    pub(crate) module: Option<String>,
    pub(crate) note: Option<String>,
}

impl Scope {
    /// All of a namespace.
    pub(crate) fn of(namespace: Namespace) -> Self {
        Self {
            namespace,
            arches: Vec::new(),
            module: None,
            note: None,
        }
    }
}

/// Reads a document, and gives the time at which the vendor made it.
///
/// # Errors
///
/// When it is no OVAL or ends early, a limit is passed, or the sink refuses.
pub(crate) fn read(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    vendor: &dyn Vendor,
) -> Result<Option<Timestamp>, FeedError> {
    let location = document.location().to_owned();
    let limits = document.meter().limits();
    let unreadable = |error| FeedError::from_read(&source.name, &location, error);
    let mut file = tempfile::tempfile().map_err(unreadable)?;
    document.spool(&mut file).map_err(unreadable)?;
    let mut open = || {
        file.seek(SeekFrom::Start(0))?;
        Document::from_reader(&location, file.try_clone()?, limits)
    };
    read_twice(source, &mut open, sink, vendor).map_err(|error| error.or_read(unreadable))
}

/// Reads a document that is held in memory, being one of very many small ones.
///
/// # Errors
///
/// Those of [`read`].
pub(crate) fn read_record(
    source: &Source,
    name: &str,
    xml: &[u8],
    limits: Limits,
    sink: &mut dyn Sink,
    vendor: &dyn Vendor,
) -> Result<Option<Timestamp>, FeedError> {
    let mut open = || Document::from_reader(name, Cursor::new(xml.to_vec()), limits);
    read_twice(source, &mut open, sink, vendor)
        .map_err(|error| error.or_read(|error| FeedError::from_read(&source.name, name, error)))
}

fn read_twice(
    source: &Source,
    open: &mut dyn FnMut() -> io::Result<Document>,
    sink: &mut dyn Sink,
    vendor: &dyn Vendor,
) -> Result<Option<Timestamp>, Stop> {
    let index = Index::read(source, &mut open()?)?;
    let mut reader = Reader {
        source,
        sink,
        vendor,
        index: &index,
        count: 0,
    };
    let mut document = open()?;
    let made = reader.definitions(&mut document)?;
    if reader.count == 0 {
        let reason = "it has no definitions";
        return Err(FeedError::malformed(&source.name, document.location(), reason).into());
    }
    Ok(made)
}

/// What ends the reading.
enum Stop {
    Open(io::Error),
    Feed(FeedError),
}

impl Stop {
    fn or_read(self, read: impl FnOnce(io::Error) -> FeedError) -> FeedError {
        match self {
            Self::Open(error) => read(error),
            Self::Feed(error) => error,
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Open(error)
    }
}

impl From<FeedError> for Stop {
    fn from(error: FeedError) -> Self {
        Self::Feed(error)
    }
}

struct Reader<'r> {
    source: &'r Source,
    sink: &'r mut dyn Sink,
    vendor: &'r dyn Vendor,
    index: &'r Index,
    count: u64,
}

impl Reader<'_> {
    fn definitions(&mut self, document: &mut Document) -> Result<Option<Timestamp>, FeedError> {
        let mut made = None;
        let mut xml = Xml::open(self.source, document, ROOT)?;
        while let Some(section) = xml.next()? {
            match section.name.as_str() {
                "generator" => {
                    let generator = xml.element(section)?;
                    made = date::parse(generator.text_of("timestamp"));
                }
                "definitions" => {
                    while let Some(start) = xml.next()? {
                        let definition = Definition::read(xml.element(start)?);
                        self.count += 1;
                        self.definition(&definition)?;
                    }
                }
                _ => xml.skip()?,
            }
        }
        xml.finish().map(|()| made)
    }

    fn definition(&mut self, definition: &Definition) -> Result<(), FeedError> {
        let notice = self.vendor.notice(definition);
        let subject = notice.clone().unwrap_or_else(|| definition.id.clone());
        let mut skip = |reason, about: &str| {
            let about = text::line(&format!("{subject} {about}"));
            self.sink.skipped(reason, &about);
        };
        let affected = affected(definition, self.index, self.vendor, &mut skip);
        if affected.is_empty() {
            return Ok(());
        }
        let advisories = definition.advisories(self.vendor, notice.as_deref(), affected);
        if advisories.is_empty() {
            skip(Skip::BadId, &definition.title);
        }
        for advisory in advisories {
            self.source.tell(self.sink, advisory)?;
        }
        Ok(())
    }
}

/// The statements of a definition, each once. Those that differ by architectures only become one.
fn affected(
    definition: &Definition,
    index: &Index,
    vendor: &dyn Vendor,
    skip: &mut dyn FnMut(Skip, &str),
) -> Vec<Affected> {
    let mut statements: Vec<Affected> = Vec::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    let Some(criteria) = &definition.criteria else {
        skip(Skip::NoPackage, &definition.title);
        return statements;
    };
    let mut is_told = false;
    let findings = criteria::findings(criteria, index, &mut |reason, about| {
        is_told = true;
        skip(reason, about);
    });
    if findings.is_empty() && !is_told {
        skip(Skip::NoPackage, &definition.title);
    }
    let forced = vendor.state(definition);
    for mut finding in findings {
        match finding.range.take().map(|range| vendor.versions(range)) {
            None => {}
            Some(Ok(range)) => finding.range = Some(range),
            Some(Err(reason)) => {
                skip(reason, finding.package);
                continue;
            }
        }
        let version = finding.range.as_ref().map_or("", upper);
        let scopes = match vendor.scopes(definition, &finding.conditions, version) {
            Ok(scopes) => scopes,
            Err(reason) => {
                skip(reason, finding.package);
                continue;
            }
        };
        for scope in scopes {
            let Some(statement) = statement(scope, &finding, vendor.kind(), forced) else {
                skip(Skip::OtherProduct, finding.package);
                continue;
            };
            let arches = statement.arches.clone();
            match places.entry(Affected {
                arches: Vec::new(),
                ..statement
            }) {
                Entry::Occupied(place) => join(&mut statements[*place.get()].arches, arches),
                Entry::Vacant(place) => {
                    let whole = Affected {
                        arches,
                        ..place.key().clone()
                    };
                    place.insert(statements.len());
                    statements.push(whole);
                }
            }
        }
    }
    statements
}

/// The statement of a finding in a scope; none if it holds on no architecture.
fn statement(
    scope: Scope,
    finding: &Finding<'_>,
    kind: PackageKind,
    forced: Option<FixState>,
) -> Option<Affected> {
    let arches = match (&finding.arches, scope.arches) {
        (of_package, of_system) if of_system.is_empty() => of_package.clone(),
        (of_package, of_system) if of_package.is_empty() => of_system,
        (of_package, of_system) => {
            let common: Vec<String> = of_package
                .iter()
                .filter(|arch| of_system.contains(arch))
                .cloned()
                .collect();
            if common.is_empty() {
                return None;
            }
            common
        }
    };
    let (fix_state, vulnerable) = match &finding.range {
        _ if forced == Some(FixState::NotAffected) => {
            (FixState::NotAffected, Vulnerable::none(Scheme::Rpm))
        }
        None => (FixState::NotAffected, Vulnerable::none(Scheme::Rpm)),
        Some(range) => {
            let state = match &range.fixed {
                Some(_) => FixState::Fixed,
                None => FixState::Affected,
            };
            let vulnerable = Vulnerable {
                scheme: Scheme::Rpm,
                ranges: vec![range.clone()],
            };
            (forced.unwrap_or(state), vulnerable)
        }
    };
    Some(Affected {
        namespace: scope.namespace,
        package: finding.package.to_owned(),
        kind,
        arches,
        module: scope.module,
        vulnerable,
        fix_state,
        severity: None,
        normalized_severity: None,
        note: scope.note,
    })
}

/// The version that ends a range.
fn upper(range: &Range) -> &str {
    let end = range.fixed.as_deref().or(range.last_affected.as_deref());
    end.unwrap_or_default()
}

/// Adds architectures to those of a statement, of which none means all.
fn join(arches: &mut Vec<String>, more: Vec<String>) {
    if arches.is_empty() || more.is_empty() {
        arches.clear();
        return;
    }
    arches.extend(more);
    arches.sort_unstable();
    arches.dedup();
}
