//! Reading the layers of an image: each once, several at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clair_image::{Error, Image, Layer, Limits, Source, walk};
use clair_inventory::Analyzer;
use clair_model::Digest;

use crate::reading::{Again, Reading};
use crate::{LayerCache, LayerFindings, NoCache};

/// How images are read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Limits of each layer.
    pub limits: Limits,
    /// Layers read at the same time; 0 means one for each processor.
    pub parallel: usize,
}

/// An image with the findings of its layers, bottom first.
#[derive(Debug, Clone)]
pub struct Indexed {
    /// The image.
    pub image: Image,
    /// Findings in the order of the image's layers. Images share those of the layers they share.
    pub layers: Vec<Arc<LayerFindings>>,
}

/// Reads the layers of images, each layer once however many of the images have it, and none that
/// the cache knows.
///
/// `progress` is told the bytes read, as they come, from any thread.
///
/// # Errors
///
/// The first layer that cannot be read fails all: a report without it would be wrong.
pub fn index(
    source: &dyn Source,
    images: Vec<Image>,
    analyzers: &[Box<dyn Analyzer>],
    options: &Options,
    cache: &dyn LayerCache,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Indexed>, Error> {
    let mut findings: HashMap<Digest, Arc<LayerFindings>> = HashMap::new();
    let mut unknown: Vec<&Layer> = Vec::new();
    // A root file system has no digest, and what its layer is called says nothing of its content.
    let cache = if images.iter().all(|image| image.digest.is_some()) {
        cache
    } else {
        &NoCache
    };
    for layer in images.iter().flat_map(|image| &image.layers) {
        if findings.contains_key(&layer.digest)
            || unknown.iter().any(|other| other.digest == layer.digest)
        {
            continue;
        }
        if let Some(known) = cache.get(&layer.digest) {
            tracing::debug!(layer = %layer.digest, "layer known");
            findings.insert(layer.digest.clone(), Arc::new(known));
        } else {
            unknown.push(layer);
        }
    }
    // Large layers first: the longest one decides when all are done.
    unknown.sort_by_key(|layer| std::cmp::Reverse(layer.size.unwrap_or(0)));
    let read = |layer: &Layer| {
        let found = read_layer(source, layer, analyzers, &options.limits, progress)?;
        cache.put(&layer.digest, &found);
        Ok(found)
    };
    for (layer, result) in unknown
        .iter()
        .zip(in_parallel(&unknown, options.parallel, read))
    {
        // None comes after an error only.
        if let Some(found) = result.transpose()? {
            findings.insert(layer.digest.clone(), Arc::new(found));
        }
    }
    let indexed = images.into_iter().map(|image| {
        let layers = image.layers.iter();
        let layers = layers.filter_map(|layer| findings.get(&layer.digest).cloned());
        Indexed {
            layers: layers.collect(),
            image,
        }
    });
    Ok(indexed.collect())
}

/// Does the same with several layers at a time. After the first error no other is begun.
fn in_parallel<T: Send>(
    layers: &[&Layer],
    parallel: usize,
    read: impl Fn(&Layer) -> Result<T, Error> + Sync,
) -> Vec<Option<Result<T, Error>>> {
    let workers = match parallel {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        parallel => parallel,
    };
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<Result<T, Error>>>> =
        layers.iter().map(|_| Mutex::default()).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers.min(layers.len()) {
            scope.spawn(|| {
                loop {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(layer) = layers.get(position) else {
                        return;
                    };
                    let result = read(layer);
                    if result.is_err() {
                        // Nothing that is still to come can change the outcome.
                        next.store(layers.len(), Ordering::Relaxed);
                    }
                    if let Ok(mut done) = done[position].lock() {
                        *done = Some(result);
                    }
                }
            });
        }
    });
    done.into_iter()
        .map(|result| result.into_inner().unwrap_or_default())
        .collect()
}

/// Reads one layer.
///
/// A file that an analyzer follows may be another name for one that came before it, or a link to
/// one. Then, and only then, the layer is read once more for that file.
///
/// # Errors
///
/// When the layer cannot be read, is not what its digest says, or passes a limit.
pub fn read_layer(
    source: &dyn Source,
    layer: &Layer,
    analyzers: &[Box<dyn Analyzer>],
    limits: &Limits,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<LayerFindings, Error> {
    let mut reading = Reading::new(analyzers, limits);
    let summary = walk(layer, source.layer(layer)?, limits, progress, &mut reading)?;
    tracing::debug!(layer = %layer.digest, entries = summary.entries, size = summary.size, "layer read");
    let mut again = Again::of(&mut reading);
    if !again.is_empty() {
        walk(layer, source.layer(layer)?, limits, &|_| {}, &mut again)?;
    }
    again.finish();
    reading.finish().map_err(|limit| Error::Limit {
        layer: layer.digest.clone(),
        what: format!("has more than {limit} bytes of names and findings"),
        option: "--max-entries",
    })
}
