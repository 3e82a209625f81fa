//! PostgreSQL, which may not answer yet.
//!
//! The matcher serves from its local copy before it has ever reached the database, so the
//! connection is made in the background, and what needs it says so meanwhile.

use std::sync::{Arc, OnceLock};

use clair_rpc::{Error, ErrorCode};
use clair_store::Store;

/// The database, once it has been reached.
#[derive(Debug, Default)]
pub(crate) struct Database(OnceLock<Store>);

impl Database {
    /// Waits for the database.
    ///
    /// # Errors
    ///
    /// When waiting cannot help.
    pub(crate) async fn connect(
        self: Arc<Self>,
        config: clair_service::Database,
    ) -> Result<Store, clair_store::Error> {
        let store = config.connect().await?;
        Ok(self.0.get_or_init(|| store).clone())
    }

    /// The database.
    ///
    /// # Errors
    ///
    /// While it has not been reached.
    pub(crate) fn get(&self) -> Result<&Store, Error> {
        let unavailable = || Error::new(ErrorCode::Unavailable, "the database is not available");
        self.0.get().ok_or_else(unavailable)
    }
}

/// An error of the database, for those who asked.
pub(crate) fn error(error: &clair_store::Error) -> Error {
    use clair_store::Error as Store;
    let code = match error {
        Store::Unavailable(_) => ErrorCode::Unavailable,
        Store::Contended(_) => ErrorCode::Aborted,
        Store::NoOperation { .. } => ErrorCode::NotFound,
        Store::UnlikeOperations { .. } => ErrorCode::InvalidArgument,
        _ => return Error::internal(error),
    };
    Error::new(code, error.to_string())
}
