//! What the fuzz targets share.

pub mod feed;
pub mod rpmdb;

use clair_image::Limits;
use clair_inventory::{Analyzer, File, FileInfo, Findings};
use libfuzzer_sys::fuzzer_mutate;

/// Limits low enough that an input which meets one is found within seconds.
pub const LIMITS: Limits = Limits {
    layer_size: 2 << 20,
    layer_ratio: 250,
    entries: 10_000,
    file_size: 256 << 10,
    memory: 64 << 10,
    extension: 16 << 10,
};

/// Hands a file to every analyzer that wants it. Whatever they make of it is checked by
/// [`check_findings`].
pub fn analyze(path: &str, bytes: &[u8]) {
    let info = FileInfo {
        path,
        size: bytes.len() as u64,
        mode: 0o644,
    };
    let wanting: Vec<Box<dyn Analyzer>> = clair_inventory::all()
        .into_iter()
        .filter(|analyzer| analyzer.wants(&info))
        .collect();
    assert!(!wanting.is_empty(), "nobody wants {path}");
    for analyzer in wanting {
        if let Ok(findings) = analyzer.analyze(&File { path, bytes }, &[]) {
            check_findings(&findings);
        }
    }
}

/// What merging layers relies on.
pub fn check_findings(findings: &Findings) {
    assert!(
        findings.packages.is_sorted(),
        "introduced_in is found by binary search"
    );
    for package in &findings.packages {
        assert!(!package.name.is_empty(), "a package without a name");
        assert!(!package.version.is_empty(), "a package without a version");
    }
    for ownership in &findings.ownership {
        assert!(ownership.paths.is_sorted(), "paths are searched");
    }
}

/// Changes an archive, and mostly repairs the checksums of its headers: with wrong ones nothing
/// behind them would ever be reached.
pub fn mutate_archive(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let size = fuzzer_mutate(data, size, max_size);
    if !seed.is_multiple_of(8) {
        repair_checksums(&mut data[..size]);
    }
    size
}

fn repair_checksums(archive: &mut [u8]) {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    for block in archive.chunks_exact_mut(512) {
        if &block[257..262] != b"ustar" {
            continue;
        }
        block[CHECKSUM].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        let digits = format!("{sum:06o}\0 ");
        block[CHECKSUM].copy_from_slice(digits.as_bytes());
    }
}
