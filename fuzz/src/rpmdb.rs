//! What holds of every rpm database that can be read.

use clair_rpmdb::{limits, read};

/// Reads a database, and checks that what came out keeps within the limits.
pub fn check(database: &[u8], log: Option<&[u8]>) {
    let Ok(contents) = read(database, log) else {
        return;
    };
    assert!(contents.packages.len() <= limits::MAX_PACKAGES);
    assert!(contents.problems.len() <= limits::MAX_PROBLEMS + 1);
    let mut bytes = 0;
    for package in &contents.packages {
        assert!(!package.name.is_empty() && !package.version.is_empty());
        assert!(package.files.len() <= limits::MAX_FILES);
        bytes += package.files.iter().map(String::len).sum::<usize>();
        let _ = (package.evr(), package.source());
    }
    assert!(bytes <= limits::MAX_RESULT_BYTES);
    for problem in &contents.problems {
        assert!(!problem.to_string().is_empty());
    }
}
