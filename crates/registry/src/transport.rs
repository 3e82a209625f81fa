//! One request, its redirects, and its repetitions.
//!
//! Redirects are followed here and not by `reqwest`, so that it can be read in one place what a
//! redirect may do: the `Authorization` stays with the host it was made for, HTTPS does not become
//! HTTP, and a user or password in the new URL is dropped.

use std::env;
use std::fs;
use std::io::Read;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::blocking::{Client, ClientBuilder, Response};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RANGE, RETRY_AFTER,
};
use tracing::debug;
use url::Url;

use crate::error::{REFUSAL_BYTES, reason_in};
use crate::retry::{Backoff, parse_retry_after, retrying};
use crate::{Error, Options, host};

/// As many redirects are followed. Registries need one, for their storage.
const MAX_REDIRECTS: usize = 5;

/// The HTTP clients, and how often to try.
#[derive(Debug)]
pub(crate) struct Transport {
    client: Client,
    /// For this machine: without the proxy of the environment, which could not reach it.
    direct: Option<Client>,
    backoff: Backoff,
}

/// A request that can be sent again and again.
#[derive(Debug, Clone)]
pub(crate) struct Request<'a> {
    /// What is asked for, for messages.
    pub(crate) what: &'a str,
    pub(crate) url: Url,
    pub(crate) accept: Option<&'static str>,
    /// The part wanted; the answer may be the whole all the same.
    pub(crate) part: Part,
    pub(crate) authorization: Option<HeaderValue>,
    /// Fields of a form: makes the request a POST, for which no redirect is followed.
    pub(crate) form: Option<Vec<(&'static str, String)>>,
}

/// What of a body is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// All from this byte on.
    From(u64),
    /// The first byte alone: only the head of the answer matters.
    FirstByte,
}

impl Part {
    /// As the value of a `Range` header, unless it is the whole.
    fn range(self) -> Option<String> {
        match self {
            Self::From(0) => None,
            Self::From(first) => Some(format!("bytes={first}-")),
            Self::FirstByte => Some("bytes=0-0".to_owned()),
        }
    }

    /// Whether an answer may be a part.
    pub(crate) fn is_range(self) -> bool {
        self != Self::From(0)
    }
}

impl<'a> Request<'a> {
    pub(crate) fn get(what: &'a str, url: Url) -> Self {
        Self {
            what,
            url,
            accept: None,
            part: Part::From(0),
            authorization: None,
            form: None,
        }
    }
}

impl Transport {
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        const PROXIES: [&str; 3] = ["http_proxy", "https_proxy", "all_proxy"];
        let is_set =
            |name: &str| env::var_os(name).is_some() || env::var_os(name.to_uppercase()).is_some();
        let direct = PROXIES
            .into_iter()
            .any(is_set)
            .then(|| build(client_builder(options)?.no_proxy()));
        Ok(Self {
            client: build(client_builder(options)?)?,
            direct: direct.transpose()?,
            backoff: Backoff::new(options.retries, options.retry_delay),
        })
    }

    pub(crate) fn backoff(&self) -> Backoff {
        self.backoff.clone()
    }

    /// Sends, and has the answer read, until that succeeds, fails for good or was tried often
    /// enough. Statuses that may pass are failures here, all others are for `read` to judge.
    pub(crate) fn send<T>(
        &self,
        request: &Request<'_>,
        read: impl Fn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        retrying(self.backoff(), || {
            let response = self.send_once(request)?;
            if response.status().is_server_error()
                || matches!(response.status().as_u16(), 408 | 429)
            {
                return Err(refusal(request.what, response));
            }
            read(response)
        })
    }

    /// Sends a single time, to no effect but to learn whether something answers.
    pub(crate) fn probe(&self, url: Url) -> Result<(), reqwest::Error> {
        self.client_for(&url).get(url).send().map(drop)
    }

    fn send_once(&self, request: &Request<'_>) -> Result<Response, Error> {
        let mut url = request.url.clone();
        let mut headers = headers(request);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.exchange(request, &url, &headers)?;
            let Some(next) = redirect_target(request, &response)? else {
                return Ok(response);
            };
            if next.origin() != url.origin() {
                headers.remove(AUTHORIZATION);
            }
            debug!(what = request.what, to = %public(&next), "following a redirect");
            url = next;
        }
        let reason = format!("more than {MAX_REDIRECTS} redirects");
        Err(Error::answer(request.what, authority(&url), reason))
    }

    fn exchange(
        &self,
        request: &Request<'_>,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Response, Error> {
        let client = self.client_for(url);
        let builder = match &request.form {
            Some(form) => client.post(url.clone()).form(form),
            None => client.get(url.clone()),
        };
        let response =
            builder
                .headers(headers.clone())
                .send()
                .map_err(|error| Error::Unreachable {
                    what: request.what.to_owned(),
                    url: public(url),
                    source: error.without_url(),
                })?;
        let status = response.status().as_u16();
        debug!(what = request.what, url = public(url), status, "asked");
        Ok(response)
    }

    fn client_for(&self, url: &Url) -> &Client {
        match &self.direct {
            Some(direct) if host::is_loopback(&authority(url)) => direct,
            _ => &self.client,
        }
    }
}

