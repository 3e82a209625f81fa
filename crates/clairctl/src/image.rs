//! What `index` and `scan` have in common: an image is opened, read, and made an index report.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clair_image::{Image, Limits, OpenOptions, Platform, PlatformSelector, digest_of};
use clair_index::{DirectoryCache, Indexed, LayerCache, NoCache, Options};
use clair_model::{Algorithm, Digest, IndexReport};
use clair_registry::Reference;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::directories;

#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// The image: a registry reference, docker-archive:FILE[:NAME:TAG], oci:DIR[:TAG],
    /// oci-archive:FILE[:TAG], dir:DIR, or a path.
    pub(crate) image: String,
    /// Platform of an image index: linux/arm64, or all.
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformSelector>,
    /// Show no progress.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Layers read at the same time; 0 means one for each processor.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Limits")]
    parallel: usize,
    /// Bytes that a layer may inflate to.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().layer_size, help_heading = "Limits")]
    max_layer_size: u64,
    /// Times its own size that a layer may inflate to.
    #[arg(long, value_name = "N", default_value_t = Limits::default().layer_ratio, help_heading = "Limits")]
    max_layer_ratio: u64,
    /// Entries that a layer may have.
    #[arg(long, value_name = "N", default_value_t = Limits::default().entries, help_heading = "Limits")]
    max_entries: u64,
    /// Bytes of one file that are read.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().file_size, help_heading = "Limits")]
    max_file_size: u64,
    /// Where findings of layers are kept between runs.
    #[arg(
        long,
        value_name = "DIR",
        env = "CLAIR_LAYER_CACHE",
        help_heading = "Layer cache"
    )]
    layer_cache: Option<PathBuf>,
    /// Bytes that the layer cache may grow to.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 30, help_heading = "Layer cache")]
    layer_cache_size: u64,
    /// Read every layer, and keep nothing.
    #[arg(long, help_heading = "Layer cache")]
    no_layer_cache: bool,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// How a registry is talked to.
#[derive(Debug, Clone, Args)]
pub(crate) struct RegistryArguments {
    /// Talk HTTP instead of HTTPS to the registry.
    #[arg(long, help_heading = "Registry")]
    plain_http: bool,
    /// Do not verify the registry's certificate.
    #[arg(long, help_heading = "Registry")]
    skip_tls_verify: bool,
    /// Certificates to trust besides the system's, in PEM form.
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    ca_file: Option<PathBuf>,
}

/// An image that was read.
#[derive(Debug)]
pub(crate) struct ReadImage {
    /// The platform, where the image tells it.
    pub(crate) platform: Option<Platform>,
    /// Its name in a registry, where it has one.
    pub(crate) reference: Option<Reference>,
    /// What it contains.
    pub(crate) report: IndexReport,
}

impl ImageArguments {
    /// Reads the image, for each platform that was asked for.
    pub(crate) fn read(&self) -> anyhow::Result<Vec<ReadImage>> {
        let options = Options {
            limits: self.limits(),
            parallel: self.parallel,
        };
        let open = OpenOptions {
            limits: options.limits,
            registry: self.registry.options(),
        };
        let source = clair_image::open(&self.image, &open)?;
        let platforms = self.platform.clone();
        let images = source.images(&platforms.unwrap_or(PlatformSelector::Default))?;
        let analyzers = clair_inventory::all();
        let progress = progress(&images, self.quiet);
        let cache = self.cache(&clair_index::fingerprint(&analyzers, &options.limits))?;
        let known: &dyn LayerCache = match &cache {
            Some(cache) => cache,
            None => &NoCache,
        };
        let indexed = clair_index::index(
            source.as_ref(),
            images,
            &analyzers,
            &options,
            known,
            &|bytes| progress.inc(bytes),
        )?;
        progress.finish_and_clear();
        if let Some(cache) = cache {
            cache
                .trim(self.layer_cache_size)
                .context("cannot trim the layer cache")?;
        }
        indexed
            .into_iter()
            .map(|indexed| ReadImage::new(indexed, self.has_names()))
            .collect()
    }

    /// Whether images are called as in a registry: those of one, and those that docker saved with a
    /// tag. Elsewhere they are called by the file.
    fn has_names(&self) -> bool {
        let kinds = ["oci:", "oci-archive:", "dir:"];
        !kinds.iter().any(|kind| self.image.starts_with(kind))
    }

    fn limits(&self) -> Limits {
        Limits {
            layer_size: self.max_layer_size,
            layer_ratio: self.max_layer_ratio.max(1),
            entries: self.max_entries,
            file_size: self.max_file_size,
            ..Limits::default()
        }
    }

    fn cache(&self, fingerprint: &str) -> anyhow::Result<Option<DirectoryCache>> {
        if self.no_layer_cache {
            return Ok(None);
        }
        let dir = match &self.layer_cache {
            Some(dir) => dir.clone(),
            // Without a home, as in many build jobs, there is nothing to keep things in.
            None => match directories::layers() {
                Ok(dir) => dir,
                Err(_) => return Ok(None),
            },
        };
        let opened = DirectoryCache::open(&dir, fingerprint.to_owned());
        match opened {
            Ok(cache) => Ok(Some(cache)),
            Err(error) if self.layer_cache.is_none() => {
                tracing::warn!(dir = %dir.display(), %error, "no layer cache");
                Ok(None)
            }
            Err(error) => {
                Err(error).with_context(|| format!("cannot use {} as layer cache", dir.display()))
            }
        }
    }
}

impl RegistryArguments {
    pub(crate) fn options(&self) -> clair_registry::Options {
        clair_registry::Options {
            plain_http: self.plain_http,
            skip_tls_verify: self.skip_tls_verify,
            ca_file: self.ca_file.clone(),
            ..clair_registry::Options::default()
        }
    }
}

impl ReadImage {
    fn new(indexed: Indexed, has_name: bool) -> anyhow::Result<Self> {
        let name = Some(indexed.image.name.as_str());
        let name = name.filter(|name| has_name && !Path::new(name).exists());
        let reference = name.and_then(|name| name.parse().ok());
        let (manifest, layers): (Digest, Vec<Digest>) = match indexed.image.digest {
            Some(manifest) => {
                let layers = indexed.image.layers.into_iter();
                (manifest, layers.map(|layer| layer.digest).collect())
            }
            // A root file system is named by what was found in it.
            None => {
                let found: Vec<_> = indexed.layers.iter().map(AsRef::as_ref).collect();
                let digest = digest_of(Algorithm::Sha256, &serde_json::to_vec(&found)?);
                (digest.clone(), vec![digest; indexed.layers.len()])
            }
        };
        let findings = indexed.layers.iter().map(AsRef::as_ref);
        let stacked: Vec<_> = layers.iter().zip(findings).collect();
        let inventory = clair_index::merge(&stacked);
        Ok(Self {
            platform: indexed.image.platform,
            reference,
            report: clair_index::report(manifest, inventory),
        })
    }
}

/// A bar on standard error, where that is a terminal.
fn progress(images: &[Image], quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let layers = images.iter().flat_map(|image| &image.layers);
    let total = layers.map(|layer| layer.size).sum::<Option<u64>>();
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    let template = "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}";
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}
