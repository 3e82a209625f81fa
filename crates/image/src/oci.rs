//! OCI image layouts, in a directory or in a tar file, and the documents they share with
//! registries: index, manifest and configuration.

mod resolve;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clair_model::Digest;
use serde::Deserialize;

use crate::tarball::Tarball;
use crate::{
    Error, Image, Layer, LayerData, Limits, Platform, PlatformSelector, Source, digest_of,
};
pub(crate) use resolve::resolve;

/// Documents larger than this are refused.
pub(crate) const DOCUMENT_LIMIT: u64 = 16 * 1024 * 1024;

/// A platform of an index that is none: `BuildKit` keeps attestations under it.
const NO_PLATFORM: &str = "unknown";

/// An image manifest or an image index, whichever it turns out to be.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
    #[serde(default)]
    schema_version: u64,
}

/// A pointer to a blob.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) digest: Digest,
    #[serde(default)]
    pub(crate) size: Option<u64>,
    #[serde(default)]
    pub(crate) media_type: String,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<std::collections::HashMap<String, String>>,
}

impl Descriptor {
    fn is_attestation(&self) -> bool {
        self.platform
            .as_ref()
            .is_some_and(|platform| platform.os == NO_PLATFORM)
    }

    fn tag(&self) -> Option<&str> {
        let annotations = self.annotations.as_ref()?;
        annotations
            .get("org.opencontainers.image.ref.name")
            .map(String::as_str)
    }
}

/// The parts of an image configuration that matter here.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) diff_ids: Vec<Digest>,
    pub(crate) platform: Option<Platform>,
}

impl Config {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(default)]
            os: String,
            #[serde(default)]
            architecture: String,
            #[serde(default)]
            variant: String,
            #[serde(default)]
            rootfs: Option<RootFs>,
        }
        #[derive(Deserialize)]
        struct RootFs {
            #[serde(default)]
            diff_ids: Option<Vec<Digest>>,
        }
        let raw: Raw = serde_json::from_slice(bytes)?;
        let known = !raw.os.is_empty() && !raw.architecture.is_empty();
        Ok(Self {
            diff_ids: raw
                .rootfs
                .and_then(|root| root.diff_ids)
                .unwrap_or_default(),
            platform: known.then_some(Platform {
                os: raw.os,
                architecture: raw.architecture,
                variant: raw.variant,
            }),
        })
    }
}

/// Gets documents by digest, from wherever they are.
pub(crate) trait Documents {
    /// The bytes of a small blob, with its digest verified.
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error>;
}

/// Verifies the digest of a document.
pub(crate) fn verified(descriptor: &Descriptor, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let found = digest_of(descriptor.digest.algorithm(), &bytes);
    if found == descriptor.digest {
        return Ok(bytes);
    }
    Err(Error::DigestMismatch {
        what: "a document of the image".to_owned(),
        expected: descriptor.digest.clone(),
        found,
    })
}

/// An OCI image layout.
#[derive(Debug)]
pub(crate) struct OciSource {
    place: Place,
    /// Tag or `@digest` asked for.
    wanted: Option<String>,
}

#[derive(Debug)]
enum Place {
    Directory(PathBuf),
    Archive(Tarball),
}

const LAYOUT: &str = "OCI layout";

impl OciSource {
    pub(crate) fn layout(path: &Path, wanted: Option<&str>) -> Result<Self, Error> {
        Self::at(Place::Directory(path.to_owned()), wanted)
    }

    pub(crate) fn archive(
        path: &Path,
        wanted: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        Self::at(Place::Archive(Tarball::open(path, LAYOUT, limits)?), wanted)
    }

    fn at(place: Place, wanted: Option<&str>) -> Result<Self, Error> {
        let source = Self {
            place,
            wanted: wanted.map(ToOwned::to_owned),
        };
        source.index()?;
        Ok(source)
    }

    fn path(&self) -> &Path {
        match &self.place {
            Place::Directory(path) => path,
            Place::Archive(tarball) => tarball.path(),
        }
    }

    fn malformed(&self, reason: impl std::fmt::Display) -> Error {
        Error::Malformed {
            path: self.path().to_owned(),
            kind: LAYOUT,
            reason: reason.to_string(),
        }
    }

    fn open(&self, member: &str) -> Result<Box<dyn Read + Send>, Error> {
        match &self.place {
            Place::Directory(path) => {
                let path = path.join(member);
                let file = File::open(&path).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => self.malformed(format!("it has no {member}")),
                    _ => Error::file(path, error),
                })?;
                Ok(Box::new(file))
            }
            Place::Archive(tarball) => tarball
                .read(member)
                .map(|reader| Box::new(reader) as Box<dyn Read + Send>)
                .ok_or_else(|| self.malformed(format!("it has no {member}"))),
        }
    }

    fn read(&self, member: &str) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.open(member)?
            .take(DOCUMENT_LIMIT + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Error::file(self.path().join(member), error))?;
        if bytes.len() as u64 > DOCUMENT_LIMIT {
            return Err(self.malformed(format!("{member} has more than {DOCUMENT_LIMIT} bytes")));
        }
        Ok(bytes)
    }

    fn index(&self) -> Result<Vec<Descriptor>, Error> {
        let index: Document = serde_json::from_slice(&self.read("index.json")?)
            .map_err(|error| self.malformed(format!("index.json: {error}")))?;
        index
            .manifests
            .ok_or_else(|| self.malformed("index.json names no manifest"))
    }

    /// The entry of `index.json` that was asked for.
    fn entry(&self) -> Result<Descriptor, Error> {
        let manifests = self.index()?;
        let tags = || {
            let tags: Vec<&str> = manifests.iter().filter_map(Descriptor::tag).collect();
            tags.join(", ")
        };
        match &self.wanted {
            None => match manifests.as_slice() {
                [] => Err(self.malformed("index.json names no manifest")),
                [only] => Ok(only.clone()),
                many => Err(self.malformed(format!(
                    "it holds {} images ({}); say which with oci:DIR:TAG",
                    many.len(),
                    tags()
                ))),
            },
            Some(wanted) => {
                let matches = |descriptor: &&Descriptor| match wanted.strip_prefix('@') {
                    Some(digest) => descriptor.digest.to_string() == digest,
                    None => descriptor
                        .tag()
                        .is_some_and(|tag| tag == wanted || tag.ends_with(&format!(":{wanted}"))),
                };
                let found = manifests.iter().find(matches).cloned();
                found.ok_or_else(|| {
                    self.malformed(format!("no image {wanted:?}; it has {}", tags()))
                })
            }
        }
    }
}

fn blob_member(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

impl Documents for OciSource {
    fn document(&self, descriptor: &Descriptor) -> Result<Vec<u8>, Error> {
        verified(descriptor, self.read(&blob_member(&descriptor.digest))?)
    }
}

impl Source for OciSource {
    fn images(&self, platforms: &PlatformSelector) -> Result<Vec<Image>, Error> {
        let entry = self.entry()?;
        let bytes = self.document(&entry)?;
        let path = self.path().display();
        let name = match (&self.wanted, entry.tag()) {
            (Some(wanted), _) if wanted.starts_with('@') => format!("{path}{wanted}"),
            (Some(tag), _) => format!("{path}:{tag}"),
            (None, Some(tag)) => format!("{path}:{tag}"),
            (None, None) => path.to_string(),
        };
        resolve(self, &name, &entry.digest, &bytes, platforms)
    }

    fn layer(&self, layer: &Layer) -> Result<LayerData, Error> {
        self.open(&blob_member(&layer.digest)).map(LayerData::Blob)
    }
}
