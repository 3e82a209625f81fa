//! Databases written by hand in the three formats, sound ones and ones damaged on purpose.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use std::slice;

use clair_rpmdb::{Contents, Error, Format, read};
use support::bdb::Layout;
use support::{all_names, header, long_header, names, records};

const SMALL: Layout = Layout {
    big_endian: false,
    page_size: 512,
};

fn contents(database: &[u8]) -> Contents {
    read(database, None).unwrap()
}

/// Reads a database that has a fault, and gives what is said of it.
fn complaints(database: &[u8], packages: usize) -> Vec<String> {
    let contents = contents(database);
    assert_eq!(contents.packages.len(), packages);
    contents.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn formats_are_told_by_their_magic() {
    assert_eq!(Format::detect(b""), None);
    assert_eq!(Format::detect(&[0; 4096]), None);
    assert_eq!(read(&[0; 4096], None), Err(Error::UnknownFormat));
    assert_eq!(contents(&support::ndb::build(&[])).format, Format::Ndb);
    assert_eq!(
        contents(&support::bdb::build(SMALL, &[])).format,
        Format::BerkeleyDb
    );
    let sqlite = support::sqlite::build(512, "Packages", &[(1, header("a").build())]);
    assert_eq!(contents(&sqlite).format.to_string(), "sqlite");
}

#[test]
fn every_format_gives_all_packages() {
    let mut databases = vec![support::ndb::build(&records())];
    for page_size in [512, 4096, 32768] {
        for big_endian in [false, true] {
            databases.push(support::bdb::build(
                Layout {
                    big_endian,
                    page_size,
                },
                &records(),
            ));
        }
    }
    for page_size in [512, 1024, 4096, 65536] {
        databases.push(support::sqlite::build(page_size, "Packages", &records()));
    }
    for database in databases {
        let contents = contents(&database);
        assert_eq!(contents.problems, []);
        assert_eq!(names(&contents), all_names());
        assert!(
            contents
                .packages
                .iter()
                .all(|p| p.files == [format!("/usr/bin/{}", p.name)])
        );
    }
}

#[test]
fn files_that_end_too_early_are_errors() {
    for whole in [support::ndb::build(&[]), support::bdb::build(SMALL, &[])] {
        assert!(matches!(
            read(&whole[..16], None),
            Err(Error::Truncated { .. })
        ));
    }
    let sqlite = support::sqlite::build(512, "Packages", &records()[..2]);
    assert!(matches!(
        read(&sqlite[..90], None),
        Err(Error::Page { page: 1, .. })
    ));
}

#[test]
fn variants_of_berkeley_db_that_rpm_does_not_write_are_refused() {
    for (at, value) in [(12, 0x0005_3162), (16, 7), (24, 1), (24, 1 << 16)] {
        let mut database = support::bdb::build(SMALL, &records());
        SMALL.patch(&mut database, at, value);
        assert!(
            matches!(read(&database, None), Err(Error::Unsupported(_))),
            "byte {at}"
        );
    }
    let mut database = support::bdb::build(SMALL, &records());
    SMALL.patch(&mut database, 20, 1000);
    assert!(matches!(
        read(&database, None),
        Err(Error::Page { page: 0, .. })
    ));
}

#[test]
fn a_loop_of_bucket_pages_ends() {
    let mut database = support::bdb::build(SMALL, &records());
    SMALL.patch(&mut database, 512 + 16, 1);
    // The pages the bucket no longer leads to are found by looking for them.
    assert_eq!(
        complaints(&database, 12),
        ["page 1: part of two buckets or a loop"]
    );
}

#[test]
fn hash_pages_are_found_when_the_way_to_them_is_lost() {
    let mut database = support::bdb::build(SMALL, &records());
    SMALL.patch(&mut database, 96, 0x7fff_ffff);
    SMALL.patch(&mut database, 72, u32::MAX);
    assert!(!complaints(&database, 12).is_empty());
}

#[test]
fn a_loop_of_overflow_pages_costs_one_record() {
    let mut records = records();
    records.push((20, long_header("last", 2000)));
    let mut database = support::bdb::build(SMALL, &records);
    let second = database
        .windows(4)
        .position(|bytes| bytes == b"last")
        .unwrap()
        / 512
        + 1;
    let number = u32::try_from(second).unwrap();
    SMALL.patch(&mut database, second * 512 + 16, number);
    let complaints = complaints(&database, 12);
    assert_eq!(complaints.len(), 1);
    assert!(
        complaints[0].starts_with(&format!("record 20: page {number}: ")),
        "{complaints:?}"
    );
}

#[test]
fn berkeley_db_items_on_top_of_each_other_are_not_read_twice() {
    let mut database = support::bdb::build(SMALL, &[(2, header("a").build())]);
    // The key of record 2 is said to be where its value is.
    let value = [database[512 + 32], database[512 + 33]];
    database[512 + 30..512 + 32].copy_from_slice(&value);
    assert_eq!(
        complaints(&database, 0),
        ["page 1: items outside the page or on top of each other"]
    );
}

#[test]
fn overflow_chains_shared_by_all_records_are_read_a_bounded_number_of_times() {
    // Many records that all point to one long chain.
    let big = long_header("big", 100_000);
    let mut database = support::bdb::build(SMALL, &[(2, big.clone())]);
    let records: Vec<_> = (1..2000).map(|n| (n, long_header("x", 600))).collect();
    let mut many = support::bdb::build(SMALL, &records);
    let base = u32::try_from(many.len() / 512).unwrap();
    for page in database.chunks_mut(512).skip(3) {
        let next = u32::from_le_bytes(page[16..20].try_into().unwrap());
        let number = u32::from_le_bytes(page[8..12].try_into().unwrap());
        SMALL.patch(page, 8, number - 3 + base);
        SMALL.patch(page, 16, if next == 0 { 0 } else { next - 3 + base });
    }
    many.extend(&database[3 * 512..]);
    let pattern = u32::try_from(records[0].1.len()).unwrap().to_le_bytes();
    let items: Vec<_> = many
        .windows(12)
        .enumerate()
        .filter(|(_, bytes)| bytes[..4] == [3, 0, 0, 0] && bytes[8..] == pattern)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(items.len(), 1999);
    for at in items {
        SMALL.patch(&mut many, at + 4, base);
        SMALL.patch(&mut many, at + 8, u32::try_from(big.len()).unwrap());
    }
    let contents = contents(&many);
    assert!(contents.packages.len() < 600, "{}", contents.packages.len());
    assert!(
        contents
            .problems
            .last()
            .unwrap()
            .to_string()
            .contains("problems")
    );
}

#[test]
fn a_damaged_ndb_blob_or_slot_costs_one_record() {
    let sound = support::ndb::build(&records());
    let blob = 4096;
    for (at, value, why) in [
        (32, b'X', "slot 2: no slot"),
        (
            36,
            9,
            "slot 2: no blob of this record where the slot points",
        ),
        (40, 1, "slot 2: a blob among the slots"),
        (43, 1, "slot 2: a blob beyond the end of the file"),
        (44, 1, "slot 2: slot and blob differ about the length"),
        (
            blob,
            0,
            "slot 2: no blob of this record where the slot points",
        ),
        (blob + 15, 0x7f, "slot 2: a blob over the limit for headers"),
    ] {
        let mut database = sound.clone();
        database[at] = value;
        if at == 40 {
            database[41] = 0;
        }
        let complaints = complaints(&database, 11);
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].ends_with(why), "{complaints:?}");
    }
}

