//! Reading the layers of an image: each once, several at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clair_image::{
    Content, Entry, EntryKind, Error, Image, Interest, Layer, Limits, Problem, Source, Visitor,
    walk,
};
use clair_inventory::{Analyzer, File, FileInfo, Findings, PathHash};
use clair_model::Digest;

use crate::{LayerCache, NoCache};
use crate::layer::{FileFindings, LayerFindings, LayerProblem, Link};
use crate::tree::resolve_link;

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
    let mut reading = Reading::new(analyzers);
    let summary = walk(layer, source.layer(layer)?, limits, progress, &mut reading)?;
    tracing::debug!(layer = %layer.digest, entries = summary.entries, size = summary.size, "layer read");
    let missed = reading.missed();
    if !missed.is_empty() {
        let mut again = Again {
            wanted: missed,
            reading: &mut reading,
        };
        walk(layer, source.layer(layer)?, limits, &|_| {}, &mut again)?;
    }
    Ok(reading.finish())
}

/// A visitor that feeds the analyzers.
struct Reading<'a> {
    analyzers: &'a [Box<dyn Analyzer>],
    findings: LayerFindings,
    /// Files that are analyzed together at the end, by analyzer and key.
    waiting: BTreeMap<(usize, String), Vec<(String, Content)>>,
    /// Wanted names that are links to another file of the layer: target, then the names.
    aliases: BTreeMap<String, Vec<String>>,
}

