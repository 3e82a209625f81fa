//! Headers written by hand: what becomes of each tag, and of broken ones.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod support;

use clair_rpmdb::header::{Header, tag};
use clair_rpmdb::{Contents, Error, Package};
use support::{HeaderBuilder, header};

/// Reads one header by way of the simplest database.
fn read(header: HeaderBuilder) -> Contents {
    clair_rpmdb::read(&support::ndb::build(&[(1, header.build())]), None).unwrap()
}

fn package(header: HeaderBuilder) -> Package {
    let mut contents = read(header);
    assert_eq!(contents.problems, []);
    contents.packages.remove(0)
}

#[test]
fn reads_every_tag_of_a_package() {
    let signature = [&[0x89, 0, 12, 3, 5, 0, 0, 0, 0, 0][..], &[0xab; 8]].concat();
    let package = package(
        header("curl")
            .integers(tag::EPOCH, &[2])
            .integers(tag::INSTALLTIME, &[1_700_000_000])
            .string(tag::VENDOR, "Somebody")
            .string(tag::MODULARITYLABEL, "m:1:2:3")
            .strings(tag::PAYLOADDIGEST, &["00ff"])
            .binary(tag::RSAHEADER, &signature),
    );
    let expected = Package {
        name: "curl".into(),
        epoch: Some(2),
        version: "1.0".into(),
        release: "1".into(),
        arch: Some("noarch".into()),
        source_rpm: Some("curl-1.0-1.src.rpm".into()),
        modularity_label: Some("m:1:2:3".into()),
        vendor: Some("Somebody".into()),
        files: vec!["/usr/bin/curl".into()],
        payload_digest: Some("00ff".into()),
        signing_key: Some("abababababababab".into()),
        install_time: Some(1_700_000_000),
    };
    assert_eq!(package, expected);
    assert!(!package.is_public_key());
}

#[test]
fn an_entry_added_later_overrides_an_earlier_one() {
    assert_eq!(package(header("a").string(tag::NAME, "b")).name, "b");
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced() {
    assert_eq!(
        package(header("a").raw(tag::VENDOR, 9, 1, b"M\xfcller\0"))
            .vendor
            .unwrap(),
        "M\u{fffd}ller"
    );
}

#[test]
fn reads_the_whole_paths_of_old_packages() {
    let old = HeaderBuilder::default()
        .string(tag::NAME, "gpg-pubkey")
        .string(tag::VERSION, "1")
        .string(tag::RELEASE, "2")
        .strings(tag::OLDFILENAMES, &["/a", "/b/c"]);
    let package = package(old);
    assert_eq!(package.files, ["/a", "/b/c"]);
    assert!(package.is_public_key());
    assert_eq!(package.arch, None);
}

#[test]
fn a_broken_file_list_does_not_lose_the_package() {
    for broken in [
        header("a").integers(tag::DIRINDEXES, &[1]),
        header("a").integers(tag::DIRINDEXES, &[]),
        header("a").string(tag::DIRINDEXES, "text"),
        header("a").raw(tag::DIRNAMES, 8, 5, b"/\0"),
        header("a").raw(tag::BASENAMES, 8, 2_000_000, b""),
        header("a").raw(tag::BASENAMES, 8, 900_000, b""),
    ] {
        let contents = read(broken);
        assert_eq!(contents.packages[0].name, "a");
        assert_eq!(contents.packages[0].files, [""; 0]);
        assert_eq!(contents.problems.len(), 1);
        assert_eq!(contents.problems[0].record, Some(1));
    }
}

#[test]
fn a_header_without_name_or_version_is_no_package() {
    for (broken, why) in [
        (
            HeaderBuilder::default().string(tag::NAME, "a"),
            "record 1: rpm header: no version tag",
        ),
        (
            HeaderBuilder::default().string(tag::VERSION, "a"),
            "record 1: rpm header: no name tag",
        ),
        (
            header("a").string(tag::NAME, ""),
            "record 1: rpm header: no name tag",
        ),
    ] {
        let contents = read(broken);
        assert_eq!(contents.packages, []);
        assert_eq!(contents.problems[0].to_string(), why);
    }
    assert_eq!(read(header("a").string(tag::EPOCH, "1")).packages, []);
}

#[test]
fn long_paths_made_of_few_bytes_meet_the_limit() {
    // 5 MiB of header that describe 5 TiB of paths.
    let directory = "d".repeat(2 << 20);
    let names = "\0".repeat(600_000);
    let bomb = header("bomb")
        .strings(tag::DIRNAMES, &[&directory])
        .raw(tag::BASENAMES, 8, 600_000, names.as_bytes())
        .integers(tag::DIRINDEXES, &vec![0; 600_000]);
    let contents = read(bomb);
    assert_eq!(contents.packages[0].files, [""; 0]);
    assert!(matches!(contents.problems[0].error, Error::Limit { .. }));
}

#[test]
fn refuses_headers_whose_counts_are_wrong() {
    let parse = |blob: &[u8]| Header::parse(blob).unwrap_err().to_string();
    assert_eq!(parse(b""), "rpm header cut short: 8 bytes needed, 0 there");
    assert_eq!(
        parse(&[0; 8]),
        "rpm header: no index entries (byte 0 of the header)"
    );
    assert_eq!(parse(&[0xff; 99]), "more than 65535 entries in a header");
    let mut blob = header("a").build();
    blob.pop();
    assert!(matches!(Header::parse(&blob), Err(Error::Truncated { .. })));
}

#[test]
fn values_are_read_by_their_type() {
    let blob = HeaderBuilder::default()
        .raw(1, 3, 2, &[1, 2, 3, 4])
        .strings(2, &["x", "y"])
        .binary(3, &[9])
        .raw(4, 4, 9, &[0, 0])
        .build();
    let header = Header::parse(&blob).unwrap();
    let numbers = header.integers(1).unwrap().unwrap();
    assert_eq!(
        (numbers.len(), numbers.get(1), numbers.get(2)),
        (2, Some(0x0304), None)
    );
    let texts: Result<Vec<_>, _> = header.strings(2).unwrap().unwrap().collect();
    assert_eq!(texts.unwrap(), ["x", "y"]);
    assert_eq!(header.binary(3).unwrap(), Some(&[9][..]));
    assert_eq!(header.binary(99).unwrap(), None);
    assert!(header.binary(1).is_err());
    assert!(header.integers(4).is_err());
    assert!(header.string(3).is_err());
    assert_eq!(header.entries().count(), 4);
}
