//! Documents of many records: tar and zip archives, directories, and single records.

use std::fs;
use std::io::{Cursor, Write};

use clair_feeds::{Document, Limits, Skip};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::support::{Collected, chain, corpus, feed, parse, parse_within, source};

/// A record about a CVE.
pub(crate) fn record(cve: &str) -> String {
    format!(
        r#"{{"id":"UBUNTU-{cve}","affected":[{{"package":{{"ecosystem":"Ubuntu:22.04:LTS","name":"bash"}},
            "ranges":[{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"5.1-6ubuntu1.1"}}]}}]}}]}}"#
    )
}

pub(crate) fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        archive
            .append(&header(name, content.len()), content.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

/// A header with a name that the builder itself would refuse.
fn header(name: &str, size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size as u64);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    header
}

pub(crate) fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        archive
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn ids(collected: &Collected) -> Vec<&str> {
    collected
        .advisories
        .iter()
        .map(|advisory| advisory.id.as_str())
        .collect()
}

fn three() -> [String; 3] {
    ["CVE-2024-1001", "CVE-2024-1002", "CVE-2024-1003"].map(record)
}

#[test]
fn records_come_in_the_order_of_the_archive_however_it_is_compressed() {
    let [a, b, c] = three();
    let members = [
        ("osv/README.md", "not a record"),
        ("osv/cve/2024/UBUNTU-CVE-2024-1003.json", c.as_str()),
        ("osv/cve/2024/UBUNTU-CVE-2024-1001.json", &a),
        ("osv/cve/2024/._UBUNTU-CVE-2024-1001.json", "attributes"),
        ("osv/usn/UBUNTU-CVE-2024-1002.json", &b),
    ];
    let tar = tar(&members);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&tar).unwrap();
    for document in [
        zstd::encode_all(&tar[..], 1).unwrap(),
        gz.finish().unwrap(),
        zip(&members),
        zstd::encode_all(&zip(&members)[..], 1).unwrap(),
        tar,
    ] {
        let collected = parse("ubuntu", document).unwrap();
        assert_eq!(
            ids(&collected),
            ["CVE-2024-1003", "CVE-2024-1001", "CVE-2024-1002"]
        );
        assert!(collected.skipped.is_empty());
    }
}

#[test]
fn records_may_be_the_files_of_a_directory() {
    let [a, b, c] = three();
    let directory = tempfile::tempdir().unwrap();
    let year = directory.path().join("cve/2024");
    fs::create_dir_all(&year).unwrap();
    fs::write(
        year.join("b.json.zst"),
        zstd::encode_all(b.as_bytes(), 1).unwrap(),
    )
    .unwrap();
    fs::write(year.join("a.json"), a).unwrap();
    fs::write(year.join("c.json"), &c[..c.len() - 1]).unwrap();
    fs::write(year.join("d.json.gz"), b"\x1f\x8bdamaged").unwrap();
    fs::write(directory.path().join("README.md"), "a sample").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(directory.path(), year.join("loop")).unwrap();

    let mut document = Document::from_directory(directory.path(), Limits::default());
    let mut collected = Collected::default();
    feed("ubuntu")
        .parse(&source("ubuntu"), &mut document, &mut collected)
        .unwrap();
    assert_eq!(ids(&collected), ["CVE-2024-1001", "CVE-2024-1002"]);
    assert_eq!(
        collected.reasons(),
        [
            "malformed: cve/2024/c.json",
            "malformed: cve/2024/d.json.gz"
        ]
    );
}

#[test]
fn names_that_lead_out_and_records_that_come_twice_do_no_harm() {
    let [a, b, _] = three();
    let members = [
        ("../../escape.json", a.as_str()),
        ("/absolute.json", &b),
        ("b.json", &b),
        ("../../escape.json", &a),
        ("x\u{1b}[31m.json", "{"),
    ];
    for document in [
        tar(&members),
        renamed(&zip(&members[..3]), "b.json", "a.json"),
    ] {
        let is_tar = document.get(257..262) == Some(b"ustar");
        let collected = parse("ubuntu", document).unwrap();
        assert_eq!(ids(&collected), ["CVE-2024-1001", "CVE-2024-1002"]);
        if is_tar {
            assert_eq!(
                collected.reasons(),
                [
                    "duplicate: UBUNTU-CVE-2024-1002",
                    "duplicate: UBUNTU-CVE-2024-1001",
                    "malformed: x[31m.json",
                ]
            );
        } else {
            assert_eq!(collected.skips()[&Skip::Duplicate], 1);
        }
    }
}

