//! Which repositories packages come from.
//!
//! A content manifest speaks of what its own layer has installed: the layers of a base image bring
//! theirs. It does so whatever later becomes of the file. Packages of a layer without one, such as
//! one that a user has built on Red Hat's, come from where those of the layer below come from, or
//! else of the one above. The history of the package manager tells of single packages, and counts
//! where there is no manifest or the manifest refers to it; who built the manifests knows the rest
//! better, since the repositories of a build are not those of a customer.

use std::collections::{BTreeMap, BTreeSet};

use clair_inventory::{History, Provenance};
use clair_model::{Package, PackageManager};

/// What the layers of an image tell of where packages come from, by root file system.
#[derive(Default)]
pub(crate) struct Origins<'a> {
    roots: BTreeMap<String, Root<'a>>,
}

#[derive(Default)]
struct Root<'a> {
    manifests: BTreeMap<usize, Manifest<'a>>,
    histories: BTreeMap<usize, Vec<&'a History>>,
}

#[derive(Default)]
struct Manifest<'a> {
    repositories: BTreeSet<&'a str>,
    consults_history: bool,
}

impl<'a> Origins<'a> {
    /// Notes what a file of a layer tells.
    pub(crate) fn add(&mut self, layer: usize, path: &str, provenance: &'a Provenance) {
        let root = Provenance::root_of(path).unwrap_or_default();
        let root = self.roots.entry(root.to_owned()).or_default();
        match provenance {
            Provenance::Manifest {
                repositories,
                consults_history,
            } => {
                let manifest = root.manifests.entry(layer).or_default();
                let ids = repositories.iter().map(String::as_str);
                manifest.repositories.extend(ids);
                manifest.consults_history |= consults_history;
            }
            Provenance::History(history) => root.histories.entry(layer).or_default().push(history),
        }
    }

    /// The ids of the repositories that a package may come from: one listed in a file, and
    /// introduced in a layer. `is_divided` tells whether its distribution is one whose repositories
    /// matter.
    pub(crate) fn of(
        &self,
        package: &Package,
        path: &str,
        layer: usize,
        is_divided: bool,
    ) -> Vec<&'a str> {
        if package.manager != PackageManager::Rpm {
            return Vec::new();
        }
        let inside = |root: &str| {
            let rest = path.strip_prefix(root);
            root.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let innermost = self
            .roots
            .iter()
            .filter(|(root, _)| inside(root))
            .max_by_key(|(root, _)| root.len());
        match innermost {
            Some((_, root)) if is_divided || !root.manifests.is_empty() => root.of(package, layer),
            _ => Vec::new(),
        }
    }
}

impl<'a> Root<'a> {
    fn of(&self, package: &Package, layer: usize) -> Vec<&'a str> {
        let manifest = self.manifests.get(&layer);
        if manifest.is_none_or(|manifest| manifest.consults_history) {
            let known = self.histories(layer).find_map(|history| {
                history.repository(&package.name, &package.version, &package.arch)
            });
            if let Some(repository) = known {
                return vec![repository];
            }
        }
        let below = self.manifests.range(..=layer).next_back();
        let nearest = below.or_else(|| self.manifests.range(layer..).next());
        match nearest {
            Some((_, manifest)) if !manifest.repositories.is_empty() => {
                manifest.repositories.iter().copied().collect()
            }
            // It may come from any that anything came from.
            _ => self
                .histories(layer)
                .next()
                .map_or_else(Vec::new, |history| {
                    history.repositories.iter().map(String::as_str).collect()
                }),
        }
    }

    /// The histories: first those that a layer has seen, the newest at the top.
    fn histories(&self, layer: usize) -> impl Iterator<Item = &'a History> {
        let below = self.histories.range(..=layer).rev();
        let above = self.histories.range(layer + 1..);
        below
            .chain(above)
            .flat_map(|(_, of_layer)| of_layer)
            .copied()
    }
}