#[test]
fn an_ndb_blob_with_a_wrong_checksum_is_read_as_rpm_does() {
    let mut database = support::ndb::build(&records());
    database[4096 + 8] ^= 1; // the time stamp
    assert_eq!(
        complaints(&database, 12),
        ["record 1: slot 2: the checksum of the blob is wrong"]
    );
}

#[test]
fn ndb_slots_that_share_a_blob_are_read_a_bounded_number_of_times() {
    let mut database = support::ndb::build(&[(1, long_header("a", 50_000))]);
    for slot in 3..256 {
        database.copy_within(32..48, slot * 16);
    }
    assert_eq!(
        complaints(&database, 17),
        ["record 1: slot 19: blobs on top of each other"]
    );
}

#[test]
fn ndb_versions_to_come_are_refused() {
    let mut database = support::ndb::build(&records());
    database[4] = 1;
    assert!(matches!(read(&database, None), Err(Error::Unsupported(_))));
    let mut database = support::ndb::build(&records());
    database[12..16].copy_from_slice(&[0xff; 4]);
    assert!(matches!(
        read(&database, None),
        Err(Error::Truncated { .. })
    ));
}

#[test]
fn no_more_problems_are_listed_than_the_limit() {
    let records: Vec<_> = (1..=3000).map(|number| (number, vec![0; 8])).collect();
    let database = support::bdb::build(
        Layout {
            page_size: 4096,
            ..SMALL
        },
        &records,
    );
    let contents = contents(&database);
    assert_eq!(
        contents.problems.len(),
        clair_rpmdb::limits::MAX_PROBLEMS + 1
    );
    let record = slice::from_ref(&contents.problems[0]);
    assert!(
        record[0]
            .to_string()
            .starts_with("record 2: rpm header: no index entries")
    );
}
