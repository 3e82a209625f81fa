//! Damaged segments make errors, never panics.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use clair_vulndb::{Database, Error};
use common::{ask_everything, commit, plain};

fn segment(dir: &Path) -> PathBuf {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|suffix| suffix == "segment"))
        .unwrap()
}

/// Replaces the file, as one must: it may be mapped.
fn put(path: &Path, bytes: &[u8]) {
    let new = path.with_extension("changed");
    fs::write(&new, bytes).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn every_flipped_bit_is_noticed_and_none_panics() {
    let dir = tempfile::tempdir().unwrap();
    let advisories = plain(8);
    commit(dir.path(), &[("one", &advisories)]);
    let path = segment(dir.path());
    let bytes = fs::read(&path).unwrap();
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 1 << (index % 8);
        put(&path, &changed);
        if let Ok(database) = Database::open(dir.path()) {
            ask_everything(&database, &advisories);
            let error = database.verify().unwrap_err();
            assert!(matches!(error, Error::Segment { .. }), "{error}");
        }
    }
}

#[test]
fn many_flipped_bits_do_not_panic() {
    let dir = tempfile::tempdir().unwrap();
    let advisories = plain(30);
    commit(dir.path(), &[("one", &advisories)]);
    let path = segment(dir.path());
    let bytes = fs::read(&path).unwrap();
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let mut errors = 0;
    for _ in 0..300 {
        let mut changed = bytes.clone();
        for _ in 0..=random(40) {
            // Behind the header, so that opening succeeds.
            let index = 400 + random(bytes.len() - 400);
            changed[index] = u8::try_from(random(256)).unwrap();
        }
        put(&path, &changed);
        let database = Database::open(dir.path()).unwrap();
        errors += ask_everything(&database, &advisories);
    }
    assert!(errors > 0);
}

#[test]
fn a_file_of_another_length_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(20))]);
    let path = segment(dir.path());
    let bytes = fs::read(&path).unwrap();
    let longer = [&bytes[..], b"x"].concat();
    let shorter = (0..bytes.len()).step_by(37).map(|length| &bytes[..length]);
    for changed in shorter.chain([&longer[..], &bytes[..bytes.len() - 1]]) {
        put(&path, changed);
        let error = Database::open(dir.path()).unwrap_err();
        assert!(matches!(error, Error::Segment { .. }), "{error}");
    }
}

#[test]
fn a_segment_that_is_missing_or_another_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(20))]);
    let path = segment(dir.path());
    let other = tempfile::tempdir().unwrap();
    commit(other.path(), &[("one", &plain(21))]);
    put(&path, &fs::read(segment(other.path())).unwrap());
    let error = Database::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("not what its name says"), "{error}");
    assert!(error.contains(path.to_str().unwrap()), "{error}");

    fs::remove_file(&path).unwrap();
    let error = Database::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()), "{error}");
}

#[test]
fn a_manifest_of_a_newer_format_is_said_to_be_one() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), r#"{"format":9,"x":1}"#).unwrap();
    let error = Database::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 9, .. }), "{error}");
}

#[test]
fn a_manifest_cannot_name_files_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(2))]);
    let path = dir.path().join("manifest.json");
    let name = segment(dir.path());
    let name = name.file_stem().unwrap().to_str().unwrap();
    let manifest = fs::read_to_string(&path).unwrap();
    fs::write(&path, manifest.replace(name, "../../etc/passwd")).unwrap();
    let error = Database::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Manifest { .. }), "{error}");
}
