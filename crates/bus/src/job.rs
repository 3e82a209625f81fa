//! One delivery, from its receipt to its end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{AckKind, Message};
use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::bus::Sent;
use crate::header::{self, Obituary};
use crate::payload::decode;
use crate::worker::{Running, count};
use crate::{Attempts, Bus, Error, Failure, Payload, PayloadError, subject};

/// What a handler gets.
#[derive(Debug, Clone)]
pub struct Delivery<P> {
    /// The work or the event.
    pub payload: P,
    /// Which attempt this is, counted from one.
    pub attempt: u32,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Cancelled when the service is to stop. A handler that can end early with less work lost
    /// does so; one that cannot is given the grace, and then dropped.
    pub stop: CancellationToken,
}

/// How a delivery is given back unfinished.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Return {
    /// By publishing it anew in its own place, which does not count as an attempt. Only where the
    /// subject has no other message.
    Anew,
    /// By refusing it, which counts.
    Refused,
}

/// A message with what is needed to deal with it.
pub(crate) struct Job {
    pub(crate) bus: Bus,
    pub(crate) message: Message,
    pub(crate) consumer: String,
    pub(crate) returns: Return,
    pub(crate) attempts: Attempts,
    pub(crate) ack_wait: Duration,
    /// The service is to stop.
    pub(crate) stop: CancellationToken,
    /// The handler has to end now.
    pub(crate) cut: CancellationToken,
}

/// How a handler ended.
enum End {
    Done,
    Failed(Failure),
    /// It was not let finish.
    Cut,
}

/// What the server knows of a message.
struct Position {
    attempt: u32,
    sequence: u64,
}

impl Job {
    pub(crate) async fn run<P, F, R>(self, handler: &F)
    where
        P: Payload,
        F: Fn(Delivery<P>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let headers = self.message.headers.clone().unwrap_or_default();
        let Some(position) = self.position(&headers) else {
            // Not from a stream, so nobody waits for an answer.
            return;
        };
        let attempt = position.attempt;
        let span = tracing::info_span!(
            "delivery",
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.destination.name = self.message.subject.as_str(),
            consumer = self.consumer,
            attempt,
        );
        header::adopt(&span, &headers);
        async {
            let end = self.deal(handler, &headers, attempt).await;
            self.settle(end, headers, &position).await;
        }
        .instrument(span)
        .await;
    }

    fn position(&self, headers: &HeaderMap) -> Option<Position> {
        let info = self.message.info().ok()?;
        let delivered = u32::try_from(info.delivered).unwrap_or(u32::MAX);
        Some(Position {
            attempt: header::attempts(headers).saturating_add(delivered),
            sequence: info.stream_sequence,
        })
    }

    async fn deal<P, F, R>(&self, handler: &F, headers: &HeaderMap, attempt: u32) -> End
    where
        P: Payload,
        F: Fn(Delivery<P>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        if !header::is_for(headers, &self.consumer) {
            return End::Done;
        }
        if self.attempts.max.is_some_and(|max| attempt > max) {
            let message = "it was begun as often as allowed and never finished";
            return End::Failed(Failure::permanent(Failure::ABANDONED, message));
        }
        let payload = match decode::<P>(&self.message.payload) {
            Ok(payload) => payload,
            // A newer replica may understand it.
            Err(error @ PayloadError::TooNew { .. }) => {
                return End::Failed(Failure::retryable(Failure::UNREADABLE, error));
            }
            Err(PayloadError::Malformed(error)) => {
                return End::Failed(Failure::permanent(Failure::UNREADABLE, error));
            }
        };
        let delivery = Delivery {
            payload,
            attempt,
            published_at: header::published_at(headers),
            stop: self.stop.clone(),
        };
        let _running = Running::begin(&self.consumer);
        self.handle(async { handler(delivery).await }).await
    }

