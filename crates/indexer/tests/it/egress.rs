//! Where layers are fetched from is not the client's decision alone.

use std::collections::BTreeMap;

use clair_indexer::Limits;
use clair_model::ManifestLayer;
use clair_rpc::ErrorCode;
use clair_runtime::config::Egress;
use clair_runtime::egress::EgressPolicy;
use clair_testing::Postgres;

use crate::layers::base;
use crate::support::{Answer, Blobs, Indexer, loopback, manifest};

async fn with(egress: EgressPolicy) -> Indexer {
    Indexer::with(Postgres::shared().database(), egress, Limits::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_refused_unless_it_is_allowed() {
    let (blobs, indexer) = (
        Blobs::start().await,
        with(EgressPolicy::new(&Egress::default(), false)).await,
    );
    let layer = blobs.serve(&base());
    let port = blobs.address.port();
    let others = ["localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706433"];
    let uris = others.iter().map(|host| format!("http://{host}:{port}/"));
    for uri in [layer.uri.clone()].into_iter().chain(uris) {
        let layer = ManifestLayer {
            uri: uri.clone(),
            ..layer.clone()
        };
        let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
        let (code, message, _) = answer.failure();
        assert_eq!(code, ErrorCode::LayerUnavailable, "{uri}");
        assert!(message.contains("refused"), "{uri}: {message}");
    }
    assert_eq!(blobs.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_no_way_around_the_policy() {
    let (blobs, indexer) = (Blobs::start().await, with(loopback()).await);
    let redirect = Answer::status(302, "").with("location", "http://169.254.169.254/latest/");
    let layer = blobs.answer(&base().digest, redirect);
    let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
    let (_, message, _) = answer.failure();
    assert!(
        message.contains("169.254.169.254, which is a metadata service"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_takes_headers_along_to_the_same_origin_only() {
    let (registry, storage) = (Blobs::start().await, Blobs::start().await);
    let indexer = with(loopback()).await;
    let blob = base();
    let target = storage.serve(&blob);
    let redirect = Answer::status(307, "").with("location", &target.uri);
    let mut layer = registry.answer(&blob.digest, redirect);
    layer.headers = BTreeMap::from([
        ("Authorization".to_owned(), vec!["Bearer secret".to_owned()]),
        ("X-Registry-Token".to_owned(), vec!["secret".to_owned()]),
    ]);
    indexer
        .index(&manifest("a", vec![layer]))
        .await
        .unwrap()
        .report();
    assert_eq!(registry.last_headers()["authorization"], "Bearer secret");
    let sent = storage.last_headers();
    assert!(sent.get("authorization").is_none() && sent.get("x-registry-token").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_that_go_in_circles_end() {
    let (blobs, indexer) = (Blobs::start().await, with(loopback()).await);
    let path = format!("/{}", base().digest);
    let layer = blobs.answer(
        &base().digest,
        Answer::status(302, "").with("location", &path),
    );
    let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
    assert!(answer.failure().1.contains("redirects do not end"));
    assert_eq!(blobs.requests(), 11);
}
