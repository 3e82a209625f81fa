//! How layers merge: by the rules of the file system.
//!
//! A finding belongs to a file. It counts if the image ends with that file: no layer above has
//! replaced it, removed it, or put something in place of a directory on the way to it. Nothing
//! here knows package managers.

use std::collections::{BTreeMap, BTreeSet};

use clair_inventory::{Findings, Ownership, ReleaseFiles, detect};
use clair_model::{Digest, Distribution, Gap, GapKind, Package, PackageManager, Repository};

use crate::layer::{LayerFindings, LayerProblem, Stacked};
use crate::origins::Origins;
use crate::tree::{Links, Relevant, covers};

/// What an image contains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Packages, sorted.
    pub packages: Vec<Located>,
    /// Distributions, one for each root file system that has one, the image's own first.
    pub distributions: Vec<Distribution>,
    /// Where packages come from, sorted.
    pub repositories: Vec<Repository>,
    /// Which files belong to which package.
    pub ownership: Vec<Ownership>,
    /// What could not be looked at.
    pub gaps: Vec<Gap>,
}

/// A package with the place where it was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located {
    /// The package.
    pub package: Package,
    /// How reports name the place where it is listed.
    pub package_db: String,
    /// The first layer that has the package in the form in which the image ends with it.
    pub introduced_in: Digest,
    /// Index of its distribution.
    pub distribution: Option<usize>,
    /// Indexes of the repositories that it may come from.
    pub repositories: Vec<usize>,
    /// Whether it stands for an image that this one was built on. What is said of that one does
    /// not hold for this.
    pub is_of_base: bool,
}

/// A file that the image may end with.
struct Live<'a> {
    path: String,
    layer: usize,
    findings: &'a Findings,
}

/// Puts layers together, bottom first.
pub fn merge(layers: &[(&Digest, &LayerFindings)]) -> Inventory {
    let relevant = Relevant::of(layers);
    let mut links = Links::default();
    // Every form that a file has had, by its real path, bottom first.
    let mut history: BTreeMap<(String, &str), Vec<(usize, &Findings)>> = BTreeMap::new();
    let mut live: BTreeMap<(String, &str), Live<'_>> = BTreeMap::new();
    let mut gaps = Vec::new();
    let mut origins = Origins::default();
    for (index, (digest, layer)) in layers.iter().enumerate() {
        links.cover(layer);
        let is_covered = |file: &Live<'_>| {
            covers(layer, &file.path)
                || links.aliases(&file.path).any(|alias| covers(layer, &alias))
        };
        let covered: Vec<_> = live.extract_if(.., |_, file| is_covered(file)).collect();
        links.add(layer, &relevant);
        for file in &layer.files {
            let Some(path) = links.resolve(&file.path) else {
                gaps.push(unread(digest, &file.path, "links on the way go in circles"));
                continue;
            };
            let key = (path.clone(), file.analyzer.as_str());
            let forms = history.entry(key.clone()).or_default();
            forms.push((index, &file.findings));
            let findings = &file.findings;
            if let Some(provenance) = &findings.provenance {
                origins.add(index, &path, provenance);
            }
            live.insert(
                key,
                Live {
                    path,
                    layer: index,
                    findings,
                },
            );
        }
        // What the layer only removes has no past should it ever come back.
        for (key, _) in covered {
            if !live.contains_key(&key) {
                history.remove(&key);
            }
        }
        gaps.extend(layer.problems.iter().map(|it| passed_over(digest, it)));
    }

    let superseded: BTreeSet<&str> = live
        .values()
        .flat_map(|file| file.findings.supersedes.iter().map(String::as_str))
        .collect();
    let superseded: BTreeSet<String> = superseded
        .into_iter()
        .filter_map(|path| links.resolve(path))
        .collect();
    live.retain(|_, file| !superseded.contains(&file.path));

    let mut inventory = Inventory {
        gaps,
        ..Inventory::default()
    };
    let roots = distributions(&live, layers, &links, &mut inventory);
    let mut found = Vec::new();
    for ((path, analyzer), file) in &live {
        let digest = layers[file.layer].0;
        let problems = file.findings.problems.iter();
        inventory
            .gaps
            .extend(problems.map(|problem| unread(digest, path, problem)));
        let forms = &history[&(path.clone(), *analyzer)];
        let package_db = match file.findings.package_db.as_str() {
            "" => path.clone(),
            name => name.to_owned(),
        };
        let distribution = root_above(&roots, path);
        let is_divided = distribution.is_some_and(|index| {
            let distribution: &Distribution = &inventory.distributions[index];
            distribution.is_divided_by_repositories()
        });
        for package in &file.findings.packages {
            let layer = introduced(forms, package);
            let ids = origins.of(package, path, layer, is_divided);
            let mut repositories = file.findings.repositories.clone();
            repositories.extend(ids.into_iter().map(Repository::rpm));
            found.push((layer, repositories));
            inventory.packages.push(Located {
                package: package.clone(),
                package_db: package_db.clone(),
                introduced_in: layers[layer].0.clone(),
                distribution,
                repositories: Vec::new(),
                is_of_base: false,
            });
        }
        let ownership = file.findings.ownership.iter().cloned();
        inventory.ownership.extend(ownership);
    }
    attach(&mut inventory, found);
    inventory.packages.sort();
    inventory.packages.dedup();
    note_unknown(&mut inventory);
    inventory.gaps.sort();
    inventory.gaps.dedup();
    inventory
}

