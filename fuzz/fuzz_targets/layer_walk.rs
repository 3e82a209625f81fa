//! The pass over one layer: decompression by first bytes, digests, and the tar walk. Each input
//! is a layer, plain or compressed.
#![no_main]

use clair_fuzz::{LIMITS, mutate_archive};
use clair_image::{
    Content, Entry, EntryKind, Interest, Layer, LayerData, Problem, Visitor, clean, digest_of,
    walk, walk_tar,
};
use clair_model::Algorithm;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| {
    let plain = !matches!(data, [0x1f | 0x28 | 0x50..=0x5f | 0xfd | b'B', _, ..]);
    // Without threads and hashing there are many more runs in the same time, so only every
    // eighth plain archive takes the long way.
    if plain && !data.len().is_multiple_of(8) {
        let _ = walk_tar(data, &LIMITS, &mut Everything);
        return;
    }
    let layer = Layer::new(digest_of(Algorithm::Sha256, data));
    let blob = LayerData::Blob(Box::new(std::io::Cursor::new(data.to_vec())));
    if let Ok(summary) = walk(&layer, blob, &LIMITS, &|_| {}, &mut Everything) {
        assert_eq!(
            summary.compressed_size,
            data.len() as u64,
            "all of a layer is read and hashed"
        );
        assert!(summary.size <= LIMITS.layer_size);
        assert!(summary.entries <= LIMITS.entries);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_archive(data, size, max_size, seed)
});

/// Wants all there is.
struct Everything;

impl Visitor for Everything {
    fn entry(&mut self, entry: &Entry<'_>) -> Interest {
        assert_eq!(
            clean(entry.path.as_bytes()),
            entry.path,
            "paths are cleaned once and for all"
        );
        if let EntryKind::Hardlink { target } = entry.kind {
            assert_eq!(clean(target.as_bytes()), target);
        }
        Interest::Content
    }

    fn file(&mut self, entry: &Entry<'_>, content: Content) {
        assert_eq!(content.len() as u64, entry.size);
        assert!(entry.size <= LIMITS.file_size);
    }

    fn problem(&mut self, path: &str, _: Problem) {
        assert!(path.len() < 8192, "a path that is too long is cut");
    }
}
