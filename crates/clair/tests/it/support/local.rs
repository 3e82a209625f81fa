//! The other way to run the engine: `clairctl`, without any service.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::Image;

/// `clairctl` with a directory of its own for its database and images.
#[derive(Debug)]
pub(crate) struct Local {
    program: PathBuf,
    directory: TempDir,
}

impl Local {
    /// Where the program was not built the test says so, and fails in CI.
    pub(crate) fn new() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        Some(Self {
            program: program()?,
            directory,
        })
    }

    /// Fills the database with what the feeds of a mirror say.
    pub(crate) fn update(&self, mirror: &Path) {
        let mirror = mirror.to_str().unwrap();
        self.run(&["db", "update", "--db", "db", "--from", mirror, "--offline"]);
    }

    /// The report of an image of the same layer.
    pub(crate) fn scan(&self, image: &Image) -> Value {
        let name = image.digest.trim_start_matches("sha256:");
        image.write_layout(&self.directory.path().join(name));
        let report = self.run(&["scan", name, "--db", "db", "-o", "json"]);
        serde_json::from_slice(&report).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(self.directory.path())
            .env("HOME", self.directory.path())
            .env_remove("XDG_CACHE_HOME")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }
}

/// A report without what the two ways say differently: the digest of the manifest is that of a
/// document, which they have in different forms; the platform stands in the configuration of the
/// image, which is not submitted.
pub(crate) fn without_what_differs(mut report: Value) -> Value {
    let fields = report.as_object_mut().unwrap();
    fields.remove("manifest_hash");
    fields.remove("platform");
    report
}

/// The program, which cargo puts beside our own.
fn program() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_BIN_EXE_clair")).with_file_name("clairctl");
    if path.exists() {
        return Some(path);
    }
    assert!(
        std::env::var_os("CI").is_none_or(|value| value.is_empty()),
        "{} is not there: build the whole workspace",
        path.display()
    );
    println!("skipped: {} is not there", path.display());
    None
}
