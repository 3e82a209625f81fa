//! Between the messages of `clair.model.v1` and the types of `clair_model`.
//!
//! Every value of the model has a message, so that direction is `From`. Not every message is a
//! value of the model: the other direction is `TryFrom`, with an error that names the field.
//! Conversions take their argument and move its text.

mod advisory;
mod manifest;
mod package;
mod report;
mod time;
mod vulnerability;

use std::collections::BTreeMap;
use std::fmt::Display;

use clair_model::Digest;
use thiserror::Error;

pub use time::{from_timestamp, to_timestamp};

/// A field of a message that holds what it may not.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct InvalidField {
    /// Path of the field from the message: `packages[7].source.kind`.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidField {
    /// An error about a field of the message at hand.
    pub fn new(field: &str, reason: impl Display) -> Self {
        Self {
            field: field.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// A field that must be there.
    pub fn missing(field: &str) -> Self {
        Self::new(field, "is missing")
    }

    /// The same error as seen from the message that has the message at hand in `field`.
    #[must_use]
    pub fn within(self, field: impl Display) -> Self {
        Self {
            field: format!("{field}.{}", self.field),
            reason: self.reason,
        }
    }
}

/// Reads a digest.
pub fn digest(field: &str, text: &str) -> Result<Digest, InvalidField> {
    text.parse()
        .map_err(|error| InvalidField::new(field, error))
}

/// Converts a message that must be there.
pub fn required<P, M>(field: &str, message: Option<P>) -> Result<M, InvalidField>
where
    M: TryFrom<P, Error = InvalidField>,
{
    let message = message.ok_or_else(|| InvalidField::missing(field))?;
    M::try_from(message).map_err(|error| error.within(field))
}

/// Converts the messages of a list.
fn list<P, M>(field: &str, messages: Vec<P>) -> Result<Vec<M>, InvalidField>
where
    M: TryFrom<P, Error = InvalidField>,
{
    let elements = messages.into_iter().enumerate();
    elements
        .map(|(index, message)| element(field, index, message))
        .collect()
}

/// Converts the messages of a map.
fn map<P, K, M>(
    field: &str,
    messages: BTreeMap<u64, P>,
    key: impl Fn(u64) -> K,
) -> Result<BTreeMap<K, M>, InvalidField>
where
    K: Ord,
    M: TryFrom<P, Error = InvalidField>,
{
    let entries = messages.into_iter();
    entries
        .map(|(number, message)| Ok((key(number), element(field, number, message)?)))
        .collect()
}

fn element<P, M>(field: &str, key: impl Display, message: P) -> Result<M, InvalidField>
where
    M: TryFrom<P, Error = InvalidField>,
{
    M::try_from(message).map_err(|error| error.within(format_args!("{field}[{key}]")))
}

/// Reads a name of an open set, by the names that serde knows.
fn named<M: serde::de::DeserializeOwned>(field: &str, name: &str) -> Result<M, InvalidField> {
    use serde::de::IntoDeserializer as _;
    use serde::de::value::{Error, StrDeserializer};
    let deserializer: StrDeserializer<'_, Error> = name.into_deserializer();
    M::deserialize(deserializer).map_err(|error| InvalidField::new(field, error))
}

/// Converts the number of a protobuf enum; `None` where it says nothing.
fn enumerated<P, M>(
    field: &str,
    number: i32,
    convert: impl Fn(P) -> Option<M>,
) -> Result<Option<M>, InvalidField>
where
    P: TryFrom<i32>,
{
    P::try_from(number)
        .map(convert)
        .map_err(|_| InvalidField::new(field, format_args!("{number} is no value of its enum")))
}

/// Converts the number of a protobuf enum that must say something.
fn specified<P, M>(
    field: &str,
    number: i32,
    convert: impl Fn(P) -> Option<M>,
) -> Result<M, InvalidField>
where
    P: TryFrom<i32>,
{
    enumerated(field, number, convert)?.ok_or_else(|| InvalidField::new(field, "is unspecified"))
}
