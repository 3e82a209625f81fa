//! Where a person's data lies, by the XDG base directory specification.

use std::path::PathBuf;

use anyhow::Context as _;

/// The advisory database. It can be made again, so it is a cache.
pub(crate) fn database() -> anyhow::Result<PathBuf> {
    cache().map(|cache| cache.join("db"))
}

/// The findings of layers that were read before.
pub(crate) fn layers() -> anyhow::Result<PathBuf> {
    cache().map(|cache| cache.join("layers"))
}

fn cache() -> anyhow::Result<PathBuf> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        // A relative path there counts as none, says the specification.
        path.filter(|path| path.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|cache| cache.join("clair"))
        .context("neither XDG_CACHE_HOME nor HOME is set: say where the data is to lie")
}
