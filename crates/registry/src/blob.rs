//! Blobs: streams of bytes that survive broken connections.

use std::fmt;
use std::io::{self, Read};

use clair_model::Digest;
use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::CONTENT_RANGE;
use tracing::debug;

use crate::retry::Backoff;
use crate::{Client, Error, Reference};

/// After this much without an interruption the count of interruptions starts anew. So a large
/// layer over a bad line comes through, and a server that drips bytes does not hold us for ever.
const PROGRESS: u64 = 1024 * 1024;

/// The bytes of a blob, read from a registry.
///
/// A connection that breaks is made anew and continues where it broke, as often as
/// [`Options::retries`](crate::Options::retries) says. A stream that ends before the size that is
/// known of the blob is an error, never a short blob.
///
/// The bytes are as the registry sent them, compressed as the image has them, and **not checked
/// against the digest**: that is for whoever hashes them while reading.
pub struct Blob {
    client: Client,
    reference: Reference,
    digest: Digest,
    what: String,
    size: Option<u64>,
    position: u64,
    /// `None` after an interruption.
    response: Option<Response>,
    /// What of the response is to be dropped, because we had it already.
    skip: u64,
    backoff: Backoff,
    /// Where the last interruption was.
    interrupted_at: u64,
}

impl Blob {
    /// Opens a blob. Its size is checked against what the registry says, if both are known.
    pub(crate) fn open(
        client: Client,
        reference: &Reference,
        digest: &Digest,
        size: Option<u64>,
    ) -> Result<Self, Error> {
        let mut blob = Self {
            what: format!("blob {digest} of {}", reference.name()),
            backoff: client.backoff(),
            client,
            reference: reference.clone(),
            digest: digest.clone(),
            size,
            position: 0,
            response: None,
            skip: 0,
            interrupted_at: 0,
        };
        blob.connect()?;
        Ok(blob)
    }

    /// The size of the whole blob, if the caller or the registry said it.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// How many bytes were read.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Asks for what is left.
    fn connect(&mut self) -> Result<(), Error> {
        let response =
            self.client
                .get_blob(&self.what, &self.reference, &self.digest, self.position)?;
        let (start, total) = if response.status() == StatusCode::PARTIAL_CONTENT {
            self.partial(&response)?
        } else {
            (0, response.content_length())
        };
        if start > self.position {
            return Err(self.unusable("it starts after the byte that was asked for"));
        }
        match (self.size, total) {
            (Some(expected), Some(total)) if expected != total => {
                let reason = format!("it has {total} bytes, expected were {expected}");
                return Err(self.unusable(&reason));
            }
            (size, total) => self.size = size.or(total),
        }
        self.skip = self.position - start;
        self.response = Some(response);
        Ok(())
    }

    /// Where a partial answer starts, and the size of the whole if it says so.
    fn partial(&self, response: &Response) -> Result<(u64, Option<u64>), Error> {
        response
            .headers()
            .get(CONTENT_RANGE)
            .and_then(|value| parse_content_range(value.to_str().ok()?))
            .ok_or_else(|| self.unusable("it is a part and does not say which"))
    }

    /// Reads what there is; drops what we had. `Ok(None)`: read again.
    fn read_response(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(response) = &mut self.response else {
            return Ok(None);
        };
        let read = response.read(buffer)?;
        if read == 0 {
            let is_short = self.size.is_some_and(|size| self.position < size);
            if self.skip > 0 || is_short {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            return Ok(Some(0));
        }
        let dropped = usize::try_from(self.skip).map_or(read, |skip| skip.min(read));
        buffer.copy_within(dropped..read, 0);
        self.skip -= dropped as u64;
        let fresh = read - dropped;
        self.position += fresh as u64;
        Ok((fresh > 0).then_some(fresh))
    }

    /// Waits and connects again, unless that was done too often.
    fn resume(&mut self, cause: io::Error) -> Result<(), Error> {
        self.response = None;
        if self.position - self.interrupted_at >= PROGRESS {
            self.backoff = self.client.backoff();
        }
        self.interrupted_at = self.position;
        debug!(what = self.what, position = self.position, %cause, "interrupted");
        self.backoff.wait(Error::Interrupted {
            what: self.what.clone(),
            position: self.position,
            source: cause,
        })?;
        self.connect()
    }

    fn unusable(&self, reason: &str) -> Error {
        Error::answer(&self.what, self.reference.api_host(), reason)
    }
}

/// Errors are of the kind [`io::ErrorKind::Other`] and hold an [`Error`].
impl Read for Blob {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.response.is_none() {
                // The read before this one gave up; whoever reads on wants to try again.
                self.connect().map_err(io::Error::other)?;
            }
            match self.read_response(buffer) {
                Ok(Some(read)) if self.size.is_none_or(|size| self.position <= size) => {
                    return Ok(read);
                }
                Ok(Some(_)) => {
                    let error = self.unusable("it has more bytes than it said");
                    return Err(io::Error::other(error));
                }
                Ok(None) => {}
                Err(cause) => self.resume(cause).map_err(io::Error::other)?,
            }
        }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("what", &self.what)
            .field("size", &self.size)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// `bytes 5-9/10`: the first byte, and the size of the whole if it is no `*`.
fn parse_content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let total = match total {
        "*" => None,
        number => Some(number.parse().ok()?),
    };
    Some((start.parse().ok()?, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_read() {
        for (value, expected) in [
            ("bytes 5-9/10", Some((5, Some(10)))),
            ("bytes 0-9/*", Some((0, None))),
            ("bytes */10", None),
            ("items 5-9/10", None),
            ("bytes 5-9", None),
            ("bytes -5-9/10", None),
            ("bytes 5-9/x", None),
            ("", None),
        ] {
            assert_eq!(parse_content_range(value), expected, "{value:?}");
        }
    }
}