impl<'a> Reading<'a> {
    fn new(analyzers: &'a [Box<dyn Analyzer>]) -> Self {
        Self {
            analyzers,
            findings: LayerFindings::default(),
            waiting: BTreeMap::new(),
            aliases: BTreeMap::new(),
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        self.analyzers.iter().any(|analyzer| analyzer.wants(file))
    }

    /// Takes the content of a file under the name by which it is wanted.
    fn take(&mut self, info: &FileInfo<'_>, content: Content) {
        let mut keeper = None;
        for (index, analyzer) in self.analyzers.iter().enumerate() {
            if !analyzer.wants(info) {
                continue;
            }
            if let Some(key) = analyzer.companion_of(info.path) {
                keeper = Some((index, key.to_owned()));
                continue;
            }
            let file = File {
                path: info.path,
                bytes: &content,
            };
            analyze(analyzer.as_ref(), &file, &[], &mut self.findings);
        }
        if let Some(keeper) = keeper {
            let file = (info.path.to_owned(), content);
            self.waiting.entry(keeper).or_default().push(file);
        }
    }

    /// Targets of wanted links that the layer has but that nobody wanted by their own name, with
    /// the names by which they are wanted.
    fn missed(&mut self) -> BTreeMap<String, Vec<String>> {
        self.findings.entries.sort_unstable();
        self.findings.entries.dedup();
        let mut missed = std::mem::take(&mut self.aliases);
        for link in self.findings.links.iter().filter(|link| link.followed) {
            let target = resolve_link(&link.path, &link.target);
            let info = FileInfo {
                path: &target,
                size: 0,
                mode: 0,
            };
            // A target that is wanted by its own name was read under it.
            if !self.wants(&info) {
                missed.entry(target).or_default().push(link.path.clone());
            }
        }
        let entries = &self.findings.entries;
        missed.retain(|target, _| entries.binary_search(&PathHash::of(target)).is_ok());
        missed
    }

    fn finish(mut self) -> LayerFindings {
        for ((index, _), files) in std::mem::take(&mut self.waiting) {
            let files: Vec<File<'_>> = files
                .iter()
                .map(|(path, content)| File {
                    path,
                    bytes: content,
                })
                .collect();
            for (position, file) in files.iter().enumerate() {
                let mut companions = files.clone();
                companions.remove(position);
                let analyzer = self.analyzers[index].as_ref();
                analyze(analyzer, file, &companions, &mut self.findings);
            }
        }
        let findings = &mut self.findings;
        findings.entries.sort_unstable();
        findings.entries.dedup();
        findings.directories.sort_unstable();
        findings.directories.dedup();
        // A name that comes twice in an archive is replaced by its later form.
        findings.files.reverse();
        let mut seen = std::collections::HashSet::new();
        findings
            .files
            .retain(|file| seen.insert((file.path.clone(), file.analyzer.clone())));
        findings.files.sort_by(|a, b| a.path.cmp(&b.path));
        self.findings
    }
}

fn analyze(
    analyzer: &dyn Analyzer,
    file: &File<'_>,
    companions: &[File<'_>],
    layer: &mut LayerFindings,
) {
    let findings = match analyzer.analyze(file, companions) {
        Ok(findings) => findings,
        Err(error) => Findings {
            problems: vec![error.to_string()],
            ..Findings::default()
        },
    };
    layer.files.push(FileFindings {
        path: file.path.to_owned(),
        analyzer: analyzer.id().name.to_owned(),
        findings,
    });
}

/// The prefix that marks a removal, and the name that marks a directory as opaque: OCI image
/// specification, "Representing Changes".
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

impl Visitor for Reading<'_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", entry.path));
        if name == OPAQUE {
            self.findings.opaque.push(directory.to_owned());
            return Interest::Skip;
        }
        if let Some(removed) = name.strip_prefix(WHITEOUT) {
            // Other names that begin so are bookkeeping of AUFS.
            if !removed.is_empty() && !removed.starts_with(WHITEOUT) {
                let path = if directory.is_empty() {
                    removed.to_owned()
                } else {
                    format!("{directory}/{removed}")
                };
                self.findings.whiteouts.push(path);
            }
            return Interest::Skip;
        }
        let hash = PathHash::of(entry.path);
        if entry.kind == EntryKind::Directory {
            self.findings.directories.push(hash);
            return Interest::Skip;
        }
        self.findings.entries.push(hash);
        let info = FileInfo {
            path: entry.path,
            size: entry.size,
            mode: entry.mode,
        };
        match entry.kind {
            EntryKind::File if self.wants(&info) => Interest::Content,
            EntryKind::Symlink { target } => {
                let followed = self
                    .analyzers
                    .iter()
                    .any(|analyzer| analyzer.follows(entry.path));
                self.findings.links.push(Link {
                    path: entry.path.to_owned(),
                    target: target.to_owned(),
                    followed,
                });
                Interest::Skip
            }
            EntryKind::Hardlink { target } if self.wants(&info) => {
                let names = self.aliases.entry(target.to_owned()).or_default();
                names.push(entry.path.to_owned());
                Interest::Skip
            }
            _ => Interest::Skip,
        }
    }

    fn file(&mut self, entry: &Entry<'_>, content: Content) {
        let info = FileInfo {
            path: entry.path,
            size: entry.size,
            mode: entry.mode,
        };
        self.take(&info, content);
    }

    fn problem(&mut self, path: &str, problem: Problem) {
        self.findings.problems.push(LayerProblem {
            path: path.to_owned(),
            message: problem.to_string(),
            limit: !matches!(problem, Problem::Unreadable { .. }),
        });
    }
}

/// Reads a layer again for the files that were wanted under another name.
struct Again<'a, 'b> {
    wanted: BTreeMap<String, Vec<String>>,
    reading: &'a mut Reading<'b>,
}

impl Visitor for Again<'_, '_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        if self.wanted.contains_key(entry.path) {
            Interest::Content
        } else {
            Interest::Skip
        }
    }

    fn file(&mut self, entry: &Entry<'_>, content: Content) {
        for name in self.wanted.remove(entry.path).unwrap_or_default() {
            let info = FileInfo {
                path: &name,
                size: entry.size,
                mode: entry.mode,
            };
            self.reading.take(&info, Content::from(content.to_vec()));
        }
    }

    fn problem(&mut self, _path: &str, _problem: Problem) {
        // Told in the first pass, by the name under which the file is stored; a wanted file that
        // is over a limit shows there as well.
    }
}
