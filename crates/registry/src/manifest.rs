//! Manifests and indexes as they come: bytes, digest, media type. What is in them is for others.

use clair_model::{Algorithm, Digest};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use tracing::debug;

use crate::{Error, Reference, digest};

/// The media types that [`Manifest::media_type`] can have.
pub mod media_type {
    /// One image, by the OCI image specification.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// Images of several platforms, by the OCI image specification.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// One image, by Docker's schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Images of several platforms, by Docker's schema 2.
    pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
}

/// All of [`media_type`].
const KNOWN: [&str; 4] = [
    media_type::OCI_MANIFEST,
    media_type::OCI_INDEX,
    media_type::DOCKER_MANIFEST,
    media_type::DOCKER_LIST,
];

/// The same, as a header. Registries convert or refuse what is not listed.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of [`bytes`](Self::bytes), always of these very bytes.
    pub digest: Digest,
    /// One of [`media_type`].
    pub media_type: String,
    /// The document as the registry sent it.
    pub bytes: Vec<u8>,
}

impl Manifest {
    /// Judges an answer: is it what was asked for, and of a kind that is read here?
    pub(crate) fn check(
        what: &str,
        reference: &Reference,
        wanted: Option<&Digest>,
        headers: &HeaderMap,
        bytes: Vec<u8>,
    ) -> Result<Self, Error> {
        let host = reference.api_host();
        if let Some(wanted) = wanted {
            digest::verify(what, wanted, &bytes)?;
        }
        let stated = stated_digest(headers);
        if let Some(stated) = &stated {
            digest::verify(what, stated, &bytes)?;
        }
        let media_type =
            media_type_of(headers, &bytes).map_err(|reason| Error::answer(what, host, reason))?;
        let digest = wanted
            .cloned()
            .or(stated)
            .unwrap_or_else(|| digest::of(Algorithm::Sha256, &bytes));
        debug!(what, %digest, media_type, length = bytes.len(), "got a manifest");
        Ok(Self {
            digest,
            media_type: media_type.to_owned(),
            bytes,
        })
    }
}

/// The digest that the registry says the answer has.
fn stated_digest(headers: &HeaderMap) -> Option<Digest> {
    let value = headers.get("docker-content-digest")?.to_str().ok()?;
    // One of an algorithm that is not known here cannot be checked, and is not needed.
    value.trim().parse().ok()
}

/// The parts of a manifest that tell what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    #[serde(rename = "fsLayers")]
    fs_layers: Option<serde::de::IgnoredAny>,
}

/// Decides between what the header says, what the document says, and what it looks like.
///
/// They must not contradict each other: a document that is a manifest to one program and an index
/// to the next hides images from a scanner.
fn media_type_of(headers: &HeaderMap, bytes: &[u8]) -> Result<&'static str, String> {
    let shape: Shape = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is not the JSON of a manifest: {error}"))?;
    if shape.schema_version == Some(1) || shape.fs_layers.is_some() {
        return Err(
            "it is a Docker schema 1 manifest, which is no longer supported: push the image again \
             with a current tool"
                .to_owned(),
        );
    }
    let header = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .and_then(|value| known(value.trim()));
    let is_index = match (&shape.manifests, &shape.layers) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (Some(_), Some(_)) => return Err("it has both manifests and layers".to_owned()),
        (None, None) => return Err("it has neither manifests nor layers".to_owned()),
    };
    let document = match &shape.media_type {
        Some(text) => Some(known(text).ok_or_else(|| {
            let text = crate::error::clean(text);
            format!("its media type {text:?} is not supported")
        })?),
        None => None,
    };
    let looks_like = if is_index {
        media_type::OCI_INDEX
    } else {
        media_type::OCI_MANIFEST
    };
    let media_type = document.or(header).unwrap_or(looks_like);
    if header.is_some_and(|header| header != media_type) {
        return Err("its Content-Type is not the media type it states".to_owned());
    }
    if index_type(media_type) != is_index {
        return Err(format!(
            "its content is not that of its media type {media_type}"
        ));
    }
    Ok(media_type)
}

fn known(text: &str) -> Option<&'static str> {
    KNOWN
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(text))
}

fn index_type(media_type: &str) -> bool {
    matches!(media_type, media_type::OCI_INDEX | media_type::DOCKER_LIST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(content_type: &str, body: &str) -> Result<&'static str, String> {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        media_type_of(&headers, body.as_bytes())
    }

    #[test]
    fn the_media_type_comes_from_document_header_or_shape() {
        use media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
        let typed = format!(r#"{{"mediaType":"{DOCKER_MANIFEST}","layers":[]}}"#);
        let with_charset = format!("{DOCKER_LIST}; charset=utf-8");
        for (content_type, body, expected) in [
            (DOCKER_MANIFEST, typed.as_str(), DOCKER_MANIFEST),
            ("text/plain", &typed, DOCKER_MANIFEST),
            ("", &typed, DOCKER_MANIFEST),
            (&with_charset, r#"{"manifests":[]}"#, DOCKER_LIST),
            ("application/json", r#"{"manifests":[]}"#, OCI_INDEX),
            ("", r#"{"schemaVersion":2,"layers":[]}"#, OCI_MANIFEST),
        ] {
            assert_eq!(
                decide(content_type, body),
                Ok(expected),
                "{content_type} {body}"
            );
        }
    }

    #[test]
    fn contradictions_and_unknown_kinds_are_refused() {
        use media_type::{DOCKER_MANIFEST, OCI_INDEX};
        let manifest = format!(r#"{{"mediaType":"{DOCKER_MANIFEST}","layers":[]}}"#);
        for (content_type, body, reason) in [
            ("", r#"{"schemaVersion":1,"fsLayers":[]}"#, "schema 1"),
            (
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
                r#"{"fsLayers":[]}"#,
                "schema 1",
            ),
            (OCI_INDEX, &manifest, "Content-Type is not"),
            (OCI_INDEX, r#"{"layers":[]}"#, "not that of its media type"),
            (OCI_INDEX, r#"{"layers":[],"manifests":[]}"#, "both"),
            (OCI_INDEX, "{}", "neither"),
            (
                "",
                r#"{"mediaType":"application/x","layers":[]}"#,
                "\"application/x\" is not supported",
            ),
            ("text/html", "<html>", "not the JSON"),
            ("", "[]", "not the JSON"),
            ("", "", "not the JSON"),
        ] {
            let error = decide(content_type, body).unwrap_err();
            assert!(error.contains(reason), "{body}: {error}");
        }
    }
}
