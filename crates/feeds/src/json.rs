//! Reading JSON documents record by record, without ever holding one whole.

use std::fmt;
use std::io::{self, BufReader};

use clair_model::{Advisory, Enrichment};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
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

    /// Hands over what `read` makes of a record, and what it cannot read. Gives how many findings
    /// there are.
    fn tell<F, E>(&mut self, read: impl FnOnce(&mut dyn FnMut(Skip, &str)) -> F) -> Result<u64, E>
    where
        F: IntoIterator<Item: Finding>,
        E: de::Error,
    {
        let findings = read(&mut |reason, about| self.skip(reason, about));
        let mut count = 0;
        for finding in findings {
            finding.tell(self)?;
            count += 1;
        }
        Ok(count)
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

/// What records say: advisories or enrichments.
pub(crate) trait Finding {
    /// Hands it over.
    fn tell<E: de::Error>(self, output: &mut Output<'_>) -> Result<(), E>;
}

impl Finding for Advisory {
    fn tell<E: de::Error>(self, output: &mut Output<'_>) -> Result<(), E> {
        output.advisory(self)
    }
}

impl Finding for Enrichment {
    fn tell<E: de::Error>(self, output: &mut Output<'_>) -> Result<(), E> {
        output.enrichment(self)
    }
}

/// What makes findings of the text of a record: a list of them, or one or none. What cannot be read of
/// it goes to the second.
pub(crate) type ReadRecord<'r, F> = dyn Fn(&str, &mut dyn FnMut(Skip, &str)) -> F + 'r;

/// Reads a document that is a list of records. Each is handed to `read` as text, so that one of
/// another shape is an error of its own only.
///
/// # Errors
///
/// When it is no list, is empty or ends early, a limit is passed, or the sink refuses.
pub(crate) fn each_record<F: IntoIterator<Item: Finding>>(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    read_record: &ReadRecord<'_, F>,
) -> Result<(), FeedError> {
    let location = document.location().to_owned();
    let mut output = Output::new(document, sink);
    let list = List {
        output: &mut output,
        read_record,
    };
    let result = read(document, list).and_then(some);
    output.finish(source, &location, result)
}

/// Refuses a document of no records.
///
/// # Errors
///
/// When there are none. Taken for true, it would say that there are no vulnerabilities.
pub(crate) fn some<E: de::Error>(count: u64) -> Result<(), E> {
    match count {
        0 => Err(E::custom("it has no records")),
        _ => Ok(()),
    }
}

/// A list of records, wherever in a document. Gives how many there are.
pub(crate) struct List<'o, 's, F> {
    pub(crate) output: &'o mut Output<'s>,
    pub(crate) read_record: &'o ReadRecord<'o, F>,
}

impl<'de, F: IntoIterator<Item: Finding>> DeserializeSeed<'de> for List<'_, '_, F> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: IntoIterator<Item: Finding>> Visitor<'de> for List<'_, '_, F> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<u64, A::Error> {
        let mut count = 0;
        loop {
            self.output.record()?;
            let Some(json) = records.next_element::<Box<RawValue>>()? else {
                return Ok(count);
            };
            count += 1;
            self.output
                .tell(|skip| (self.read_record)(json.get(), skip))?;
        }
    }
}

/// What makes findings of a record by its key and its text.
pub(crate) type ReadEntry<'r, F> = dyn Fn(&str, &str, &mut dyn FnMut(Skip, &str)) -> F + 'r;

/// An object with a record for each key, wherever in a document. Gives how many findings there are.
pub(crate) struct Entries<'o, 's, F> {
    pub(crate) output: &'o mut Output<'s>,
    /// What it is, for messages.
    pub(crate) what: &'o dyn fmt::Display,
    pub(crate) read_entry: &'o ReadEntry<'o, F>,
}

impl<'de, F: IntoIterator<Item: Finding>> DeserializeSeed<'de> for Entries<'_, '_, F> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: IntoIterator<Item: Finding>> Visitor<'de> for Entries<'_, '_, F> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(key) = entries.next_key::<String>()? {
            self.output.record()?;
            // As text first: a record of another shape is then an error of its own only.
            let json: Box<RawValue> = entries.next_value()?;
            count += self
                .output
                .tell(|skip| (self.read_entry)(&key, json.get(), skip))?;
        }
        Ok(count)
    }
}
