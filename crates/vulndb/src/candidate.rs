//! What a look-up gives: statements, and the advisories that make them, borrowed from the database.

use std::vec;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity};
use clair_version::Scheme;
use jiff::Timestamp;

use crate::segment::{Damaged, Head, PostingList, Statement, StatementList};
use crate::{AdvisoryText, Arches, Database, Error, Ranges, SourceInfo};

/// A statement about a package.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    database: &'a Database,
    segment: usize,
    statement: Statement<'a>,
}

/// Names an advisory within one open database, so that its findings can be grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdvisoryKey {
    segment: usize,
    position: u32,
}

impl<'a> Candidate<'a> {
    /// The source that makes the statement.
    pub fn source(&self) -> &'a SourceInfo {
        &self.database.sources()[self.segment]
    }

    /// Which advisory makes the statement, without looking at it.
    pub fn advisory_key(&self) -> AdvisoryKey {
        AdvisoryKey {
            segment: self.segment,
            position: self.statement.advisory,
        }
    }

    /// The advisory that makes the statement.
    pub fn advisory(&self) -> Result<AdvisoryRef<'a>, Error> {
        AdvisoryRef::new(self.database, self.segment, self.statement.advisory)
    }

    /// Where the package name has its meaning.
    pub fn namespace(&self) -> &'a Namespace {
        // Its number was checked when the statement was decoded.
        &self.source().namespaces[usize::from(self.statement.key.namespace)]
    }

    /// The name of the package.
    pub fn package(&self) -> &'a str {
        self.statement.key.package
    }

    /// Whether that is the name of a source or of a binary package.
    pub fn kind(&self) -> PackageKind {
        self.statement.key.kind
    }

    /// How the versions compare.
    pub fn scheme(&self) -> Scheme {
        self.statement.shape.scheme
    }

    /// The vulnerable ranges; none means no version.
    pub fn ranges(&self) -> Ranges<'a> {
        self.statement.shape.ranges()
    }

    /// Architectures that the statement is limited to; none means all.
    pub fn arches(&self) -> Arches<'a> {
        self.statement.shape.arches()
    }

    /// The rpm module stream that the statement is limited to.
    pub fn module(&self) -> Option<&'a str> {
        self.statement.shape.module
    }

    /// What the vendor does about it.
    pub fn fix_state(&self) -> FixState {
        self.statement.shape.fix_state
    }

    /// Vendor severity in this namespace, where it differs from the advisory's.
    pub fn severity(&self) -> Option<&'a str> {
        self.statement.shape.severity
    }

    /// That severity, mapped.
    pub fn normalized_severity(&self) -> Option<Severity> {
        self.statement.shape.normalized_severity
    }

    /// The vendor's reason or condition.
    pub fn note(&self) -> Option<&'a str> {
        self.statement.shape.note
    }

    /// The version that users of this namespace can install, by the rule of
    /// [`Affected::fixed_version`].
    pub fn fixed_version(&self) -> Option<&'a str> {
        if self.fix_state() == FixState::Fixed {
            self.ranges().filter_map(|range| range.fixed).last()
        } else {
            None
        }
    }

    /// A copy that owns its text.
    pub fn to_affected(&self) -> Affected {
        Affected {
            namespace: self.namespace().clone(),
            package: self.package().to_owned(),
            kind: self.kind(),
            arches: self.arches().map(str::to_owned).collect(),
            module: self.module().map(str::to_owned),
            vulnerable: self.statement.shape.to_vulnerable(),
            fix_state: self.fix_state(),
            severity: self.severity().map(str::to_owned),
            normalized_severity: self.normalized_severity(),
            note: self.note().map(str::to_owned),
        }
    }
}

/// An advisory.
#[derive(Debug, Clone)]
pub struct AdvisoryRef<'a> {
    database: &'a Database,
    key: AdvisoryKey,
    head: Head<'a>,
}

impl<'a> AdvisoryRef<'a> {
    pub(crate) fn new(
        database: &'a Database,
        segment: usize,
        position: u32,
    ) -> Result<Self, Error> {
        let head = database.segments()[segment].head(position);
        Ok(Self {
            database,
            key: AdvisoryKey { segment, position },
            head: head.map_err(|damaged| error(database, segment, damaged))?,
        })
    }

    /// Names the advisory within this open database.
    pub fn key(&self) -> AdvisoryKey {
        self.key
    }

