//! Nothing is believed whose digest is another.

use clair_image::{Error, Layer, Limits, digest_of};
use clair_model::Algorithm;

use crate::image::{gzip, sha256, zstd};
use crate::tar::Tar;
use crate::walked::walk_layer;

fn archive() -> Vec<u8> {
    Tar::new().file("etc/os-release", "ID=alpine\n").end()
}

#[test]
fn a_layer_that_is_not_what_its_digest_says_is_an_error_that_names_it() {
    let other = sha256(b"something else");
    for blob in [archive(), gzip(&archive()), zstd(&archive())] {
        let error = walk_layer(&Layer::new(other.clone()), &blob, &Limits::default()).unwrap_err();
        let Error::DigestMismatch {
            what,
            expected,
            found,
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((expected, found), (&other, &sha256(&blob)));
        assert_eq!(*what, format!("layer {other}"));
    }
}

#[test]
fn a_layer_that_inflates_to_something_else_is_an_error_that_names_it() {
    let other = sha256(b"something else");
    for blob in [archive(), gzip(&archive()), zstd(&archive())] {
        let mut layer = Layer::new(sha256(&blob));
        layer.diff_id = Some(other.clone());
        let error = walk_layer(&layer, &blob, &Limits::default()).unwrap_err();
        let Error::DigestMismatch {
            what,
            expected,
            found,
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((expected, found), (&other, &sha256(&archive())));
        assert!(what.contains(&layer.digest.to_string()), "{what}");
    }
}

#[test]
fn digests_of_both_algorithms_are_checked() {
    let archive = archive();
    let blob = gzip(&archive);
    for (of_blob, of_archive) in [
        (Algorithm::Sha512, Algorithm::Sha256),
        (Algorithm::Sha256, Algorithm::Sha512),
        (Algorithm::Sha512, Algorithm::Sha512),
    ] {
        for blob in [&blob, &archive] {
            let mut layer = Layer::new(digest_of(of_blob, blob));
            layer.diff_id = Some(digest_of(of_archive, &archive));
            walk_layer(&layer, blob, &Limits::default()).unwrap();
            layer.diff_id = Some(digest_of(of_archive, b"something else"));
            let error = walk_layer(&layer, blob, &Limits::default());
            assert!(
                matches!(error, Err(Error::DigestMismatch { .. })),
                "{of_blob:?} {of_archive:?}: {error:?}"
            );
        }
    }
}

/// The tar archive ends before the layer does; the digest is that of everything.
#[test]
fn bytes_behind_the_end_of_the_archive_are_hashed_too() {
    let padded = [archive(), vec![0; 300_000]].concat();
    for blob in [padded.clone(), gzip(&padded)] {
        let mut layer = Layer::new(sha256(&blob));
        layer.diff_id = Some(sha256(&padded));
        let (summary, _) = walk_layer(&layer, &blob, &Limits::default()).unwrap();
        assert_eq!(summary.size, padded.len() as u64);
        assert_eq!(summary.diff_id, layer.diff_id);
    }
}
