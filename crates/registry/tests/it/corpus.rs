//! A layout as registries hold it, served over HTTP and fetched as a whole. The corpus is not part
//! of this repository.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use clair_model::Digest;
use clair_registry::{Client, Reference, media_type};
use serde_json::Value;

use crate::manifests::sha256;
use crate::server::{Reply, Server, client};

/// The layout of the corpus.
fn layout() -> Option<PathBuf> {
    clair_testing::corpus().map(|corpus| corpus.join("images/regclient-oci/testrepo"))
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn descriptors<'a>(document: &'a Value, list: &str) -> impl Iterator<Item = (Digest, &'a Value)> {
    let items = document[list].as_array().into_iter().flatten();
    items.map(|item| (item["digest"].as_str().unwrap().parse().unwrap(), item))
}

#[test]
fn every_image_of_the_layout_is_fetched() {
    let Some(layout) = layout() else { return };
    let index = json(&fs::read(layout.join("index.json")).unwrap());
    let server = Server::start(move |seen| {
        let digest = seen.target.rsplit('/').next().unwrap();
        let Ok(digest) = digest.parse::<Digest>() else {
            return Reply::new(404, "");
        };
        let bytes = fs::read(layout.join("blobs/sha256").join(digest.hex())).unwrap();
        let is_manifest = seen.target.contains("/manifests/");
        let media_type = is_manifest.then(|| json(&bytes)["mediaType"].as_str().map(str::to_owned));
        let media_type = media_type
            .flatten()
            .unwrap_or("application/octet-stream".to_owned());
        Reply::ok(bytes).header("Content-Type", media_type)
    });
    let mut fetched = 0;
    for (digest, descriptor) in descriptors(&index, "manifests") {
        let reference = server.reference(&format!("testrepo@{digest}"));
        let media_type = descriptor["mediaType"].as_str().unwrap();
        if matches!(media_type, media_type::OCI_INDEX | media_type::OCI_MANIFEST) {
            fetched += fetch(&client(), &reference, &digest, media_type);
        } else {
            let error = client().manifest(&reference).unwrap_err();
            assert!(error.to_string().contains("not"), "{media_type}: {error}");
        }
    }
    println!("fetched {fetched} manifests and blobs");
    assert!(fetched > 50, "only {fetched}");
}

/// Fetches a manifest and all that it names; gives the number of things fetched.
fn fetch(client: &Client, reference: &Reference, digest: &Digest, media_type: &str) -> usize {
    let manifest = client.manifest_by_digest(reference, digest).unwrap();
    assert_eq!(
        (&manifest.digest, &*manifest.media_type),
        (digest, media_type)
    );
    let document = json(&manifest.bytes);
    let mut fetched = 1;
    for (digest, item) in descriptors(&document, "manifests") {
        fetched += fetch(
            client,
            reference,
            &digest,
            item["mediaType"].as_str().unwrap(),
        );
    }
    for (digest, item) in descriptors(&document, "layers") {
        let mut bytes = Vec::new();
        let mut blob = client
            .blob(reference, &digest, item["size"].as_u64())
            .unwrap();
        blob.read_to_end(&mut bytes).unwrap();
        assert_eq!(sha256(&bytes), digest);
        fetched += 1;
    }
    if let Some(config) = document["config"]["digest"].as_str() {
        client
            .blob_bytes(reference, &config.parse().unwrap(), 1 << 20)
            .unwrap();
        fetched += 1;
    }
    fetched
}
