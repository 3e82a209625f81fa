//! Importing a file into a database directory.

use std::collections::BTreeMap;

use clair_feeds::{Document, Skip};
use clair_model::{Advisory, Enrichment, SourceKind};
use clair_vulndb::{EnrichmentWriter, Error as Refused, NewSegment, Provenance, SegmentWriter};

use crate::Error;
use crate::reader::{self, Receiver, Update};
use crate::updater::feed_of;

/// What marks the fingerprints of what was imported, so that no feed takes them for its own and
/// believes to have read what it has not.
const MARK: &str = "interchange:";

/// The version of this reader.
const VERSION: u32 = 1;

/// What came of an update in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took the place of what the source had.
    Stored {
        /// How many advisories it has.
        advisories: u64,
        /// How many statements.
        statements: u64,
        /// How many enrichments.
        enrichments: u64,
    },
    /// It was imported before.
    Known,
    /// None of its records is about anything that can be found in images.
    Nothing,
}

/// An update in a file, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The updater.
    pub updater: String,
    /// The source.
    pub source: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The records that could not be used, by reason.
    pub skipped: BTreeMap<Skip, u64>,
}

/// Reads a file into a database, which has what it says once it is committed. An update is passed
/// over if `is_known` says so of its source and fingerprint, as they are stored.
///
/// # Errors
///
/// When any of the file cannot be read; the update is to be dropped then.
pub fn import(
    database: &mut clair_vulndb::Update,
    document: &mut Document,
    is_known: &mut dyn FnMut(&str, &str) -> bool,
) -> Result<Vec<Imported>, Error> {
    let location = document.location().to_owned();
    let mut importer = Importer {
        location,
        database,
        is_known,
        current: None,
        imported: Vec::new(),
    };
    reader::read(document, &mut importer)?;
    Ok(importer.imported)
}

struct Importer<'i> {
    location: String,
    database: &'i mut clair_vulndb::Update,
    is_known: &'i mut dyn FnMut(&str, &str) -> bool,
    current: Option<Current>,
    imported: Vec<Imported>,
}

struct Current {
    update: Update,
    writer: Writer,
    records: u64,
    skipped: BTreeMap<Skip, u64>,
}

enum Writer {
    Advisories(Box<SegmentWriter>),
    Enrichments(Box<EnrichmentWriter>),
}

impl Writer {
    fn finish(self, provenance: Provenance) -> Result<NewSegment, Refused> {
        match self {
            Self::Advisories(writer) => writer.finish(provenance),
            Self::Enrichments(writer) => writer.finish(provenance),
        }
    }
}

impl Receiver for Importer<'_> {
    fn begin(&mut self, update: &Update) -> Result<bool, Error> {
        if (self.is_known)(&update.source, &fingerprint(update)) {
            tracing::info!(updater = update.updater, "imported before, passed over");
            self.imported.push(Imported {
                updater: update.updater.clone(),
                source: update.source.clone(),
                outcome: Outcome::Known,
                skipped: BTreeMap::new(),
            });
            return Ok(false);
        }
        self.current = Some(Current {
            writer: match update.kind {
                SourceKind::Vulnerability => {
                    Writer::Advisories(Box::new(self.database.writer(&update.source)?))
                }
                SourceKind::Enrichment => {
                    Writer::Enrichments(Box::new(self.database.enrichment_writer(&update.source)?))
                }
            },
            update: update.clone(),
            records: 0,
            skipped: BTreeMap::new(),
        });
        Ok(true)
    }

    fn advisory(&mut self, advisory: Advisory) -> Result<(), Error> {
        if let Some(current) = &mut self.current
            && let Writer::Advisories(writer) = &mut current.writer
        {
            current.records += 1;
            writer.add(&advisory)?;
        }
        Ok(())
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> Result<(), Error> {
        if let Some(current) = &mut self.current
            && let Writer::Enrichments(writer) = &mut current.writer
        {
            current.records += 1;
            writer.add(&enrichment)?;
        }
        Ok(())
    }

    fn skipped(&mut self, reason: Skip) {
        if let Some(current) = &mut self.current {
            *current.skipped.entry(reason).or_default() += 1;
        }
    }

    fn end(&mut self) -> Result<(), Error> {
        let Some(Current {
            update,
            writer,
            records,
            skipped,
        }) = self.current.take()
        else {
            return Ok(());
        };
        let outcome = if records == 0 {
            Outcome::Nothing
        } else {
            let reasons = skipped.iter();
            let segment = writer.finish(Provenance {
                feed: feed_of(&update.source).to_owned(),
                url: self.location.clone(),
                fetched: update.date,
                upstream: Some(update.date),
                fingerprint: fingerprint(&update),
                skipped: reasons
                    .map(|(reason, &count)| (reason.name().to_owned(), count))
                    .collect(),
                parser_version: VERSION,
            })?;
            let info = segment.info();
            let outcome = Outcome::Stored {
                advisories: info.advisories,
                statements: info.statements,
                enrichments: info.enrichments,
            };
            self.database.replace(segment);
            outcome
        };
        self.imported.push(Imported {
            updater: update.updater,
            source: update.source,
            outcome,
            skipped,
        });
        Ok(())
    }
}

fn fingerprint(update: &Update) -> String {
    format!("{MARK}{}", update.fingerprint)
}
