//! Requests to hosts that have keys: bounded in time and size, and without redirects.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CACHE_CONTROL, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, StatusCode};
use thiserror::Error;
use url::Url;

use crate::error::Error as ClientError;
use crate::keys::UnusableKey;

/// How long a request may take, from its beginning to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Bytes of an answer. The key sets of large providers have some ten thousand.
const MAX_ANSWER: usize = 512 << 10;

/// Why a host that has keys did not give any.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// It does not answer.
    #[error("{url} does not answer")]
    NoAnswer {
        /// What was asked for, without credentials.
        url: String,
        /// Why.
        source: Arc<reqwest::Error>,
    },
    /// It answers with a status that does not belong here.
    #[error("{url} answers with status {status}")]
    Status {
        /// What was asked for, without credentials.
        url: String,
        /// The status.
        status: u16,
    },
    /// Its answer is too long.
    #[error("the answer of {url} has more than {MAX_ANSWER} bytes")]
    TooLong {
        /// What was asked for, without credentials.
        url: String,
    },
    /// Its answer is not the JSON that it should be.
    #[error("the answer of {url} is not what keys look like")]
    Json {
        /// What was asked for, without credentials.
        url: String,
        /// Why.
        source: Arc<serde_json::Error>,
    },
    /// It has a key that cannot be used.
    #[error("the key at {url} cannot be used")]
    Key {
        /// What was asked for, without credentials.
        url: String,
        /// Why.
        source: UnusableKey,
    },
    /// The names of an issuer and a key are none that a URL can have in its path.
    #[error("no registry has a key {key_id:?} of the issuer {issuer:?}")]
    Name {
        /// The issuer.
        issuer: String,
        /// The key's identifier.
        key_id: String,
    },
    /// It was asked for too many keys that it may not have.
    #[error("{url} has been asked for too many unknown keys")]
    TooManyUnknown {
        /// The host that has keys, without credentials.
        url: String,
    },
}

/// A client of hosts that have keys.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// For how long it may be kept, if it says so.
    pub(crate) max_age: Option<Duration>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(user_agent: &str) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .user_agent(user_agent)
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .build()
            .map_err(ClientError::Client)?;
        Ok(Self { http })
    }

    pub(crate) async fn get(&self, url: &Url) -> Result<Answer, FetchError> {
        send(self.http.get(url.clone()), url).await
    }
}

/// Sends a request to `url` and reads the answer.
pub(crate) async fn send(request: RequestBuilder, url: &Url) -> Result<Answer, FetchError> {
    let no_answer = |source: reqwest::Error| FetchError::NoAnswer {
        url: shown(url),
        source: Arc::new(source.without_url()),
    };
    let mut response = request.send().await.map_err(no_answer)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(FetchError::TooLong { url: shown(url) });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        max_age: max_age(response.headers()),
        body,
    })
}

impl Answer {
    /// The error that this answer is, where its status does not belong there.
    pub(crate) fn unexpected(&self, url: &Url) -> FetchError {
        FetchError::Status {
            url: shown(url),
            status: self.status.as_u16(),
        }
    }
}

/// `max-age` of `Cache-Control` (RFC 9111, section 5.2.2.1); none at all with `no-store` or
/// `no-cache`.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(CACHE_CONTROL)?.to_str().ok()?;
    let mut max_age = None;
    for directive in value.split(',') {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" => max_age = argument.trim().trim_matches('"').parse().ok(),
            _ => {}
        }
    }
    max_age.map(Duration::from_secs)
}

/// A URL as it may be logged.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Refused only by URLs without a host.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.set_query(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn the_age_of_answers_is_read() {
        for (value, expected) in [
            ("max-age=300", Some(300)),
            ("public, Max-Age=\"60\"", Some(60)),
            ("max-age=300, no-store", Some(0)),
            ("no-cache", Some(0)),
            ("max-age=soon", None),
            ("private", None),
        ] {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static(value))]);
            assert_eq!(
                max_age(&headers),
                expected.map(Duration::from_secs),
                "{value}"
            );
        }
        assert_eq!(max_age(&HeaderMap::new()), None);
    }

    #[test]
    fn urls_are_shown_without_secrets() {
        let url = Url::parse("https://user:secret@quay.example/keys/?token=secret").unwrap();
        assert_eq!(shown(&url), "https://quay.example/keys/");
    }
}
