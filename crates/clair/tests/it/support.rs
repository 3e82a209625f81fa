//! A suite, images to submit, and somebody who waits for notifications.

mod api;
mod image;
mod local;
mod outside;
mod suite;

pub(crate) use api::Api;
pub(crate) use image::Image;
pub(crate) use local::{Local, without_what_differs};
pub(crate) use outside::{EXPLOITED, Outside, tracker};
pub(crate) use suite::{FIVE, Options, Suite};

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
