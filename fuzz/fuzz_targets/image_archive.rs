//! Files that hold images: recognising docker-archives and OCI archives, their documents, and
//! finding the layers in them. Each input is a file.
#![no_main]

use std::io::{Read, Write};

use clair_fuzz::{LIMITS, mutate_archive};
use clair_image::{LayerData, OpenOptions, PlatformSelector, open};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::Builder::new().tempfile_in("/dev/shm").unwrap();
    file.write_all(data).unwrap();
    let path = file.path().to_str().unwrap();
    let options = OpenOptions {
        limits: LIMITS,
        ..OpenOptions::default()
    };
    for kind in ["", "docker-archive:", "oci-archive:"] {
        let Ok(source) = open(&format!("{kind}{path}"), &options) else {
            continue;
        };
        for image in source.images(&PlatformSelector::All).unwrap_or_default() {
            for layer in &image.layers {
                let Ok(LayerData::Blob(blob)) = source.layer(layer) else {
                    continue;
                };
                let read = std::io::copy(&mut blob.take(u64::MAX), &mut std::io::sink());
                assert!(read.unwrap_or_default() <= LIMITS.layer_size);
            }
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_archive(data, size, max_size, seed)
});
