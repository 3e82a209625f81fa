//! Images in a registry.

use clair_registry::{Client, Options, Reference};

use crate::oci::{Descriptor, Documents, resolve, verified};
use crate::{Error, Image, Layer, LayerData, PlatformSelector, Source};

/// An image reference and the client to fetch it with.
#[derive(Debug)]
pub(crate) struct RemoteSource {
    client: Client,
    reference: Reference,
}

impl RemoteSource {
    pub(crate) fn open(name: &str, options: &Options) -> Result<Self, Error> {
        let reference = name.parse().map_err(|error| Error::Reference {
            reference: name.to_owned(),
            reason: format!("{error}"),
        })?;
        Ok(Self {
            client: Client::new(options)?,
            reference,
        })
    }
}

impl Documents for RemoteSource {
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        // Manifests and blobs have different addresses; the media type tells which this is.
        let is_manifest = descriptor.media_type.contains("manifest")
            || descriptor.media_type.contains("image.index");
        let bytes = if is_manifest {
            self.client
                .manifest_by_digest(&self.reference, &descriptor.digest)?
                .bytes
        } else {
            self.client.blob_bytes(
                &self.reference,
                &descriptor.digest,
                crate::oci::DOCUMENT_LIMIT,
            )?
        };
        verified(descriptor, bytes)
    }
}

impl Source for RemoteSource {
    fn images(&self, platforms: &PlatformSelector) -> Result<Vec<Image>, Error> {
        let manifest = self.client.manifest(&self.reference)?;
        let name = self.reference.to_string();
        resolve(self, &name, &manifest.digest, &manifest.bytes, platforms)
    }

    fn layer(&self, layer: &Layer) -> Result<LayerData, Error> {
        let blob = self
            .client
            .blob(&self.reference, &layer.digest, layer.size)?;
        Ok(LayerData::Blob(Box::new(blob)))
    }
}
