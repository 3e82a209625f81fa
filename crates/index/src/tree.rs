//! Links and coverage between layers.

use std::collections::{HashMap, HashSet};

use clair_image::clean;
use clair_inventory::PathHash;

use crate::layer::{LayerFindings, Link, Stacked};

/// More links than this on the way to a file are a loop.
const MAX_LINKS: usize = 40;

/// The path that a link points to, relative to the root of the image.
pub(crate) fn resolve_link(link: &str, target: &str) -> String {
    if target.starts_with('/') {
        return clean(target.as_bytes());
    }
    let directory = link.rsplit_once('/').map_or("", |(directory, _)| directory);
    clean(format!("{directory}/{target}").as_bytes())
}

/// The links on the way to files that matter, as they stand after some layers.
#[derive(Debug, Default)]
pub(crate) struct Links {
    targets: HashMap<String, String>,
    /// The links by what they point to.
    links: HashMap<String, Vec<String>>,
}

/// Of more links than this to one directory the others are not looked at when something below it
/// is removed by another name. Images have one or two.
const MAX_ALIASES: usize = 64;

impl Links {
    /// Takes away the links that a layer removes or replaces.
    pub(crate) fn cover(&mut self, layer: &LayerFindings) {
        self.targets.retain(|path, _| !covers(layer, path));
        self.count();
    }

    /// Adds the links of a layer, as far as they are at `relevant` paths.
    pub(crate) fn add(&mut self, layer: &LayerFindings, relevant: &Relevant) {
        for link in &layer.links {
            if relevant.contains(&link.path) {
                let target = resolve_link(&link.path, &link.target);
                self.targets.insert(link.path.clone(), target);
            }
        }
        self.count();
    }

    fn count(&mut self) {
        self.links.clear();
        for (link, target) in &self.targets {
            let links = self.links.entry(target.clone()).or_default();
            links.push(link.clone());
        }
        for links in self.links.values_mut() {
            links.sort_unstable();
            links.truncate(MAX_ALIASES);
        }
    }

    /// The path without links on the way. `None` when the links go round in circles.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let Some((end, target)) = self.first_link(&path) else {
                return Some(path);
            };
            path = clean(format!("{target}{}", &path[end..]).as_bytes());
        }
        None
    }

    fn first_link(&self, path: &str) -> Option<(usize, &str)> {
        if self.targets.is_empty() {
            return None;
        }
        ends(path).find_map(|end| Some((end, self.targets.get(&path[..end])?.as_str())))
    }

    /// Other names by which the same file can be reached through one link.
    pub(crate) fn aliases<'a>(&'a self, path: &'a str) -> impl Iterator<Item = String> + 'a {
        ends(path).flat_map(move |end| {
            let links = self.links.get(&path[..end]).into_iter().flatten();
            links.map(move |link| format!("{link}{}", &path[end..]))
        })
    }
}

/// The paths at which a link matters: those above a file with findings, links whose file is
/// wanted, and all that such links lead through.
#[derive(Debug)]
pub(crate) struct Relevant(HashSet<PathHash>);

impl Relevant {
    pub(crate) fn of(layers: &[Stacked<'_>]) -> Self {
        let links = || layers.iter().flat_map(|(_, layer)| &layer.links);
        let mut targets: HashMap<PathHash, Vec<&Link>> = HashMap::new();
        for link in links() {
            let at = targets.entry(PathHash::of(&link.path)).or_default();
            at.push(link);
        }
        let mut relevant = HashSet::new();
        let mut pending = Vec::new();
        let mut add = |path: &str, pending: &mut Vec<PathHash>| {
            for end in ends(path) {
                let hash = PathHash::of(&path[..end]);
                if relevant.insert(hash) {
                    pending.push(hash);
                }
            }
        };
        for file in layers.iter().flat_map(|(_, layer)| &layer.files) {
            add(&file.path, &mut pending);
        }
        for link in links().filter(|link| link.followed) {
            add(&link.path, &mut pending);
        }
        while let Some(path) = pending.pop() {
            for link in targets.remove(&path).into_iter().flatten() {
                add(&resolve_link(&link.path, &link.target), &mut pending);
            }
        }
        Self(relevant)
    }

    fn contains(&self, path: &str) -> bool {
        self.0.contains(&PathHash::of(path))
    }
}

/// Where the leading parts of a path end: `a/b/c` gives 1, 3, 5.
fn ends(path: &str) -> impl Iterator<Item = usize> {
    path.match_indices('/')
        .map(|(index, _)| index)
        .chain(std::iter::once(path.len()))
}

/// All directories above a path.
pub(crate) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(index, _)| &path[..index])
}

