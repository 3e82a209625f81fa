//! What is left when something goes wrong.

use std::fs;

use clair_rpc::proto::updater::v1::run_update_response::Event;
use clair_rpc::proto::updater::v1::{RunUpdateResponse, SourceResult};
use clair_testing::Postgres;
use tonic::Streaming;

use crate::support::{Updater, World, eventually, recording, tracker};

async fn until_advisories_are_read(stream: &mut Streaming<RunUpdateResponse>) {
    loop {
        match stream.message().await.unwrap().unwrap().event.unwrap() {
            Event::Progress(progress) if progress.advisories > 0 => return,
            Event::Finished(_) => panic!("it was over too soon"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_document_leaves_the_data_and_says_what_is_wrong() {
    let world = World::new().await;
    world.publish(&["1", "2"]);
    let updater = world.updater().await;
    updater.update().await;
    // Long enough that some of it was written before the end is missing.
    let whole = tracker((0..3_000).map(|number| format!("9.{number}")));
    fs::write(world.document(), &whole[..whole.len() - 20]).unwrap();
    let run = updater.update().await;
    assert_eq!(run.result(), SourceResult::Failed);
    let told = run.outcomes["debian"].error.clone().unwrap().message;
    assert!(told.contains("debian/json"), "{told}");
    assert_eq!(world.advisories().await, 2);
    let source = updater.sources().await.sources.remove(0);
    assert_eq!((source.last_error, source.advisories), (told, 2));

    fs::write(world.document(), whole).unwrap();
    assert_eq!(updater.update().await.difference(), (3_000, 2));
    assert_eq!(updater.sources().await.sources[0].last_error, "");
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_cannot_be_found_has_failed_and_keeps_its_data() {
    let world = World::new().await;
    world.publish(&["1"]);
    let updater = world.updater().await;
    updater.update().await;
    fs::remove_file(world.document()).unwrap();
    assert_eq!(updater.update().await.result(), SourceResult::Failed);
    assert_eq!(world.advisories().await, 1);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_succeeds_although_nobody_takes_its_event() {
    let world = World::new().await;
    world.publish(&["1"]);
    let (config, _) = recording(world.config(), true);
    let updater = Updater::start(config).await;
    eventually("it is stored", async || world.advisories().await == 1).await;
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_replicas_one_does_the_work() {
    let world = World::new().await;
    fs::write(
        world.document(),
        tracker((0..4_000).map(|number| number.to_string())),
    )
    .unwrap();
    let (first, first_events) = recording(world.config(), false);
    let (second, second_events) = recording(world.config(), false);
    let (first, second) = tokio::join!(Updater::start(first), Updater::start(second));
    let (one, other) = tokio::join!(first.update(), second.update());
    for run in [one, other] {
        assert_ne!(run.result(), SourceResult::Failed, "{run:?}");
    }
    eventually("all is stored", async || world.advisories().await == 4_000).await;
    // Both may have asked, but only one had something to write.
    let told = || {
        let of = |events: &crate::support::Recorded| events.operations.lock().unwrap().len();
        of(&first_events) + of(&second_events)
    };
    eventually("it was told of", async || told() > 0).await;
    assert_eq!(told(), 1);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_another_replica_updates_is_busy() {
    let world = World::new().await;
    world.publish(&["1"]);
    let updater = world.updater().await;
    updater.update().await;
    let lock = world
        .store
        .try_lock(clair_store::LockName::Source("debian"))
        .await
        .unwrap();
    assert!(lock.is_some());
    let run = updater.update().await;
    assert_eq!((run.result(), run.finished.busy), (SourceResult::Busy, 1));
    drop(lock);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_in_the_middle_leaves_the_state_of_before() {
    let postgres = Postgres::start();
    let world = World::in_database(postgres.database()).await;
    world.publish(&["1", "2"]);
    let updater = world.updater().await;
    updater.update().await;
    fs::write(
        world.document(),
        tracker((0..60_000).map(|number| format!("7.{number}"))),
    )
    .unwrap();
    let mut stream = updater.begin().await;
    until_advisories_are_read(&mut stream).await;
    postgres.kill();
    let mut last = None;
    while let Some(response) = stream.message().await.unwrap() {
        last = response.event;
    }
    let Some(Event::Finished(finished)) = last else {
        panic!("{last:?}")
    };
    assert_eq!(finished.failed, 1);
    postgres.restart();
    eventually("the database is back", async || {
        world.store.health().await.is_ok()
    })
    .await;
    assert_eq!(world.advisories().await, 2);
    assert_eq!(updater.update().await.difference(), (60_000, 2));
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_stops_in_the_middle_leaves_the_work_to_another() {
    let world = World::new().await;
    world.publish(&["1"]);
    let first = world.updater().await;
    first.update().await;
    fs::write(
        world.document(),
        tracker((0..30_000).map(|number| format!("7.{number}"))),
    )
    .unwrap();
    until_advisories_are_read(&mut first.begin().await).await;
    first.stop().await;
    let second = world.updater().await;
    let run = second.update().await;
    assert_eq!(run.finished.failed, 0);
    assert_eq!(world.advisories().await, 30_000);
    second.stop().await;
}
