//! The SQLite reader on files written by hand: tables, chains, and write-ahead logs.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use clair_rpmdb::sqlite::{Database, Value};
use clair_rpmdb::{Error, read};
use support::sqlite::{SQL, build, wal};
use support::{header, long_header, names, records};

const SIZE: usize = 2048;

fn page(database: &[u8], number: usize) -> &[u8] {
    &database[(number - 1) * SIZE..number * SIZE]
}

/// A database of one package and a newer one of another, of as many pages.
fn old_and_new() -> (Vec<u8>, Vec<u8>) {
    let database = |name| build(SIZE, "Packages", &[(1, header(name).build())]);
    (database("old"), database("new"))
}

#[test]
fn tables_are_found_in_any_case_and_give_their_rows() {
    let file = build(SIZE, "Packages", &records());
    let database = Database::open(&file, None).unwrap();
    let table = database.table("PACKAGES").unwrap();
    assert_eq!(table.sql(), SQL);
    let rows: Vec<_> = table.rows().map(Result::unwrap).collect();
    assert!(rows.iter().map(clair_rpmdb::sqlite::Row::rowid).eq(1..=12));
    assert_eq!(rows[0].value(0), Value::Null);
    assert_eq!(rows[2].value(1).as_blob(), Some(&records()[2].1[..]));
    assert_eq!(rows[2].value(2), Value::Null);
}

#[test]
fn a_database_without_the_table_says_so() {
    let file = build(SIZE, "Other", &records());
    let error = read(&file, None).unwrap_err();
    assert_eq!(error, Error::NoTable("Packages".into()));
    assert_eq!(error.to_string(), "no table named Packages");
}

#[test]
fn a_tree_that_loops_ends() {
    let mut file = build(SIZE, "Packages", &records());
    // The rightmost child of the root is the root.
    file[SIZE + 8..SIZE + 12].copy_from_slice(&2u32.to_be_bytes());
    let contents = read(&file, None).unwrap();
    assert!(!contents.problems.is_empty());
    assert!((1..12).contains(&contents.packages.len()));
}

#[test]
fn a_lost_leaf_does_not_lose_the_others() {
    let mut file = build(SIZE, "Packages", &records());
    let last = file.len() / SIZE;
    file[(last - 1) * SIZE] = 0;
    let contents = read(&file, None).unwrap();
    assert!((1..12).contains(&contents.packages.len()));
    assert_eq!(
        contents.problems[0].to_string(),
        format!("page {last}: no page of a table")
    );
}

#[test]
fn a_broken_chain_names_its_row() {
    let mut file = build(
        SIZE,
        "Packages",
        &[(7, long_header("a", 5000)), (8, header("b").build())],
    );
    // Page 3 is the first of the chain.
    file[2 * SIZE..2 * SIZE + 4].copy_from_slice(&99u32.to_be_bytes());
    let contents = read(&file, None).unwrap();
    assert_eq!(names(&contents), ["b"]);
    assert_eq!(
        contents.problems[0].to_string(),
        "record 7: page 99: beyond the end of the database"
    );
}

#[test]
fn rows_that_share_the_bytes_of_a_page_are_not_read_for_ever() {
    let mut file = build(SIZE, "Packages", &[(1, header("a").build())]);
    let leaf = 2 * SIZE;
    file[leaf + 3..leaf + 5].copy_from_slice(&200u16.to_be_bytes());
    let cell = [file[leaf + 8], file[leaf + 9]];
    for number in 0..200 {
        file[leaf + 8 + 2 * number..][..2].copy_from_slice(&cell);
    }
    let contents = read(&file, None).unwrap();
    assert!((1..20).contains(&contents.packages.len()));
    assert_eq!(
        contents.problems.last().unwrap().to_string(),
        "page 3: rows that overlap"
    );
}

#[test]
fn committed_pages_of_the_log_replace_those_of_the_database() {
    let (old, new) = old_and_new();
    let log = wal(SIZE, &[(3, 3, page(&new, 3))]);
    assert_eq!(names(&read(&old, None).unwrap()), ["old"]);
    assert_eq!(names(&read(&old, Some(&log)).unwrap()), ["new"]);
    assert_eq!(names(&read(&old, Some(&[])).unwrap()), ["old"]);
}

#[test]
fn the_last_committed_version_of_a_page_counts() {
    let (old, new) = old_and_new();
    let frames = [
        (3, 3, page(&new, 3)),
        (3, 3, page(&old, 3)),
        (3, 0, page(&new, 3)),
    ];
    assert_eq!(
        names(&read(&old, Some(&wal(SIZE, &frames[..1]))).unwrap()),
        ["new"]
    );
    assert_eq!(
        names(&read(&old, Some(&wal(SIZE, &frames))).unwrap()),
        ["old"]
    );
}

#[test]
fn a_log_ends_at_the_first_frame_with_wrong_salts_or_checksum() {
    let (old, new) = old_and_new();
    let sound = wal(SIZE, &[(3, 3, page(&new, 3))]);
    for at in [32 + 8, 32 + 16, 32 + 24 + 100] {
        let mut log = sound.clone();
        log[at] ^= 1;
        let contents = read(&old, Some(&log)).unwrap();
        assert_eq!(names(&contents), ["old"]);
        assert_eq!(contents.problems, []);
    }
    assert_eq!(
        names(&read(&old, Some(&sound[..sound.len() - 1])).unwrap()),
        ["old"]
    );
}

#[test]
fn a_log_that_does_not_fit_is_left_out_and_reported() {
    let (old, new) = old_and_new();
    let mut damaged = wal(SIZE, &[(3, 3, page(&new, 3))]);
    damaged[20] ^= 1;
    let other_size = wal(512, &[]);
    for log in [&damaged, &other_size, &b"short".to_vec()] {
        let contents = read(&old, Some(log)).unwrap();
        assert_eq!(names(&contents), ["old"]);
        assert!(matches!(contents.problems[0].error, Error::Wal(_)));
    }
}

#[test]
fn a_database_can_grow_in_its_log() {
    let (old, _) = old_and_new();
    let grown = build(SIZE, "Packages", &records());
    let last = u32::try_from(grown.len() / SIZE).unwrap();
    let frames: Vec<_> = (2..=last)
        .map(|number| {
            let commit = if number == last { last } else { 0 };
            (number, commit, page(&grown, number as usize))
        })
        .collect();
    let contents = read(&old, Some(&wal(SIZE, &frames))).unwrap();
    assert_eq!(contents.problems, []);
    assert_eq!(contents.packages.len(), 12);
}
