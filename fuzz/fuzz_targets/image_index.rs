//! From layers to the index report: analyzers, links, and how layers merge. Each input is an
//! image: its layers as plain tar archives, with a mark in between.
#![no_main]

use clair_fuzz::{LIMITS, check_findings, mutate_archive};
use clair_image::{Error, Image, Layer, LayerData, PlatformSelector, Source, digest_of};
use clair_index::{merge, read_layer, report};
use clair_model::Algorithm;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use memchr::memmem;

/// What `fuzz/seed` puts between two layers: a block of a tar archive, so that headers stay
/// where they are looked for.
const MARK: [u8; 512] = [b'-'; 512];
const MAX_LAYERS: usize = 8;

fuzz_target!(|data: &[u8]| {
    let analyzers = clair_inventory::all();
    let mut digests = Vec::new();
    let mut findings = Vec::new();
    for archive in layers(data) {
        let layer = Layer::new(digest_of(Algorithm::Sha256, archive));
        let source = Memory(archive.to_vec());
        let Ok(found) = read_layer(&source, &layer, &analyzers, &LIMITS, &|_| {}) else {
            continue;
        };
        for file in &found.files {
            check_findings(&file.findings);
        }
        digests.push(layer.digest);
        findings.push(found);
    }
    let stacked: Vec<_> = digests.iter().zip(&findings).collect();
    let inventory = merge(&stacked);
    assert_eq!(
        merge(&stacked),
        inventory,
        "merging depends on its input only"
    );
    for package in &inventory.packages {
        assert!(digests.contains(&package.introduced_in));
    }
    let Some(top) = digests.last() else {
        return;
    };
    let count = inventory.packages.len();
    let report = report(top.clone(), inventory);
    let places: usize = report.environments.values().map(Vec::len).sum();
    assert_eq!(places, count, "the report has every package");
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate_archive(data, size, max_size, seed)
});

fn layers(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        match memmem::find(data, &MARK) {
            Some(at) => {
                rest = Some(&data[at + MARK.len()..]);
                Some(&data[..at])
            }
            None => rest.take(),
        }
    })
    .take(MAX_LAYERS)
}

/// An image of one layer.
#[derive(Debug)]
struct Memory(Vec<u8>);

impl Source for Memory {
    fn images(&self, _: &PlatformSelector) -> Result<Vec<Image>, Error> {
        Ok(Vec::new())
    }

    fn layer(&self, _: &Layer) -> Result<LayerData, Error> {
        let bytes = std::io::Cursor::new(self.0.clone());
        Ok(LayerData::Blob(Box::new(bytes)))
    }
}
