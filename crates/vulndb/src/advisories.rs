//! All that one source states, from its first advisory to its last.

use clair_model::Advisory;

use crate::candidate::{AdvisoryRef, TextReader};
use crate::{Database, Error};

/// The advisories of one source, in the order in which they were written. An error ends them.
#[derive(Debug)]
pub struct Advisories<'a> {
    database: &'a Database,
    segment: usize,
    next: Option<u32>,
    texts: TextReader<'a>,
}

impl<'a> Advisories<'a> {
    pub(crate) fn new(database: &'a Database, segment: usize) -> Self {
        Self {
            database,
            segment,
            next: database.segments()[segment].first(),
            texts: database.text_reader(),
        }
    }

    fn read(&mut self, position: u32) -> Result<Advisory, Error> {
        let advisory = AdvisoryRef::new(self.database, self.segment, position)?;
        let text = self.texts.read(&advisory)?;
        let owned = advisory.with_text(text)?;
        self.next = advisory.following()?;
        Ok(owned)
    }
}

impl Iterator for Advisories<'_> {
    type Item = Result<Advisory, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let position = self.next.take()?;
        Some(self.read(position))
    }
}
