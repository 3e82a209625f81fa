//! Reading JSON documents record by record, without ever holding one whole.

use std::io::{self, BufReader};

use clair_model::Advisory;
use serde::de::{self, DeserializeSeed};

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
