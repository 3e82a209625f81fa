//! Documents on web servers.

use std::error::Error;
use std::io::{self, Read};
use std::time::Duration;

use clair_compression::Decoder;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, HeaderName, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, RETRY_AFTER,
};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Method, StatusCode};
use url::Url;

use super::listing;
use super::{FetchOptions, Fetched, Fetcher};
use crate::{Document, FeedError, Fingerprint, Location};

/// As many redirects as browsers of old followed.
const REDIRECTS: usize = 10;

/// No wait is longer, whatever a server asks for.
const LONGEST_DELAY: Duration = Duration::from_mins(1);

/// The longest page that is read as the listing of a directory.
const LISTING: u64 = 4 << 20;

pub(super) fn client(options: &FetchOptions) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(options.user_agent.as_str())
        .connect_timeout(options.connect_timeout)
        // In this client it bounds each single read, not the whole of a download.
        .timeout(options.read_timeout)
        .redirect(Policy::custom(redirect))
        .build()
}

pub(super) fn fetch(
    fetcher: &Fetcher,
    url: &Url,
    previous: Option<&Fingerprint>,
) -> Result<Fetched, FeedError> {
    let location = Location::Http(url.clone()).to_string();
    let response = send(fetcher, &Method::GET, url, previous)?;
    if response.status() == StatusCode::NOT_MODIFIED && previous.is_some() {
        tracing::debug!(location, "not modified");
        return Ok(Fetched::Unchanged);
    }
    let response = expect_success(response, &location)?;
    let last_modified = header(&response, &LAST_MODIFIED);
    let fingerprint = Fingerprint {
        revision: 0,
        location: location.clone(),
        tag: header(&response, &ETAG),
        modified: last_modified.clone(),
        length: header(&response, &CONTENT_LENGTH).and_then(|length| length.parse().ok()),
    };
    // Some servers send it all the same.
    if previous.is_some_and(|previous| fingerprint.is_same_as(previous)) {
        tracing::debug!(location, "sent again unchanged");
        return Ok(Fetched::Unchanged);
    }
    let is_encoded =
        header(&response, &CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
    tracing::debug!(location, length = fingerprint.length, "fetching");
    let document = Document::from_encoded(
        &location,
        Body(response),
        is_encoded,
        fetcher.options.limits,
    )
    .map_err(|source| FeedError::Read { location, source })?;
    Ok(Fetched::New {
        document: document.with_length(fingerprint.length),
        modified: last_modified.and_then(|date| http_date(&date)),
        fingerprint,
    })
}

pub(super) fn exists(fetcher: &Fetcher, url: &Url) -> Result<bool, FeedError> {
    let response = send(fetcher, &Method::HEAD, url, None)?;
    if is_missing(response.status()) {
        return Ok(false);
    }
    let location = Location::Http(url.clone()).to_string();
    expect_success(response, &location).map(|_| true)
}

/// The names that the page of a directory links to; none where the server has no such page.
pub(super) fn list(fetcher: &Fetcher, url: &Url) -> Result<Option<Vec<String>>, FeedError> {
    // With an empty last part the path ends in a slash, as that of a directory must.
    let Location::Http(url) = Location::Http(url.clone()).join("") else {
        return Ok(None);
    };
    let location = Location::Http(url.clone()).to_string();
    let response = send(fetcher, &Method::GET, &url, None)?;
    if is_missing(response.status()) {
        return Ok(None);
    }
    let body = Body(expect_success(response, &location)?);
    let mut page = Vec::new();
    // Compressed for its way here, as its first bytes tell.
    Decoder::new(body)
        .and_then(|body| body.take(LISTING).read_to_end(&mut page))
        .map_err(|source| FeedError::Read { location, source })?;
    let names = listing::names(&url, &String::from_utf8_lossy(&page));
    Ok(Some(names).filter(|names| !names.is_empty()))
}

/// Sends a request, again while the server is only passingly unable to answer it.
fn send(
    fetcher: &Fetcher,
    method: &Method,
    url: &Url,
    previous: Option<&Fingerprint>,
) -> Result<Response, FeedError> {
    let location = Location::Http(url.clone()).to_string();
    let Some(client) = &fetcher.client else {
        return Err(FeedError::Offline { location });
    };
    let options = &fetcher.options;
    let mut delay = options.retry_delay;
    for attempt in 1.. {
        let is_last = attempt > options.retries;
        let request = conditional(client.request(method.clone(), url.clone()), previous);
        let wait = match request.send() {
            Ok(response) if is_last || !is_passing(response.status()) => return Ok(response),
            Err(source) if is_last || !(source.is_connect() || source.is_timeout()) => {
                let source = source.without_url();
                return Err(FeedError::Unreachable { location, source });
            }
            Ok(response) => {
                let status = response.status().as_u16();
                tracing::warn!(location, status, attempt, "refused for now, trying again");
                retry_after(&response).unwrap_or(delay)
            }
            Err(error) => {
                let error = error.without_url();
                tracing::warn!(location, %error, attempt, "not reached, trying again");
                delay
            }
        };
        std::thread::sleep(wait.min(LONGEST_DELAY));
        delay = delay.saturating_mul(2);
    }
    Err(FeedError::NotFound { location })
}

fn conditional(request: RequestBuilder, previous: Option<&Fingerprint>) -> RequestBuilder {
    // The client itself does not decompress: documents do, by their first bytes.
    let mut request = request.header(ACCEPT_ENCODING, "gzip");
    // What a feed has as its stamp is no tag of the server.
    let is_of_server = |tag: &&str| tag.starts_with('"') || tag.starts_with("W/");
    let tag = previous.and_then(|previous| previous.tag.as_deref());
    if let Some(tag) = tag.filter(is_of_server) {
        request = request.header(IF_NONE_MATCH, tag);
    }
    if let Some(date) = previous.and_then(|previous| previous.modified.as_deref()) {
        request = request.header(IF_MODIFIED_SINCE, date);
    }
    request
}

fn redirect(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    match refusal(attempt.previous(), attempt.url()) {
        Some(reason) => attempt.error(io::Error::other(reason)),
        None => attempt.follow(),
    }
}

/// Why not to follow a redirect: not from a protected connection to an open one, where anybody on
/// the way could write the answer, and not for ever.
fn refusal(previous: &[Url], next: &Url) -> Option<&'static str> {
    let was_protected = previous.last().is_some_and(|url| url.scheme() == "https");
    if was_protected && next.scheme() != "https" {
        Some("redirected from https to an open connection")
    } else if previous.len() > REDIRECTS {
        Some("redirected too often")
    } else {
        None
    }
}

