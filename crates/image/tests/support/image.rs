//! Writes images in all the forms in which they are kept.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use clair_image::digest_of;
use clair_model::{Algorithm, Digest};
use serde_json::{Value, json};

use crate::tar::Tar;

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    digest_of(Algorithm::Sha256, bytes)
}

/// A layer: what it holds, and how it is transferred.
#[derive(Debug, Clone)]
pub(crate) struct Layer {
    pub(crate) archive: Vec<u8>,
    pub(crate) blob: Vec<u8>,
}

/// An image of some layers, bottom first.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) layers: Vec<Layer>,
    pub(crate) architecture: &'static str,
}

impl Image {
    pub(crate) fn new(archives: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let layers = archives.into_iter().map(|archive| Layer {
            blob: archive.clone(),
            archive,
        });
        Self {
            layers: layers.collect(),
            architecture: "amd64",
        }
    }

    /// The same with its layers compressed.
    pub(crate) fn compressed(mut self, compress: fn(&[u8]) -> Vec<u8>) -> Self {
        for layer in &mut self.layers {
            layer.blob = compress(&layer.archive);
        }
        self
    }

    pub(crate) fn architecture(mut self, architecture: &'static str) -> Self {
        self.architecture = architecture;
        self
    }

    pub(crate) fn config(&self) -> Vec<u8> {
        let diff_ids = self.layers.iter().map(|layer| sha256(&layer.archive));
        let config = json!({
            "os": "linux",
            "architecture": self.architecture,
            "rootfs": {"type": "layers", "diff_ids": strings(diff_ids)},
        });
        config.to_string().into_bytes()
    }

    pub(crate) fn manifest(&self) -> Vec<u8> {
        let layers = self
            .layers
            .iter()
            .map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", &layer.blob));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &self.config()),
            "layers": layers.collect::<Vec<_>>(),
        });
        manifest.to_string().into_bytes()
    }

    /// Everything that a digest names: layers, configuration and manifest.
    pub(crate) fn blobs(&self) -> Vec<Vec<u8>> {
        let layers = self.layers.iter().map(|layer| layer.blob.clone());
        layers.chain([self.config(), self.manifest()]).collect()
    }

    /// The entry of an index that stands for the image.
    pub(crate) fn entry(&self) -> Value {
        let mut entry = descriptor(
            "application/vnd.oci.image.manifest.v1+json",
            &self.manifest(),
        );
        entry["platform"] = json!({"os": "linux", "architecture": self.architecture});
        entry
    }

    /// The files of an OCI layout, with this tag if there is one.
    pub(crate) fn oci_layout(&self, tag: Option<&str>) -> Vec<(String, Vec<u8>)> {
        let mut entry = self.entry();
        if let Some(tag) = tag {
            entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        }
        layout(
            &json!({"schemaVersion": 2, "manifests": [entry]}),
            self.blobs(),
        )
    }

    /// What `docker save` writes since version 25: an OCI layout with a `manifest.json`.
    pub(crate) fn docker_archive(&self, tag: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = self.oci_layout(None);
        let layers = self.layers.iter().map(|layer| blob_path(&layer.blob));
        let manifest = json!([{
            "Config": blob_path(&self.config()),
            "RepoTags": [tag],
            "Layers": layers.collect::<Vec<_>>(),
        }]);
        files.push(("manifest.json".into(), manifest.to_string().into_bytes()));
        files
    }

    /// What it wrote from version 1.10 to 24.
    pub(crate) fn older_docker_archive(&self, tag: &str) -> Vec<(String, Vec<u8>)> {
        let config = self.config();
        let config_path = format!("{}.json", sha256(&config).hex());
        let paths: Vec<String> = (0..self.layers.len())
            .map(|number| format!("layer{number}/layer.tar"))
            .collect();
        let manifest = json!([{"Config": config_path, "RepoTags": [tag], "Layers": paths}]);
        let layers = self.layers.iter().map(|layer| layer.archive.clone());
        let mut files: Vec<_> = paths.into_iter().zip(layers).collect();
        files.push((config_path, config));
        files.push(("manifest.json".into(), manifest.to_string().into_bytes()));
        files
    }

    /// What it wrote before: layers that name their parents.
    pub(crate) fn oldest_docker_archive(&self, tag: &str) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let mut document = json!({"id": format!("layer{number}")});
            if number > 0 {
                document["parent"] = json!(format!("layer{}", number - 1));
            }
            files.push((format!("layer{number}/layer.tar"), layer.archive.clone()));
            files.push((format!("layer{number}/json"), document.to_string().into()));
        }
        let (name, tag) = tag.split_once(':').unwrap();
        let top = format!("layer{}", self.layers.len() - 1);
        let repositories = json!({name: {tag: top}});
        files.push(("repositories".into(), repositories.to_string().into()));
        files
    }
}

fn strings(digests: impl Iterator<Item = Digest>) -> Vec<String> {
    digests.map(|digest| digest.to_string()).collect()
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": sha256(bytes).to_string(), "size": bytes.len()})
}

pub(crate) fn blob_path(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", sha256(bytes).hex())
}

/// The files of an OCI layout with this index.
pub(crate) fn layout(index: &Value, blobs: Vec<Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = blobs
        .into_iter()
        .map(|blob| (blob_path(&blob), blob))
        .collect();
    files.push((
        "oci-layout".into(),
        br#"{"imageLayoutVersion":"1.0.0"}"#.into(),
    ));
    files.push(("index.json".into(), index.to_string().into()));
    files
}

/// Files as an archive.
pub(crate) fn archived(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let tar = files
        .iter()
        .fold(Tar::new(), |tar, (path, content)| tar.file(path, content));
    tar.end()
}

/// Files in a directory.
pub(crate) fn written(directory: &Path, files: &[(String, Vec<u8>)]) {
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