/// Whether a layer removes or replaces a path of the layers below it.
pub(crate) fn covers(layer: &LayerFindings, path: &str) -> bool {
    let has = |set: &[PathHash], path: &str| set.binary_search(&PathHash::of(path)).is_ok();
    let named = |paths: &[String], path: &str| {
        let found = paths.binary_search_by(|known| known.as_str().cmp(path));
        found.is_ok()
    };
    has(&layer.directories, path)
        || ends(path).any(|end| {
            let path = &path[..end];
            has(&layer.entries, path) || named(&layer.whiteouts, path)
        })
        || named(&layer.opaque, "")
        || ancestors(path).any(|directory| named(&layer.opaque, directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_relative_to_its_directory_or_to_the_root() {
        assert_eq!(
            resolve_link("etc/os-release", "../usr/lib/os-release"),
            "usr/lib/os-release"
        );
        assert_eq!(resolve_link("a/b", "/c"), "c");
        assert_eq!(resolve_link("a", "../../../etc/passwd"), "etc/passwd");
    }

    fn linked(links: &[(&str, &str)]) -> Links {
        let layer = LayerFindings {
            links: links
                .iter()
                .map(|(path, target)| Link {
                    path: (*path).to_owned(),
                    target: (*target).to_owned(),
                    followed: false,
                })
                .collect(),
            ..LayerFindings::default()
        };
        let relevant = links.iter().map(|(path, _)| PathHash::of(path)).collect();
        let mut tree = Links::default();
        tree.add(&layer, &Relevant(relevant));
        tree
    }

    #[test]
    fn paths_are_followed_through_links_but_not_in_circles() {
        let tree = linked(&[
            ("lib", "usr/lib"),
            ("var/lib/rpm", "../../usr/lib/sysimage/rpm"),
        ]);
        assert_eq!(
            tree.resolve("lib/apk/db/installed").unwrap(),
            "usr/lib/apk/db/installed"
        );
        assert_eq!(
            tree.resolve("var/lib/rpm/Packages").unwrap(),
            "usr/lib/sysimage/rpm/Packages"
        );
        let aliases: Vec<String> = tree.aliases("usr/lib/apk/db/installed").collect();
        assert_eq!(aliases, ["lib/apk/db/installed"]);
        assert_eq!(linked(&[("a", "b"), ("b", "a")]).resolve("a/x"), None);
    }

    #[test]
    fn a_layer_covers_what_it_replaces_or_removes() {
        let hashes = |paths: &[&str]| {
            let mut hashes: Vec<PathHash> = paths.iter().map(|path| PathHash::of(path)).collect();
            hashes.sort_unstable();
            hashes
        };
        let layer = LayerFindings {
            entries: hashes(&["etc/file", "opt"]),
            directories: hashes(&["srv/was-a-file"]),
            whiteouts: vec!["var/gone".to_owned()],
            opaque: vec!["usr/empty".to_owned()],
            ..LayerFindings::default()
        };
        for (path, covered) in [
            ("etc/file", true),
            ("etc/file2", false),
            ("opt/below/a/file", true),
            ("srv/was-a-file", true),
            ("srv/was-a-file/below", false),
            ("var/gone", true),
            ("var/gone/x", true),
            ("var/gone2", false),
            ("usr/empty/x", true),
            ("usr/empty", false),
        ] {
            assert_eq!(covers(&layer, path), covered, "{path}");
        }
    }
}
