//! Answers with their JSON.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::Error;

/// An answer: the JSON as the server sent it, and what of it is read.
#[derive(Debug, Clone)]
pub struct Document<T> {
    /// The JSON, byte for byte.
    pub json: Bytes,
    /// What of it is read.
    pub content: T,
}

impl<T: DeserializeOwned> Document<T> {
    /// Reads the answer to a request.
    pub(crate) fn read(request: &str, json: Bytes) -> Result<Self, Error> {
        let content = serde_json::from_slice(&json).map_err(|source| Error::Answer {
            request: request.to_owned(),
            source,
        })?;
        Ok(Self { json, content })
    }
}
