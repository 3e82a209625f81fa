//! An image that can be indexed is, once.

use clair_index::{merge, read_layer, report};
use clair_indexer::Limits;
use clair_model::{IndexState, ManifestLayer};
use clair_rpc::ErrorCode;
use clair_rpc::proto::indexer::v1::IndexProgress;
use clair_rpc::proto::model::v1;
use clair_store::{Options, Store};
use clair_testing::Postgres;

use crate::layers::{Blob, base, upper};
use crate::support::{Blobs, Indexer, loopback, manifest};

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_indexed_and_its_report_is_that_of_the_engine() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let (bottom, top) = (base(), upper("curl"));
    let manifest = manifest("image", vec![blobs.serve(&bottom), blobs.serve(&top)]);

    let answer = indexer.index(&manifest).await.unwrap();

    let source = Memory(vec![bottom.bytes.clone(), top.bytes.clone()]);
    let analyzers = clair_inventory::all();
    let limits = clair_image::Limits::default();
    let read = |blob: &Blob| {
        let layer = clair_image::Layer::new(blob.digest.clone());
        read_layer(&source, &layer, &analyzers, &limits, &|_| {}).unwrap()
    };
    let (bottom_found, top_found) = (read(&bottom), read(&top));
    let stacked = [(&bottom.digest, &bottom_found), (&top.digest, &top_found)];
    let expected = report(manifest.hash.clone(), merge(&stacked));
    assert_eq!(answer.report(), expected);
    assert_eq!(expected.packages.len(), 2);
    assert!(answer.outcome.failure.is_none());

    let states: Vec<_> = answer.progress.iter().map(IndexProgress::state).collect();
    use v1::IndexState::{CheckManifest, Coalesce, FetchLayers, IndexFinished, IndexManifest};
    let expected = [
        CheckManifest,
        FetchLayers,
        v1::IndexState::ScanLayers,
        Coalesce,
        IndexManifest,
        IndexFinished,
    ];
    assert_eq!(states, expected);
    let last = answer.progress.last().unwrap();
    assert_eq!(
        (last.layers_total, last.layers_done, last.layers_known),
        (2, 2, 0)
    );
    assert_eq!(
        last.fetched_bytes,
        (bottom.bytes.len() + top.bytes.len()) as u64
    );
    indexer.stop().await;
}

/// The engine's own source for comparison: blobs by digest, from memory.
#[derive(Debug)]
struct Memory(Vec<Vec<u8>>);

impl clair_image::Source for Memory {
    fn images(
        &self,
        _: &clair_image::PlatformSelector,
    ) -> Result<Vec<clair_image::Image>, clair_image::Error> {
        Ok(Vec::new())
    }

