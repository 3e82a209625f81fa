//! Image sources: what a reference may point to.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use clair_model::Digest;

use crate::{
    Error, Limits, Platform, PlatformSelector, directory::DirectorySource,
    docker_archive::DockerArchive, oci::OciSource, remote::RemoteSource,
};

/// A place that holds one or more images.
pub trait Source: fmt::Debug + Send + Sync {
    /// The images of this reference for the platforms asked for.
    ///
    /// # Errors
    ///
    /// When the source cannot be read, is malformed, or has no such image.
    fn images(&self, platforms: &PlatformSelector) -> Result<Vec<Image>, Error>;

    /// Opens a layer of one of those images. It can be opened again.
    ///
    /// # Errors
    ///
    /// When the layer is missing or cannot be fetched.
    fn layer(&self, layer: &Layer) -> Result<LayerData, Error>;
}

/// An image: an ordered list of layers, with an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What the user calls it.
    pub name: String,
    /// The digest of the manifest. A docker-archive has no manifest in the sense of a registry;
    /// there it is the digest of the configuration, which Docker shows as the image's id. A root
    /// file system has no digest at all until it was read.
    pub digest: Option<Digest>,
    /// The platform, where the image tells it.
    pub platform: Option<Platform>,
    /// Bottom first.
    pub layers: Vec<Layer>,
}

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Layer {
    /// Digest of the blob as it is stored or transferred, compressed or not.
    pub digest: Digest,
    /// Digest of the uncompressed layer, where the configuration names it.
    pub diff_id: Option<Digest>,
    /// Bytes of the blob, where known before reading.
    pub size: Option<u64>,
    /// Where the source finds it, if not by its digest.
    pub(crate) member: Option<String>,
}

impl Layer {
    /// A layer that its source finds by digest.
    pub fn new(digest: Digest) -> Self {
        Self {
            digest,
            diff_id: None,
            size: None,
            member: None,
        }
    }
}

/// The data of a layer.
pub enum LayerData {
    /// A tar archive, plain or compressed.
    Blob(Box<dyn Read + Send>),
    /// A root file system.
    Directory(PathBuf),
}

impl fmt::Debug for LayerData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(_) => f.write_str("Blob"),
            Self::Directory(path) => f.debug_tuple("Directory").field(path).finish(),
        }
    }
}

/// How references are opened.
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// For registries.
    pub registry: clair_registry::Options,
    /// For archives that must be inflated to be read at all.
    pub limits: Limits,
}

/// Opens a reference.
///
/// The forms are `docker-archive:FILE[:NAME:TAG]`, `oci:DIR[:TAG|@DIGEST]`,
/// `oci-archive:FILE[:TAG|@DIGEST]`, `dir:DIR` and `registry:NAME`. Without such a word in front,
/// a path that exists is recognised by what it holds, and anything else is looked for in a
/// registry.
///
/// # Errors
///
/// When the reference is malformed or what it names cannot be opened.
pub fn open(reference: &str, options: &OpenOptions) -> Result<Box<dyn Source>, Error> {
    let limits = &options.limits;
    if let Some((scheme, rest)) = reference.split_once(':') {
        match scheme {
            "docker-archive" => {
                let (path, name) = split_path(rest);
                return Ok(Box::new(DockerArchive::open(path, name, limits)?));
            }
            "oci" => {
                let (path, name) = split_path(rest);
                return Ok(Box::new(OciSource::layout(path, name)?));
            }
            "oci-archive" => {
                let (path, name) = split_path(rest);
                return Ok(Box::new(OciSource::archive(path, name, limits)?));
            }
            "dir" => return Ok(Box::new(DirectorySource::open(Path::new(rest))?)),
            "registry" | "docker" => {
                let name = rest.trim_start_matches("//");
                return Ok(Box::new(RemoteSource::open(name, &options.registry)?));
            }
            _ => {}
        }
    }
    let (path, name) = split_path(reference);
    if path.exists() {
        return open_path(path, name, limits);
    }
    if looks_like_path(reference) {
        return Err(Error::Reference {
            reference: reference.to_owned(),
            reason: "there is no such file or directory".to_owned(),
        });
    }
    Ok(Box::new(RemoteSource::open(reference, &options.registry)?))
}

/// Recognises what a path holds.
fn open_path(path: &Path, name: Option<&str>, limits: &Limits) -> Result<Box<dyn Source>, Error> {
    if path.is_dir() {
        if path.join("oci-layout").exists() || path.join("index.json").exists() {
            return Ok(Box::new(OciSource::layout(path, name)?));
        }
        return Ok(Box::new(DirectorySource::open(path)?));
    }
    // What `docker save` writes since version 25 is both; its manifest.json names the layers with
    // their uncompressed digests and the tags as the user knows them.
    match DockerArchive::open(path, name, limits) {
        Ok(archive) => Ok(Box::new(archive)),
        Err(not_docker @ Error::Malformed { .. }) => match OciSource::archive(path, name, limits) {
            Ok(archive) => Ok(Box::new(archive)),
            Err(_) => Err(not_docker),
        },
        Err(error) => Err(error),
    }
}

/// Splits `PATH:NAME`. The path ends at the first colon after which no such file goes on.
fn split_path(text: &str) -> (&Path, Option<&str>) {
    if Path::new(text).exists() {
        return (Path::new(text), None);
    }
    for (index, _) in text.match_indices([':', '@']) {
        let (path, rest) = text.split_at(index);
        if Path::new(path).exists() && !path.is_empty() {
            return (
                Path::new(path),
                Some(rest.strip_prefix(':').unwrap_or(rest)),
            );
        }
    }
    (Path::new(text), None)
}

fn looks_like_path(text: &str) -> bool {
    text.starts_with(['/', '.'])
        || [".tar", ".tgz", ".tar.gz", ".tar.zst"]
            .iter()
            .any(|end| text.ends_with(end))
}
