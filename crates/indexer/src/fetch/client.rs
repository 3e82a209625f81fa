//! The request for a layer, with its redirects.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use clair_model::ManifestLayer;
use clair_runtime::egress::{EgressError, EgressPolicy};
use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue, LOCATION, RANGE};
use reqwest::Response;
use url::Url;

use super::{FetchError, headers};

/// So many redirects are followed, as browsers and Go's client do.
const MAX_REDIRECTS: usize = 10;

/// So often a server that is not ready is asked.
const ATTEMPTS: u32 = 3;

/// What is shown of the body of an answer that is not the layer.
const SHOWN_BODY: usize = 256;

/// Fetches layers.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    egress: Arc<EgressPolicy>,
    pub(super) silence: Duration,
}

impl Client {
    /// A client for everything that the policy allows. Proxies of the environment are not used:
    /// they would resolve names themselves, out of reach of the policy.
    pub(crate) fn new(egress: EgressPolicy, silence: Duration) -> Result<Self, reqwest::Error> {
        let egress = Arc::new(egress);
        let http = reqwest::Client::builder()
            .user_agent(concat!("clair/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .dns_resolver(Arc::new(egress.resolver()))
            .build()?;
        Ok(Self {
            http,
            egress,
            silence,
        })
    }

    /// Opens a layer from a byte on: the answer, its body unread. Where it has status 200, the
    /// server has ignored from which byte on, and begins with the first.
    pub(super) async fn open(
        &self,
        layer: &ManifestLayer,
        from: u64,
    ) -> Result<Response, FetchError> {
        let url = address(&layer.uri)?;
        let headers = headers::read(&layer.headers)?;
        let mut attempt = 1;
        loop {
            match self.follow(url.clone(), headers.clone(), from).await {
                Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                    tracing::debug!(layer = %layer.hash, attempt, %error, "layer is asked for again");
                    tokio::time::sleep(Duration::from_millis(250) * 2_u32.pow(attempt)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn follow(
        &self,
        mut url: Url,
        mut headers: HeaderMap,
        from: u64,
    ) -> Result<Response, FetchError> {
        for _ in 0..=MAX_REDIRECTS {
            let mut sent = headers.clone();
            if from > 0 {
                let range = HeaderValue::from_str(&format!("bytes={from}-"));
                sent.extend(range.map(|range| (RANGE, range)));
            }
            let response = self.get(&url, sent).await?;
            if !response.status().is_redirection() {
                return checked(&url, response, from).await;
            }
            let next = location(&url, &response)?;
            if next.origin() != url.origin() {
                headers.clear();
            }
            url = next;
        }
        Err(FetchError::Redirect {
            address: shown(&url),
            reason: "the redirects do not end",
        })
    }

    async fn get(&self, url: &Url, headers: HeaderMap) -> Result<Response, FetchError> {
        let address = shown(url);
        if let Err(source) = self.egress.check_url(url) {
            return Err(FetchError::Refused { address, source });
        }
        let sent = self.http.get(url.clone()).headers(headers).send();
        match tokio::time::timeout(self.silence, sent).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(match refusal(&error) {
                Some(source) => FetchError::Refused { address, source },
                None => FetchError::Transport {
                    address,
                    source: error.without_url(),
                },
            }),
            Err(_) => Err(FetchError::Silence {
                address,
                silence: self.silence,
            }),
        }
    }
}

/// Reads the address of a layer.
pub(crate) fn address(text: &str) -> Result<Url, FetchError> {
    let url = Url::parse(text).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            // What is no address may still have a credential in it.
            let address = text.split(['?', '@']).next().unwrap_or_default();
            FetchError::Address {
                address: address.chars().take(SHOWN_BODY).collect(),
            }
        })
}

/// An address without user information and query, which may be credentials.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn location(url: &Url, response: &Response) -> Result<Url, FetchError> {
    let reason = "a redirect leads to no http or https address";
    let broken = || FetchError::Redirect {
        address: shown(url),
        reason,
    };
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    let next = location
        .and_then(|text| url.join(text).ok())
        .ok_or_else(broken)?;
    if matches!(next.scheme(), "http" | "https") {
        Ok(next)
    } else {
        Err(broken())
    }
}

/// Only 200 is the layer, and 206 what is left of it.
async fn checked(url: &Url, mut response: Response, from: u64) -> Result<Response, FetchError> {
    let status = response.status();
    if status == http::StatusCode::OK || (from > 0 && begins_at(&response, from)) {
        return Ok(response);
    }
    let mut body = Vec::new();
    let read = async {
        while body.len() < SHOWN_BODY {
            let Ok(Some(chunk)) = response.chunk().await else {
                break;
            };
            body.extend_from_slice(&chunk);
        }
    };
    // The reason matters, but not so much as to wait for it long.
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
    body.truncate(SHOWN_BODY);
    let body = String::from_utf8_lossy(&body).trim().to_owned();
    Err(FetchError::Status {
        address: shown(url),
        status,
        body,
    })
}

/// Whether an answer is the part of something that begins with a byte (RFC 9110, section 14.4).
fn begins_at(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    response.status() == http::StatusCode::PARTIAL_CONTENT
        && range.is_some_and(|range| range.starts_with(&format!("bytes {from}-")))
}

/// The refusal of the resolver, if that is what an error is about.
fn refusal(error: &reqwest::Error) -> Option<EgressError> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref::<EgressError>() {
            return Some(refusal.clone());
        }
        source = cause.source();
    }
    None
}
