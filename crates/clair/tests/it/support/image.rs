//! Images out of root file systems.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use clair_testing::Root;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::Outside;

/// An image with one layer.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// Digest of its manifest.
    pub(crate) digest: String,
    /// Digest of its layer.
    pub(crate) layer: String,
    /// Its layer.
    pub(crate) bytes: Bytes,
}

impl Image {
    /// An image of Debian that has these packages, all of version 1.
    pub(crate) fn with_packages(names: &[&str]) -> Self {
        let root = names
            .iter()
            .fold(Root::debian("bookworm", "12"), |root, name| {
                root.with(name, "1", name)
            });
        Self::new(&root)
    }

    /// An image of a root file system.
    pub(crate) fn new(root: &Root) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&root.layer()).unwrap();
        let bytes = Bytes::from(encoder.finish().unwrap());
        let layer = sha256(&bytes);
        Self {
            digest: sha256(layer.as_bytes()),
            layer,
            bytes,
        }
    }

    /// Writes the image as an OCI layout.
    pub(crate) fn write_layout(&self, directory: &Path) {
        let blobs = directory.join("blobs/sha256");
        fs::create_dir_all(&blobs).unwrap();
        let blob = |media_type: &str, bytes: &[u8]| {
            let digest = sha256(bytes);
            fs::write(blobs.join(digest.strip_prefix("sha256:").unwrap()), bytes).unwrap();
            json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
        };
        let mut inflated = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&self.bytes[..]);
        std::io::copy(&mut decoder, &mut inflated).unwrap();
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [sha256(&inflated)]},
        });
        let layer = blob("application/vnd.oci.image.layer.v1.tar+gzip", &self.bytes);
        let config = blob(
            "application/vnd.oci.image.config.v1+json",
            config.to_string().as_bytes(),
        );
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config,
            "layers": [layer],
        });
        let manifest = blob(media_type, manifest.to_string().as_bytes());
        let index = json!({"schemaVersion": 2, "manifests": [manifest]});
        fs::write(directory.join("index.json"), index.to_string()).unwrap();
        let version = r#"{"imageLayoutVersion":"1.0.0"}"#;
        fs::write(directory.join("oci-layout"), version).unwrap();
    }

    /// The manifest as clients submit it, with its layer to be fetched from outside.
    pub(crate) fn manifest(&self, outside: &Outside) -> Value {
        json!({
            "hash": self.digest,
            "layers": [{
                "hash": self.layer,
                "uri": outside.layer_url(&self.layer),
                "headers": {},
            }],
        })
    }
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in digest(&SHA256, bytes).as_ref() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
