//! Archives made to harm whoever reads them.

use std::io::{self, Read};

use clair_image::{Error, Layer, LayerData, Limits, Problem, walk};

use crate::image::{gzip, sha256, zstd};
use crate::tar::{Header, Tar};
use crate::walked::{Walked, chain, walk_archive, walk_blob};

#[test]
fn paths_stay_below_the_root() {
    let archive = Tar::new()
        .file("../../etc/passwd", "1")
        .file("/etc/shadow", "2")
        .file("a/../../../b", "3")
        .file("c/./d//e/..", "4")
        .file("..", "5")
        .directory("/")
        .hardlink("link", "../../../etc/passwd")
        .end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(
        walked.entries,
        [
            "file etc/passwd",
            "file etc/shadow",
            "file b",
            "file c/d",
            "file ",
            "directory ",
            "hardlink link -> etc/passwd",
        ]
    );
}

#[test]
fn paths_that_are_no_text_stay_apart() {
    let name = |bytes: &[u8]| Header::new(b'0', "").path(bytes);
    let archive = Tar::new()
        .member(&name(b"caf\xe9"), b"")
        .member(&name(b"caf\xe8"), b"")
        .member(&name("café\u{1f600}\n".as_bytes()), b"")
        .end();
    let walked = walk_archive(&archive).unwrap();
    assert_eq!(
        walked.entries,
        ["file caf\\xe9", "file caf\\xe8", "file café\u{1f600}\n"]
    );
}

#[test]
fn a_path_longer_than_any_file_system_takes_is_told_and_passed_over() {
    let path = "directory/".repeat(30_000);
    for tar in [
        Tar::new().gnu_long_name(&path),
        Tar::new().pax(&[("path", &path)]),
    ] {
        let archive = tar.file("x", "lost").file("after", "y").end();
        let walked = walk_archive(&archive).unwrap();
        assert_eq!(walked.entries, ["file after"]);
        let [(shown, problem)] = walked.problems.as_slice() else {
            panic!("{:?}", walked.problems);
        };
        assert_eq!(*problem, Problem::PathTooLong { length: 300_000 });
        assert!(shown.len() < 200, "{shown}");
    }
}

#[test]
fn an_extended_header_larger_than_the_limit_is_refused() {
    let limits = Limits {
        extension: 1000,
        ..Limits::default()
    };
    for kind in [b'L', b'K', b'x', b'g'] {
        // The size is only claimed; nothing is reserved for it.
        for size in [1001, u64::MAX >> 1] {
            let header = Header::gnu(kind, "x").size(size);
            let archive = Tar::new().raw(&header.block()).raw(&[b'a'; 4096]).end();
            let error = walk_blob(&archive, &limits).unwrap_err();
            assert!(chain(&error).contains("at most 1000"), "{}", chain(&error));
        }
    }
}

/// A link target may be as long as an extended header, but not in what is kept of it.
#[test]
fn a_link_target_longer_than_any_path_is_cut() {
    let target = "x/".repeat(100_000);
    let archive = Tar::new().symlink("link", &target).end();
    let walked = walk_archive(&archive).unwrap();
    assert!(
        walked.entries[0].len() < 5000,
        "{}",
        walked.entries[0].len()
    );
}

