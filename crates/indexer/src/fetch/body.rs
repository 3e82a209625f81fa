//! The body of a layer as a blocking reader.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use reqwest::Response;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::FetchError;
use super::client::shown;

/// Reads a body from a thread that may block. It ends when it is cancelled, at once.
pub(super) struct Body {
    pub(super) runtime: Handle,
    pub(super) response: Response,
    pub(super) chunk: Bytes,
    pub(super) silence: Duration,
    pub(super) cancel: CancellationToken,
    /// Where to say why it ended before its time.
    pub(super) failure: Arc<OnceLock<FetchError>>,
}

impl Body {
    fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let address = shown(self.response.url());
        let silence = self.silence;
        let response = &mut self.response;
        let cancel = &self.cancel;
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(FetchError::Cancelled),
                () = tokio::time::sleep(silence) => Err(FetchError::Silence { address, silence }),
                chunk = response.chunk() => chunk.map_err(|error| {
                    FetchError::Transport { address, source: error.without_url() }
                }),
            }
        })
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.next() {
                Ok(Some(chunk)) => self.chunk = chunk,
                Ok(None) => return Ok(0),
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    let _ = self.failure.set(error);
                    return Err(told);
                }
            }
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