/// Bytes with one text in place of another of the same length.
fn renamed(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let starts: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter_map(|(start, window)| (window == from.as_bytes()).then_some(start))
        .collect();
    assert!(!starts.is_empty());
    for start in starts {
        bytes[start..start + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn of_two_members_of_a_zip_with_one_name_both_are_read() {
    let [a, b, _] = three();
    let archive = renamed(&zip(&[("a.json", &a), ("b.json", &b)]), "b.json", "a.json");
    assert_eq!(
        ids(&parse("ubuntu", archive).unwrap()),
        ["CVE-2024-1001", "CVE-2024-1002"]
    );
}

#[test]
fn damaged_members_of_a_zip_are_left_out() {
    let [a, b, c] = three();
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("a.json", &a), ("b.json", &b), ("c.json", &c)] {
        archive.start_file(name, options).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    // The checksum is that of another text.
    let archive = renamed(&archive, "CVE-2024-1002", "CVE-2024-1004");
    let collected = parse("ubuntu", archive).unwrap();
    assert_eq!(ids(&collected), ["CVE-2024-1001", "CVE-2024-1003"]);
    assert_eq!(collected.reasons(), ["malformed: b.json"]);
}

#[test]
fn an_archive_that_ends_early_is_refused() {
    let [a, b, c] = three();
    let members = [("a.json", a.as_str()), ("b.json", &b), ("c.json", &c)];
    let (tar, zip) = (tar(&members), zip(&members));
    let mut zstd = zstd::encode_all(&tar[..], 1).unwrap();
    zstd.truncate(zstd.len() - 3);
    for document in [
        &tar[..1100],
        &tar[..1700],
        &zip[..zip.len() - 1],
        &zip[..100],
        &zstd[..],
    ] {
        let error = chain(&parse("ubuntu", document).unwrap_err());
        assert!(error.contains("test"), "{error}");
    }
}

#[test]
fn an_archive_without_a_record_that_can_be_read_is_refused() {
    for document in [
        tar(&[("README.md", "none here")]),
        tar(&[("a.json", "{")]),
        zip(&[]),
        b"{\"error\":\"try again later\"}".to_vec(),
        b"{".to_vec(),
    ] {
        let error = chain(&parse("ubuntu", document).unwrap_err());
        assert!(
            error.ends_with("it has no records that can be read"),
            "{error}"
        );
    }
}

#[test]
fn what_is_too_large_is_left_out_or_refused() {
    let [a, b, _] = three();
    let long = format!("{a}{}", " ".repeat(200_000));
    let limits = Limits {
        document: 1_000_000,
        record: 100_000,
        records: 10,
    };
    // Members that are no records may be larger.
    let members = [
        ("large.bin", long.as_str()),
        ("a.json", &long),
        ("b.json", &b),
    ];
    for document in [tar(&members), zip(&members)] {
        let collected = parse_within("ubuntu", document, limits).unwrap();
        assert_eq!(ids(&collected), ["CVE-2024-1002"]);
        assert_eq!(collected.reasons(), ["too-large: a.json"]);
    }
    let many: Vec<String> = (0..11).map(|n| format!("{n}.json")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "{}")).collect();
    for (document, reason) in [
        (tar(&many), "more than 10 records"),
        (zip(&many), "more than 10 records"),
        (
            long.clone().into_bytes(),
            "a record of more than 100000 bytes",
        ),
    ] {
        let error = parse_within("ubuntu", document, limits).unwrap_err();
        assert_eq!(
            chain(&error),
            format!("test (ubuntu) is over a limit: {reason}")
        );
    }
}

#[test]
fn what_expands_without_end_is_refused() {
    let zeros = " ".repeat(50_000);
    let members: Vec<(String, &str)> = (0..9)
        .map(|n| (format!("{n}.json"), zeros.as_str()))
        .collect();
    let members: Vec<(&str, &str)> = members
        .iter()
        .map(|(name, content)| (name.as_str(), *content))
        .collect();
    let limits = Limits {
        document: 300_000,
        record: 100_000,
        records: 1000,
    };
    for document in [
        zip(&members),
        zstd::encode_all(&tar(&members)[..], 1).unwrap(),
    ] {
        assert!(document.len() < 20_000);
        let error = parse_within("ubuntu", document, limits).unwrap_err();
        let expected = "test (ubuntu) is over a limit: more than 300000 bytes decompressed";
        assert_eq!(chain(&error), expected);
    }
}

#[test]
fn long_names_and_sparse_members_of_a_tar_do_not_fill_the_memory() {
    let [a, ..] = three();
    let mut sparse = tar::Header::new_gnu();
    sparse.set_path("sparse.json").unwrap();
    sparse.set_entry_type(tar::EntryType::GNUSparse);
    sparse.set_size(0);
    let gnu = sparse.as_gnu_mut().unwrap();
    gnu.realsize = *b"77777777777\0";
    gnu.sparse[0].offset = gnu.realsize;
    gnu.sparse[0].numbytes = *b"00000000000\0";
    sparse.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive.append(&sparse, &b""[..]).unwrap();
    archive
        .append(&header("a.json", a.len()), a.as_bytes())
        .unwrap();
    let collected = parse("ubuntu", archive.into_inner().unwrap()).unwrap();
    assert_eq!(ids(&collected), ["CVE-2024-1001"]);

    let mut long = header("././@LongLink", 200_000);
    long.set_entry_type(tar::EntryType::GNULongName);
    long.set_cksum();
    let mut archive = tar::Builder::new(Vec::new());
    archive
        .append(&long, "x".repeat(200_000).as_bytes())
        .unwrap();
    archive
        .append(&header("a.json", a.len()), a.as_bytes())
        .unwrap();
    let limits = Limits {
        document: 1_000_000,
        record: 100_000,
        records: 10,
    };
    let error = parse_within("ubuntu", archive.into_inner().unwrap(), limits).unwrap_err();
    assert!(
        chain(&error).contains("a record of more than 100000 bytes"),
        "{}",
        chain(&error)
    );
}

#[test]
fn the_odd_export_of_the_corpus_is_read_by_its_content() {
    let Some(corpus) = corpus() else { return };
    let export = fs::read(corpus.join("hostile/made/osv-all-odd.zip")).unwrap();
    // As the feed of another ecosystem: they are well-formed, named X, and none of Ubuntu's.
    let collected = parse("ubuntu", export).unwrap();
    assert_eq!(
        collected.reasons(),
        [
            "foreign: X",
            "foreign: X",
            "malformed: GHSA-0000.json",
            "foreign: X",
            "foreign: X"
        ]
    );
}
