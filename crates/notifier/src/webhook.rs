//! Delivery by HTTP: the id of a set, and where to read it, are posted to the receiver.
//!
//! Any status from 200 to 299 accepts. (Clair wants 200 exactly, so that receivers which answer 201,
//! 202 or 204, as is customary for a POST, are told again and again.) A redirect is followed only
//! where it asks for the same POST (307, 308) at the same host: the others would turn it into a GET,
//! whose success means nothing, and another host is not the one that headers and tokens are for.

mod refusal;

use std::sync::Arc;
use std::time::Duration;

use clair_jwt::Signer;
use clair_runtime::config::{ClientTls, RemoteUrl};
use clair_runtime::tls::{CertificateWatch, client_config};
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::Response;
use serde::Serialize;
use url::Url;
use uuid::Uuid;

pub(crate) use self::refusal::Refusal;
use crate::{Error, config};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer that are kept, where it tells why the receiver did not accept.
const SHOWN_BODY: usize = 256;

/// The receiver.
#[derive(Debug)]
pub(crate) struct Webhook {
    http: reqwest::Client,
    target: RemoteUrl,
    callback: RemoteUrl,
    headers: HeaderMap,
    signer: Option<Signer>,
    timeout: Duration,
}

/// What is posted.
#[derive(Debug, Serialize)]
struct Message {
    notification_id: Uuid,
    callback: Url,
}

impl Webhook {
    /// # Errors
    ///
    /// When its certificates cannot be read or used.
    pub(crate) fn new(
        webhook: config::Webhook,
        signer: Option<Signer>,
        certificates: &CertificateWatch,
    ) -> Result<Self, Error> {
        let mut client = reqwest::Client::builder()
            .user_agent(concat!("clair/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT);
        // A machine without any certificates may still call by plain HTTP.
        if webhook.target.url().scheme() == "https" || webhook.tls != ClientTls::default() {
            let tls = client_config(&webhook.tls, certificates)?;
            client = client.tls_backend_preconfigured(Arc::unwrap_or_clone(tls));
        }
        let mut headers = webhook.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self {
            http: client.build().map_err(Error::Client)?,
            target: webhook.target,
            callback: webhook.callback,
            headers,
            signer,
            timeout: webhook.timeout,
        })
    }

    /// How long an attempt may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Tells the receiver of a set.
    ///
    /// # Errors
    ///
    /// When it did not say that it has accepted.
    pub(crate) async fn post(&self, set: Uuid) -> Result<(), Refusal> {
        match tokio::time::timeout(self.timeout, self.follow(set)).await {
            Ok(result) => result,
            Err(_) => Err(Refusal::Timeout {
                address: shown(self.target.url()),
                timeout: self.timeout,
            }),
        }
    }

    async fn follow(&self, set: Uuid) -> Result<(), Refusal> {
        let message = Message {
            notification_id: set,
            callback: callback(self.callback.url(), set),
        };
        let body = serde_json::to_vec(&message).map_err(Refusal::Message)?;
        let mut url = self.target.url().clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&url, body.clone()).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(());
            }
            if !status.is_redirection() {
                return Err(refused(&url, response).await);
            }
            url = redirect(&url, &response)?;
        }
        Err(Refusal::Redirect {
            address: shown(&url),
            reason: "the redirects do not end".to_owned(),
        })
    }

    async fn send(&self, url: &Url, body: Vec<u8>) -> Result<Response, Refusal> {
        let mut headers = self.headers.clone();
        if let Some(signer) = &self.signer {
            // Also where the configuration has another one, as Clair does.
            headers.insert(AUTHORIZATION, authorization(signer, url).await?);
        }
        let request = self.http.post(url.clone()).headers(headers).body(body);
        request.send().await.map_err(|error| Refusal::Transport {
            address: shown(url),
            source: error.without_url(),
        })
    }
}

/// The signature of a request, which names its receiver.
async fn authorization(signer: &Signer, url: &Url) -> Result<HeaderValue, Refusal> {
    let token = signer.sign(url).await.map_err(Refusal::Signature)?;
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(Refusal::Header)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where the receiver reads a set.
fn callback(base: &Url, set: Uuid) -> Url {
    let mut url = base.clone();
    // Only URLs that have no host refuse.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().push(&set.to_string());
    }
    url
}

fn redirect(url: &Url, response: &Response) -> Result<Url, Refusal> {
    let status = response.status();
    let refuse = |reason: &str| Refusal::Redirect {
        address: shown(url),
        reason: format!("{}: {reason}", status.as_u16()),
    };
    if !matches!(
        status,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    ) {
        return Err(refuse("only 307 and 308 keep what is posted"));
    }
    let location = response.headers().get(LOCATION);
    let next = location
        .and_then(|value| value.to_str().ok())
        .and_then(|text| url.join(text).ok())
        .ok_or_else(|| refuse("it leads nowhere"))?;
    let is_upgrade =
        url.scheme() == "http" && next.scheme() == "https" && url.host() == next.host();
    if next.origin() != url.origin() && !is_upgrade {
        return Err(refuse("it leads to another host"));
    }
    Ok(next)
}

/// The refusal of a receiver, with the beginning of what it says.
async fn refused(url: &Url, mut response: Response) -> Refusal {
    let status = response.status();
    let mut body = Vec::new();
    while body.len() < SHOWN_BODY {
        let Ok(Some(chunk)) = response.chunk().await else {
            break;
        };
        body.extend_from_slice(&chunk);
    }
    body.truncate(SHOWN_BODY);
    let body = String::from_utf8_lossy(&body);
    Refusal::Status {
        address: shown(url),
        status,
        body: body.trim().replace(char::is_control, " "),
    }
}

/// A URL without user information and query, which may be secret.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callback_ends_with_the_id_of_the_set() {
        let id = Uuid::nil();
        for (base, expected) in [
            ("https://clair/n", format!("https://clair/n/{id}")),
            ("https://clair/n/", format!("https://clair/n/{id}")),
            ("https://clair", format!("https://clair/{id}")),
            ("https://clair/n?a=b", format!("https://clair/n/{id}?a=b")),
        ] {
            let url = callback(&base.parse().unwrap(), id);
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn what_may_be_secret_is_not_shown() {
        let url = "https://me:hunter2@quay:8443/hook?key=hunter2"
            .parse()
            .unwrap();
        assert_eq!(shown(&url), "https://quay:8443/hook");
    }
}
