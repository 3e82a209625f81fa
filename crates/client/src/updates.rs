//! Updates of the security data, and what the server tells while they run.

use bytes::{Bytes, BytesMut};
use reqwest::{Method, Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::admin::path;
use crate::client::Request;
use crate::{Client, Document, Error, ServerError};

/// Bytes of a line.
const MAX_LINE: usize = 1 << 20;

/// What is to be updated, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateRequest {
    /// Feeds or sources; all if none is named.
    pub only: Vec<String>,
    /// Whether to read sources that say that nothing changed.
    pub force: bool,
    /// Whether the server is to answer at once, and to go on by itself.
    pub detach: bool,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Event {
    /// The update has begun.
    Started {
        /// What is updated.
        feeds: Vec<String>,
    },
    /// A source is being read.
    Progress {
        /// Which one.
        source: String,
        /// What was read of it.
        read_bytes: u64,
        /// Its size; 0 if that is not known.
        total_bytes: u64,
        /// What was found in it.
        advisories: u64,
    },
    /// A source is done.
    Outcome(Outcome),
    /// The update has ended.
    Finished(Tally),
    /// The update was broken off.
    Error(ServerError),
}

/// What came of a source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Outcome {
    /// The source.
    pub source: String,
    /// `updated`, `unchanged`, `failed` or `busy`.
    pub result: String,
    /// Advisories that came.
    #[serde(default)]
    pub added: u64,
    /// Advisories that went.
    #[serde(default)]
    pub removed: u64,
    /// What went wrong.
    #[serde(default)]
    pub error: Option<ServerError>,
}

/// How many sources there are of each outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Tally {
    /// Have other data than before.
    pub updated: u32,
    /// Have the same.
    pub unchanged: u32,
    /// Could not be read.
    pub failed: u32,
    /// Are being updated by somebody else.
    pub busy: u32,
}

/// What the server tells of an update, one event after the other.
#[derive(Debug)]
pub struct Updates {
    client: Client,
    request: Request,
    response: Response,
    /// What was read beyond the last line.
    rest: BytesMut,
    is_over: bool,
}

impl Client {
    /// Updates the security data. The update goes on if the client goes away.
    pub async fn update(&self, what: &UpdateRequest) -> Result<Updates, Error> {
        let request = self
            .request(Method::POST, &path(["update"]))
            .with_timeout(None);
        let body = serde_json::to_vec(what).map_err(|source| Error::Answer {
            request: request.name(),
            source,
        })?;
        let request = request.with_body(body);
        let expected = [StatusCode::OK, StatusCode::ACCEPTED];
        let response = self.open(&request, &expected).await?;
        Ok(Updates {
            client: self.clone(),
            request,
            response,
            rest: BytesMut::new(),
            is_over: false,
        })
    }
}

impl Updates {
    /// What happens next. `None` when the server has told everything.
    ///
    /// # Errors
    ///
    /// When the server breaks off.
    pub async fn next(&mut self) -> Result<Option<Document<Event>>, Error> {
        while let Some(line) = self.line().await? {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let event: Document<Event> = Document::read(&self.request.name(), line)?;
            if let Event::Error(error) = event.content {
                return Err(Error::BrokenOff {
                    request: self.request.name(),
                    error,
                });
            }
            return Ok(Some(event));
        }
        Ok(None)
    }

    /// The next line without its end.
    async fn line(&mut self) -> Result<Option<Bytes>, Error> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.rest[searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.rest.split_to(searched + end);
                // The line break.
                let _ = self.rest.split_to(1);
                return Ok(Some(line.freeze()));
            }
            if self.is_over {
                let line = self.rest.split();
                return Ok((!line.is_empty()).then(|| line.freeze()));
            }
            searched = self.rest.len();
            if searched > MAX_LINE {
                return Err(Error::TooLong {
                    request: self.request.name(),
                    max: MAX_LINE,
                });
            }
            match self.client.chunk(&self.request, &mut self.response).await? {
                Some(chunk) => self.rest.extend_from_slice(&chunk),
                None => self.is_over = true,
            }
        }
    }
}
