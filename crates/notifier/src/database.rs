//! The database, which may be away for a while.

use std::time::Duration;

use clair_store::Error;

/// How often what must be written is tried, and the pause after the first attempt. Each further
/// pause is twice as long.
const ATTEMPTS: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

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
