//! Enrichments: looked up by tag, or all that one source states.

use clair_model::{Enrichment, JsonText};

use crate::segment::{EnrichmentRecord, Inflater, decode_value};
use crate::{Database, Error};

/// A block of values that is inflated.
#[derive(Debug, Default)]
struct Block {
    /// The segment and the number of the block in it.
    place: Option<(usize, u32)>,
    content: Vec<u8>,
}

/// Looks up enrichments. It keeps the block that it read last, so tags that are asked for in their
/// order are found fastest.
#[derive(Debug)]
pub struct EnrichmentReader<'a> {
    database: &'a Database,
    inflater: Option<Inflater>,
    block: Block,
}

impl<'a> EnrichmentReader<'a> {
    pub(crate) fn new(database: &'a Database) -> Self {
        Self {
            database,
            inflater: None,
            block: Block::default(),
        }
    }

    /// Hands over what a feed states about a tag, as JSON, source by source in the order of their
    /// names and in each in its own order. A tag is found in any case of ASCII letters.
    ///
    /// # Errors
    ///
    /// Where a segment is damaged.
    pub fn read(
        &mut self,
        feed: &str,
        tag: &str,
        mut found: impl FnMut(&str),
    ) -> Result<(), Error> {
        let database = self.database;
        let tag = tag.to_ascii_lowercase();
        for &number in database.enrichment_segments(feed) {
            let segment = &database.segments()[number];
            let mut read = || {
                for position in segment.id(&tag)? {
                    let record = segment.enrichment(position)?;
                    found(self.value(number, &record)?);
                }
                Ok(())
            };
            read().map_err(|damaged| segment.damaged(damaged))?;
        }
        Ok(())
    }

    /// The first of what a feed states about a tag.
    ///
    /// # Errors
    ///
    /// Where a segment is damaged.
    pub fn first(&mut self, feed: &str, tag: &str) -> Result<Option<String>, Error> {
        let mut first = None;
        self.read(feed, tag, |value| {
            first.get_or_insert_with(|| value.to_owned());
        })?;
        Ok(first)
    }

    fn value(
        &mut self,
        number: usize,
        record: &EnrichmentRecord<'_>,
    ) -> Result<&str, crate::segment::Damaged> {
        let place = Some((number, record.value.block));
        if self.block.place != place {
            self.block.place = None;
            let inflater = match &mut self.inflater {
                Some(inflater) => inflater,
                None => self.inflater.insert(Inflater::new()?),
            };
            let segment = &self.database.segments()[number];
            segment.value_block(record.value.block, inflater, &mut self.block.content)?;
            self.block.place = place;
        }
        decode_value(&self.block.content, record.value.offset)
    }
}

/// The enrichments of one source, in the order in which they were written. An error ends them.
#[derive(Debug)]
pub struct Enrichments<'a> {
    segment: usize,
    next: Option<u32>,
    reader: EnrichmentReader<'a>,
}

impl<'a> Enrichments<'a> {
    pub(crate) fn new(database: &'a Database, segment: usize) -> Self {
        Self {
            segment,
            next: database.segments()[segment].first(),
            reader: EnrichmentReader::new(database),
        }
    }

    fn decode(&mut self, position: u32) -> Result<Enrichment, Error> {
        let segment = &self.reader.database.segments()[self.segment];
        let mut decode = || {
            let record = segment.enrichment(position)?;
            let value = self.reader.value(self.segment, &record)?.to_owned();
            let next = segment.following_enrichment(&record)?;
            let value = JsonText::try_from(value)
                .map_err(|_| crate::segment::Damaged("the value of an enrichment is not JSON"))?;
            let tags = record.tags.iter().map(|&tag| tag.to_owned()).collect();
            Ok((Enrichment { tags, value }, next))
        };
        let (enrichment, next) = decode().map_err(|damaged| segment.damaged(damaged))?;
        self.next = next;
        Ok(enrichment)
    }
}

impl Iterator for Enrichments<'_> {
    type Item = Result<Enrichment, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let position = self.next.take()?;
        Some(self.decode(position))
    }
}