fn expect_success(response: Response, location: &str) -> Result<Response, FeedError> {
    let location = location.to_owned();
    match response.status() {
        StatusCode::OK => Ok(response),
        status if is_missing(status) => Err(FeedError::NotFound { location }),
        status => Err(FeedError::Status {
            location,
            status: status.as_u16(),
        }),
    }
}

fn is_missing(status: StatusCode) -> bool {
    status == StatusCode::NOT_FOUND || status == StatusCode::GONE
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = header(response, &RETRY_AFTER)?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn header(response: &Response, name: &HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    // Kept by callers, so bounded; a longer one is no good as a mark.
    (value.len() <= 1024).then(|| value.to_owned())
}

fn http_date(date: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(date).ok()
}

/// The body of a response. Its errors do not tell the address, which may have secrets in it.
struct Body(Response);

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let kind = error.kind();
            match error
                .into_inner()
                .map(<dyn Error + Send + Sync>::downcast::<reqwest::Error>)
            {
                Some(Ok(inner)) => io::Error::new(kind, inner.without_url()),
                Some(Err(inner)) => io::Error::new(kind, inner),
                None => kind.into(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_protected_and_end() {
        let open = || Url::parse("http://a.example/").unwrap();
        let protected = || Url::parse("https://a.example/").unwrap();
        assert_eq!(refusal(&[open()], &open()), None);
        assert_eq!(refusal(&[open()], &protected()), None);
        assert_eq!(refusal(&[open(), protected()], &protected()), None);
        assert!(refusal(&[open(), protected()], &open()).is_some());
        assert_eq!(refusal(&vec![open(); REDIRECTS], &open()), None);
        assert!(refusal(&vec![open(); REDIRECTS + 1], &open()).is_some());
    }

    #[test]
    fn dates_of_servers_are_read() {
        let date = http_date("Wed, 21 Oct 2015 07:28:00 GMT").unwrap();
        assert_eq!(date.to_string(), "2015-10-21T07:28:00Z");
        assert_eq!(http_date("yesterday"), None);
    }
}
