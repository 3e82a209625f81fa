//! Manifests that are indexed while nobody waits.

use std::time::Duration;

use clair_bus::{Bus, BusOptions, IndexFinished};
use clair_rpc::proto::indexer::v1::{
    DeadLetterIds, EnqueueOutcome, EnqueueRequest, ListDeadLettersRequest, Priority,
    ReplayDeadLettersRequest, replay_dead_letters_request::Selection,
};
use clair_rpc::{Error, ErrorCode};
use clair_testing::{Nats, Postgres};

use crate::layers::{base, upper};
use crate::support::{Answer, Blobs, Indexer, eventually, manifest};

async fn connect(nats: &Nats) -> Bus {
    let bus = Bus::connect(BusOptions::new(vec![nats.url()]))
        .await
        .unwrap();
    let mut health = bus.watch_health();
    health
        .wait_for(clair_bus::Health::is_healthy)
        .await
        .unwrap();
    bus
}

async fn enqueue(indexer: &Indexer, manifest: &clair_model::Manifest) -> EnqueueOutcome {
    let request = EnqueueRequest {
        manifest: Some(manifest.clone().into()),
        priority: Priority::Normal.into(),
    };
    indexer
        .client
        .clone()
        .enqueue(request)
        .await
        .unwrap()
        .into_inner()
        .outcome()
}

/// The next event. It says how indexing ended.
async fn next(events: &mut tokio::sync::mpsc::UnboundedReceiver<IndexFinished>) -> IndexFinished {
    tokio::time::timeout(Duration::from_mins(1), events.recv())
        .await
        .unwrap()
        .unwrap()
}

fn events(bus: &Bus) -> tokio::sync::mpsc::UnboundedReceiver<IndexFinished> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let subscription = bus.subscribe::<IndexFinished>("test");
    let handler = move |delivery: clair_bus::Delivery<IndexFinished>| {
        let sender = sender.clone();
        async move {
            let _ = sender.send(delivery.payload);
            Ok(())
        }
    };
    let stop = tokio_util::sync::CancellationToken::new();
    let options = clair_bus::ConsumeOptions::for_events(1);
    tokio::spawn(async move { subscription.consume(options, handler, stop).await });
    receiver
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_queued_is_indexed_once_and_told() {
    let nats = Nats::start();
    let bus = connect(&nats).await;
    let mut events = events(&bus);
    let indexer = Indexer::with_bus(Postgres::shared().database(), bus).await;
    let blobs = Blobs::start().await;
    let image = manifest("a", vec![blobs.serve(&base())]);
    blobs.hold();
    assert_eq!(enqueue(&indexer, &image).await, EnqueueOutcome::Queued);
    blobs.requested(1).await;
    assert_eq!(
        enqueue(&indexer, &image).await,
        EnqueueOutcome::AlreadyQueued
    );
    blobs.release();
    let event = next(&mut events).await;
    assert!(event.success && event.manifest == image.hash);
    assert_eq!(
        enqueue(&indexer, &image).await,
        EnqueueOutcome::AlreadyIndexed
    );
    assert_eq!(blobs.requests(), 1);
    indexer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_indexed_is_a_dead_letter_until_it_is_replayed() {
    let nats = Nats::start();
    let bus = connect(&nats).await;
    let mut events = events(&bus);
    let mut indexer = Indexer::with_bus(Postgres::shared().database(), bus).await;
    let blobs = Blobs::start().await;
    let blob = base();
    let bad = blobs.answer(&blob.digest, Answer::ok(&upper("curl").bytes));
    let image = manifest("a", vec![bad]);
    enqueue(&indexer, &image).await;
    assert!(!next(&mut events).await.success);

    let mut letters = Vec::new();
    for _ in 0..1000 {
        let request = ListDeadLettersRequest::default();
        letters = indexer
            .client
            .list_dead_letters(request)
            .await
            .unwrap()
            .into_inner()
            .dead_letters;
        if !letters.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let [letter] = letters.try_into().unwrap();
    assert_eq!(letter.manifest_digest, image.hash.to_string());
    let error = Error::from(letter.error.clone().unwrap());
    assert_eq!((error.code(), letter.attempts), (ErrorCode::BadLayer, 1));
    assert_eq!(letter.priority(), Priority::Normal);
    let request = ListDeadLettersRequest {
        page_token: "x".to_owned(),
        ..ListDeadLettersRequest::default()
    };
    let refused = indexer.client.list_dead_letters(request).await;
    let error = Error::from(refused.unwrap_err());
    assert_eq!(error.fields()[0].field, "page_token");

    blobs.serve(&blob);
    let ids = DeadLetterIds {
        ids: vec![letter.id, letter.id + 1],
    };
    let request = ReplayDeadLettersRequest {
        selection: Some(Selection::Ids(ids)),
    };
    let replayed = indexer
        .client
        .replay_dead_letters(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (replayed.replayed, replayed.missing_ids),
        (1, vec![letter.id + 1])
    );
    assert!(next(&mut events).await.success);
    indexer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_replica_that_stops_is_done_by_another() {
    let nats = Nats::start();
    let database = Postgres::shared().database();
    let first = Indexer::with_bus(database.clone(), connect(&nats).await).await;
    let blobs = Blobs::start().await;
    let image = manifest("a", vec![blobs.serve(&base())]);
    blobs.hold();
    enqueue(&first, &image).await;
    blobs.requested(1).await;
    first.stop().await;
    blobs.release();
    let bus = connect(&nats).await;
    let mut events = events(&bus);
    let _second = Indexer::with_bus(database, bus).await;
    assert!(next(&mut events).await.success);
    eventually(|| blobs.requests() == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_images_are_indexed_while_one_waits_and_the_queue_says_that_it_is_away() {
    let nats = Nats::start();
    let bus = connect(&nats).await;
    let indexer = Indexer::with_bus(Postgres::shared().database(), bus).await;
    nats.kill();
    let blobs = Blobs::start().await;
    let image = manifest("a", vec![blobs.serve(&base())]);
    let request = EnqueueRequest {
        manifest: Some(image.clone().into()),
        priority: Priority::High.into(),
    };
    let refused = indexer.client.clone().enqueue(request).await.unwrap_err();
    assert_eq!(Error::from(refused).code(), ErrorCode::Unavailable);
    assert!(indexer.index(&image).await.unwrap().report().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indexer_without_a_queue_says_so() {
    let indexer = Indexer::start().await;
    let refused = indexer
        .client
        .clone()
        .list_dead_letters(ListDeadLettersRequest::default())
        .await;
    assert_eq!(
        Error::from(refused.unwrap_err()).code(),
        ErrorCode::Unimplemented
    );
}
