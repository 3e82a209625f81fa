//! Which files belong to which package.
//!
//! A language package that a distribution package brought is the distribution's to patch, so a
//! report must not hold it against upstream's data. A Debian image has some ten thousand such
//! files; their paths are kept as hashes, which is all that the question needs.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// The hash of a cleaned path. Stable across versions, since it is kept on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathHash(u64);

impl PathHash {
    /// Hashes a path; a leading slash does not count.
    pub fn of(path: &str) -> Self {
        Self(xxh3_64(path.trim_start_matches('/').as_bytes()))
    }
}

/// The files of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// The package; for dpkg with `:arch` where its file list is named so.
    pub package: String,
    /// Its files, directories included where the list has them; sorted.
    pub paths: Vec<PathHash>,
}

impl Ownership {
    /// The files of a package.
    pub fn new<'a>(package: impl Into<String>, paths: impl Iterator<Item = &'a str>) -> Self {
        Self::of_hashes(package, paths.map(PathHash::of).collect())
    }

    /// The same, of paths that are hashed already, in any order.
    pub(crate) fn of_hashes(package: impl Into<String>, mut paths: Vec<PathHash>) -> Self {
        paths.sort_unstable();
        paths.dedup();
        Self {
            package: package.into(),
            paths,
        }
    }

    /// Whether the package owns a path.
    pub fn owns(&self, path: &str) -> bool {
        self.paths.binary_search(&PathHash::of(path)).is_ok()
    }
}
