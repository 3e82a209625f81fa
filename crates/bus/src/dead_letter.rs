//! What could not be done, until an operator has looked at it.

use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::{LastRawMessageErrorKind, RawMessageError, Stream};
use bytes::Bytes;
use jiff::Timestamp;

use crate::header::{self, Obituary};
use crate::payload::decode;
use crate::{Bus, Error, PayloadError, Priority, Work, stream, subject};

/// Something that could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number. Later ones have higher numbers.
    pub id: u64,
    /// Where it was published.
    pub subject: String,
    /// Who gave it up: the name of a consumer.
    pub consumer: String,
    /// The code of its last failure.
    pub code: String,
    /// The message of its last failure.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When it was given up.
    pub failed_at: Timestamp,
    /// What it is.
    pub payload: Bytes,
}

impl DeadLetter {
    /// The work that could not be done.
    pub fn work<W: Work>(&self) -> Result<W, PayloadError> {
        decode(&self.payload)
    }

    /// How urgent it was, if it is work.
    pub fn priority(&self) -> Option<Priority> {
        let rest = self.subject.strip_prefix("clair.work.")?;
        rest.split('.').nth(1)?.parse().ok()
    }
}

/// What became of a dead letter that was to be replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It is where it came from, and will be tried anew.
    Replayed,
    /// There is no such dead letter, or no longer.
    Missing,
}

/// Dead letters, all of them or those of one queue.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    bus: Bus,
    filter: String,
}

impl DeadLetters {
    pub(crate) fn new(bus: Bus, filter: String) -> Self {
        Self { bus, filter }
    }

    /// The dead letters with numbers above `after`, at most `limit`, oldest first.
    pub async fn list(&self, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Error> {
        let stream = self.stream().await?;
        let mut letters = Vec::new();
        let mut next = after.saturating_add(1);
        while letters.len() < limit {
            let Some(message) = self.from(&stream, next).await? else {
                break;
            };
            next = message.sequence + 1;
            letters.extend(letter(message).map(|(letter, _)| letter));
        }
        Ok(letters)
    }

    /// Publishes a dead letter where it came from, and removes it.
    ///
    /// Work that is in its queue again already stays as it is there. An event is dealt with again
    /// only by the consumer that gave it up.
    pub async fn replay(&self, id: u64) -> Result<Replay, Error> {
        let stream = self.stream().await?;
        let Some(message) = self.from(&stream, id).await? else {
            return Ok(Replay::Missing);
        };
        if message.sequence != id {
            return Ok(Replay::Missing);
        }
        self.revive(&stream, message).await
    }

    /// Replays all dead letters that there are now, and tells how many.
    pub async fn replay_all(&self) -> Result<u64, Error> {
        let stream = self.stream().await?;
        let state = self
            .bus
            .within("look up a stream", stream.get_info())
            .await?
            .state;
        let (mut next, mut replayed) = (state.first_sequence, 0);
        while next <= state.last_sequence {
            let Some(message) = self.from(&stream, next).await? else {
                break;
            };
            next = message.sequence + 1;
            if next <= state.last_sequence + 1
                && self.revive(&stream, message).await? == Replay::Replayed
            {
                replayed += 1;
            }
        }
        Ok(replayed)
    }

    async fn revive(&self, stream: &Stream, message: StreamMessage) -> Result<Replay, Error> {
        let (id, payload) = (message.sequence, message.payload.clone());
        let headers = message.headers.clone();
        let Some((_, obituary)) = letter(message) else {
            return Ok(Replay::Missing);
        };
        let is_work = obituary.subject.starts_with("clair.work.");
        let again = PublishMessage::build()
            .payload(payload)
            .headers(obituary.revive(&headers, !is_work));
        let again = if is_work {
            again.expected_last_subject_sequence(0)
        } else {
            again
        };
        self.bus.send(obituary.subject.clone(), again).await?;
        if let Some(hint) = hint(&obituary.subject) {
            self.bus.hint(hint).await;
        }
        self.bus
            .within("delete a dead letter", stream.delete_message(id))
            .await?;
        tracing::info!(id, subject = obituary.subject, "dead letter replayed");
        Ok(Replay::Replayed)
    }

    async fn stream(&self) -> Result<Stream, Error> {
        let looking = self.bus.context().get_stream(stream::DEAD);
        self.bus.within("look up a stream", looking).await
    }

    /// The first dead letter with this number or a higher one.
    async fn from(&self, stream: &Stream, id: u64) -> Result<Option<StreamMessage>, Error> {
        let getting = stream.get_first_raw_message_by_subject(&self.filter, id);
        let getting = async {
            match getting.await {
                Ok(message) => Ok(Some(message)),
                Err(error) if is_none(&error) => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.bus.within("read a dead letter", getting).await
    }
}

fn is_none(error: &RawMessageError) -> bool {
    error.kind() == LastRawMessageErrorKind::NoMessageFound
}

/// A message of the stream as a dead letter. None where it is not one of ours.
fn letter(message: StreamMessage) -> Option<(DeadLetter, Obituary)> {
    let obituary = Obituary::read(&message.headers)?;
    let failed_at = Timestamp::from_nanosecond(message.time.unix_timestamp_nanos()).ok()?;
    let letter = DeadLetter {
        id: message.sequence,
        subject: obituary.subject.clone(),
        consumer: obituary.consumer.clone(),
        code: obituary.code.clone(),
        message: obituary.message.clone(),
        attempts: obituary.attempts,
        published_at: header::published_at(&message.headers),
        failed_at,
        payload: message.payload,
    };
    Some((letter, obituary))
}

/// The hint for those who wait on a subject.
fn hint(subject: &str) -> Option<String> {
    if let Some(name) = subject.strip_prefix("clair.event.") {
        return Some(subject::event_hint(name));
    }
    let queue = subject.strip_prefix("clair.work.")?.split('.').next()?;
    Some(subject::work_hint(queue))
}
