//! The body of a layer as a blocking reader.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use clair_model::ManifestLayer;
use reqwest::Response;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::client::shown;
use super::{Client, FetchError};

/// How often a transfer that broke off is taken up again.
const MAX_RESUMES: u32 = 4;
/// How long to wait before that, the first time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Reads a body from a thread that may block. It ends when it is cancelled, at once.
///
/// A transfer that breaks off is taken up again where it was. Whether what came together is the
/// layer tells its digest, which the engine checks in any case.
pub(super) struct Body {
    pub(super) runtime: Handle,
    pub(super) client: Client,
    pub(super) layer: ManifestLayer,
    pub(super) response: Response,
    pub(super) chunk: Bytes,
    /// How many bytes of the layer came.
    pub(super) position: u64,
    /// How many of them come once more, since the server begins with the first again.
    pub(super) skip: u64,
    pub(super) resumed: u32,
    pub(super) cancel: CancellationToken,
    /// Where to say why it ended before its time.
    pub(super) failure: Arc<OnceLock<FetchError>>,
}

impl Body {
    /// The next bytes that were not there before.
    fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            match self.receive() {
                Ok(Some(mut chunk)) => {
                    let known = self.skip.min(chunk.len() as u64);
                    self.skip -= known;
                    self.position += chunk.len() as u64 - known;
                    chunk.advance(usize::try_from(known).unwrap_or(usize::MAX));
                    return Ok(Some(chunk));
                }
                Ok(None) => return Ok(None),
                Err(error) if error.is_interruption() && self.resumed < MAX_RESUMES => {
                    self.resume(&error)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn receive(&mut self) -> Result<Option<Bytes>, FetchError> {
        let address = shown(self.response.url());
        let silence = self.client.silence;
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

    /// Opens the layer again, from where it broke off.
    fn resume(&mut self, error: &FetchError) -> Result<(), FetchError> {
        let pause = FIRST_PAUSE * 2_u32.pow(self.resumed);
        self.resumed += 1;
        tracing::info!(
            layer = %self.layer.hash,
            position = self.position,
            attempt = self.resumed,
            error = error as &dyn std::error::Error,
            "transfer of a layer is taken up again"
        );
        let opened = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(FetchError::Cancelled),
                opened = async {
                    tokio::time::sleep(pause).await;
                    self.client.open(&self.layer, self.position).await
                } => opened,
            }
        });
        self.response = opened?;
        let is_whole = self.response.status() == http::StatusCode::OK;
        self.skip = if is_whole { self.position } else { 0 };
        Ok(())
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
