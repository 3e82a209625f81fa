//! The database, which may not answer yet.

use std::time::Duration;

use clair_store::{Error, Store};

use crate::Database;

/// So often a database that cannot be reached is tried again.
const INTERVAL: Duration = Duration::from_secs(2);
/// How often what must be written is tried, and the pause after the first attempt. Each further
/// pause is twice as long.
const ATTEMPTS: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Waits for the database. The argument is its own, so that the future can be sent to wherever
/// the service runs.
///
/// # Errors
///
/// When waiting does not help.
pub(crate) async fn connect(database: Database) -> Result<Store, Error> {
    loop {
        let error = match begin(database.clone()).await {
            Err(error) if error.is_transient() => error,
            result => return result,
        };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database is waited for"
        );
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn begin(database: Database) -> Result<Store, Error> {
    let store = Store::connect(&database.address, &database.options).await?;
    if database.migrate {
        store.migrate().await?;
    }
    Ok(store)
}

/// Repeats a call of the database, which must do the same when it is repeated, for some seconds:
/// so long as one that fails over is away.
pub(crate) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(error) if error.is_transient() => tokio::time::sleep(pause).await,
            result => return result,
        }
        pause *= 2;
    }
    call().await
}
