//! The dialects of tar, and what the tools that unpack images make of them.

use crate::tar::{Header, Tar};
use crate::walked::walk_archive;

/// A name longer than any field of a header.
fn long(end: &str) -> String {
    format!("{}{end}", "directory/".repeat(30))
}

#[test]
fn entries_have_their_kinds_and_cleaned_paths() {
    let archive = Tar::new()
        .directory("./etc")
        .file("./etc/os-release", "ID=alpine\n")
        .symlink("etc/link", "../usr/lib/os-release")
        .hardlink("etc/hard", "./etc//os-release")
        .member(&Header::new(b'3', "dev/null"), b"")
        .member(&Header::new(b'4', "dev/sda"), b"")
        .member(&Header::new(b'6', "run/pipe"), b"")
        .member(&Header::new(b'7', "contiguous").size(1), b"x")
        .end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(
        walked.entries,
        [
            "directory etc",
            "file etc/os-release",
            "symlink etc/link -> ../usr/lib/os-release",
            "hardlink etc/hard -> etc/os-release",
            "other dev/null",
            "other dev/sda",
            "other run/pipe",
            "file contiguous",
        ]
    );
    assert_eq!(walked.text("etc/os-release"), "ID=alpine\n");
}

#[test]
fn long_names_are_read_in_every_dialect() {
    let (file, target) = (long("file"), long("target"));
    let short = Header::new(b'0', "short").size(1);
    let link = Header::new(b'2', "short").link("short");
    let dialects = [
        Tar::new()
            .pax(&[("path", &file)])
            .member(&short, b"x")
            .pax(&[("path", &file), ("linkpath", &target)])
            .member(&link, b""),
        Tar::new()
            .gnu_long_name(&file)
            .member(&short, b"x")
            .gnu_long_link(&target)
            .gnu_long_name(&file)
            .member(&link, b""),
    ];
    for tar in dialects {
        let walked = walk_archive(&tar.end()).unwrap();
        let expected = [
            format!("file {file}"),
            format!("symlink {file} -> {target}"),
        ];
        assert_eq!(walked.entries, expected);
        assert_eq!(walked.text(&file), "x");
    }
}

#[test]
fn a_ustar_name_is_prefix_and_name() {
    let header = Header::new(b'0', "name").set(345, b"some/prefix").size(1);
    let walked = walk_archive(&Tar::new().member(&header, b"x").end()).unwrap();
    assert_eq!(walked.entries, ["file some/prefix/name"]);
    // GNU's format has times there.
    let header = Header::gnu(b'0', "name").set(345, b"00000000000").size(1);
    let walked = walk_archive(&Tar::new().member(&header, b"x").end()).unwrap();
    assert_eq!(walked.entries, ["file name"]);
}

#[test]
fn extensions_hold_for_one_member_only() {
    let archive = Tar::new()
        .pax(&[("path", "renamed"), ("size", "1")])
        .member(&Header::new(b'0', "a").size(0), b"x")
        .file("b", "content of b")
        .end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(walked.entries, ["file renamed", "file b"]);
    assert_eq!(walked.text("b"), "content of b");
}

#[test]
fn global_extensions_name_no_member() {
    let archive = Tar::new()
        .global_pax(&[("comment", "0123"), ("path", "everything")])
        .file("a", "x")
        .end();
    assert_eq!(walk_archive(&archive).unwrap().entries, ["file a"]);
}

/// Attributes are binary. A reader that looks for line ends would find records inside of values.
#[test]
fn a_pax_record_ends_where_its_length_says() {
    let archive = Tar::new()
        .pax(&[
            ("SCHILY.xattr.security.ima", "\x03\n\n12 path=a/b\n"),
            ("path", "with a\nline end"),
            ("comment", ""),
        ])
        .file("short", "x")
        .end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(walked.entries, ["file with a\nline end"]);
}

/// As Go reads them, which unpacks images: what is hidden from it may not be hidden from us, and
/// the other way round.
#[test]
fn of_two_names_the_one_counts_that_is_unpacked() {
    let short = Header::new(b'0', "short");
    let archive = Tar::new()
        .pax(&[("path", ""), ("linkpath", ""), ("size", "")])
        .member(&short.clone().size(1), b"x")
        .pax(&[("path", "first"), ("path", "second")])
        .member(&short, b"")
        .gnu_long_name("gnu")
        .pax(&[("path", "pax")])
        .member(&short, b"")
        .pax(&[("path", "replaced"), ("size", "512")])
        .pax(&[("linkpath", "unused")])
        .member(&short, b"")
        .pax(&[("path", "of nobody")])
        .global_pax(&[("comment", "a member of its own")])
        .member(&short, b"")
        .end();
    assert_eq!(
        walk_archive(&archive).unwrap().entries,
        [
            "file short",
            "file second",
            "file gnu",
            "file short",
            "file short"
        ]
    );
}

/// Where the sizes differ, readers that believe different ones see different members: one could
/// hide a package database from a scanner. What unpacks images believes PAX.
#[test]
fn the_size_of_pax_goes_before_that_of_the_header() {
    let hidden = Tar::new().file("hidden", "in the data of another").cut();
    let length = hidden.len().to_string();
    let member = Header::new(b'0', "outer");
    let archive = Tar::new()
        .pax(&[("size", &length)])
        .member(&member.clone().size(0), &hidden)
        .file("after", "")
        .end();
    assert_eq!(
        walk_archive(&archive).unwrap().entries,
        ["file outer", "file after"]
    );
    let archive = Tar::new()
        .pax(&[("size", "0")])
        .member(&member.size(hidden.len() as u64), b"")
        .raw(&hidden)
        .end();
    assert_eq!(
        walk_archive(&archive).unwrap().entries,
        ["file outer", "file hidden"]
    );
}

