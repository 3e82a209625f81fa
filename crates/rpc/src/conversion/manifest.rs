//! Manifests.

use std::collections::BTreeMap;

use clair_model::{Manifest, ManifestLayer};

use super::{InvalidField, digest, list};
use crate::proto::model::v1;

impl From<Manifest> for v1::Manifest {
    fn from(manifest: Manifest) -> Self {
        Self {
            digest: manifest.hash.to_string(),
            layers: manifest.layers.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ManifestLayer> for v1::Layer {
    fn from(layer: ManifestLayer) -> Self {
        let headers = layer.headers.into_iter();
        Self {
            digest: layer.hash.to_string(),
            uri: layer.uri,
            headers: headers
                .map(|(name, values)| (name, v1::HeaderValues { values }))
                .collect(),
        }
    }
}

impl TryFrom<v1::Manifest> for Manifest {
    type Error = InvalidField;

    fn try_from(message: v1::Manifest) -> Result<Self, InvalidField> {
        if message.layers.is_empty() {
            return Err(InvalidField::new("layers", "an image has at least one"));
        }
        Ok(Self {
            hash: digest("digest", &message.digest)?,
            layers: list("layers", message.layers)?,
        })
    }
}

impl TryFrom<v1::Layer> for ManifestLayer {
    type Error = InvalidField;

    fn try_from(message: v1::Layer) -> Result<Self, InvalidField> {
        let headers: BTreeMap<_, _> = message
            .headers
            .into_iter()
            .map(|(name, header)| (name, header.values))
            .collect();
        Ok(Self {
            hash: digest("digest", &message.digest)?,
            uri: message.uri,
            headers,
        })
    }
}
