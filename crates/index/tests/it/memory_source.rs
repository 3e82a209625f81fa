//! A source that keeps its layers in memory and counts how often each is read.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Mutex;

use clair_image::{Error, Image, Layer, LayerData, PlatformSelector, Source};
use clair_model::Digest;

use crate::image::sha256;

#[derive(Debug, Default)]
pub(crate) struct MemorySource {
    images: Vec<Image>,
    blobs: HashMap<Digest, Vec<u8>>,
    reads: Mutex<HashMap<Digest, usize>>,
}

impl MemorySource {
    /// An image of these layers, bottom first.
    pub(crate) fn new(layers: &[Vec<u8>]) -> Self {
        Self::default().image(layers)
    }

    /// Adds an image.
    pub(crate) fn image(mut self, layers: &[Vec<u8>]) -> Self {
        let digests: Vec<Digest> = layers.iter().map(|layer| sha256(layer)).collect();
        self.images.push(Image {
            name: "an image".to_owned(),
            digest: Some(sha256(&layers.concat())),
            platform: None,
            layers: digests.iter().cloned().map(Layer::new).collect(),
        });
        self.blobs
            .extend(digests.into_iter().zip(layers.iter().cloned()));
        self
    }

    pub(crate) fn reads(&self, layer: &[u8]) -> usize {
        let reads = self.reads.lock().unwrap();
        reads.get(&sha256(layer)).copied().unwrap_or_default()
    }
}

impl Source for MemorySource {
    fn images(&self, _: &PlatformSelector) -> Result<Vec<Image>, Error> {
        Ok(self.images.clone())
    }

    fn layer(&self, layer: &Layer) -> Result<LayerData, Error> {
        let mut reads = self.reads.lock().unwrap();
        *reads.entry(layer.digest.clone()).or_default() += 1;
        let blob = self.blobs[&layer.digest].clone();
        Ok(LayerData::Blob(Box::new(Cursor::new(blob))))
    }
}
