//! Hostile and real layers and images of the corpus.

use std::fs;

use clair_image::OpenOptions;
use clair_testing::corpus;

use crate::image::zstd;
use crate::indexed::{inventory, inventory_of, packages};
use crate::tar::Tar;

#[test]
fn hostile_layers_give_an_inventory_in_any_order() {
    let Some(corpus) = corpus() else {
        return;
    };
    let read = |name: &str| fs::read(corpus.join("hostile").join(name)).unwrap();
    let layers = [
        "claircore-bad_name.tar",
        "claircore-concat.tar",
        "claircore-dangling_symlink.tar",
        "container-inspector-layer_with_links.tar",
        "container-inspector-layer_with_links_missing_targets.tar",
        "made/traversal.tar",
        "made/whiteouts-odd.tar",
    ]
    .map(read);
    for layer in &layers {
        inventory(std::slice::from_ref(layer));
    }
    inventory(&layers);
    let reversed: Vec<_> = layers.iter().rev().cloned().collect();
    inventory(&reversed);
}

#[test]
fn hostile_databases_are_told_of_in_the_report() {
    let Some(corpus) = corpus() else {
        return;
    };
    let read = |name: &str| {
        let bytes = fs::read(corpus.join("hostile").join(name)).unwrap();
        ::zstd::decode_all(bytes.as_slice()).unwrap_or(bytes)
    };
    for (path, name) in [
        ("var/lib/rpm/rpmdb.sqlite", "claircore-no_packages.sqlite"),
        (
            "var/lib/rpm/rpmdb.sqlite",
            "made/rpmdb-cbl-mariner-2.0-flipped/rpmdb.sqlite.zst",
        ),
        (
            "var/lib/rpm/rpmdb.sqlite",
            "made/rpmdb-cbl-mariner-2.0-truncated/rpmdb.sqlite.zst",
        ),
        (
            "var/lib/rpm/Packages",
            "made/rpmdb-sles12sp4-flipped/Packages.zst",
        ),
        (
            "var/lib/rpm/Packages",
            "made/rpmdb-sles12sp4-truncated/Packages.zst",
        ),
    ] {
        let layer = Tar::new().file(path, read(name)).end();
        let found = inventory(&[zstd(&layer)]);
        let told = crate::indexed::gaps(&found);
        let about = format!("unread-file {path}: ");
        assert!(
            told.iter().any(|gap| gap.starts_with(&about)),
            "{name}: {told:?}"
        );
    }
}

#[test]
fn a_real_image_has_its_packages() {
    let Some(corpus) = corpus() else {
        return;
    };
    let image = corpus.join("images/alpine-310.tar.gz");
    let found = inventory_of(image.to_str().unwrap(), &OpenOptions::default()).unwrap();
    assert_eq!(found.distributions[0].pretty_name, "Alpine Linux v3.10");
    assert_eq!(packages(&found).len(), 14);
}

#[test]
fn a_real_layer_of_arch_has_its_packages() {
    let Some(corpus) = corpus() else {
        return;
    };
    let layer = fs::read(corpus.join("pkgdb/alpm/arch.tar.gz")).unwrap();
    let found = inventory(&[layer]);
    assert_eq!(found.distributions[0].did, "arch");
    assert_eq!(packages(&found), ["curl 7.57.0-1", "glibc 2.26-8"]);
    let owner = found
        .ownership
        .iter()
        .find(|owned| owned.owns("usr/bin/curl"));
    assert_eq!(owner.map(|owned| owned.package.as_str()), Some("curl"));
}
