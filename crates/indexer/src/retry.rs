//! Patience with a database that is away for a moment, such as one that fails over.

use std::future::Future;
use std::time::Duration;

use clair_store::Error;

const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Repeats a call of the database, which must do the same when it is repeated, for some seconds.
pub(crate) async fn patiently<T, F>(mut call: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut attempt = 1;
    let mut pause = FIRST_PAUSE;
    loop {
        match call().await {
            Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                tracing::warn!(
                    attempt,
                    error = &error as &dyn std::error::Error,
                    "database asked again"
                );
                tokio::time::sleep(pause).await;
                pause *= 2;
                attempt += 1;
            }
            result => return result,
        }
    }
}
