//! Image indexes: one image for each platform.

use clair_image::{Error, Image as Found, OpenOptions, PlatformSelector, open};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::image::{Image, descriptor, layout, written};
use crate::tar::Tar;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn image(architecture: &'static str) -> Image {
    let shared = Tar::new().file("shared", "by all").end();
    let own = Tar::new().file("own", architecture).end();
    Image::new([shared, own]).architecture(architecture)
}

/// An attestation as `BuildKit` adds it.
fn attestation() -> Value {
    let mut entry = image("none").entry();
    entry["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    entry
}

/// A layout whose one entry is an index of these entries.
fn found(entries: &[Value], selector: &str) -> Result<Vec<Found>, Error> {
    let directory = TempDir::new().unwrap();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    let index = index.to_string().into_bytes();
    let mut blobs: Vec<_> = ["amd64", "arm64", "s390x", "none"]
        .iter()
        .flat_map(|architecture| image(architecture).blobs())
        .collect();
    blobs.push(index.clone());
    let top = json!({"manifests": [descriptor(INDEX, &index)]});
    written(directory.path(), &layout(&top, blobs));
    let reference = format!("oci:{}", directory.path().display());
    let source = open(&reference, &OpenOptions::default())?;
    let selector = match selector {
        "" => PlatformSelector::Default,
        text => text.parse().unwrap(),
    };
    source.images(&selector)
}

fn platforms(images: Vec<Found>) -> Vec<String> {
    let platforms = images
        .into_iter()
        .map(|image| image.platform.unwrap().to_string());
    platforms.collect()
}

fn all() -> Vec<Value> {
    let mut entries = ["amd64", "arm64", "s390x"]
        .map(|name| image(name).entry())
        .to_vec();
    entries.push(attestation());
    entries
}

#[test]
fn the_platform_asked_for_is_taken() {
    for wanted in ["linux/amd64", "linux/s390x"] {
        assert_eq!(platforms(found(&all(), wanted).unwrap()), [wanted]);
    }
    let host = clair_image::Platform::host().to_string();
    assert_eq!(platforms(found(&all(), "").unwrap()), [host]);
}

#[test]
fn all_are_taken_but_no_attestations_and_share_their_layers() {
    let images = found(&all(), "all").unwrap();
    let [amd64, arm64, s390x] = images.as_slice() else {
        panic!("{images:?}");
    };
    assert_eq!(amd64.layers[0], arm64.layers[0]);
    assert_eq!(amd64.layers[0], s390x.layers[0]);
    assert_ne!(amd64.layers[1], arm64.layers[1]);
    assert_eq!(
        platforms(images),
        ["linux/amd64", "linux/arm64", "linux/s390x"]
    );
}

#[test]
fn the_only_image_is_taken_whatever_its_platform() {
    let entries = [image("s390x").entry(), attestation()];
    assert_eq!(platforms(found(&entries, "").unwrap()), ["linux/s390x"]);
}

#[test]
fn a_platform_that_is_not_there_is_an_error_with_those_that_are() {
    for entries in [all(), vec![image("arm64").entry()]] {
        let error = found(&entries, "linux/riscv64").unwrap_err();
        let Error::Platform { available, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(available.contains("linux/arm64"), "{available}");
        assert!(!available.contains("unknown"), "{available}");
    }
    let error = found(&[], "linux/amd64").unwrap_err();
    assert!(error.to_string().contains("it has none"), "{error}");
}

#[test]
fn an_index_without_platforms_is_good_for_its_only_image() {
    let mut entry = image("arm64").entry();
    entry.as_object_mut().unwrap().remove("platform");
    for selector in ["", "all", "linux/arm64"] {
        let images = found(&[entry.clone()], selector).unwrap();
        assert_eq!(platforms(images), ["linux/arm64"], "{selector:?}");
    }
}

/// A blob of some megabytes could name itself a million times.
#[test]
fn an_index_of_indexes_is_read_to_a_depth_and_a_number() {
    let directory = TempDir::new().unwrap();
    let mut blobs = image("amd64").blobs();
    let mut entry = image("amd64").entry();
    let mut found = Vec::new();
    for _ in 0..6 {
        let index = json!({"schemaVersion": 2, "manifests": vec![&entry; 40]});
        let index = index.to_string().into_bytes();
        entry = descriptor(INDEX, &index);
        blobs.push(index);
        written(
            directory.path(),
            &layout(&json!({"manifests": [entry]}), blobs.clone()),
        );
        let reference = format!("oci:{}", directory.path().display());
        let source = open(&reference, &OpenOptions::default()).unwrap();
        found.push(
            source
                .images(&PlatformSelector::All)
                .map(|images| images.len()),
        );
    }
    assert!(found[0].is_ok(), "{found:?}");
    let error = found.pop().unwrap().unwrap_err();
    assert!(matches!(error, Error::Document { .. }), "{error}");
}

#[test]
fn a_chart_or_a_signature_is_no_image() {
    let directory = TempDir::new().unwrap();
    let config = b"{}".to_vec();
    let manifest = json!({
        "schemaVersion": 2,
        "config": descriptor("application/vnd.cncf.helm.config.v1+json", &config),
        "layers": [descriptor("application/vnd.cncf.helm.chart.content.v1.tar+gzip", b"chart")],
    });
    let manifest = manifest.to_string().into_bytes();
    let index =
        json!({"manifests": [descriptor("application/vnd.oci.image.manifest.v1+json", &manifest)]});
    written(directory.path(), &layout(&index, vec![config, manifest]));
    let source = open(directory.path().to_str().unwrap(), &OpenOptions::default()).unwrap();
    let error = source.images(&PlatformSelector::Default).unwrap_err();
    assert!(error.to_string().contains("an artifact"), "{error}");
}
