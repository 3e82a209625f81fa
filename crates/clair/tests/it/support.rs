//! A suite, images to submit, and somebody who waits for notifications.

mod api;
mod image;
mod outside;
mod suite;

pub(crate) use api::Api;
pub(crate) use image::Image;
pub(crate) use outside::{EXPLOITED, Outside, tracker};
pub(crate) use suite::{FIVE, Options, Suite};

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long what must happen may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until something is there.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to be that {what}");
}

/// The other program, which cargo puts beside our own. Where it was not built the test says so, and
/// fails in CI.
pub(crate) fn clairctl() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_clair")).with_file_name("clairctl");
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|value| value.is_empty()),
        "{} is not there: build the whole workspace",
        path.display()
    );
    println!("skipped: {} is not there", path.display());
    None
}
