//! The corpus of real files.

use std::path::{Path, PathBuf};

/// Where the corpus is: `CLAIR_CORPUS`, or beside the repository. `None` where it is not to be had,
/// which is told.
///
/// # Panics
///
/// In CI, where it has to be had.
#[expect(
    clippy::print_stdout,
    reason = "the test that asks says that it was not run"
)]
pub fn corpus() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("CLAIR_CORPUS").map_or_else(beside, PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "no corpus at {}",
        root.display()
    );
    println!("not run: no corpus at {}", root.display());
    None
}
