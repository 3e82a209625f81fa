//! One pass over a layer: which files the analyzers get, and what of the layer is kept.

mod budget;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use clair_image::{Content, Entry, EntryKind, Interest, Limits, Problem, Visitor};
use clair_inventory::{Analyzer, File, FileInfo, Findings, PathHash};

use crate::layer::{FileFindings, LayerFindings, LayerProblem, Link};
use crate::tree::resolve_link;
use budget::Budget;

/// Files of one key with their paths.
type Group = Vec<(String, Rc<Content>)>;

/// A visitor that feeds the analyzers.
pub(crate) struct Reading<'a> {
    analyzers: &'a [Box<dyn Analyzer>],
    limits: &'a Limits,
    budget: Budget,
    findings: LayerFindings,
    /// Files that are analyzed together at the end, by analyzer and key.
    waiting: BTreeMap<(usize, String), Group>,
    /// Symbolic links by path: target, and whether the file it points to is wanted.
    links: BTreeMap<String, (String, bool)>,
    /// Wanted names that are hard links, with the path of the file.
    aliases: BTreeMap<String, String>,
    /// Paths of all of these.
    known: HashSet<PathHash>,
    /// So many of the files that were found are void if they have this path: an archive may have a
    /// name twice, and what comes later replaces what was there.
    replaced: HashMap<PathHash, usize>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(analyzers: &'a [Box<dyn Analyzer>], limits: &'a Limits) -> Self {
        Self {
            analyzers,
            limits,
            budget: Budget::new(limits),
            findings: LayerFindings::default(),
            waiting: BTreeMap::new(),
            links: BTreeMap::new(),
            aliases: BTreeMap::new(),
            known: HashSet::new(),
            replaced: HashMap::new(),
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        self.analyzers.iter().any(|analyzer| analyzer.wants(file))
    }

    /// Takes the content of a file under the name by which it is wanted.
    fn take(&mut self, info: &FileInfo<'_>, content: &Rc<Content>) {
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
                bytes: content,
            };
            let found = analyze(analyzer.as_ref(), &file, &[]);
            self.keep(found);
        }
        if let Some(keeper) = keeper {
            let in_memory = (content.len() as u64).min(self.limits.memory);
            if self.budget.take(in_memory + info.path.len() as u64) {
                let file = (info.path.to_owned(), Rc::clone(content));
                self.waiting.entry(keeper).or_default().push(file);
            }
        }
    }

    /// Forgets what came under a name before.
    fn replace(&mut self, path: &str, hash: PathHash) {
        self.replaced.insert(hash, self.findings.files.len());
        self.links.remove(path);
        self.aliases.remove(path);
        for (index, analyzer) in self.analyzers.iter().enumerate() {
            let key = analyzer.companion_of(path);
            let group = key.and_then(|key| self.waiting.get_mut(&(index, key.to_owned())));
            if let Some(group) = group {
                group.retain(|(other, _)| other != path);
            }
        }
    }

    fn keep(&mut self, found: FileFindings) {
        if self.budget.take(budget::size_of_findings(&found)) {
            self.findings.files.push(found);
        }
    }

    fn problem_of(&mut self, path: &str, message: String, limit: bool) {
        if self.budget.take((path.len() + message.len()) as u64) {
            self.findings.problems.push(LayerProblem {
                path: path.to_owned(),
                message,
                limit,
            });
        }
    }

    /// Names under which other files of the layer are wanted, by the path of the file.
    fn missed(&mut self) -> BTreeMap<String, Vec<String>> {
        let entries = sorted(std::mem::take(&mut self.findings.entries));
        let mut missed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, (target, followed)) in &self.links {
            if !followed {
                continue;
            }
            let target = resolve_link(path, target);
            let info = FileInfo {
                path: &target,
                size: 0,
                mode: 0,
            };
            // A target that is wanted by its own name was read under it, and one that the layer
            // does not have may be in another.
            if !self.wants(&info) && entries.binary_search(&PathHash::of(&target)).is_ok() {
                missed.entry(target).or_default().push(path.clone());
            }
        }
        for (name, target) in std::mem::take(&mut self.aliases) {
            missed.entry(target).or_default().push(name);
        }
        self.findings.entries = entries;
        missed
    }

    /// What was found. Fails with the limit in bytes when it was more than is kept.
    pub(crate) fn finish(mut self) -> Result<LayerFindings, u64> {
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
                let found = analyze(self.analyzers[index].as_ref(), file, &companions);
                self.keep(found);
            }
        }
        self.budget.check()?;
        let mut findings = self.findings;
        findings.entries = sorted(findings.entries);
        findings.directories = sorted(findings.directories);
        findings.whiteouts = sorted(findings.whiteouts);
        findings.opaque = sorted(findings.opaque);
        let mut position = 0;
        findings.files.retain(|file| {
            position += 1;
            let void = self.replaced.get(&PathHash::of(&file.path));
            void.is_none_or(|void| position > *void)
        });
        findings.files.sort_by(|a, b| a.path.cmp(&b.path));
        let links = self.links.into_iter();
        findings.links = links
            .map(|(path, (target, followed))| Link {
                path,
                target,
                followed,
            })
            .collect();
        Ok(findings)
    }
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

