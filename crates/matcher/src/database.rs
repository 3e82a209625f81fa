//! PostgreSQL, which may not answer yet.
//!
//! The matcher serves from its local copy before it has ever reached the database, so the
//! connection is made in the background, and what needs it says so meanwhile.

use std::sync::OnceLock;
use std::time::Duration;

use clair_rpc::{Error, ErrorCode};
use clair_store::Store;

use crate::config;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The database, once it has been reached.
#[derive(Debug, Default)]
pub(crate) struct Database(OnceLock<Store>);

impl Database {
    /// Connects, and tries again for as long as it takes.
    ///
    /// # Errors
    ///
    /// When trying again cannot help.
    pub(crate) async fn connect(
        &self,
        config: &config::Database,
    ) -> Result<&Store, clair_store::Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match reach(config).await {
                Ok(store) => return Ok(self.0.get_or_init(|| store)),
                Err(error) if error.is_transient() => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no database yet");
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
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

async fn reach(config: &config::Database) -> Result<Store, clair_store::Error> {
    let store = Store::connect(&config.address, &config.options).await?;
    if config.migrate {
        store.migrate().await?;
    }
    Ok(store)
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
