//! Images of Debian, out of a few words.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::Outside;

const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n\
    PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION=\"12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n";

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
    /// An image that has these packages, all of version 1.
    pub(crate) fn with_packages(names: &[&str]) -> Self {
        let mut status = String::new();
        for name in names {
            status.push_str(&paragraph(name));
        }
        let bytes = layer(&[
            ("etc/os-release", OS_RELEASE.as_bytes()),
            ("var/lib/dpkg/status", status.as_bytes()),
        ]);
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

fn paragraph(name: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\
         Maintainer: Nobody <nobody@example.org>\nDescription: a package\n\n"
    )
}

fn layer(files: &[(&str, &[u8])]) -> Bytes {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len().try_into().unwrap());
        header.set_mode(0o644);
        archive.append_data(&mut header, path, *content).unwrap();
    }
    let mut encoder = archive.into_inner().unwrap();
    encoder.flush().unwrap();
    encoder.finish().unwrap().into()
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in digest(&SHA256, bytes).as_ref() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}
