//! Reading JSON documents record by record, without ever holding one whole.

use std::fmt;
use std::io::{self, BufReader};

use clair_model::{Advisory, Enrichment};
use serde::de::{self, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::document::{LimitReached, Meter};
use crate::{Document, FeedError, Sink, Skip, Source};

/// Runs a seed over the whole of a document. What the seed finds it hands to an [`Output`], which
/// turns the result into ours by [`Output::finish`].
///
/// To its end means to the end of the stream too, where decompressors find that bytes were
/// damaged and connections that they were cut off.
pub(crate) fn read<'de, S>(document: &mut Document, seed: S) -> Result<S::Value, serde_json::Error>
where
    S: DeserializeSeed<'de>,
{
    let reader = BufReader::with_capacity(64 * 1024, document);
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Where a visitor hands its findings. It remembers what stopped it, since a visitor can only
/// fail with errors of the format it visits.
pub(crate) struct Output<'s> {
    sink: &'s mut dyn Sink,
    meter: Meter,
    stop: Option<Stop>,
}

enum Stop {
    Limit(LimitReached),
    Sink(io::Error),
}

impl<'s> Output<'s> {
    pub(crate) fn new(document: &Document, sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            meter: document.meter(),
            stop: None,
        }
    }

    /// Notes that a record begins.
    pub(crate) fn record<E: de::Error>(&mut self) -> Result<(), E> {
        self.meter.record().map_err(|limit| {
            self.stop = Some(Stop::Limit(limit));
            E::custom(limit)
        })
    }

    /// Hands over an advisory.
    pub(crate) fn advisory<E: de::Error>(&mut self, advisory: Advisory) -> Result<(), E> {
        self.sink.advisory(advisory).map_err(|error| {
            let message = E::custom(&error);
            self.stop = Some(Stop::Sink(error));
            message
        })
    }

    /// Hands over an enrichment.
    pub(crate) fn enrichment<E: de::Error>(&mut self, enrichment: Enrichment) -> Result<(), E> {
        self.sink.enrichment(enrichment).map_err(|error| {
            let message = E::custom(&error);
            self.stop = Some(Stop::Sink(error));
            message
        })
    }

    /// Tells of something left out.
    pub(crate) fn skip(&mut self, reason: Skip, subject: &str) {
        self.sink.skipped(reason, &crate::text::line(subject));
    }

    /// The result of reading `source` from a document at `location`.
    pub(crate) fn finish<T>(
        self,
        source: &Source,
        location: &str,
        result: Result<T, serde_json::Error>,
    ) -> Result<T, FeedError> {
        let name = &source.name;
        match (result, self.stop) {
            (Ok(value), None) => Ok(value),
            (_, Some(Stop::Limit(limit))) => Err(FeedError::from_read(
                name,
                location,
                io::Error::other(limit),
            )),
            (_, Some(Stop::Sink(source))) => Err(FeedError::Sink {
                name: name.clone(),
                source,
            }),
            (Err(error), None) if error.is_io() => {
                Err(FeedError::from_read(name, location, error.into()))
            }
            (Err(error), None) => {
                let reason = crate::text::line(&error.to_string());
                Err(FeedError::malformed(name, location, reason))
            }
        }
    }
}

/// What makes advisories of the text of a record. What cannot be read of it goes to the second.
pub(crate) type ReadRecord<'r> = dyn Fn(&str, &mut dyn FnMut(Skip, &str)) -> Vec<Advisory> + 'r;

/// Reads a document that is a list of records. Each is handed to `read` as text, so that one of
/// another shape is an error of its own only.
///
/// # Errors
///
/// When it is no list, is empty or ends early, a limit is passed, or the sink refuses.
pub(crate) fn each_record(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    read_record: &ReadRecord<'_>,
) -> Result<(), FeedError> {
    let location = document.location().to_owned();
    let mut output = Output::new(document, sink);
    let list = List {
        output: &mut output,
        read_record,
    };
    let result = read(document, list);
    output.finish(source, &location, result)
}

/// A list of records, wherever in a document.
pub(crate) struct List<'o, 's> {
    pub(crate) output: &'o mut Output<'s>,
    pub(crate) read_record: &'o ReadRecord<'o>,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        let mut count = 0_u64;
        loop {
            self.output.record()?;
            let Some(json) = records.next_element::<Box<RawValue>>()? else {
                break;
            };
            count += 1;
            let output = &mut *self.output;
            let mut skip = |reason: Skip, about: &str| output.skip(reason, about);
            for advisory in (self.read_record)(json.get(), &mut skip) {
                self.output.advisory(advisory)?;
            }
        }
        if count == 0 {
            // Taken for true, it would say that there are no vulnerabilities.
            return Err(de::Error::custom("it has no records"));
        }
        Ok(())
    }
}