fn client_builder(options: &Options) -> Result<ClientBuilder, Error> {
    let mut builder = Client::builder()
        .user_agent(options.user_agent.as_str())
        .connect_timeout(options.connect_timeout)
        // Of a blocking client this bounds each wait, not the whole download.
        .timeout(options.idle_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        // Whatever features another crate turns on: digests are of the bytes as they are sent.
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .tls_danger_accept_invalid_certs(options.skip_tls_verify);
    if let Some(path) = &options.ca_file {
        let unusable = |reason: &str| Error::Config {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let pem = fs::read(path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|_| unusable("it is not a PEM file of certificates"))?;
        if certificates.is_empty() {
            return Err(unusable("it has no certificates in PEM form"));
        }
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

fn build(builder: ClientBuilder) -> Result<Client, Error> {
    builder.build().map_err(Error::Setup)
}

fn headers(request: &Request<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(accept) = request.accept {
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
    }
    if let Some(range) = request.part.range()
        && let Ok(range) = HeaderValue::try_from(range)
    {
        headers.insert(RANGE, range);
    }
    if let Some(authorization) = &request.authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    headers
}

/// Where a redirect leads, if the answer is one.
fn redirect_target(request: &Request<'_>, response: &Response) -> Result<Option<Url>, Error> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    if !is_redirect {
        return Ok(None);
    }
    let from = response.url();
    let refuse = |reason: &str| Err(Error::answer(request.what, authority(from), reason));
    if request.form.is_some() {
        return refuse("it redirects a request that holds a secret");
    }
    let location = response.headers().get(LOCATION);
    let target = location
        .and_then(|value| value.to_str().ok())
        .and_then(|text| from.join(text).ok());
    let Some(mut target) = target else {
        return refuse("it redirects to no URL");
    };
    match target.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return refuse("it redirects from HTTPS to HTTP"),
        _ => return refuse("it redirects to something other than HTTP"),
    }
    // Both fail only for URLs without a host, which http and https do not have.
    let _ = target.set_username("");
    let _ = target.set_password(None);
    Ok(Some(target))
}

/// Turns an answer that is no success into an error, with the registry's own words.
pub(crate) fn refusal(what: &str, response: Response) -> Error {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| parse_retry_after(value, Timestamp::now()));
    let host = authority(response.url());
    let mut body = Vec::new();
    // What could be read before an interruption is as good a reason as any.
    let _ = response.take(REFUSAL_BYTES).read_to_end(&mut body);
    Error::Refused {
        what: what.to_owned(),
        host,
        status: status.as_u16(),
        reason: reason_in(&body).or_else(|| canonical(status)),
        hint: None,
        retry_after,
    }
}

fn canonical(status: StatusCode) -> Option<String> {
    status.canonical_reason().map(str::to_lowercase)
}

/// Reads the whole of a body that must be small.
pub(crate) fn read_small(what: &str, mut response: Response, limit: u64) -> Result<Vec<u8>, Error> {
    let too_large = || Error::TooLarge {
        what: what.to_owned(),
        limit,
    };
    if response
        .content_length()
        .is_some_and(|length| length > limit)
    {
        return Err(too_large());
    }
    let mut body = Vec::new();
    let read = response.by_ref().take(limit + 1).read_to_end(&mut body);
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    read.map_err(|source| Error::Interrupted {
        what: what.to_owned(),
        position: length,
        source,
    })?;
    if length > limit {
        return Err(too_large());
    }
    Ok(body)
}

/// `host` or `host:port` of a URL.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A URL as it may be shown: without user, password, query and fragment.
pub(crate) fn public(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), authority(url), url.path())
}
