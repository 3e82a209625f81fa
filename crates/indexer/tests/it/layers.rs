//! Layers made in memory.

use std::io::Write as _;

use clair_model::{Algorithm, Digest};

/// The bytes of a layer, with its digest.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
}

impl Blob {
    /// Any bytes, layer or not.
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        Self {
            digest: clair_image::digest_of(Algorithm::Sha256, &bytes),
            bytes,
        }
    }

    /// A compressed layer with files.
    pub(crate) fn layer(files: &[(&str, &str)]) -> Self {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, content.as_bytes())
                .unwrap();
        }
        let archive = tar.into_inner().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&archive).unwrap();
        Self::of(gzip.finish().unwrap())
    }
}

/// The bottom layer of an image: Debian, and a package.
pub(crate) fn base() -> Blob {
    Blob::layer(&[
        (
            "etc/os-release",
            "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n",
        ),
        ("var/lib/dpkg/status", &dpkg(&[("base-files", "12.4")])),
    ])
}

/// A layer above it that installs a package.
pub(crate) fn upper(package: &str) -> Blob {
    let status = dpkg(&[("base-files", "12.4"), (package, "1.0-1")]);
    Blob::layer(&[("var/lib/dpkg/status", &status)])
}

fn dpkg(packages: &[(&str, &str)]) -> String {
    let stanzas = packages.iter().map(|(name, version)| {
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\n\
             Source: {name}-src\nVersion: {version}\n\n"
        )
    });
    stanzas.collect()
}