    /// Runs the handler, with signs of life to the server.
    async fn handle(&self, handler: impl Future<Output = Result<(), Failure>> + Send) -> End {
        let beat = self.ack_wait / 3;
        let mut beats = interval_at(Instant::now() + beat, beat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let handling = AssertUnwindSafe(handler).catch_unwind();
        tokio::pin!(handling);
        loop {
            tokio::select! {
                result = &mut handling => return match result {
                    Ok(Ok(())) => End::Done,
                    Ok(Err(failure)) => End::Failed(failure),
                    // The message is written by the panic hook.
                    Err(_) => {
                        End::Failed(Failure::retryable(Failure::PANICKED, "the handler panicked"))
                    }
                },
                _ = beats.tick() => {
                    // Without it another replica may begin the same, which is allowed for.
                    let _ = self.answer(AckKind::Progress).await;
                }
                () = self.cut.cancelled() => return End::Cut,
            }
        }
    }

    /// Tells the server how it ended.
    async fn settle(&self, end: End, headers: HeaderMap, position: &Position) {
        let attempt = position.attempt;
        let settled = match end {
            End::Done => {
                count(&self.consumer, "done");
                self.finish().await
            }
            End::Failed(failure) if failure.is_retryable && !self.attempts.is_last(attempt) => {
                let pause = failure.retry_after;
                let pause = pause.unwrap_or_else(|| self.attempts.pause(attempt));
                tracing::warn!(%failure, ?pause, "delivery failed, to be tried again");
                count(&self.consumer, "retried");
                self.answer(AckKind::Nak(Some(pause))).await
            }
            End::Failed(failure) => {
                tracing::error!(%failure, "delivery failed for good");
                count(&self.consumer, "dead");
                self.bury(&failure, headers, position).await
            }
            End::Cut => {
                tracing::info!("delivery given back unfinished");
                count(&self.consumer, "returned");
                self.give_back(headers, position).await
            }
        };
        if let Err(error) = settled {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                error,
                "end of a delivery not told, it will be delivered again"
            );
        }
    }

    async fn finish(&self) -> Result<(), Error> {
        let acknowledging = self.message.double_ack();
        self.bus.within("acknowledge", acknowledging).await
    }

    async fn answer(&self, kind: AckKind) -> Result<(), Error> {
        let answering = self.message.ack_with(kind);
        self.bus.within("acknowledge", answering).await
    }

    /// Makes it a dead letter. Should that fail it stays where it is.
    async fn bury(
        &self,
        failure: &Failure,
        headers: HeaderMap,
        position: &Position,
    ) -> Result<(), Error> {
        let subject = self.message.subject.as_str();
        let tried = match failure.code.as_str() {
            Failure::ABANDONED => position.attempt.saturating_sub(1),
            _ => position.attempt,
        };
        let obituary = Obituary::new(subject, &self.consumer, failure, tried);
        let dead = PublishMessage::build()
            .payload(self.message.payload.clone())
            .headers(obituary.write(headers))
            // Should the acknowledgement below get lost, the second burial is dropped.
            .message_id(format!("{}-{}", self.consumer, position.sequence));
        match self.bus.send(subject::dead(subject), dead).await {
            Ok(_) => self.finish().await,
            Err(error) => {
                let pause = self.attempts.pause(position.attempt);
                self.answer(AckKind::Nak(Some(pause))).await?;
                Err(error)
            }
        }
    }

    async fn give_back(&self, headers: HeaderMap, position: &Position) -> Result<(), Error> {
        if matches!(self.returns, Return::Refused) {
            return self.answer(AckKind::Nak(None)).await;
        }
        // It takes its own place, unless a newer one has taken it already.
        let anew = PublishMessage::build()
            .payload(self.message.payload.clone())
            .headers(header::with_attempts(
                headers,
                position.attempt.saturating_sub(1),
            ))
            .expected_last_subject_sequence(position.sequence);
        let subject = self.message.subject.to_string();
        match self.bus.send(subject, anew).await {
            Ok(Sent::Stored | Sent::Conflict) => self.finish().await,
            Err(_) => self.answer(AckKind::Nak(None)).await,
        }
    }
}
