//! An image as a client submits it, with the JSON of Clair's v4 HTTP API.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::Digest;

/// An image: its name, and where its layers are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Identity of the manifest. The manifest itself is never fetched, so it is a name only.
    pub hash: Digest,
    /// The layers, bottom first.
    pub layers: Vec<ManifestLayer>,
}

/// A layer of an image, and where to get it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestLayer {
    /// Digest of the layer as it is transferred.
    pub hash: Digest,
    /// Address of the blob.
    pub uri: String,
    /// Headers for the request to that address. They often hold credentials, so `Debug` shows
    /// their names only.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub headers: BTreeMap<String, Vec<String>>,
}

impl fmt::Debug for ManifestLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestLayer")
            .field("hash", &self.hash)
            .field("uri", &without_credentials(&self.uri))
            .field("headers", &self.headers.keys())
            .finish()
    }
}

/// An address without user information, and without the query: that of a presigned address is a
/// credential as well.
fn without_credentials(uri: &str) -> String {
    let address = uri.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    let path = rest.find('/').unwrap_or(rest.len());
    let host = rest[..path].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[host..])
}

/// Clair's own clients write `null` where there are no headers.
fn null_is_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_may_be_absent_or_null() {
        let digest = format!("sha256:{}", "0".repeat(64));
        for headers in ["", r#","headers":null"#, r#","headers":{}"#] {
            let json = format!(r#"{{"hash":"{digest}","uri":"https://r/b"{headers}}}"#);
            let layer: ManifestLayer = serde_json::from_str(&json).unwrap();
            assert!(layer.headers.is_empty(), "{json}");
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let layer = ManifestLayer {
            hash: format!("sha256:{}", "0".repeat(64)).parse().unwrap(),
            uri: "https://me:secret@r/b@1?X-Amz-Signature=secret".into(),
            headers: BTreeMap::from([("Authorization".into(), vec!["Bearer secret".into()])]),
        };
        let shown = format!("{layer:?}");
        assert!(shown.contains("\"https://r/b@1\""), "{shown}");
        assert!(shown.contains("Authorization"), "{shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
