//! Release files, and which distribution they tell. Each input is the release files of one root:
//! the path on a line, then the text, and a NUL between two files.
#![no_main]

use clair_fuzz::analyze;
use clair_inventory::{OsRelease, RELEASE_FILES, ReleaseFiles, detect};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let mut files = ReleaseFiles::new();
    for file in data.split('\0') {
        let Some((path, text)) = file.split_once('\n') else {
            continue;
        };
        OsRelease::parse(text);
        if RELEASE_FILES.contains(&path) {
            analyze(path, text.as_bytes());
            files.insert(path, text);
        }
    }
    if let Some(distribution) = detect(&files) {
        assert!(
            !distribution.did.is_empty() || !distribution.name.is_empty(),
            "a distribution has a name"
        );
    }
});
