//! Where the programs are.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// A program of PostgreSQL's server package. Debian keeps those of each version in a directory
/// that is not on the path; the newest counts.
pub(crate) fn postgres(name: &str) -> PathBuf {
    if let Some(directory) = env::var_os("CLAIR_TEST_POSTGRES_BIN") {
        return Path::new(&directory).join(name);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin").join(name)))
        })
        .filter(|(_, program)| program.is_file())
        .collect();
    versions.sort();
    match versions.pop() {
        Some((_, program)) => program,
        None => on_path(name, &["/usr/bin", "/usr/local/bin"]),
    }
}

/// The server of NATS.
pub(crate) fn nats_server() -> PathBuf {
    match env::var_os("CLAIR_TEST_NATS_SERVER") {
        Some(program) => program.into(),
        None => on_path("nats-server", &["/usr/sbin", "/usr/local/bin"]),
    }
}

fn on_path(name: &str, others: &[&str]) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(others.iter().map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed: deploy/setup installs it"))
}
