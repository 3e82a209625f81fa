//! The streams, and how they come into being.

use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};

use crate::{Error, subject};

/// Work that is to be done.
pub(crate) const WORK: &str = "CLAIR_WORK";
/// Events of the last week.
pub(crate) const EVENTS: &str = "CLAIR_EVENTS";
/// Dead letters of the last thirty days.
pub(crate) const DEAD: &str = "CLAIR_DEAD";

const DAY: Duration = Duration::from_hours(24);
/// How long the server remembers the ids of messages.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);
/// The revision of the configurations below. It grows with every change of them.
const REVISION: u32 = 1;

/// Makes the streams that are missing, and changes those that an older program made.
///
/// Those that a newer program made are left alone, so that replicas of two versions do not fight.
pub(crate) async fn ensure(context: &Context, replicas: usize) -> Result<(), Error> {
    for config in configs(replicas) {
        match context.get_stream(&config.name).await {
            Ok(stream) => {
                let existing = &stream.cached_info().config;
                let is_newer = revision(existing) > REVISION;
                let is_same = revision(existing) == REVISION && existing.num_replicas == replicas;
                if is_newer || is_same {
                    continue;
                }
                let name = config.name.clone();
                context
                    .update_stream(config)
                    .await
                    .map_err(|error| Error::refused("update a stream", error))?;
                tracing::info!(stream = name, revision = REVISION, "stream updated");
            }
            Err(error) if is_missing(&error.kind()) => {
                let name = config.name.clone();
                // Another replica may be faster; the same configuration again is no error.
                context
                    .create_stream(config)
                    .await
                    .map_err(|error| Error::refused("create a stream", error))?;
                tracing::info!(stream = name, revision = REVISION, "stream created");
            }
            Err(error) => return Err(Error::refused("look up a stream", error)),
        }
    }
    Ok(())
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error)
        if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn configs(replicas: usize) -> [Config; 3] {
    let common = |name: &str, subjects: &str, what: &str| Config {
        name: name.to_owned(),
        description: Some(format!("{what} of Clair, revision {REVISION}")),
        subjects: vec![subjects.to_owned()],
        storage: StorageType::File,
        num_replicas: replicas,
        duplicate_window: DUPLICATE_WINDOW,
        ..Config::default()
    };
    [
        Config {
            retention: RetentionPolicy::WorkQueue,
            // The key is in the subject: what is in the queue already is replaced.
            max_messages_per_subject: 1,
            discard: DiscardPolicy::Old,
            ..common(WORK, subject::WORK, "work")
        },
        Config {
            retention: RetentionPolicy::Limits,
            max_age: DAY * 7,
            ..common(EVENTS, subject::EVENTS, "events")
        },
        Config {
            retention: RetentionPolicy::Limits,
            max_age: DAY * 30,
            ..common(DEAD, subject::DEAD, "dead letters")
        },
    ]
}

/// The revision in a description; zero where there is none.
fn revision(config: &Config) -> u32 {
    let description = config.description.as_deref().unwrap_or_default();
    description
        .rsplit_once("revision ")
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_tells_its_revision() {
        for config in configs(1) {
            assert_eq!(revision(&config), REVISION, "{}", config.name);
        }
        assert_eq!(revision(&Config::default()), 0);
    }
}
