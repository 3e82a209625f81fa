//! The memory that indexing takes, whatever the layer. A process of its own, since the peak that
//! is measured is that of the whole process.

#![allow(clippy::print_stdout, reason = "tells the figures")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

#[path = "../../image/tests/support/image.rs"]
mod image;
#[path = "it/memory_source.rs"]
mod memory_source;
#[path = "../../image/tests/support/tar.rs"]
mod tar;

use std::fs;

use clair_image::{Limits, PlatformSelector, Source};
use clair_index::read_layer;
use image::zstd;
use memory_source::MemorySource;
use tar::{Header, Tar};

const MIB: u64 = 1 << 20;

/// The largest resident size since it was last reset, in bytes: `proc_pid_status(5)`.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}

/// How far the resident size goes up while a layer is read.
fn growth(blob: Vec<u8>) -> u64 {
    let source = MemorySource::new(&[blob]);
    let image = &source.images(&PlatformSelector::Default).unwrap()[0];
    let analyzers = clair_inventory::all();
    // `proc_pid_clear_refs(5)`: sets the peak back to what is resident now.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak();
    let limits = Limits::default();
    let result = read_layer(&source, &image.layers[0], &analyzers, &limits, &|_| {});
    let growth = peak().saturating_sub(before);
    let ended = if result.is_ok() { "read" } else { "refused" };
    println!("{ended} with {} MiB", growth / MIB);
    growth
}

/// One test, since two at a time would measure each other.
#[test]
fn no_layer_takes_more_memory_than_its_bounds() {
    // Inflates to 2 GiB that nobody wants.
    let mut bomb = zstd(&Header::gnu(b'0', "zeros").size(2048 * MIB).block());
    let chunk = zstd(&vec![0; 64 << 20]);
    bomb.extend(chunk.repeat(32));
    assert!(growth(bomb) < 64 * MIB);

    // A database of 300 MiB without a line end: mapped from a temporary file, whose pages count
    // as resident while they are read.
    let database = Tar::new()
        .file("var/lib/dpkg/status", vec![b'x'; 300 << 20])
        .end();
    let blob = zstd(&database);
    drop(database);
    assert!(growth(blob) < (300 + 64) * MIB);

    // A million entries, a sixth of them links with long names.
    let mut names = Vec::new();
    for number in 0..1_000_000 {
        let tar = match number % 6 {
            0 => Tar::new().symlink(&format!("{}{number}", "directory/".repeat(60)), "x"),
            _ => Tar::new().file(&format!("{number}"), ""),
        };
        names.extend(tar.cut());
    }
    let blob = zstd(&names);
    drop(names);
    assert!(growth(blob) < 400 * MIB);
}
