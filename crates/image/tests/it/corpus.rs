//! Hostile and real files of the corpus.

use std::fs;

use clair_image::{Error, Limits, OpenOptions, PlatformSelector, open};
use clair_testing::corpus;

use crate::walked::{walk_archive, walk_blob};

#[test]
fn hostile_layers_do_no_harm() {
    let Some(corpus) = corpus() else {
        return;
    };
    let read = |name: &str| fs::read(corpus.join("hostile").join(name)).unwrap();

    let walked = walk_archive(&read("made/traversal.tar")).unwrap();
    assert!(!walked.entries.is_empty());
    for entry in &walked.entries {
        assert!(!entry.contains(".."), "{entry}");
    }
    let walked = walk_archive(&read("claircore-concat.tar")).unwrap();
    assert!(walked.entries.len() > 1, "{:?}", walked.entries);
    for (name, entries) in [
        ("container-inspector-layer_with_links.tar", 16),
        (
            "container-inspector-layer_with_links_missing_targets.tar",
            14,
        ),
    ] {
        assert_eq!(
            walk_archive(&read(name)).unwrap().entries.len(),
            entries,
            "{name}"
        );
    }
    for name in [
        "claircore-bad_name.tar",
        "claircore-dangling_symlink.tar",
        "made/whiteouts-odd.tar",
    ] {
        assert!(
            !walk_archive(&read(name)).unwrap().entries.is_empty(),
            "{name}"
        );
    }
    // One header and nothing behind it.
    let _ = walk_archive(&read("claircore-oddlayer.tar"));

    let error = walk_blob(
        &read("made/alpine-310-truncated.tar.gz"),
        &Limits::default(),
    );
    assert!(matches!(error, Err(Error::Layer { .. })), "{error:?}");
    let limits = Limits {
        layer_size: 10 << 20,
        ..Limits::default()
    };
    let error = walk_blob(&read("made/gzip-bomb.tar.gz"), &limits);
    assert!(matches!(error, Err(Error::Limit { .. })), "{error:?}");
}

#[test]
fn every_real_image_can_be_read_whole() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut read = 0;
    for directory in ["ggcr", "docker-save", "container-inspector", "skopeo-copy"] {
        for file in fs::read_dir(corpus.join("images").join(directory)).unwrap() {
            let path = file.unwrap().path();
            let reference = path.to_str().unwrap();
            let Ok(source) = open(reference, &OpenOptions::default()) else {
                continue;
            };
            for image in source
                .images(&PlatformSelector::Default)
                .unwrap_or_default()
            {
                for layer in &image.layers {
                    let data = source.layer(layer).unwrap();
                    let mut walked = crate::walked::Walked::default();
                    let limits = Limits::default();
                    // Some were cut for their collection: a layer that is another is an error.
                    match clair_image::walk(layer, data, &limits, &|_| {}, &mut walked) {
                        Ok(_) => read += 1,
                        Err(Error::DigestMismatch { .. } | Error::Layer { .. }) => {}
                        Err(error) => panic!("{reference}: {error}"),
                    }
                }
            }
        }
    }
    assert!(read > 10, "{read} layers");
}