#[test]
fn more_entries_than_the_limit_are_an_error() {
    let limits = Limits {
        entries: 1_000_000,
        ..Limits::default()
    };
    let block = Header::new(b'0', "x").block();
    let mut archive = block.repeat(1_000_000);
    let mut entries = Counter::default();
    let result = clair_image::walk_tar(&archive, &limits, &mut entries);
    assert_eq!((result.unwrap(), entries.0), (1_000_000, 1_000_000));

    archive.extend(block);
    let error = walk_blob(&zstd(&archive), &limits).unwrap_err();
    let Error::Limit { what, option, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(what, "has more than 1000000 entries");
    assert_eq!(option, "--max-entries");
}

#[derive(Default)]
struct Counter(u64);

impl clair_image::Visitor for Counter {
    fn entry(&mut self, _: &clair_image::Entry<'_>) -> clair_image::Interest {
        self.0 += 1;
        clair_image::Interest::Skip
    }

    fn file(&mut self, _: &clair_image::Entry<'_>, _: clair_image::Content) {}

    fn problem(&mut self, _: &str, _: Problem) {}
}

/// A registry that never stops sending.
#[test]
fn a_layer_without_end_is_an_error() {
    let header = Header::new(b'0', "endless").size(1 << 60).block();
    let endless = io::Cursor::new(header.to_vec()).chain(io::repeat(b'x'));
    let limits = Limits {
        layer_size: 100 << 20,
        ..Limits::default()
    };
    let layer = Layer::new(sha256(b"nobody can know"));
    let data = LayerData::Blob(Box::new(endless));
    let error = walk(&layer, data, &limits, &|_| {}, &mut Walked::default()).unwrap_err();
    let Error::Limit { layer: named, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*named, layer.digest);
    assert!(error.to_string().contains("--max-layer-size"), "{error}");
}

#[test]
fn a_layer_that_inflates_past_its_limit_is_an_error_whatever_is_in_it() {
    let limits = Limits {
        layer_size: 1 << 20,
        ..Limits::default()
    };
    let file = Tar::new().file("zeros", vec![0; 4 << 20]).end();
    let behind = [Tar::new().file("a", "").end(), vec![0; 4 << 20]].concat();
    for archive in [file, behind] {
        for blob in [gzip(&archive), zstd(&archive), archive] {
            let error = walk_blob(&blob, &limits).unwrap_err();
            let Error::Limit { what, option, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!(what, "inflates to more than 1048576 bytes");
            assert_eq!(option, "--max-layer-size");
        }
    }
}

/// Past the first gigabyte the ratio counts: zeros compress ten thousandfold.
#[test]
fn a_bomb_is_noticed_by_its_ratio() {
    let mut blob = zstd(&Header::gnu(b'0', "zeros").size(8 << 30).block());
    let chunk = zstd(&vec![0; 64 << 20]);
    for _ in 0..20 {
        blob.extend(&chunk);
    }
    let error = walk_blob_skipping(&blob);
    let Error::Limit { what, option, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(what, "inflates to more than 250 times its size");
    assert_eq!(option, "--max-layer-ratio");
}

fn walk_blob_skipping(blob: &[u8]) -> Error {
    let layer = Layer::new(sha256(blob));
    let data = LayerData::Blob(Box::new(io::Cursor::new(blob.to_vec())));
    walk(
        &layer,
        data,
        &Limits::default(),
        &|_| {},
        &mut Counter::default(),
    )
    .unwrap_err()
}

/// A hole costs no byte of the archive, so holes count as what they inflate to.
#[test]
fn holes_of_sparse_files_count_as_inflated_bytes() {
    let sparse = Header::gnu(b'S', "etc/os-release")
        .set(386, b"00000000000\x0000000000000\0")
        .set(483, format!("{:011o}\0", 512 << 20).as_bytes())
        .block();
    let archive = sparse.repeat(1000);
    for blob in [archive.clone(), zstd(&archive)] {
        let error = walk_blob(&blob, &Limits::default()).unwrap_err();
        let Error::Limit { option, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(option, "--max-layer-ratio");
    }
}

#[test]
fn a_wanted_file_larger_than_its_limit_is_told_and_passed_over() {
    let limits = Limits {
        file_size: 1000,
        ..Limits::default()
    };
    let archive = Tar::new()
        .file("large", vec![b'x'; 1001])
        .file("small", vec![b'x'; 1000])
        .end();
    let (_, walked) = walk_blob(&archive, &limits).unwrap();
    assert_eq!(walked.entries, ["file large", "file small"]);
    assert_eq!(walked.contents.keys().collect::<Vec<_>>(), ["small"]);
    let problem = Problem::TooLarge {
        size: 1001,
        limit: 1000,
    };
    assert_eq!(walked.problems, [("large".to_owned(), problem)]);
}

#[test]
fn a_file_past_what_is_kept_in_memory_is_given_whole() {
    let limits = Limits {
        memory: 1000,
        ..Limits::default()
    };
    let content: Vec<u8> = (0..100_000_u32).map(|n| n.to_be_bytes()[3]).collect();
    let archive = Tar::new().file("large", &content).end();
    let (_, walked) = walk_blob(&archive, &limits).unwrap();
    assert!(walked.contents["large"] == content);
}

#[test]
fn an_error_of_the_transfer_is_one_of_the_layer() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the line is dead",
            ))
        }
    }
    let start = Tar::new().file("a", "x").cut();
    for start in [Vec::new(), start.clone(), gzip(&start)[..20].to_vec()] {
        let layer = Layer::new(sha256(b""));
        let data = LayerData::Blob(Box::new(io::Cursor::new(start).chain(Broken)));
        let mut walked = Walked::default();
        let error = walk(&layer, data, &Limits::default(), &|_| {}, &mut walked).unwrap_err();
        assert!(matches!(error, Error::Layer { .. }), "{error:?}");
        assert!(
            chain(&error).ends_with("the line is dead"),
            "{}",
            chain(&error)
        );
    }
}
