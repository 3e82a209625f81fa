//! Layers are inflated by what their first bytes say.

use std::io::Write as _;

use clair_compression::Compression;
use clair_image::Limits;

use crate::image::{gzip, zstd};
use crate::tar::Tar;
use crate::walked::{chain, walk_archive, walk_blob};

fn archive() -> Vec<u8> {
    let noise: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7).to_le_bytes()[0])
        .collect();
    Tar::new()
        .file("etc/os-release", "ID=alpine\n")
        .file("noise", noise)
        .end()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A compression with its name.
type Packer = (Compression, fn(&[u8]) -> Vec<u8>);

const PACKERS: [Packer; 5] = [
    (Compression::None, <[u8]>::to_vec),
    (Compression::Gzip, gzip),
    (Compression::Zstd, zstd),
    (Compression::Xz, xz),
    (Compression::Bzip2, bzip2),
];

#[test]
fn a_layer_shows_the_same_however_it_is_compressed() {
    let archive = archive();
    let plain = walk_archive(&archive).unwrap();
    for (compression, pack) in PACKERS {
        let blob = pack(&archive);
        let (summary, walked) = walk_blob(&blob, &Limits::default()).unwrap();
        assert_eq!(walked, plain, "{compression}");
        assert_eq!(summary.compression, compression);
        assert_eq!(summary.size, archive.len() as u64, "{compression}");
        assert_eq!(summary.compressed_size, blob.len() as u64, "{compression}");
        assert_eq!(summary.entries, 2);
    }
}

#[test]
fn compressed_streams_in_a_row_are_one_layer() {
    let archive = archive();
    let plain = walk_archive(&archive).unwrap();
    for (compression, pack) in PACKERS {
        let blob: Vec<u8> = archive.chunks(70_001).flat_map(pack).collect();
        let (summary, walked) = walk_blob(&blob, &Limits::default()).unwrap();
        assert_eq!(walked, plain, "{compression}");
        assert_eq!(summary.size, archive.len() as u64, "{compression}");
    }
}

#[test]
fn a_compressed_layer_that_was_cut_short_is_an_error_that_names_it() {
    let archive = archive();
    for (compression, pack) in PACKERS {
        let blob = pack(&archive);
        for length in [blob.len() / 2, blob.len() - 2000] {
            let cut = &blob[..length];
            let error = walk_blob(cut, &Limits::default()).unwrap_err();
            let digest = crate::image::sha256(cut).to_string();
            assert!(chain(&error).contains(&digest), "{compression}: {error}");
        }
    }
}

#[test]
fn garbage_inside_a_layer_is_an_error_where_the_compression_has_checksums() {
    let archive = archive();
    let with_checksums = PACKERS
        .iter()
        .filter(|(compression, _)| !matches!(compression, Compression::None | Compression::Zstd));
    for (compression, pack) in with_checksums {
        let mut blob = pack(&archive);
        let middle = blob.len() / 2;
        for byte in &mut blob[middle..middle + 64] {
            *byte = !*byte;
        }
        assert!(
            walk_blob(&blob, &Limits::default()).is_err(),
            "{compression}"
        );
    }
}

#[test]
fn an_empty_layer_has_no_entries() {
    for (compression, pack) in PACKERS {
        for empty in [&[][..], &[0; 1024]] {
            let (summary, walked) = walk_blob(&pack(empty), &Limits::default()).unwrap();
            assert!(walked.entries.is_empty(), "{compression}");
            assert_eq!(summary.size, empty.len() as u64, "{compression}");
        }
    }
}

/// Layers in the form zstd:chunked keep their table of contents in such frames.
#[test]
fn skippable_frames_of_zstandard_are_skipped() {
    let archive = archive();
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 5, 0, 0, 0][..], b"index"].concat();
    let plain = walk_archive(&archive).unwrap();
    for blob in [
        [skippable.clone(), zstd(&archive)].concat(),
        [zstd(&archive), skippable].concat(),
    ] {
        let (summary, walked) = walk_blob(&blob, &Limits::default()).unwrap();
        assert_eq!(walked, plain);
        assert_eq!(summary.compressed_size, blob.len() as u64);
    }
}

/// The dictionary size is a byte of the block header; 40 means 4 GiB.
#[test]
fn an_xz_layer_that_asks_for_gigabytes_of_memory_is_refused() {
    let mut blob = xz(&archive());
    // Stream header 12 bytes, block header: size, flags, filter id, properties' size, then this.
    let dictionary = 12 + 4;
    blob[dictionary] = 40;
    let header_size = (usize::from(blob[12]) + 1) * 4;
    let checksum_at = 12 + header_size - 4;
    let checksum = crc32(&blob[12..checksum_at]);
    blob[checksum_at..checksum_at + 4].copy_from_slice(&checksum.to_le_bytes());
    let error = walk_blob(&blob, &Limits::default()).unwrap_err();
    assert!(chain(&error).contains("memory"), "{}", chain(&error));
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}