/// Tells of a file that could not be read.
fn passed_over(layer: &Digest, problem: &LayerProblem) -> Gap {
    let kind = if problem.limit {
        GapKind::LimitReached
    } else {
        GapKind::UnreadFile
    };
    let message = problem.message.as_str();
    Gap::new(kind, subject(layer, &problem.path), message)
}

/// Gives the packages their repositories, and tells which stand for a base image. What was found of
/// them is in their order.
fn attach(inventory: &mut Inventory, found: Vec<(usize, Vec<Repository>)>) {
    let all: BTreeSet<&Repository> = found.iter().flat_map(|(_, of_one)| of_one).collect();
    inventory.repositories = all.into_iter().cloned().collect();
    let is_image = |located: &Located| located.package.manager == PackageManager::Rhcc;
    let images = inventory.packages.iter().zip(&found);
    let images = images.filter(|(located, _)| is_image(located));
    let top = images.map(|(_, (layer, _))| *layer).max();
    for (located, (layer, mut repositories)) in inventory.packages.iter_mut().zip(found) {
        repositories.sort_unstable();
        repositories.dedup();
        let places = repositories
            .iter()
            .filter_map(|repository| inventory.repositories.binary_search(repository).ok());
        located.repositories = places.collect();
        located.is_of_base = is_image(located) && Some(layer) != top;
    }
}

/// The first layer of the last unbroken run of layers that have the package.
fn introduced(forms: &[(usize, &Findings)], package: &Package) -> usize {
    forms
        .iter()
        .rev()
        .take_while(|(_, findings)| findings.packages.binary_search(package).is_ok())
        .last()
        .map_or(0, |(layer, _)| *layer)
}

/// Detects the distribution of every root that has release files. Gives the index of the
/// distribution by root.
fn distributions(
    live: &BTreeMap<(String, &str), Live<'_>>,
    layers: &[Stacked<'_>],
    links: &Links,
    inventory: &mut Inventory,
) -> BTreeMap<String, usize> {
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    for file in live.values() {
        if let Some(text) = &file.findings.release {
            texts.insert(&file.path, text);
        }
    }
    // A release file may be a link to one that a lower layer has.
    let mut linked: Vec<(&str, &str)> = Vec::new();
    for (digest, layer) in layers {
        for link in layer.links.iter().filter(|link| link.followed) {
            let Some(target) = links.resolve(&link.path).filter(|path| *path != link.path) else {
                continue;
            };
            match texts.get(target.as_str()) {
                Some(text) => linked.push((&link.path, text)),
                None if layer.files.iter().any(|file| file.path == link.path) => {}
                None => inventory.gaps.push(unread(
                    digest,
                    &link.path,
                    &format!("it is a link to {target}, which was not read"),
                )),
            }
        }
    }
    for (path, text) in linked {
        texts.entry(path).or_insert(text);
    }

    let mut roots: BTreeMap<&str, ReleaseFiles<'_>> = BTreeMap::new();
    for (path, text) in texts {
        for name in clair_inventory::RELEASE_FILES {
            if let Some(root) = path.strip_suffix(name)
                && (root.is_empty() || root.ends_with('/'))
            {
                let files = roots.entry(root.trim_end_matches('/')).or_default();
                files.insert(name, text);
            }
        }
    }
    let mut found = BTreeMap::new();
    for (root, files) in roots {
        let Some(distribution) = detect(&files) else {
            continue;
        };
        let known = inventory
            .distributions
            .iter()
            .position(|known| *known == distribution);
        let index = known.unwrap_or_else(|| {
            inventory.distributions.push(distribution);
            inventory.distributions.len() - 1
        });
        found.insert(root.to_owned(), index);
    }
    found
}

/// The distribution of the innermost root that a path is in.
fn root_above(roots: &BTreeMap<String, usize>, path: &str) -> Option<usize> {
    let inside = |root: &str| {
        root.is_empty()
            || path
                .strip_prefix(root)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    let innermost = roots.iter().filter(|(root, _)| inside(root));
    innermost
        .max_by_key(|(root, _)| root.len())
        .map(|(_, index)| *index)
}

/// Says so when nothing could be made of the image.
fn note_unknown(inventory: &mut Inventory) {
    if inventory.packages.is_empty() {
        let name = match inventory.distributions.first() {
            Some(distribution) => distribution.pretty_name.clone(),
            None => "the image".to_owned(),
        };
        inventory.gaps.push(Gap::new(
            GapKind::NoPackages,
            name,
            "no package database was found, so nothing can be said about its packages",
        ));
    }
    // Those of an ecosystem need no distribution.
    let homeless = inventory.packages.iter().filter(|located| {
        located.distribution.is_none() && located.package.manager.ecosystem().is_none()
    });
    let databases: BTreeSet<&str> = homeless
        .map(|located| located.package_db.as_str())
        .collect();
    for database in databases {
        inventory.gaps.push(Gap::new(
            GapKind::UnknownDistribution,
            database,
            "no file tells which distribution its packages belong to",
        ));
    }
}

fn unread(layer: &Digest, path: &str, message: &str) -> Gap {
    Gap::new(GapKind::UnreadFile, subject(layer, path), message)
}

fn subject(layer: &Digest, path: &str) -> String {
    format!("{path} in layer {layer}")
}
