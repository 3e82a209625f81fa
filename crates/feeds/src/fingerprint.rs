//! By what we know that a document has not changed.

use serde::{Deserialize, Serialize};

/// What identifies the state of a document without its bytes. Kept by the caller between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// [`Feed::revision`](crate::Feed::revision) of the feed that parsed it.
    pub revision: u32,
    /// Where it lay, without credentials: a mirror is another document than its upstream.
    pub location: String,
    /// The `ETag` of the server, or the SHA-256 over names, sizes and times of a directory.
    pub tag: Option<String>,
    /// The Last-Modified of the server, verbatim, or when the file was last written.
    pub modified: Option<String>,
    /// Its length in bytes as it lies there, compressed.
    pub length: Option<u64>,
}

impl Fingerprint {
    /// Whether a document with these marks is the same as `previous`: the same tag where there
    /// are any, else the same time and length. A weak `ETag` counts, since it is weak only about
    /// bytes that do not matter.
    pub(crate) fn is_same_as(&self, previous: &Self) -> bool {
        if self.location != previous.location {
            return false;
        }
        match (&self.tag, &previous.tag) {
            (Some(tag), Some(previous)) => tag == previous,
            (None, None) => {
                self.modified.is_some()
                    && self.length.is_some()
                    && (&self.modified, self.length) == (&previous.modified, previous.length)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(tag: Option<&str>, modified: Option<&str>, length: Option<u64>) -> Fingerprint {
        Fingerprint {
            location: "x".to_owned(),
            tag: tag.map(str::to_owned),
            modified: modified.map(str::to_owned),
            length,
            ..Fingerprint::default()
        }
    }

    #[test]
    fn a_tag_decides_else_time_and_length_together() {
        for (a, b, same) in [
            (
                mark(Some("1"), Some("t"), None),
                mark(Some("1"), None, Some(3)),
                true,
            ),
            (
                mark(Some("1"), Some("t"), Some(3)),
                mark(Some("2"), Some("t"), Some(3)),
                false,
            ),
            (
                mark(None, Some("t"), Some(3)),
                mark(None, Some("t"), Some(3)),
                true,
            ),
            (
                mark(None, Some("t"), None),
                mark(None, Some("t"), None),
                false,
            ),
            (mark(None, None, Some(3)), mark(None, None, Some(3)), false),
            (
                mark(Some("1"), Some("t"), Some(3)),
                mark(None, Some("t"), Some(3)),
                false,
            ),
        ] {
            assert_eq!(a.is_same_as(&b), same, "{a:?} {b:?}");
            let elsewhere = Fingerprint {
                location: "y".to_owned(),
                ..b
            };
            assert!(!a.is_same_as(&elsewhere));
        }
    }
}
