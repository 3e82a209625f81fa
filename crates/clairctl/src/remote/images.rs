//! Images in registries, as a server is told of them: their layers, and where these can be
//! fetched. All of it blocks.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use clair_image::{OpenOptions, PlatformSelector};
use clair_model::{Digest, Manifest, ManifestLayer};
use clair_registry::{Client, Options, Reference};
use clap::Args;

use crate::image::RegistryArguments;

/// How images are looked up.
#[derive(Debug, Clone, Args)]
pub(super) struct LookupArguments {
    /// Platform of an image index: linux/arm64. This machine's, if not given.
    #[arg(long, value_name = "PLATFORM", value_parser = one_platform)]
    platform: Option<PlatformSelector>,
    #[command(flatten)]
    registry: RegistryArguments,
}

fn one_platform(text: &str) -> Result<PlatformSelector, String> {
    match text.parse() {
        Ok(PlatformSelector::All) => Err("a server is asked for one platform".to_owned()),
        parsed => parsed.map_err(|error| format!("{error}")),
    }
}

/// What `scan` and `index` know beside registries, and no server can reach.
const LOCAL: [&str; 4] = ["docker-archive", "oci", "oci-archive", "dir"];

/// An image that was found in its registry.
#[derive(Debug)]
pub(super) struct Found {
    /// The digest of its manifest, also where the reference named an index.
    pub(super) digest: Digest,
    reference: Reference,
    layers: Vec<Digest>,
    options: Options,
}

impl LookupArguments {
    /// Finds out which image a reference stands for.
    pub(super) fn find(&self, name: &str) -> anyhow::Result<Found> {
        let name = name.strip_prefix("docker://").unwrap_or(name);
        if let Some((kind, _)) = name.split_once(':')
            && LOCAL.contains(&kind)
        {
            bail!("{name} is on this machine: a server reads images in registries only");
        }
        let reference: Reference = name.parse()?;
        let options = self.registry.options();
        let open = OpenOptions {
            registry: options.clone(),
            ..OpenOptions::default()
        };
        let source = clair_image::open(&format!("registry:{name}"), &open)?;
        let platform = self.platform.clone();
        let images = source.images(&platform.unwrap_or(PlatformSelector::Default))?;
        let image = images.into_iter().next();
        let image = image.with_context(|| format!("{name} stands for no image"))?;
        let digest = image.digest;
        Ok(Found {
            digest: digest.with_context(|| format!("{name} has no digest"))?,
            reference,
            layers: image.layers.into_iter().map(|layer| layer.digest).collect(),
            options,
        })
    }
}

impl Found {
    /// The image as a server is told of it. Addresses and credentials in it are good for a short
    /// time only.
    pub(super) fn manifest(&self) -> anyhow::Result<Manifest> {
        let client = Client::new(&self.options)?;
        let mut layers: Vec<ManifestLayer> = Vec::with_capacity(self.layers.len());
        for hash in &self.layers {
            // Images may have a layer twice, mostly an empty one.
            if let Some(known) = layers.iter().find(|known| known.hash == *hash) {
                layers.push(known.clone());
                continue;
            }
            let location = client.locate_blob(&self.reference, hash)?;
            let header = location.authorization.map(|value| {
                let values = vec![value.expose().to_owned()];
                ("Authorization".to_owned(), values)
            });
            layers.push(ManifestLayer {
                hash: hash.clone(),
                uri: location.url.into(),
                headers: BTreeMap::from_iter(header),
            });
        }
        Ok(Manifest {
            hash: self.digest.clone(),
            layers,
        })
    }
}
