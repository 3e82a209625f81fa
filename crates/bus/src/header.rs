//! Headers of messages: how often something was tried, why it failed, and the trace it is part of.

use std::str::FromStr;

use async_nats::HeaderMap;
use async_nats::header::{HeaderName, HeaderValue};
use jiff::Timestamp;
use opentelemetry::propagation::{Extractor, Injector};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::Failure;

/// Attempts before those that the server counts.
const ATTEMPTS: &str = "Clair-Attempts";
/// When it was first published.
const PUBLISHED_AT: &str = "Clair-Published-At";
/// Of a dead letter: where it was published.
const SUBJECT: &str = "Clair-Subject";
/// Of a dead letter: who gave it up. Of a replayed event: whom it is for.
const CONSUMER: &str = "Clair-Consumer";
/// Of a dead letter: the code of its last failure.
const CODE: &str = "Clair-Failure-Code";
/// Of a dead letter: the message of its last failure.
const MESSAGE: &str = "Clair-Failure-Message";

/// Longest message of a failure, in bytes.
const MAX_MESSAGE: usize = 2048;

/// The headers of something new, which is part of the current trace.
pub(crate) fn new() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(PUBLISHED_AT, Timestamp::now().to_string());
    let context = Span::current().context();
    opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut Writer(&mut headers));
    });
    headers
}

/// Makes a span the child of the one in which a message was published.
pub(crate) fn adopt(span: &Span, headers: &HeaderMap) {
    let parent = opentelemetry::global::get_text_map_propagator(|propagator| {
        propagator.extract(&Reader(headers))
    });
    // It fails where no layer for traces is installed, and then there is nothing to be a child of.
    let _ = span.set_parent(parent);
}

/// Attempts before those that the server counts.
pub(crate) fn attempts(headers: &HeaderMap) -> u32 {
    parsed(headers, ATTEMPTS).unwrap_or(0)
}

/// When it was first published.
pub(crate) fn published_at(headers: &HeaderMap) -> Option<Timestamp> {
    parsed(headers, PUBLISHED_AT)
}

/// The same headers with a number of attempts.
pub(crate) fn with_attempts(mut headers: HeaderMap, attempts: u32) -> HeaderMap {
    headers.insert(ATTEMPTS, attempts.to_string());
    headers
}

/// Whether a message is for this consumer: all are, but for those replayed for another.
pub(crate) fn is_for(headers: &HeaderMap, consumer: &str) -> bool {
    text(headers, CONSUMER).is_none_or(|name| name == consumer)
}

/// What a dead letter knows about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obituary {
    pub(crate) subject: String,
    pub(crate) consumer: String,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) attempts: u32,
}

impl Obituary {
    pub(crate) fn new(subject: &str, consumer: &str, failure: &Failure, attempts: u32) -> Self {
        Self {
            subject: subject.to_owned(),
            consumer: consumer.to_owned(),
            code: line(&failure.code),
            message: line(&failure.message),
            attempts,
        }
    }

    /// Adds it to the headers of the message that is given up.
    pub(crate) fn write(&self, mut headers: HeaderMap) -> HeaderMap {
        headers.insert(SUBJECT, self.subject.as_str());
        headers.insert(CONSUMER, self.consumer.as_str());
        headers.insert(CODE, self.code.as_str());
        headers.insert(MESSAGE, self.message.as_str());
        with_attempts(headers, self.attempts)
    }

    /// Reads it. None where it is not one of ours.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let owned = |name| text(headers, name).map(str::to_owned);
        Some(Self {
            subject: owned(SUBJECT)?,
            consumer: owned(CONSUMER)?,
            code: owned(CODE)?,
            message: owned(MESSAGE).unwrap_or_default(),
            attempts: attempts(headers),
        })
    }

    /// The headers with which the message of a dead letter is published again.
    pub(crate) fn revive(&self, headers: &HeaderMap, is_event: bool) -> HeaderMap {
        let gone = [ATTEMPTS, SUBJECT, CODE, MESSAGE, CONSUMER];
        let mut revived = HeaderMap::new();
        for (name, values) in headers.iter() {
            let name_text: &str = name.as_ref();
            if gone.contains(&name_text) || name_text.starts_with("Nats-") {
                continue;
            }
            for value in values {
                revived.append(name.clone(), value.clone());
            }
        }
        if is_event {
            revived.insert(CONSUMER, self.consumer.as_str());
        }
        revived
    }
}

/// A text as one line of bounded length, as a header has to be.
fn line(text: &str) -> String {
    let end = text.floor_char_boundary(MAX_MESSAGE);
    text[..end]
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::as_str)
}

fn parsed<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

struct Writer<'a>(&'a mut HeaderMap);

impl Injector for Writer<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::from_str(key);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            self.0.insert(name, value);
        }
    }
}

struct Reader<'a>(&'a HeaderMap);

impl Extractor for Reader<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        text(self.0, key)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_ref()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_many_lines_fits_into_a_header() {
        let failure = Failure::permanent("X", format!("a\r\nForged: b\u{0}{}", "é".repeat(4000)));
        let obituary = Obituary::new("clair.work.index.low.k", "c", &failure, 3);
        let headers = obituary.write(HeaderMap::new());
        assert_eq!(Obituary::read(&headers), Some(obituary.clone()));
        assert!(obituary.message.starts_with("a  Forged: b "));
        assert!(obituary.message.len() <= MAX_MESSAGE);
    }

    #[test]
    fn a_revived_message_begins_anew() {
        let failure = Failure::permanent("X", "y");
        let obituary = Obituary::new("s", "notifier", &failure, 3);
        let headers = obituary.write(new());
        let work = obituary.revive(&headers, false);
        assert_eq!(attempts(&work), 0);
        assert!(published_at(&work).is_some() && is_for(&work, "anyone"));
        let event = obituary.revive(&headers, true);
        assert!(is_for(&event, "notifier") && !is_for(&event, "other"));
    }
}
