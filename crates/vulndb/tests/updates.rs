//! Databases change while they are in use.
#![allow(clippy::unwrap_used, reason = "a test may fail that way")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clair_model::{Advisory, PackageKind};
use clair_vulndb::{Database, Error, Store};
use common::{affected, commit, namespace, plain, provenance};
use jiff::Timestamp;

fn files(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn segments(dir: &Path) -> usize {
    let names = files(dir);
    names
        .iter()
        .filter(|name| name.ends_with(".segment"))
        .count()
}

#[test]
fn where_nothing_was_committed_there_is_no_database() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    for dir in [dir.path(), &missing] {
        let error = Database::open(dir).unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error}");
    }
    let store = Store::open(&missing).unwrap();
    assert_eq!(store.sources().unwrap(), []);
    store.lock().unwrap().commit().unwrap();
    assert_eq!(Database::open(&missing).unwrap().sources(), []);
}

#[test]
fn an_update_that_is_dropped_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(3))]);
    let before = files(dir.path());
    {
        let mut update = Store::open(dir.path()).unwrap().lock().unwrap();
        let mut writer = update.writer("one").unwrap();
        writer.add(&Advisory::new("CVE-1")).unwrap();
        update.replace(writer.finish(provenance(2)).unwrap());
        let mut unfinished = update.writer("two").unwrap();
        unfinished.add(&Advisory::new("CVE-2")).unwrap();
    }
    assert_eq!(files(dir.path()), before);
    assert_eq!(
        Database::open(dir.path()).unwrap().sources()[0].advisories,
        3
    );
}

#[test]
fn what_a_killed_update_left_is_cleaned_and_foreign_files_are_not() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(3))]);
    let stale = [
        "new-abc.tmp".to_owned(),
        format!("{}.segment", "0".repeat(32)),
    ];
    let foreign = ["README", "new-notes.txt", "x.segment"];
    for name in stale.iter().map(String::as_str).chain(foreign) {
        fs::write(dir.path().join(name), "left behind").unwrap();
    }
    commit(dir.path(), &[]);
    let left = files(dir.path());
    assert!(stale.iter().all(|name| !left.contains(name)), "{left:?}");
    assert!(foreign.iter().all(|&name| left.contains(name)), "{left:?}");
    assert_eq!(segments(dir.path()), 2, "{left:?}");
    Database::open(dir.path()).unwrap().verify().unwrap();
}

#[test]
fn sources_are_replaced_touched_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(3)), ("two", &plain(4))]);
    let old = Database::open(dir.path()).unwrap();

    let later = Timestamp::from_second(77).unwrap();
    let mut update = Store::open(dir.path()).unwrap().lock().unwrap();
    update.touch("one", later, "new".to_owned()).unwrap();
    update.remove("two").unwrap();
    for result in [
        update.remove("two"),
        update.touch("two", later, String::new()),
    ] {
        assert!(matches!(result, Err(Error::UnknownSource { .. })));
    }
    assert_eq!(update.sources().len(), 1);
    update.commit().unwrap();

    let new = Database::open(dir.path()).unwrap();
    assert_eq!(new.sources().len(), 1);
    assert_eq!(new.sources()[0].fetched, later);
    assert_eq!(new.sources()[0].fingerprint, "new");
    assert_eq!(segments(dir.path()), 1);
    assert_ne!(new.identity(), old.identity());
    // What was open stays, though its file has no name any more.
    assert_eq!(old.by_id("CVE-2024-0003").unwrap().len(), 1);
    old.verify().unwrap();
}

#[test]
fn sources_with_the_same_content_share_a_segment() {
    let dir = tempfile::tempdir().unwrap();
    commit(dir.path(), &[("one", &plain(3)), ("two", &plain(3))]);
    assert_eq!(segments(dir.path()), 1);
    let mut update = Store::open(dir.path()).unwrap().lock().unwrap();
    update.remove("one").unwrap();
    update.commit().unwrap();
    let database = Database::open(dir.path()).unwrap();
    assert_eq!(database.by_id("CVE-2024-0002").unwrap().len(), 1);
}

#[test]
fn one_update_runs_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let update = store.lock().unwrap();
    assert!(matches!(store.lock(), Err(Error::Locked { .. })));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut update = store.lock_wait().unwrap();
            assert_eq!(
                update.sources().len(),
                1,
                "it sees the update it waited for"
            );
            let writer = update.writer("second").unwrap();
            update.replace(writer.finish(provenance(2)).unwrap());
            update.commit().unwrap();
        });
        std::thread::sleep(Duration::from_millis(50));
        let mut update = update;
        let writer = update.writer("first").unwrap();
        update.replace(writer.finish(provenance(1)).unwrap());
        update.commit().unwrap();
        waiting.join().unwrap();
    });
    assert_eq!(store.sources().unwrap().len(), 2);
}

#[test]
fn segments_of_an_update_can_be_written_by_several_threads() {
    let dir = tempfile::tempdir().unwrap();
    let mut update = Store::open(dir.path()).unwrap().lock().unwrap();
    let names = ["a", "b", "c"];
    let finished = std::thread::scope(|scope| {
        let threads = names.map(|name| {
            let mut writer = update.writer(name).unwrap();
            scope.spawn(move || {
                for advisory in plain(name.len() + 20) {
                    writer.add(&advisory).unwrap();
                }
                writer.finish(provenance(1)).unwrap()
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    for segment in finished {
        assert_eq!(segment.info().advisories, 21);
        update.replace(segment);
    }
    update.commit().unwrap();
    assert_eq!(Database::open(dir.path()).unwrap().sources().len(), 3);
}

/// Sources of one generation, which all say so.
fn generation(number: usize) -> Vec<Advisory> {
    let mut advisories = plain(40);
    for advisory in &mut advisories {
        advisory.affected = vec![affected("debian:12", "marker", &number.to_string())];
    }
    advisories
}

#[test]
fn readers_see_one_generation_whole_while_another_is_committed() {
    let dir = tempfile::tempdir().unwrap();
    let sources = ["a", "b", "c"];
    let write = |number| {
        let advisories = generation(number);
        commit(dir.path(), &sources.map(|name| (name, &*advisories)));
    };
    write(0);
    let done = AtomicBool::new(false);
    let opened = std::thread::scope(|scope| {
        let read = || {
            let (mut opened, mut newest) = (0_usize, 0);
            while !done.load(Ordering::Relaxed) {
                let database = Database::open(dir.path()).unwrap();
                let seen: Vec<usize> = database
                    .candidates(&namespace("debian:12"), "marker", PackageKind::Source)
                    .map(|candidate| {
                        let candidate = candidate.unwrap();
                        candidate.fixed_version().unwrap().parse().unwrap()
                    })
                    .collect();
                assert_eq!(seen.len(), 3 * 40);
                assert!(seen.iter().all(|number| *number == seen[0]), "{seen:?}");
                assert!(seen[0] >= newest, "time went backwards");
                newest = seen[0];
                opened += 1;
            }
            opened
        };
        let readers = [(); 3].map(|()| scope.spawn(read));
        for number in 1..60 {
            write(number);
        }
        done.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().unwrap())
    });
    assert!(opened.iter().all(|&count| count > 0));
    assert_eq!(segments(dir.path()), 1);
}
