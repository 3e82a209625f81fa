//! Requests and answers, as far as they are the same for everything.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use clair_jwt::Signer;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode};
use tokio::time::sleep;
use tracing::debug;
use url::Url;

use crate::{Error, ServerError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long most answers may take.
pub(crate) const USUAL_TIMEOUT: Duration = Duration::from_mins(2);

/// How long an answer may take that is given when the work is done: as long as the gateway takes.
pub(crate) const LONG_TIMEOUT: Duration = Duration::from_mins(30);

/// Bytes of an answer. The report of a very large image has some ten million.
const MAX_ANSWER: usize = 512 << 20;
/// Bytes of a refusal that are read.
const MAX_REFUSAL: usize = 64 << 10;

/// How often a request is sent while the server has too much to do.
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A client of one server. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    signer: Option<Signer>,
}

/// A request that can be sent again.
#[derive(Debug)]
pub(crate) struct Request {
    method: Method,
    url: Url,
    body: Option<Bytes>,
    timeout: Option<Duration>,
}

impl Request {
    pub(crate) fn with_body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: Some(body.into()),
            ..self
        }
    }

    /// `None`: the answer may take for ever.
    pub(crate) fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    pub(crate) fn with_query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Method and path, for messages.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }
}

impl Client {
    /// A client of the server at `base`, which may be below a path. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the address is none of HTTP.
    pub fn new(base: Url, signer: Option<Signer>) -> Result<Self, Error> {
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Error::Address(base.into()));
        }
        let http = reqwest::Client::builder()
            .user_agent(concat!("clairctl/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            // While an image is indexed nothing is sent for minutes.
            .tcp_keepalive(Duration::from_secs(30))
            .redirect(Policy::limited(5))
            .build()
            .map_err(Error::Setup)?;
        Ok(Self { http, base, signer })
    }

    /// A request to a path, whose segments are escaped.
    pub(crate) fn request(&self, method: Method, path: &[&str]) -> Request {
        let mut url = self.base.clone();
        url.set_query(None);
        url.set_fragment(None);
        // URLs of HTTP have paths.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Request {
            method,
            url,
            body: None,
            timeout: Some(USUAL_TIMEOUT),
        }
    }

    /// Sends a request and reads the answer if its status is one of these.
    pub(crate) async fn call(
        &self,
        request: &Request,
        expected: &[StatusCode],
    ) -> Result<(StatusCode, Bytes), Error> {
        let mut response = self.open(request, expected).await?;
        let body = self.read(request, &mut response, MAX_ANSWER).await?;
        Ok((response.status(), body))
    }

    /// Sends a request, again and again while the server has too much to do, and gives the answer
    /// unread if its status is one of these.
    pub(crate) async fn open(
        &self,
        request: &Request,
        expected: &[StatusCode],
    ) -> Result<Response, Error> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let mut response = self.send(request).await?;
            let status = response.status();
            debug!(request = request.name(), %status, attempt, "asked");
            if expected.contains(&status) {
                return Ok(response);
            }
            let is_busy = matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
            );
            if !is_busy || attempt == ATTEMPTS {
                // Whatever comes instead of the body, the refusal is what matters.
                let body = self.read(request, &mut response, MAX_REFUSAL).await;
                return Err(Error::Refused {
                    request: request.name(),
                    status: status.as_u16(),
                    error: ServerError::read(&body.unwrap_or_default()),
                });
            }
            let asked_for = retry_after(response.headers());
            sleep(asked_for.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn send(&self, request: &Request) -> Result<Response, Error> {
        let mut builder = self
            .http
            .request(request.method.clone(), request.url.clone());
        if let Some(timeout) = request.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(body) = &request.body {
            builder = builder
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        if let Some(signer) = &self.signer {
            let token = signer.sign(&request.url).await;
            let token = token.map_err(|source| Error::Sign {
                request: request.name(),
                source,
            })?;
            builder = builder.bearer_auth(token);
        }
        let sent = builder.send().await;
        sent.map_err(|error| self.no_answer(request, error))
    }

    async fn read(
        &self,
        request: &Request,
        response: &mut Response,
        max: usize,
    ) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk(request, response).await? {
            if body.len() + chunk.len() > max {
                return Err(Error::TooLong {
                    request: request.name(),
                    max,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    pub(crate) async fn chunk(
        &self,
        request: &Request,
        response: &mut Response,
    ) -> Result<Option<Bytes>, Error> {
        let chunk = response.chunk().await;
        chunk.map_err(|error| self.no_answer(request, error))
    }

    fn no_answer(&self, request: &Request, error: reqwest::Error) -> Error {
        Error::NoAnswer {
            request: request.name(),
            server: self.base.origin().ascii_serialization(),
            source: error.without_url(),
        }
    }
}

/// How long the server wants us to wait, if it says so in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}
