//! What can go wrong between a reference and the entries of a layer.

use std::io;
use std::path::PathBuf;

use clair_model::Digest;
use thiserror::Error;

/// An image or a layer that cannot be read. Every variant names the file, reference or layer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The reference is in no form that we know.
    #[error("{reference:?} is not an image reference: {reason}")]
    Reference {
        /// The text.
        reference: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the host cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An archive or a layout is not what its kind demands.
    #[error("{} is not a usable {kind}: {reason}", path.display())]
    Malformed {
        /// The file or directory.
        path: PathBuf,
        /// `docker-archive`, `OCI layout`, ….
        kind: &'static str,
        /// What is missing or wrong.
        reason: String,
    },
    /// A document of an image (manifest, configuration, index) is not what the specification
    /// says.
    #[error("the {document} of {image} is malformed: {reason}")]
    Document {
        /// The image.
        image: String,
        /// Which document.
        document: String,
        /// What is wrong.
        reason: String,
    },
    /// No image for the platform asked for.
    #[error("{image} has no image for {wanted}; it has {available}")]
    Platform {
        /// The image.
        image: String,
        /// The platform asked for.
        wanted: String,
        /// What there is.
        available: String,
    },
    /// The registry refused or failed.
    #[error(transparent)]
    Registry(#[from] clair_registry::Error),
    /// The bytes of a layer stopped, could not be inflated, or are no tar archive.
    #[error("layer {layer} cannot be read")]
    Layer {
        /// The layer.
        layer: Digest,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bytes of a blob are not those that its digest names.
    #[error("{what} is not what its digest says: expected {expected}, found {found}")]
    DigestMismatch {
        /// The blob: a layer, its uncompressed form, a configuration.
        what: String,
        /// The digest that was to be.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// A layer goes past a limit.
    #[error("layer {layer} {what}; raise {option} if you trust the image")]
    Limit {
        /// The layer.
        layer: Digest,
        /// What it does.
        what: String,
        /// The option that sets the limit.
        option: &'static str,
    },
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File {
            path: path.into(),
            source,
        }
    }

    pub(crate) fn layer(layer: &Digest, source: io::Error) -> Self {
        Self::Layer {
            layer: layer.clone(),
            source,
        }
    }
}
