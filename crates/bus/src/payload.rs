//! What is sent: JSON objects with a version.
//!
//! A version grows when older programs would misunderstand the payload; a field that they may
//! ignore is only added, with a default for those who do not send it.

use bytes::Bytes;
use clair_model::{Digest, Manifest};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::PayloadError;

/// What can be sent.
pub trait Payload: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The version that this program writes, and the newest that it reads.
    const VERSION: u32;
}

/// Work to be done once.
pub trait Work: Payload {
    /// The name of its queue: one word in lower case.
    const QUEUE: &'static str;

    /// What makes two pieces of work the same: it is in the queue at most once per priority.
    /// Without spaces and dots.
    fn key(&self) -> String;
}

/// Something that happened.
pub trait Event: Payload {
    /// Its name: words in lower case, separated by dots.
    const NAME: &'static str;

    /// What makes two tellings the same event: the second within two minutes is dropped.
    fn id(&self) -> String;
}

/// A manifest is to be indexed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexRequest {
    /// The image.
    pub manifest: Manifest,
    /// The request of a client that it comes from.
    #[serde(default)]
    pub request_id: Option<String>,
}

impl Payload for IndexRequest {
    const VERSION: u32 = 1;
}

impl Work for IndexRequest {
    const QUEUE: &'static str = "index";

    fn key(&self) -> String {
        self.manifest.hash.to_string()
    }
}

/// A manifest was indexed, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexFinished {
    /// Digest of the manifest.
    pub manifest: Digest,
    /// The state of the indexer that did it.
    pub indexer_state: String,
    /// Whether it succeeded.
    pub success: bool,
}

impl Payload for IndexFinished {
    const VERSION: u32 = 1;
}

impl Event for IndexFinished {
    const NAME: &'static str = "index.finished";

    /// Indexing again is another event, so nothing is dropped but what is sent twice at once.
    fn id(&self) -> String {
        Uuid::new_v4().to_string()
    }
}

/// An update operation was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateApplied {
    /// The source that changed.
    pub source: String,
    /// The operation.
    pub operation: Uuid,
    /// How many records it added.
    pub added: u64,
    /// How many records it removed.
    pub removed: u64,
}

impl Payload for UpdateApplied {
    const VERSION: u32 = 1;
}

impl Event for UpdateApplied {
    const NAME: &'static str = "update.applied";

    fn id(&self) -> String {
        self.operation.to_string()
    }
}

/// Notifications are ready to be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationCreated {
    /// The set of them, by which a client asks for them.
    pub id: Uuid,
    /// The update operation that is the reason.
    pub operation: Uuid,
    /// How many there are.
    pub notifications: u64,
}

impl Payload for NotificationCreated {
    const VERSION: u32 = 1;
}

impl Event for NotificationCreated {
    const NAME: &'static str = "notification.created";

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// A payload with its version, as one object.
#[derive(Serialize)]
struct Versioned<'a, P> {
    version: u32,
    #[serde(flatten)]
    payload: &'a P,
}

/// The version of a payload, whatever else it is.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Writes a payload.
pub(crate) fn encode<P: Payload>(payload: &P) -> Result<Bytes, PayloadError> {
    let versioned = Versioned {
        version: P::VERSION,
        payload,
    };
    Ok(serde_json::to_vec(&versioned)?.into())
}

/// Reads a payload.
pub(crate) fn decode<P: Payload>(bytes: &[u8]) -> Result<P, PayloadError> {
    let Version { version } = serde_json::from_slice(bytes)?;
    if version > P::VERSION {
        return Err(PayloadError::TooNew {
            found: version,
            known: P::VERSION,
        });
    }
    Ok(serde_json::from_slice(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> UpdateApplied {
        UpdateApplied {
            source: "debian".into(),
            operation: Uuid::nil(),
            added: 1,
            removed: 0,
        }
    }

    #[test]
    fn payloads_are_objects_with_a_version_first() {
        let bytes = encode(&event()).unwrap();
        assert!(bytes.starts_with(br#"{"version":1,"source":"debian","#));
        assert_eq!(decode::<UpdateApplied>(&bytes).unwrap(), event());
    }

    #[test]
    fn fields_of_the_future_are_ignored_but_versions_are_not() {
        let json = String::from_utf8(encode(&event()).unwrap().to_vec()).unwrap();
        let more = json.replacen('{', r#"{"more":[],"#, 1);
        assert_eq!(decode::<UpdateApplied>(more.as_bytes()).unwrap(), event());
        let newer = json.replacen(r#""version":1"#, r#""version":2"#, 1);
        let error = decode::<UpdateApplied>(newer.as_bytes()).unwrap_err();
        assert!(matches!(error, PayloadError::TooNew { found: 2, known: 1 }));
    }

    #[test]
    fn what_is_no_payload_is_malformed() {
        for bytes in ["", "[]", "{}", r#"{"version":-1}"#, r#"{"version":1}"#] {
            let error = decode::<UpdateApplied>(bytes.as_bytes()).unwrap_err();
            assert!(matches!(error, PayloadError::Malformed(_)), "{bytes}");
        }
    }
}
