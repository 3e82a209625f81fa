//! PostgreSQL, which may not answer yet.
//!
//! The matcher serves from its local copy before it has ever reached the database, so the
//! connection is made in the background, and what needs it says so meanwhile.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clair_rpc::{Error, ErrorCode};
use clair_store::Store;
use tokio::runtime::Handle;
use tokio::task::JoinError;

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
        self: Arc<Self>,
        config: config::Database,
    ) -> Result<Store, clair_store::Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match reach(config.clone()).await {
                Ok(store) => return Ok(self.0.get_or_init(|| store).clone()),
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

async fn reach(config: config::Database) -> Result<Store, clair_store::Error> {
    let store = Store::connect(&config.address, &config.options).await?;
    if config.migrate {
        migrate(store.clone()).await?;
    }
    Ok(store)
}

/// Brings the schema up to date, on a thread of its own: the compiler does not see that the future
/// may be sent to another.
async fn migrate(store: Store) -> Result<(), clair_store::Error> {
    let runtime = Handle::current();
    let migration = tokio::task::spawn_blocking(move || runtime.block_on(store.migrate()));
    match migration.await.map_err(JoinError::try_into_panic) {
        Ok(result) => result,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // The runtime ends, and this future with it.
        Err(Err(_)) => std::future::pending().await,
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