#[test]
fn sizes_in_binary_are_read_and_absurd_ones_refused() {
    let header = Header::gnu(b'0', "a").base_256_size(5);
    let archive = Tar::new().member(&header, b"12345").file("b", "").end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(walked.entries, ["file a", "file b"]);
    assert_eq!(walked.text("a"), "12345");

    // Old writers left the field blank where there is nothing.
    for field in [[0; 12], [b' '; 12], *b"     0 \0\0\0\0\0"] {
        let header = Header::new(b'0', "a").set(124, &field);
        let archive = Tar::new().member(&header, b"").file("b", "").end();
        assert_eq!(
            walk_archive(&archive).unwrap().entries,
            ["file a", "file b"]
        );
    }

    for field in [
        // Negative, more than 64 bits, all of them, no number.
        [0xff; 12],
        [0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [
            0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ],
        *b"12345678901z",
    ] {
        let header = Header::gnu(b'0', "a").set(124, &field);
        let archive = Tar::new().member(&header, b"x").file("b", "").end();
        let error = walk_archive(&archive).unwrap_err().to_string();
        assert!(
            error.contains("bad size") || error.contains("ends"),
            "{error}"
        );
    }
}

#[test]
fn links_devices_and_directories_have_no_data_whatever_size_they_claim() {
    let mut tar = Tar::new();
    for kind in b'1'..=b'6' {
        tar = tar.raw(&Header::new(kind, "x").size(512).block());
    }
    let walked = walk_archive(&tar.file("after", "y").end()).unwrap();
    assert_eq!(walked.entries.len(), 7);
    assert_eq!(walked.text("after"), "y");
}

#[test]
fn kinds_nobody_knows_are_passed_over_with_their_data() {
    let hidden = Tar::new().file("hidden", "").cut();
    let header = Header::new(b'Z', "vendor").size(hidden.len() as u64);
    let archive = Tar::new().member(&header, &hidden).file("a", "x").end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(walked.entries, ["other vendor", "file a"]);
}

#[test]
fn a_file_whose_name_ends_with_a_slash_is_an_old_directory() {
    let archive = Tar::new()
        .member(&Header::v7(0, "etc/"), b"")
        .member(&Header::v7(0, "etc/hostname").size(1), b"x")
        // Since there is a type for directories, a file is one whatever its name.
        .member(&Header::new(b'0', "etc/hosts/").size(1), b"y")
        .end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(
        walked.entries,
        ["directory etc", "file etc/hostname", "file etc/hosts"]
    );
    assert_eq!(walked.text("etc/hosts"), "y");
}

#[test]
fn archives_joined_end_to_end_are_read_to_the_last() {
    let one = Tar::new().file("one", "1").end();
    let two = Tar::new().file("two", "2").end();
    let walked = walk_archive(&[one, vec![0; 8192], two].concat()).unwrap();
    assert_eq!(walked.entries, ["file one", "file two"]);
}

#[test]
fn the_end_mark_may_be_missing_short_or_followed_by_garbage() {
    let cut = Tar::new().file("a", "x").cut();
    for end in [
        vec![],
        vec![0; 512],
        vec![0; 100],
        vec![0; 1024 + 17],
        [vec![0; 1024], vec![0xaa; 2000]].concat(),
    ] {
        let length = end.len();
        let walked = walk_archive(&[cut.clone(), end].concat()).unwrap();
        assert_eq!(walked.entries, ["file a"], "{length}");
    }
    // The padding of the last member may be missing as well.
    let walked = walk_archive(&cut[..513]).unwrap();
    assert_eq!(walked.text("a"), "x");
}

#[test]
fn an_archive_that_ends_inside_something_is_an_error_with_the_place() {
    let archive = Tar::new().file("a", "x").file("b", vec![7; 2000]).end();
    for (length, place) in [(100, "byte 0"), (1100, "byte 1024"), (2000, "2000 bytes")] {
        let error = walk_archive(&archive[..length]).unwrap_err();
        assert!(error.to_string().contains(place), "{length}: {error}");
    }
    for kind in [b'x', b'L', b'K', b'g'] {
        let header = Header::new(kind, "x").size(600);
        let archive = Tar::new().raw(&header.block()).raw(&[b'a'; 100]).cut();
        let error = walk_archive(&archive).unwrap_err();
        assert!(error.to_string().contains("ends inside"), "{error}");
    }
}

#[test]
fn what_is_no_archive_is_an_error() {
    for bytes in [&b"<html>not found</html>"[..], &[1; 512], &[0xff; 5000]] {
        assert!(walk_archive(bytes).is_err());
    }
    let mut header = Header::new(b'0', "a").block();
    header[0] = b'b';
    let error = walk_archive(&header).unwrap_err();
    assert!(error.to_string().contains("bad checksum"), "{error}");
}

#[test]
fn malformed_pax_records_are_an_error() {
    for text in [
        "path=a\n",
        "99 path=a\n",
        "9 path=a",
        "x path=a\n",
        "12 size=-1\n",
    ] {
        let header = Header::new(b'x', "x").size(text.len() as u64);
        let archive = Tar::new()
            .member(&header, text.as_bytes())
            .file("a", "")
            .end();
        let result = walk_archive(&archive);
        let error = result.expect_err(text);
        assert!(error.to_string().contains("PAX"), "{text:?}: {error}");
    }
}

#[test]
fn of_a_name_that_comes_twice_both_entries_are_shown() {
    let archive = Tar::new().file("a", "old").file("./a", "new").end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(walked.entries, ["file a", "file a"]);
    assert_eq!(walked.text("a"), "new");
}
