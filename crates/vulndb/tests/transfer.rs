//! Databases travel, and arrive whole or not at all.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

mod common;

use std::fs;
use std::io::Read;
use std::path::Path;

use clair_vulndb::{Database, Error, Store, export, import};
use common::{advisories, ask_everything, commit, plain};
use proptest::prelude::*;

fn exported(dir: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    let summary = export(dir, &mut out).unwrap();
    assert_eq!(summary.bytes, out.len() as u64);
    out
}

fn sample() -> (tempfile::TempDir, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    commit(
        dir.path(),
        &[
            ("one", &plain(30)),
            ("same", &plain(30)),
            ("two", &plain(7)),
        ],
    );
    let bytes = exported(dir.path());
    (dir, bytes)
}

/// Tries to import something broken over a database, which must not notice.
fn refused(dir: &Path, bytes: &[u8]) -> Error {
    let files = || {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = (files(), Database::open(dir).unwrap().identity().to_owned());
    let error = import(dir, &mut &*bytes).unwrap_err();
    let after = (files(), Database::open(dir).unwrap().identity().to_owned());
    assert_eq!(before, after, "{error}");
    error
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    zstd::decode_all(bytes).unwrap()
}

fn inflates_to(bytes: &[u8], expected: &[u8]) -> bool {
    zstd::decode_all(bytes).is_ok_and(|inflated| inflated == expected)
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[test]
fn what_was_exported_is_imported() {
    let (from, bytes) = sample();
    let to = tempfile::tempdir().unwrap();
    commit(to.path(), &[("gone", &plain(3))]);
    let summary = import(to.path(), &mut &*bytes).unwrap();

    let (old, new) = (
        Database::open(from.path()).unwrap(),
        Database::open(to.path()).unwrap(),
    );
    assert_eq!(old.sources(), new.sources());
    assert_eq!(summary.sources, new.sources());
    assert_eq!(old.identity(), new.identity());
    assert_eq!(ask_everything(&new, &plain(30)), 0);
    assert_eq!(exported(to.path()), bytes);
}

#[test]
fn an_import_mends_a_database_with_a_damaged_manifest() {
    let (dir, bytes) = sample();
    fs::write(dir.path().join("manifest.json"), "{").unwrap();
    let error = Database::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Manifest { .. }), "{error}");
    import(dir.path(), &mut &*bytes).unwrap();
    Database::open(dir.path()).unwrap().verify().unwrap();
}

#[test]
fn a_damaged_database_is_not_exported() {
    let (dir, _) = sample();
    let segment = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|suffix| suffix == "segment"))
        .unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&segment, bytes).unwrap();
    let error = export(dir.path(), &mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().contains("checksum of the texts"),
        "{error}"
    );
}

#[test]
fn a_stream_that_is_cut_off_is_refused() {
    let (dir, bytes) = sample();
    for length in (0..bytes.len()).step_by(bytes.len() / 97 + 1) {
        let error = refused(dir.path(), &bytes[..length]);
        assert!(matches!(error, Error::Import { .. }), "{error}");
    }
    let inflated = inflate(&bytes);
    for length in (0..inflated.len()).step_by(inflated.len() / 97 + 1) {
        let error = refused(dir.path(), &deflate(&inflated[..length]));
        assert!(matches!(error, Error::Import { .. }), "{error}");
    }
    // All but the last byte of the checksum of the end.
    let error = refused(dir.path(), &deflate(&inflated[..inflated.len() - 1]));
    assert!(
        error.to_string().contains("the stream ends here"),
        "{error}"
    );
}

#[test]
fn a_flipped_bit_is_refused_wherever_it_is() {
    let (dir, bytes) = sample();
    let inflated = inflate(&bytes);
    for index in (0..64).chain((64..bytes.len()).step_by(bytes.len() / 97 + 1)) {
        let mut changed = bytes.clone();
        changed[index] ^= 1 << (index % 8);
        // The frame has a bit that means nothing, and another window would do as well.
        if inflates_to(&changed, &inflated) {
            import(dir.path(), &mut &*changed).unwrap();
        } else {
            refused(dir.path(), &changed);
        }
    }
    // The same below the checksum of zstd: magic, format, kinds, lengths, contents, checksums.
    let ends = (0..64).chain(inflated.len() - 64..inflated.len());
    for index in ends.chain((64..inflated.len()).step_by(inflated.len() / 199 + 1)) {
        let mut changed = inflated.clone();
        changed[index] ^= 1 << (index % 8);
        refused(dir.path(), &deflate(&changed));
    }
}

#[test]
fn a_newer_format_is_said_to_be_one() {
    let (dir, bytes) = sample();
    let mut inflated = inflate(&bytes);
    inflated[16] = 7;
    let error = refused(dir.path(), &deflate(&inflated));
    assert!(matches!(error, Error::Newer { found: 7, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the export was made by a newer version: format 7, this program reads up to 1"
    );
}

#[test]
fn what_is_no_export_or_has_more_behind_it_is_refused() {
    let (dir, bytes) = sample();
    for foreign in [&b""[..], b"hello", &deflate(b""), &deflate(&[0; 100])] {
        let error = refused(dir.path(), foreign);
        assert!(
            error.to_string().contains("begin like an export"),
            "{error}"
        );
    }
    let mut longer = bytes.clone();
    longer.push(0);
    let error = refused(dir.path(), &longer);
    assert!(error.to_string().contains("more after its end"), "{error}");
    let mut longer = inflate(&bytes);
    longer.push(0);
    let error = refused(dir.path(), &deflate(&longer));
    assert!(error.to_string().contains("more after it"), "{error}");
    // A part that promises more than there can be is refused before it is read.
    let mut huge = inflate(&bytes)[..21].to_vec();
    huge.extend(u64::MAX.to_le_bytes());
    let endless = huge.chain(std::io::repeat(0)).take(1 << 20);
    let compressed = zstd::encode_all(endless, 1).unwrap();
    let error = refused(dir.path(), &compressed);
    assert!(
        error.to_string().contains("the manifest: it is too large"),
        "{error}"
    );
}

#[test]
fn nothing_is_imported_while_an_update_runs() {
    let (dir, bytes) = sample();
    let update = Store::open(dir.path()).unwrap().lock().unwrap();
    let error = import(dir.path(), &mut &*bytes).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(update);
    import(dir.path(), &mut &*bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_can_be_written_passes_the_check_of_an_import(advisories in advisories()) {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        commit(from.path(), &[("one", &advisories)]);
        import(to.path(), &mut &*exported(from.path())).unwrap();
    }
}
