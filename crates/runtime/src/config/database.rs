//! PostgreSQL.

use serde::{Deserialize, Deserializer, Serialize};

use super::{Connstring, Period};

/// The database, for all services that name none of their own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Database {
    /// Where it is.
    #[serde(
        deserialize_with = "optional_connstring",
        skip_serializing_if = "Option::is_none"
    )]
    pub connstring: Option<Connstring>,
    /// Connections of one process. A connection string's `pool_max_conns` counts more.
    pub max_connections: u32,
    /// How long to wait for one of them.
    pub acquire_timeout: Period,
    /// Whether services bring the schema up to date when they start. A service's own `migrations`
    /// switches it on too.
    pub migrations: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            connstring: None,
            max_connections: 10,
            acquire_timeout: Period::seconds(30),
            migrations: true,
        }
    }
}

/// Takes an empty text for none at all, as Clair does: the `PG…` variables then say it all.
pub(super) fn optional_connstring<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Connstring>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let deserializer: serde::de::value::StringDeserializer<D::Error> =
        serde::de::IntoDeserializer::into_deserializer(text);
    Connstring::deserialize(deserializer).map(Some)
}
