//! From the manifest or index that a name stands for to images.

use std::collections::HashSet;

use clair_model::Digest;

use super::{Config, Descriptor, Document, Documents};
use crate::{Error, Image, Layer, Platform, PlatformSelector};

/// Indexes may point to indexes, but not deeper than this.
const MAX_DEPTH: usize = 4;

/// An index stands for at most this many images; real ones have some twenty.
const MAX_IMAGES: usize = 1000;

/// The images that a manifest or an index stands for, each once.
pub(crate) fn resolve(
    documents: &dyn Documents,
    name: &str,
    digest: &Digest,
    bytes: &[u8],
    platforms: &PlatformSelector,
) -> Result<Vec<Image>, Error> {
    let mut resolver = Resolver {
        documents,
        name,
        platforms,
        seen: HashSet::new(),
        images: Vec::new(),
    };
    resolver.document(digest, bytes, 0)?;
    Ok(resolver.images)
}

struct Resolver<'a> {
    documents: &'a dyn Documents,
    name: &'a str,
    platforms: &'a PlatformSelector,
    /// Documents that were read. Indexes may name the same ones any number of times.
    seen: HashSet<Digest>,
    images: Vec<Image>,
}

impl Resolver<'_> {
    /// Takes a manifest, or what an index points to.
    fn document(&mut self, digest: &Digest, bytes: &[u8], depth: usize) -> Result<(), Error> {
        let bad = |reason: &str| self.malformed(digest, reason);
        if depth > MAX_DEPTH {
            return Err(bad("indexes are nested too deeply"));
        }
        let document: Document =
            serde_json::from_slice(bytes).map_err(|error| bad(&error.to_string()))?;
        let Some(manifests) = &document.manifests else {
            return self.manifest(digest, &document, depth);
        };
        for descriptor in choose(self.name, manifests, self.platforms)? {
            if self.images.len() >= MAX_IMAGES {
                let reason = format!("it stands for more than {MAX_IMAGES} images");
                return Err(self.malformed(digest, &reason));
            }
            if self.seen.insert(descriptor.digest.clone()) {
                let bytes = self.documents.document(descriptor)?;
                self.document(&descriptor.digest, &bytes, depth + 1)?;
            }
        }
        Ok(())
    }

    fn manifest(
        &mut self,
        digest: &Digest,
        document: &Document,
        depth: usize,
    ) -> Result<(), Error> {
        let (Some(config), Some(layers)) = (&document.config, &document.layers) else {
            let reason = format!(
                "neither an image manifest nor an index (schema version {}, media type {:?})",
                document.schema_version, document.media_type
            );
            return Err(self.malformed(digest, &reason));
        };
        let config_bytes = self.documents.document(config)?;
        let config = Config::parse(&config_bytes).map_err(|error| Error::Document {
            image: self.name.to_owned(),
            document: format!("configuration {}", config.digest),
            reason: error.to_string(),
        })?;
        // An artifact (a chart, a signature) has layers but no file system.
        if config.diff_ids.len() != layers.len() {
            let reason = format!(
                "it has {} layers, its configuration has {}; is it an artifact and not an image?",
                layers.len(),
                config.diff_ids.len()
            );
            return Err(self.malformed(digest, &reason));
        }
        if let (PlatformSelector::One(wanted), Some(platform)) = (self.platforms, &config.platform)
            && depth == 0
            && !platform.serves(wanted)
        {
            return Err(no_platform(self.name, wanted, &platform.to_string()));
        }
        let layers = layers
            .iter()
            .zip(config.diff_ids)
            .map(|(layer, diff_id)| Layer {
                digest: layer.digest.clone(),
                diff_id: Some(diff_id),
                size: layer.size,
                member: None,
            });
        self.images.push(Image {
            name: self.name.to_owned(),
            digest: Some(digest.clone()),
            platform: config.platform,
            layers: layers.collect(),
        });
        Ok(())
    }

    fn malformed(&self, digest: &Digest, reason: &str) -> Error {
        Error::Document {
            image: self.name.to_owned(),
            document: format!("manifest {digest}"),
            reason: reason.to_owned(),
        }
    }
}

/// The entries of an index that were asked for.
fn choose<'a>(
    name: &str,
    manifests: &'a [Descriptor],
    platforms: &PlatformSelector,
) -> Result<Vec<&'a Descriptor>, Error> {
    let images: Vec<&Descriptor> = manifests
        .iter()
        .filter(|descriptor| !descriptor.is_attestation())
        .collect();
    let wanted = match platforms {
        PlatformSelector::All => return Ok(images),
        PlatformSelector::Default if images.len() == 1 => return Ok(images),
        PlatformSelector::Default => Platform::host(),
        PlatformSelector::One(wanted) => wanted.clone(),
    };
    let serves = |descriptor: &&Descriptor| {
        let platform = descriptor.platform.as_ref();
        platform.is_some_and(|platform| platform.serves(&wanted))
    };
    // An index without platforms leaves the choice to the configurations.
    let unnamed = |descriptor: &&Descriptor| descriptor.platform.is_none();
    let found = images.iter().copied().find(serves);
    if let Some(found) = found.or_else(|| match images.as_slice() {
        [only] if unnamed(only) => Some(*only),
        _ => None,
    }) {
        return Ok(vec![found]);
    }
    let available: Vec<String> = images
        .iter()
        .filter_map(|descriptor| descriptor.platform.as_ref())
        .map(ToString::to_string)
        .collect();
    Err(no_platform(name, &wanted, &available.join(", ")))
}

fn no_platform(name: &str, wanted: &Platform, available: &str) -> Error {
    Error::Platform {
        image: name.to_owned(),
        wanted: wanted.to_string(),
        available: if available.is_empty() {
            "none".to_owned()
        } else {
            available.to_owned()
        },
    }
}
