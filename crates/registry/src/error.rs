//! What can go wrong between this machine and a registry.
//!
//! No variant holds a secret: URLs are kept without user, query and fragment (signed storage URLs
//! carry their signature there), answers only as far as they are the registry's own error text.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clair_model::Digest;
use serde::Deserialize;

/// A registry, or a file needed to talk to it, that does not give what was asked for.
///
/// `what` names the thing asked for, its repository and its registry, as in
/// `manifest 3.20 of docker.io/library/alpine`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file named in the options, or of Docker or Podman, cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Such a file can be read and makes no sense.
    #[error("{} is not usable: {reason}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the contents.
        reason: String,
    },
    /// HTTP or TLS cannot be set up, most often for want of root certificates.
    #[error("cannot set up HTTPS; are root certificates (ca-certificates) installed?")]
    Setup(#[source] reqwest::Error),
    /// A program that keeps credentials is not there, or failed.
    #[error("credential helper {helper} for {registry} {reason}")]
    CredentialHelper {
        /// The program.
        helper: String,
        /// Whose credentials were asked for.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// No connection, or no answer on it.
    #[error("no answer from {url} for {what}")]
    Unreachable {
        /// What was asked for.
        what: String,
        /// Where, without user, query and fragment.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that broke off, more often than there were retries.
    #[error("the answer for {what} broke off after {position} bytes")]
    Interrupted {
        /// What was asked for.
        what: String,
        /// How many bytes had come.
        position: u64,
        /// Why.
        source: io::Error,
    },
    /// The registry, or its token service, says no.
    #[error(
        "{host} answers {status} for {what}{}{}",
        prefixed(": ", reason.as_ref()),
        prefixed("; ", hint.as_ref())
    )]
    Refused {
        /// What was asked for.
        what: String,
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The error codes and messages of the answer, if it had any.
        reason: Option<String>,
        /// What a person may do about it.
        hint: Option<String>,
        /// When the registry wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// An answer that is not what the distribution specification says, or is not supported.
    #[error("the answer of {host} for {what} is not usable: {reason}")]
    Answer {
        /// What was asked for.
        what: String,
        /// Who answered.
        host: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// More bytes than allowed.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// The bytes are not those that a digest names.
    #[error("{what} is not what its digest says: expected {expected}, found {found}")]
    DigestMismatch {
        /// What was asked for.
        what: String,
        /// The digest of the reference, or the one the registry stated.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
}

/// How many bytes of a refusal are read.
pub(crate) const REFUSAL_BYTES: u64 = 16 * 1024;
/// How many errors of a refusal are told, and how many characters of each text.
const TOLD_ERRORS: usize = 3;
const TOLD_CHARS: usize = 200;

impl Error {
    /// The HTTP status, if a registry or a token service refused.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => !is_certificate_error(source),
            Self::Interrupted { .. } => true,
            Self::Refused { status, .. } => {
                matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
            }
            _ => false,
        }
    }

    /// The pause the registry asked for, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(crate) fn answer(
        what: impl Into<String>,
        host: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self::Answer {
            what: what.into(),
            host: host.into(),
            reason: reason.into(),
        }
    }
}

/// Whether the other side was heard and its certificate not believed.
///
/// The type that says so is rustls's, whose version is `reqwest`'s affair; its text is as good.
pub(crate) fn is_certificate_error(error: &reqwest::Error) -> bool {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = next {
        if error.to_string().contains("invalid peer certificate") {
            return true;
        }
        next = error.source();
    }
    false
}

/// The error texts of a refusal: those of the distribution specification, or of a token service.
pub(crate) fn reason_in(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Entry>,
        #[serde(default)]
        details: Option<String>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: Option<String>,
        #[serde(default)]
        message: Option<String>,
    }
    let body: Body = serde_json::from_slice(body).ok()?;
    let tell = |entry: Entry| match (entry.code, entry.message) {
        (Some(code), Some(message)) => Some(format!("{} ({})", clean(&message), clean(&code))),
        (Some(text), None) | (None, Some(text)) => Some(clean(&text)),
        (None, None) => None,
    };
    let told: Vec<_> = body
        .errors
        .into_iter()
        .filter_map(tell)
        .chain(body.details.as_deref().map(clean))
        .take(TOLD_ERRORS)
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// A foreign text fit for a terminal: short and without control characters.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(TOLD_CHARS)
        .collect()
}

fn prefixed(prefix: &str, text: Option<&String>) -> String {
    text.map(|text| format!("{prefix}{text}"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_s_own_words_are_told() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]}"#,
                Some("manifest unknown (MANIFEST_UNKNOWN)"),
            ),
            (
                r#"{"errors":[{"code":"DENIED"},{"message":"no"},{},{"code":"A","message":"b"},{"code":"X"}]}"#,
                Some("DENIED, no, b (A)"),
            ),
            (
                r#"{"details":"incorrect username or password"}"#,
                Some("incorrect username or password"),
            ),
            (
                r#"{"errors":[{"code":"A","message":"x\u001b[2Jy\n"}]}"#,
                Some("x [2Jy  (A)"),
            ),
            (r#"{"errors":[]}"#, None),
            (r#"{"errors":{}}"#, None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(reason_in(body.as_bytes()).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let body = format!(r#"{{"errors":[{{"message":"{}"}}]}}"#, "é".repeat(10_000));
        assert_eq!(
            reason_in(body.as_bytes()).unwrap().chars().count(),
            TOLD_CHARS
        );
    }

    #[test]
    fn refusals_read_as_one_line() {
        let error = Error::Refused {
            what: "manifest 1 of ghcr.io/a".to_owned(),
            host: "ghcr.io".to_owned(),
            status: 403,
            reason: Some("denied (DENIED)".to_owned()),
            hint: Some("no credentials were found for ghcr.io".to_owned()),
            retry_after: None,
        };
        assert_eq!(
            error.to_string(),
            "ghcr.io answers 403 for manifest 1 of ghcr.io/a: denied (DENIED); \
             no credentials were found for ghcr.io"
        );
    }
}
