//! Files with holes, in the four formats of GNU tar.

use crate::tar::{Header, Tar};
use crate::walked::{Walked, walk_archive};

/// Five bytes at 1000, three at the end of 3000.
fn expected() -> Vec<u8> {
    let mut content = vec![0; 3000];
    content[1000..1005].copy_from_slice(b"first");
    content[2997..].copy_from_slice(b"end");
    content
}

const DATA: &[u8] = b"firstend";

fn old_gnu(map: &[(u64, u64)], size: u64) -> Tar {
    let piece = |(offset, length): &(u64, u64)| format!("{offset:011o}\0{length:011o}\0");
    let (first, rest) = map.split_at(map.len().min(4));
    let pieces: String = first.iter().map(piece).collect();
    let mut header = Header::gnu(b'S', "sparse")
        .size(DATA.len() as u64)
        .set(386, pieces.as_bytes())
        .set(483, format!("{size:011o}\0").as_bytes());
    if !rest.is_empty() {
        header = header.set(482, &[1]);
    }
    let mut tar = Tar::new().raw(&header.block());
    let chunks: Vec<_> = rest.chunks(21).collect();
    for (number, chunk) in chunks.iter().enumerate() {
        let pieces: String = chunk.iter().map(piece).collect();
        let mut block = pieces.into_bytes();
        block.resize(512, 0);
        block[504] = u8::from(number + 1 < chunks.len());
        tar = tar.raw(&block);
    }
    tar.raw(DATA).padded()
}

fn pax(records: &[(&str, &str)], data: &[u8]) -> Tar {
    let header = Header::new(b'0', "GNUSparseFile.1/sparse").size(data.len() as u64);
    Tar::new().pax(records).member(&header, data)
}

/// The map in front of the data.
fn pax_1_0(map: &str) -> Tar {
    let mut data = map.as_bytes().to_vec();
    data.resize(data.len().next_multiple_of(512), 0);
    data.extend(DATA);
    let records = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "sparse"),
        ("GNU.sparse.realsize", "3000"),
    ];
    pax(&records, &data)
}

fn walked(tar: Tar) -> std::io::Result<Walked> {
    walk_archive(&tar.file("after", "x").end())
}

#[test]
fn holes_are_filled_with_zeros_in_every_format() {
    let map = [(1000, 5), (2997, 3)];
    let spread: Vec<(u64, u64)> = (0..30)
        .map(|piece| (piece * 10, 0))
        .chain(map)
        .chain([(3000, 0)])
        .collect();
    let named = ("GNU.sparse.name", "sparse");
    let formats = [
        old_gnu(&map, 3000),
        old_gnu(&spread, 3000),
        pax(
            &[
                ("GNU.sparse.size", "3000"),
                ("GNU.sparse.numblocks", "2"),
                ("GNU.sparse.offset", "1000"),
                ("GNU.sparse.numbytes", "5"),
                ("GNU.sparse.offset", "2997"),
                ("GNU.sparse.numbytes", "3"),
                named,
            ],
            DATA,
        ),
        pax(
            &[
                ("GNU.sparse.size", "3000"),
                ("GNU.sparse.map", "1000,5,2997,3"),
                named,
            ],
            DATA,
        ),
        pax_1_0("2\n1000\n5\n2997\n3\n"),
    ];
    for tar in formats {
        let walked = walked(tar).unwrap();
        assert_eq!(walked.entries, ["file sparse", "file after"]);
        assert_eq!(walked.contents["sparse"], expected());
        assert_eq!(walked.text("after"), "x");
    }
}

#[test]
fn maps_that_contradict_themselves_or_the_file_are_refused() {
    for tar in [
        old_gnu(&[(1000, 5), (1002, 3)], 3000),
        old_gnu(&[(2997, 3), (1000, 5)], 3000),
        old_gnu(&[(1000, 5), (2998, 3)], 3000),
        old_gnu(&[(u64::MAX >> 31, 5)], 3000),
        pax_1_0("2\n1000\n5\n2997\n"),
        pax_1_0("two\n1000\n5\n"),
        pax_1_0("1\n-1\n5\n"),
        pax_1_0("99999999\n1000\n5\n"),
        pax_1_0("1\n18446744073709551615\n5\n"),
        pax_1_0("1\n99999999999999999999999\n5\n"),
        pax(&[("GNU.sparse.map", "1000,5,2997,3")], DATA),
        pax(
            &[
                ("GNU.sparse.size", "3000"),
                ("GNU.sparse.map", "1000,5,2997"),
            ],
            DATA,
        ),
        pax(
            &[("GNU.sparse.size", "3000"), ("GNU.sparse.map", "a")],
            DATA,
        ),
    ] {
        let error = walked(tar).unwrap_err().to_string();
        assert!(
            error.contains("sparse") || error.contains("ends"),
            "{error}"
        );
    }
}

/// The map promises more data than the member has.
#[test]
fn a_sparse_file_that_lacks_data_is_an_error() {
    for tar in [
        old_gnu(&[(0, 2000)], 3000),
        pax(
            &[("GNU.sparse.size", "3000"), ("GNU.sparse.map", "0,2000")],
            DATA,
        ),
        pax_1_0("1\n0\n2000\n"),
    ] {
        let error = walked(tar).unwrap_err().to_string();
        assert!(error.contains("of 3000 bytes"), "{error}");
    }
}

/// A map in blocks that never ends costs the bytes it has, and is an error.
#[test]
fn a_map_without_end_is_refused() {
    let header = Header::gnu(b'S', "sparse")
        .set(482, &[1])
        .set(483, b"00000001000\0")
        .block();
    let mut block = [0; 512];
    block[..24].copy_from_slice(b"00000000001\x0000000000000\0");
    block[504] = 1;
    let mut archive = header.to_vec();
    for _ in 0..300_000 {
        archive.extend(block);
    }
    let error = walk_archive(&archive).unwrap_err().to_string();
    assert!(error.contains("sparse map"), "{error}");
}
