//! What an update does when all goes well.

use std::fs;
use std::time::{Duration, Instant};

use clair_rpc::ErrorCode;
use clair_rpc::proto::updater::v1::{RunUpdateRequest, SourceResult};
use clair_store::{Retention, SourceKind};
use clair_updater::FeedConfig;
use jiff::SignedDuration;

use crate::support::{Updater, World, eventually, recording, tracker};

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_was_never_read_is_read_at_the_start_and_told_of_once() {
    let world = World::new().await;
    world.publish(&["1", "2", "3"]);
    let (config, recorded) = recording(world.config(), false);
    let updater = Updater::start(config).await;
    eventually("the feed is stored", async || world.advisories().await == 3).await;
    eventually("it was told of", async || {
        !recorded.operations.lock().unwrap().is_empty()
    })
    .await;
    let run = updater.update().await;
    assert_eq!(run.feeds, ["debian"]);
    assert_eq!(run.result(), SourceResult::Unchanged);
    assert_eq!((run.finished.updated, run.finished.unchanged), (0, 1));

    let listed = updater.sources().await;
    assert_eq!(listed.feeds.len(), clair_feeds::all().len());
    let enabled = listed.feeds.iter().filter(|feed| feed.enabled);
    let enabled: Vec<_> = enabled.map(|feed| &*feed.name).collect();
    assert_eq!(enabled, ["debian"]);
    let source = &listed.sources[0];
    assert_eq!(
        (&*source.name, source.advisories, &*source.last_error),
        ("debian", 3, "")
    );
    let operations = recorded.operations.lock().unwrap().clone();
    let names: Vec<_> = operations
        .iter()
        .map(|told| told.reference.to_string())
        .collect();
    assert_eq!(names, [source.operation.as_ref().unwrap().r#ref.clone()]);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_may_get_a_feed_later_and_misses_what_it_had() {
    let world = World::new().await;
    let directory = world.mirror.path().join("debian");
    fs::remove_dir(&directory).unwrap();
    let updater = world.updater().await;
    let run = updater.update().await;
    assert_eq!(run.feeds, [""; 0]);
    fs::create_dir(&directory).unwrap();
    world.publish(&["1"]);
    let run = updater.update().await;
    assert_eq!(run.feeds, ["debian"]);
    assert_eq!(run.result(), SourceResult::Updated);
    fs::remove_dir_all(&directory).unwrap();
    let run = updater.update().await;
    assert_eq!(run.result(), SourceResult::Failed);
    assert_eq!(world.advisories().await, 1);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_changed_writes_only_the_difference() {
    let world = World::new().await;
    world.publish(&["1", "2", "3"]);
    let updater = world.updater().await;
    updater.update().await;
    world.publish(&["1", "2+new", "3", "4"]);
    let run = updater.update().await;
    assert_eq!(run.result(), SourceResult::Updated);
    assert_eq!(run.difference(), (2, 1));
    assert_eq!(world.advisories().await, 4);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_content_in_a_new_document_writes_nothing() {
    let world = World::new().await;
    world.publish(&["1", "2"]);
    let updater = world.updater().await;
    updater.update().await;
    let before = updater.sources().await.sources[0].operation.clone();
    let text = fs::read_to_string(world.document()).unwrap();
    fs::write(world.document(), format!("{text}\n")).unwrap();
    let run = updater.update().await;
    assert_eq!(run.result(), SourceResult::Unchanged);
    assert_eq!(
        run.progress
            .last()
            .map_or(2, |progress| progress.advisories),
        2
    );
    let forced = RunUpdateRequest {
        force: true,
        ..RunUpdateRequest::default()
    };
    assert_eq!(
        updater.update_with(forced).await.result(),
        SourceResult::Unchanged
    );
    assert_eq!(updater.sources().await.sources[0].operation, before);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_feed_is_asked_by_the_schedule() {
    let world = World::new().await;
    world.publish(&["1"]);
    let mut config = world.config();
    let period = Duration::from_millis(300);
    config.feeds.insert(
        "debian".to_owned(),
        FeedConfig {
            period,
            ..FeedConfig::default()
        },
    );
    let updater = Updater::start(config).await;
    eventually("it is read", async || world.advisories().await == 1).await;
    world.publish(&["1", "2"]);
    eventually("it is read again", async || world.advisories().await == 2).await;
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_configured_is_refused_and_one_that_is_not_there_fails() {
    let world = World::new().await;
    world.publish(&["1"]);
    let updater = world.updater().await;
    updater.update().await;
    let only = |name: &str| RunUpdateRequest {
        only: vec![name.to_owned()],
        ..RunUpdateRequest::default()
    };
    for name in ["alpine", "nix", "debianx"] {
        let status = updater
            .client
            .clone()
            .run_update(only(name))
            .await
            .unwrap_err();
        let error = clair_rpc::Error::from(status);
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert_eq!(error.fields()[0].field, "only");
    }
    let run = updater.update_with(only("debian/sid")).await;
    assert_eq!(run.finished.failed, 1);
    let error = run.outcomes["debian/sid"].error.clone().unwrap();
    assert_eq!(clair_rpc::Error::from(error).code(), ErrorCode::NotFound);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_without_its_caller() {
    let world = World::new().await;
    world.publish(&["1"]);
    let updater = world.updater().await;
    updater.update().await;
    fs::write(
        world.document(),
        tracker((0..5_000).map(|number| number.to_string())),
    )
    .unwrap();
    let detached = RunUpdateRequest {
        detach: true,
        ..RunUpdateRequest::default()
    };
    let mut stream = updater
        .client
        .clone()
        .run_update(detached)
        .await
        .unwrap()
        .into_inner();
    assert!(stream.message().await.unwrap().is_some());
    assert!(stream.message().await.unwrap().is_none());
    drop(stream);
    eventually("all is stored", async || world.advisories().await == 5_000).await;
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_operations_are_collected_and_the_newest_stays() {
    let world = World::new().await;
    let updater = world.updater().await;
    for fixed in ["1", "2", "3"] {
        world.publish(&[fixed]);
        updater.update().await;
    }
    updater.stop().await;
    let count = async || {
        let operations = world
            .store
            .operations(SourceKind::Vulnerability, false)
            .await;
        operations.unwrap().len()
    };
    assert_eq!(count().await, 3);
    let mut config = world.config();
    config.retention = Some(Retention {
        operations: 1,
        age: SignedDuration::ZERO,
    });
    let updater = Updater::start(config).await;
    eventually("one is left", async || count().await == 1).await;
    assert_eq!(world.advisories().await, 1);
    updater.stop().await;
}

/// Also measures: see the output with `--nocapture`.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_advisories_are_stored_while_progress_is_told() {
    let world = World::new().await;
    world.publish(&[]);
    let updater = world.updater().await;
    updater.update().await;
    fs::write(
        world.document(),
        tracker((0..100_000).map(|number| number.to_string())),
    )
    .unwrap();
    let began = Instant::now();
    let first = updater.update().await;
    let first_took = began.elapsed();
    assert_eq!(first.difference(), (100_000, 0));
    assert!(!first.progress.is_empty());
    assert!(
        first
            .progress
            .is_sorted_by_key(|progress| progress.advisories)
    );
    let began = Instant::now();
    let same = updater.update().await;
    let same_took = began.elapsed();
    assert_eq!(same.result(), SourceResult::Unchanged);
    let began = Instant::now();
    let forced = RunUpdateRequest {
        force: true,
        ..RunUpdateRequest::default()
    };
    let read = updater.update_with(forced).await;
    let read_took = began.elapsed();
    assert_eq!(read.result(), SourceResult::Unchanged);
    eprintln!(
        "100000 advisories: first {first_took:.2?}, unchanged {same_took:.2?}, read again and unchanged {read_took:.2?}"
    );
    updater.stop().await;
}
