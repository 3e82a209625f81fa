//! Layers that images share.

use clair_image::{Error, PlatformSelector};

use crate::image::{Image, layout, written};
use crate::indexed::{ALPINE, apk, inventories, inventory_of, packages};
use crate::memory_source::MemorySource;
use crate::tar::Tar;

fn base() -> Vec<u8> {
    Tar::new().file("etc/os-release", ALPINE).end()
}

fn top(package: &str) -> Vec<u8> {
    Tar::new()
        .file("lib/apk/db/installed", apk(&[package]))
        .end()
}

#[test]
fn a_layer_that_images_share_is_read_once() {
    let (amd64, arm64) = (top("musl 1"), top("musl 2"));
    let source = MemorySource::default()
        .image(&[base(), amd64.clone()])
        .image(&[base(), arm64.clone(), base()]);
    let found = inventories(&source, &PlatformSelector::All).unwrap();
    let packages: Vec<_> = found.iter().map(packages).collect();
    assert_eq!(packages, [["musl 1"], ["musl 2"]]);
    for layer in [base(), amd64, arm64] {
        assert_eq!(source.reads(&layer), 1);
    }
}

#[test]
fn all_platforms_of_an_index_are_indexed() {
    let directory = tempfile::TempDir::new().unwrap();
    let images = ["amd64", "arm64"].map(|architecture| {
        let top = top(&format!("only-for-{architecture} 1"));
        Image::new([base(), top]).architecture(architecture)
    });
    let entries: Vec<_> = images.iter().map(Image::entry).collect();
    let inner = serde_json::json!({"schemaVersion": 2, "manifests": entries}).to_string();
    let mut blobs: Vec<_> = images.iter().flat_map(Image::blobs).collect();
    blobs.push(inner.clone().into_bytes());
    let index =
        crate::image::descriptor("application/vnd.oci.image.index.v1+json", inner.as_bytes());
    written(
        directory.path(),
        &layout(&serde_json::json!({"manifests": [index]}), blobs),
    );
    let reference = format!("oci:{}", directory.path().display());
    let source = clair_image::open(&reference, &clair_image::OpenOptions::default()).unwrap();
    for (selector, expected) in [
        ("all", &["only-for-amd64 1", "only-for-arm64 1"][..]),
        ("linux/arm64", &["only-for-arm64 1"]),
    ] {
        let found = inventories(source.as_ref(), &selector.parse().unwrap()).unwrap();
        let packages: Vec<_> = found.iter().flat_map(packages).collect();
        assert_eq!(packages, expected, "{selector}");
    }
}

#[test]
fn one_layer_that_cannot_be_read_fails_the_image() {
    let directory = tempfile::TempDir::new().unwrap();
    let image = Image::new([base(), top("musl 1")]);
    written(directory.path(), &image.oci_layout(None));
    let damaged = directory
        .path()
        .join(crate::image::blob_path(&image.layers[1].blob));
    std::fs::write(&damaged, top("musl 9")).unwrap();
    let reference = format!("oci:{}", directory.path().display());
    let error = inventory_of(&reference, &clair_image::OpenOptions::default()).unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
    let layer = crate::image::sha256(&image.layers[1].blob);
    assert!(error.to_string().contains(&layer.to_string()), "{error}");
}
