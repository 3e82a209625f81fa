//! What can go wrong between us and PostgreSQL.

use std::borrow::Cow;

use sqlx::migrate::MigrateError;
use thiserror::Error;
use uuid::Uuid;

/// Why something could not be stored or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The address of the database is none.
    #[error("the address of the database: {reason}")]
    Address {
        /// What is wrong with it. Never has the address itself, which may hold a password.
        reason: String,
    },
    /// The server cannot be reached, refuses us, or went away in the middle; or all connections
    /// were in use for too long.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// The server is older than what we are tested with.
    #[error(
        "the database is PostgreSQL {found}: {} or later is needed",
        super::MINIMUM_SERVER
    )]
    ServerTooOld {
        /// Its version, in its own words.
        found: String,
    },
    /// The schema could not be brought up to date.
    #[error("the schema of the database cannot be brought up to date")]
    Migration(#[source] MigrateError),
    /// Other transactions were in the way; trying again may help.
    #[error("the database gave up on a transaction in favour of another")]
    Contended(#[source] sqlx::Error),
    /// Another replica is updating the source, or has done so meanwhile.
    #[error("source {name:?} is being updated by another replica")]
    SourceBusy {
        /// Name of the source.
        name: String,
    },
    /// There is no such update operation, any more.
    #[error("there is no update operation {reference}")]
    NoOperation {
        /// Its name.
        reference: Uuid,
    },
    /// Two update operations of different sources were to be compared.
    #[error("update operations {previous} and {current} are not of the same source")]
    UnlikeOperations {
        /// The older one.
        previous: Uuid,
        /// The newer one.
        current: Uuid,
    },
    /// There is no such manifest.
    #[error("manifest {digest} is not stored")]
    NoManifest {
        /// Its digest.
        digest: clair_model::Digest,
    },
    /// Something stored cannot be read back, or something given cannot be stored.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// The server refused a statement: a fault of ours, or of the server.
    #[error("the database refused a statement")]
    Statement(#[source] sqlx::Error),
}

impl Error {
    /// Whether the same call may succeed when it is made again a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Contended(_) | Self::SourceBusy { .. } => true,
            Self::Address { .. }
            | Self::ServerTooOld { .. }
            | Self::Migration(_)
            | Self::NoOperation { .. }
            | Self::UnlikeOperations { .. }
            | Self::NoManifest { .. }
            | Self::Damaged { .. }
            | Self::Statement(_) => false,
        }
    }

    /// Whether the database as a whole could not be used, so that health depends on it.
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    pub(crate) fn damaged(what: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Damaged {
            what,
            reason: reason.to_string().into(),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable(error),
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some(code) if is_unavailable(code) => Self::Unavailable(error),
                Some(code) if is_contended(code) => Self::Contended(error),
                _ => Self::Statement(error),
            },
            _ => Self::Statement(error),
        }
    }
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => error.into(),
            MigrateError::ExecuteMigration(source, version) => match source.into() {
                Self::Statement(source) => {
                    Self::Migration(MigrateError::ExecuteMigration(source, version))
                }
                other => other,
            },
            other => Self::Migration(other),
        }
    }
}

/// PostgreSQL, "Error Codes": the classes for connections (08), refused credentials (28) and
/// missing databases (3D), too many connections, shutdowns and start-ups, and a server that has
/// become read-only because another one has taken over.
fn is_unavailable(code: &str) -> bool {
    matches!(code.get(..2), Some("08" | "28" | "3D"))
        || matches!(
            code,
            "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25006"
        )
}

/// Serialization failures, deadlocks, and waits for a lock that were cut short.
fn is_contended(code: &str) -> bool {
    matches!(code, "40001" | "40P01" | "55P03")
}