fn analyze(analyzer: &dyn Analyzer, file: &File<'_>, companions: &[File<'_>]) -> FileFindings {
    let findings = analyzer.analyze(file, companions);
    FileFindings {
        path: file.path.to_owned(),
        analyzer: analyzer.id().name.to_owned(),
        findings: findings.unwrap_or_else(|error| Findings {
            problems: vec![error.to_string()],
            ..Findings::default()
        }),
    }
}

/// The prefix that marks a removal, and the name that marks a directory as opaque: OCI image
/// specification, "Representing Changes".
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

impl Visitor for Reading<'_> {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", entry.path));
        if name == OPAQUE {
            if self.budget.take(directory.len() as u64) {
                self.findings.opaque.push(directory.to_owned());
            }
            return Interest::Skip;
        }
        if let Some(removed) = name.strip_prefix(WHITEOUT) {
            // Other names that begin so are bookkeeping of AUFS.
            if !removed.is_empty()
                && !removed.starts_with(WHITEOUT)
                && self.budget.take(entry.path.len() as u64)
            {
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
        if self.known.contains(&hash) {
            self.replace(entry.path, hash);
        }
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
            EntryKind::File if self.wants(&info) => {
                self.known.insert(hash);
                Interest::Content
            }
            EntryKind::Symlink { target } => {
                let followed = self
                    .analyzers
                    .iter()
                    .any(|analyzer| analyzer.follows(entry.path));
                if self.budget.take((entry.path.len() + target.len()) as u64) {
                    let link = (target.to_owned(), followed);
                    self.links.insert(entry.path.to_owned(), link);
                    self.known.insert(hash);
                }
                Interest::Skip
            }
            EntryKind::Hardlink { target } if self.wants(&info) => {
                if self.budget.take((entry.path.len() + target.len()) as u64) {
                    self.aliases
                        .insert(entry.path.to_owned(), target.to_owned());
                    self.known.insert(hash);
                }
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
        self.take(&info, &Rc::new(content));
    }

    fn problem(&mut self, path: &str, problem: Problem) {
        let limit = !matches!(problem, Problem::Unreadable { .. });
        self.problem_of(path, problem.to_string(), limit);
    }
}

/// Reads a layer again for the files that were wanted under another name.
pub(crate) struct Again<'a, 'b> {
    /// Names by the path of the file.
    wanted: BTreeMap<String, Vec<String>>,
    /// Bytes that may still be handed out. A file may have any number of names.
    left: u64,
    reading: &'a mut Reading<'b>,
}

impl<'a, 'b> Again<'a, 'b> {
    pub(crate) fn of(reading: &'a mut Reading<'b>) -> Self {
        Self {
            wanted: reading.missed(),
            left: reading.limits.file_size,
            reading,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Tells of the names whose file did not come.
    pub(crate) fn finish(self) {
        for (target, names) in self.wanted {
            for name in names {
                let message =
                    format!("not read: a link to {target}, which is no file of the layer");
                self.reading.problem_of(&name, message, false);
            }
        }
    }
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
        let content = Rc::new(content);
        for name in self.wanted.remove(entry.path).unwrap_or_default() {
            let Some(left) = self.left.checked_sub(entry.size) else {
                let message = format!("not read: one of too many names of {}", entry.path);
                self.reading.problem_of(&name, message, true);
                continue;
            };
            self.left = left;
            let info = FileInfo {
                path: &name,
                size: entry.size,
                mode: entry.mode,
            };
            self.reading.take(&info, &content);
        }
    }

    fn problem(&mut self, _path: &str, _problem: Problem) {
        // Told in the first pass, by the name under which the file is stored; a wanted file that
        // is over a limit shows there as well.
    }
}