    /// The source that it comes from.
    pub fn source(&self) -> &'a SourceInfo {
        &self.database.sources()[self.key.segment]
    }

    /// The name under which it is reported.
    pub fn id(&self) -> &'a str {
        self.head.id
    }

    /// Other names for the same vulnerability.
    pub fn aliases(&self) -> &[&'a str] {
        &self.head.aliases
    }

    /// When it became public.
    pub fn issued(&self) -> Option<Timestamp> {
        self.head.issued
    }

    /// When the source last changed it.
    pub fn modified(&self) -> Option<Timestamp> {
        self.head.modified
    }

    /// Severity in the source's own words; empty when it has none.
    pub fn severity(&self) -> &'a str {
        self.head.severity
    }

    /// That severity, mapped.
    pub fn normalized_severity(&self) -> Severity {
        self.head.normalized_severity
    }

    /// CVSS vectors, as given.
    pub fn cvss(&self) -> &[&'a str] {
        &self.head.cvss
    }

    /// CWE ids.
    pub fn cwes(&self) -> &[&'a str] {
        &self.head.cwes
    }

    /// Description and links, which are compressed: keep what you get, and use a [`TextReader`]
    /// for many.
    pub fn text(&self) -> Result<AdvisoryText, Error> {
        let segment = &self.database.segments()[self.key.segment];
        segment
            .text(&self.head)
            .map_err(|damaged| segment.damaged(damaged))
    }

    /// What it says about packages, in its order. An error ends it.
    pub fn statements(&self) -> Result<Candidates<'a>, Error> {
        let AdvisoryKey { segment, position } = self.key;
        let list = self.database.segments()[segment]
            .statements_of(position)
            .map_err(|damaged| error(self.database, segment, damaged))?;
        Ok(Candidates::of_advisory(self.database, segment, list))
    }

    /// A copy that owns its text, with all statements.
    pub fn to_advisory(&self) -> Result<Advisory, Error> {
        self.with_text(self.text()?)
    }

    /// Where the next advisory of the source is; `None` after the last.
    pub(crate) fn following(&self) -> Result<Option<u32>, Error> {
        let segment = &self.database.segments()[self.key.segment];
        segment
            .following(&self.head)
            .map_err(|damaged| segment.damaged(damaged))
    }

    /// A copy that owns its text, which was read already.
    pub(crate) fn with_text(&self, text: AdvisoryText) -> Result<Advisory, Error> {
        let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let AdvisoryText { description, links } = text;
        Ok(Advisory {
            id: self.id().to_owned(),
            aliases: owned(self.aliases()),
            description,
            issued: self.issued(),
            modified: self.modified(),
            links,
            severity: self.severity().to_owned(),
            normalized_severity: self.normalized_severity(),
            cvss: owned(self.cvss()),
            cwes: owned(self.cwes()),
            affected: self
                .statements()?
                .map(|statement| statement.map(|statement| statement.to_affected()))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Reads the texts of many advisories. Those that come in the order of their [`AdvisoryKey`]s
/// are read fastest, since several lie in one compressed block.
#[derive(Debug)]
pub struct TextReader<'a> {
    database: &'a Database,
    /// Segment, number and content of the block that was read last.
    block: Option<(usize, u32, Vec<u8>)>,
}

impl<'a> TextReader<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Self {
            database,
            block: None,
        }
    }

    /// Description and links of an advisory of this database.
    pub fn read(&mut self, advisory: &AdvisoryRef<'a>) -> Result<AdvisoryText, Error> {
        let number = advisory.key.segment;
        let segment = &self.database.segments()[number];
        let Some(block) = advisory.head.text_block() else {
            return Ok(AdvisoryText::default());
        };
        let content = match self.block.take() {
            Some((last, last_block, content)) if (last, last_block) == (number, block) => content,
            _ => segment
                .text_block(block)
                .map_err(|damaged| segment.damaged(damaged))?,
        };
        let text = advisory.head.text_in(&content);
        self.block = Some((number, block, content));
        text.map_err(|damaged| segment.damaged(damaged))
    }
}

/// Statements, decoded one by one.
#[derive(Debug, Clone)]
pub struct Candidates<'a> {
    database: &'a Database,
    current: Option<(usize, List<'a>)>,
    next: vec::IntoIter<(usize, Result<PostingList<'a>, Damaged>)>,
}

#[derive(Debug, Clone)]
enum List<'a> {
    Package(PostingList<'a>),
    Advisory(StatementList<'a>),
}

impl<'a> Candidates<'a> {
    pub(crate) fn of_package(
        database: &'a Database,
        lists: Vec<(usize, Result<PostingList<'a>, Damaged>)>,
    ) -> Self {
        Self {
            database,
            current: None,
            next: lists.into_iter(),
        }
    }

    fn of_advisory(database: &'a Database, segment: usize, list: StatementList<'a>) -> Self {
        Self {
            database,
            current: Some((segment, List::Advisory(list))),
            next: Vec::new().into_iter(),
        }
    }
}

impl<'a> Iterator for Candidates<'a> {
    type Item = Result<Candidate<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((segment, list)) = &mut self.current {
                let statement = match list {
                    List::Package(list) => list.next(),
                    List::Advisory(list) => list.next(),
                };
                if let Some(statement) = statement {
                    let segment = *segment;
                    return Some(match statement {
                        Ok(statement) => Ok(Candidate {
                            database: self.database,
                            segment,
                            statement,
                        }),
                        Err(damaged) => Err(error(self.database, segment, damaged)),
                    });
                }
            }
            match self.next.next()? {
                (segment, Ok(list)) => self.current = Some((segment, List::Package(list))),
                (segment, Err(damaged)) => {
                    self.current = None;
                    return Some(Err(error(self.database, segment, damaged)));
                }
            }
        }
    }
}

fn error(database: &Database, segment: usize, damaged: Damaged) -> Error {
    database.segments()[segment].damaged(damaged)
}
