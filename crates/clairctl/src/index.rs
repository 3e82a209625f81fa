//! `clairctl index`: what an image contains.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clair_image::{Image, Limits, OpenOptions, PlatformSelector, digest_of};
use clair_index::{Indexed, Options};
use clair_model::{Algorithm, Digest, IndexReport};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The image: a registry reference, docker-archive:FILE[:NAME:TAG], oci:DIR[:TAG],
    /// oci-archive:FILE[:TAG], dir:DIR, or a path.
    image: String,
    /// Platform of an image index: linux/arm64, or all. With all, one report follows the other.
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<PlatformSelector>,
    /// Show no progress.
    #[arg(short, long)]
    quiet: bool,
    /// Layers read at the same time; 0 means one for each processor.
    #[arg(long, value_name = "N", default_value_t = 0)]
    parallel: usize,
    /// Bytes that a layer may inflate to.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().layer_size)]
    max_layer_size: u64,
    /// Times its own size that a layer may inflate to.
    #[arg(long, value_name = "N", default_value_t = Limits::default().layer_ratio)]
    max_layer_ratio: u64,
    /// Entries that a layer may have.
    #[arg(long, value_name = "N", default_value_t = Limits::default().entries)]
    max_entries: u64,
    /// Bytes of one file that are read.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().file_size)]
    max_file_size: u64,
    /// Talk HTTP instead of HTTPS to the registry.
    #[arg(long)]
    plain_http: bool,
    /// Do not verify the registry's certificate.
    #[arg(long)]
    skip_tls_verify: bool,
    /// Certificates to trust besides the system's, in PEM form.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Arguments {
    fn limits(&self) -> Limits {
        Limits {
            layer_size: self.max_layer_size,
            layer_ratio: self.max_layer_ratio.max(1),
            entries: self.max_entries,
            file_size: self.max_file_size,
            ..Limits::default()
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let limits = arguments.limits();
    let open = OpenOptions {
        limits,
        registry: clair_registry::Options {
            plain_http: arguments.plain_http,
            skip_tls_verify: arguments.skip_tls_verify,
            ca_file: arguments.ca_file.clone(),
            ..clair_registry::Options::default()
        },
    };
    let source = clair_image::open(&arguments.image, &open)?;
    let platforms = arguments.platform.clone();
    let images = source.images(&platforms.unwrap_or(PlatformSelector::Default))?;
    let analyzers = clair_inventory::all();
    let options = Options {
        limits,
        parallel: arguments.parallel,
    };
    let progress = progress(&images, arguments.quiet);
    let mut reports = Vec::new();
    for image in images {
        let read = |bytes| progress.inc(bytes);
        let indexed = clair_index::index(source.as_ref(), image, &analyzers, &options, &read)?;
        reports.push(report(indexed)?);
    }
    progress.finish_and_clear();
    let mut out = std::io::stdout().lock();
    for report in reports {
        serde_json::to_writer_pretty(&mut out, &report).context("cannot write the report")?;
        writeln!(out)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn report(indexed: Indexed) -> anyhow::Result<IndexReport> {
    let (manifest, layers): (Digest, Vec<Digest>) = match indexed.image.digest {
        Some(manifest) => {
            let layers = indexed.image.layers.into_iter();
            (manifest, layers.map(|layer| layer.digest).collect())
        }
        // A root file system is named by what was found in it.
        None => {
            let found = serde_json::to_vec(&indexed.layers)?;
            let digest = digest_of(Algorithm::Sha256, &found);
            (digest.clone(), vec![digest; indexed.layers.len()])
        }
    };
    let stacked: Vec<_> = layers.iter().zip(&indexed.layers).collect();
    let inventory = clair_index::merge(&stacked);
    Ok(clair_index::report(manifest, inventory))
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