    fn layer(
        &self,
        layer: &clair_image::Layer,
    ) -> Result<clair_image::LayerData, clair_image::Error> {
        let algorithm = layer.digest.algorithm();
        let digest = |bytes: &&Vec<u8>| clair_image::digest_of(algorithm, bytes) == layer.digest;
        let bytes = self.0.iter().find(digest).unwrap().clone();
        Ok(clair_image::LayerData::Blob(Box::new(
            std::io::Cursor::new(bytes),
        )))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_indexed_is_not_fetched_again() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let manifest = manifest(
        "image",
        vec![blobs.serve(&base()), blobs.serve(&upper("curl"))],
    );
    let first = indexer.index(&manifest).await.unwrap();
    assert_eq!(blobs.requests(), 2);
    let second = indexer.index(&manifest).await.unwrap();
    assert_eq!(blobs.requests(), 2);
    assert_eq!(first.report(), second.report());
    assert!(second.progress.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_another_image_brought_is_known() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let shared = blobs.serve(&base());
    indexer
        .index(&manifest("a", vec![shared.clone()]))
        .await
        .unwrap();
    let other = manifest("b", vec![shared, blobs.serve(&upper("curl"))]);
    let answer = indexer.index(&other).await.unwrap();
    assert_eq!(answer.progress.last().unwrap().layers_known, 1);
    assert_eq!(blobs.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_two_images_need_at_once_is_fetched_once() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let shared = blobs.serve(&base());
    blobs.hold();
    let (first, second) = (
        manifest("a", vec![shared.clone()]),
        manifest("b", vec![shared]),
    );
    let both = async { tokio::join!(indexer.index(&first), indexer.index(&second)) };
    let release = async {
        blobs.requested(1).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        blobs.release();
    };
    let ((first, second), ()) = tokio::join!(both, release);
    assert_eq!(
        first.unwrap().report().packages,
        second.unwrap().report().packages
    );
    assert_eq!(blobs.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_comes_twice_in_an_image_is_fetched_once() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let layer = blobs.serve(&base());
    let answer = indexer
        .index(&manifest("a", vec![layer.clone(), layer]))
        .await
        .unwrap();
    assert!(answer.report().success);
    assert_eq!(blobs.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_of_the_client_are_sent() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let layer = ManifestLayer {
        headers: [("Authorization".to_owned(), vec!["Bearer x".to_owned()])].into(),
        ..blobs.serve(&base())
    };
    indexer.index(&manifest("a", vec![layer])).await.unwrap();
    assert_eq!(blobs.last_headers()["authorization"], "Bearer x");
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_while_anybody_waits_and_ends_with_the_last() {
    let database = Postgres::shared().database();
    let limits = Limits::default();
    let indexer = Indexer::with(database.clone(), loopback(), limits).await;
    let blobs = Blobs::start().await;
    let first = manifest("a", vec![blobs.serve(&base())]);
    blobs.hold();

    // Of two who wait, one goes.
    let leaving = indexer.index(&first);
    let staying = indexer.index(&first);
    let mut staying = Box::pin(staying);
    tokio::select! {
        _ = leaving => panic!("nothing can be done yet"),
        _ = &mut staying => panic!("nothing can be done yet"),
        () = blobs.requested(1) => {}
    }
    blobs.release();
    assert!(staying.await.unwrap().report().success);
    assert_eq!(blobs.requests(), 1);

    // The only one goes.
    let top = blobs.serve(&upper("curl"));
    let second = manifest("b", vec![top]);
    blobs.hold();
    tokio::select! {
        _ = indexer.index(&second) => panic!("nothing can be done yet"),
        () = blobs.requested(2) => {}
    }
    // Then its lock becomes free, since the attempt is over.
    let store = Store::connect(&database, &Options::default())
        .await
        .unwrap();
    let name = clair_store::LockName::Manifest(&second.hash);
    let waiting = store.lock(name);
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
        .await
        .unwrap()
        .unwrap();
    let status = store.manifest_status(&second.hash).await.unwrap().unwrap();
    assert_eq!(status.state, IndexState::FetchLayers);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_many_layers_does_not_keep_others_waiting_until_it_is_done() {
    let limits = Limits {
        concurrent_layers: 1,
        ..Limits::default()
    };
    let indexer = Indexer::with(Postgres::shared().database(), loopback(), limits).await;
    let blobs = Blobs::start().await;
    let layers = (0..20).map(|number| blobs.serve(&upper(&format!("package-{number}"))));
    let large = manifest("large", layers.collect());
    let small = manifest("small", vec![blobs.serve(&base())]);
    blobs.hold();
    let large = indexer.index(&large);
    let small = async {
        blobs.requested(1).await;
        let release = async {
            // Until it stands in line, on a machine that does much else.
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            blobs.release();
        };
        let (answer, ()) = tokio::join!(indexer.index(&small), release);
        (answer, blobs.requests())
    };
    let (large, (small, requests)) = tokio::join!(large, small);
    assert!(large.unwrap().report().success && small.unwrap().report().success);
    assert!(requests < 10, "{requests} of 21 layers were fetched before");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_limit_are_refused_and_told_to_come_back() {
    let limits = Limits {
        concurrent_requests: Some(1),
        ..Limits::default()
    };
    let indexer = Indexer::with(Postgres::shared().database(), loopback(), limits).await;
    let blobs = Blobs::start().await;
    let first = manifest("a", vec![blobs.serve(&base())]);
    let second = manifest("b", vec![blobs.serve(&upper("curl"))]);
    blobs.hold();
    let refused = async {
        blobs.requested(1).await;
        let refused = indexer.index(&second).await.unwrap_err();
        blobs.release();
        refused
    };
    let (first, refused) = tokio::join!(indexer.index(&first), refused);
    assert_eq!(refused.code(), ErrorCode::ResourceExhausted);
    assert!(refused.retry_after().is_some());
    assert!(first.unwrap().report().success);
    assert!(indexer.index(&second).await.unwrap().report().success);
}
