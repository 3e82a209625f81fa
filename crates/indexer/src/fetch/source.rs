//! A layer that is fetched by HTTP, as the engine reads it.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use clair_image::{Error, Image, Layer, LayerData, PlatformSelector, Source};
use clair_model::ManifestLayer;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::body::Body;
use super::{Client, FetchError};

/// The one layer, by its address. Its methods block, so they are called on threads for that.
#[derive(Debug)]
pub(crate) struct LayerSource {
    runtime: Handle,
    client: Client,
    layer: ManifestLayer,
    cancel: CancellationToken,
    failure: Arc<OnceLock<FetchError>>,
}

impl LayerSource {
    /// A layer that is fetched until `cancel` says otherwise. Within a runtime only.
    pub(crate) fn new(client: Client, layer: ManifestLayer, cancel: CancellationToken) -> Self {
        Self {
            runtime: Handle::current(),
            client,
            layer,
            cancel,
            failure: Arc::default(),
        }
    }

    /// Why fetching failed, if it was that: an error of the engine may have either reason.
    pub(crate) fn into_failure(self) -> Option<FetchError> {
        Arc::into_inner(self.failure).and_then(OnceLock::into_inner)
    }

    fn open(&self) -> Result<LayerData, FetchError> {
        let opened = self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => Err(FetchError::Cancelled),
                response = self.client.open(&self.layer, 0) => response,
            }
        });
        Ok(LayerData::Blob(Box::new(Body {
            runtime: self.runtime.clone(),
            client: self.client.clone(),
            layer: self.layer.clone(),
            response: opened?,
            chunk: Bytes::new(),
            position: 0,
            skip: 0,
            resumed: 0,
            cancel: self.cancel.clone(),
            failure: Arc::clone(&self.failure),
        })))
    }
}

impl Source for LayerSource {
    /// None: a manifest of a client has names and addresses of layers, and nothing of the image.
    fn images(&self, _platforms: &PlatformSelector) -> Result<Vec<Image>, Error> {
        Ok(Vec::new())
    }

    fn layer(&self, layer: &Layer) -> Result<LayerData, Error> {
        self.open().map_err(|error| {
            let source = io::Error::other(error.to_string());
            let _ = self.failure.set(error);
            Error::Layer {
                layer: layer.digest.clone(),
                source,
            }
        })
    }
}
