//! The server is away, dies in the middle, or comes back without its memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clair_bus::{Bus, BusOptions, Error, Failure, IndexRequest, Priority, UpdateApplied, Watched};
use clair_testing::{Nats, free_port};

use crate::support::{
    LONG, Replica, connect, disconnected, empty, healthy, next, number, quick, request, update,
};

#[tokio::test]
async fn a_service_starts_without_a_server_and_says_so() {
    let address = format!("nats://127.0.0.1:{}", free_port());
    let began = Instant::now();
    let bus = Bus::connect(BusOptions::new(vec![address])).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(30));
    assert!(!bus.health().is_healthy());
    let queue = bus.work_queue::<IndexRequest>();
    let began = Instant::now();
    let error = queue.push(&request(1), Priority::High).await.unwrap_err();
    assert!(matches!(error, Error::Disconnected) && error.is_retryable());
    assert!(bus.publish(&update("debian")).await.is_err());
    assert!(queue.depth().await.is_err());
    assert!(bus.dead_letters().list(0, 1).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(1), "it fails at once");
}

#[tokio::test]
async fn options_that_make_no_connection_are_refused() {
    let error = Bus::connect(BusOptions::new(vec!["http://[".into()])).await;
    assert!(matches!(
        error,
        Err(Error::Options {
            option: "servers",
            ..
        })
    ));
}

#[tokio::test]
async fn who_receives_goes_on_by_itself_when_the_server_is_back() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 1);
    empty(&queue).await;
    server.kill();
    disconnected(&bus).await;
    let error = queue.push(&request(2), Priority::Normal).await.unwrap_err();
    assert!(matches!(error, Error::Disconnected));
    server.restart();
    healthy(&bus).await;
    queue.push(&request(3), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 3);
    replica.stop().await;
}

#[tokio::test]
async fn nothing_that_was_accepted_is_lost_when_the_server_is_killed() {
    let server = Arc::new(Nats::start());
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let done = Arc::new(Mutex::new(BTreeSet::new()));
    let finished = done.clone();
    let replica = Replica::start(&queue, quick(4), move |delivery| {
        let finished = finished.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            finished.lock().unwrap().insert(number(&delivery.payload));
            Ok::<(), Failure>(())
        }
    });
    let victim = server.clone();
    let killer = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(700));
            victim.kill();
            std::thread::sleep(Duration::from_millis(200));
            victim.restart();
        }
    });
    let mut accepted = BTreeSet::new();
    let mut refused = 0;
    for number in 0..400 {
        match queue.push(&request(number), Priority::Normal).await {
            Ok(_) => {
                accepted.insert(number);
            }
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                refused += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(8)).await;
    }
    killer.await.unwrap();
    healthy(&bus).await;
    empty(&queue).await;
    replica.stop().await;
    let done = std::mem::take(&mut *done.lock().unwrap());
    let lost: Vec<_> = accepted.difference(&done).collect();
    assert!(
        lost.is_empty(),
        "lost {lost:?} of {} accepted, {refused} refused",
        accepted.len()
    );
    assert!(refused > 0, "the server was never away");
    assert!(bus.dead_letters().list(0, 1).await.unwrap().is_empty());
}

#[tokio::test]
async fn work_that_ends_while_the_server_is_away_is_not_lost() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (sender, mut begun) = tokio::sync::mpsc::unbounded_channel();
    let replica = Replica::start(&queue, quick(1), move |delivery| {
        sender.send(delivery.attempt).unwrap();
        async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(())
        }
    });
    queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut begun).await, 1);
    server.kill();
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.restart();
    healthy(&bus).await;
    // Its end was never told, so it is done again.
    assert!(next(&mut begun).await >= 1);
    empty(&queue).await;
    replica.stop().await;
}

#[tokio::test]
async fn a_watch_misses_nothing_over_an_outage() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let mut watch = bus.watch::<UpdateApplied>();
    assert_eq!(watch.next().await, Watched::Resumed);
    let event = update("before");
    bus.publish(&event).await.unwrap();
    assert_eq!(watch.next().await, Watched::Event(event));
    server.kill();
    disconnected(&bus).await;
    server.restart();
    healthy(&bus).await;
    let event = update("after");
    bus.publish(&event).await.unwrap();
    let mut seen = Vec::new();
    while seen.last() != Some(&Watched::Event(event.clone())) {
        seen.push(tokio::time::timeout(LONG, watch.next()).await.unwrap());
    }
    assert!(seen.contains(&Watched::Resumed), "{seen:?}");
}

#[tokio::test]
async fn a_server_that_comes_back_without_its_memory_gets_its_streams_anew() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 1);
    let operator = async_nats::connect(server.url()).await.unwrap();
    let streams = async_nats::jetstream::new(operator);
    for name in ["CLAIR_WORK", "CLAIR_EVENTS", "CLAIR_DEAD"] {
        streams.delete_stream(name).await.unwrap();
    }
    queue.push(&request(2), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 2);
    replica.stop().await;
}

#[tokio::test]
async fn streams_of_an_older_program_are_changed_and_those_of_a_newer_one_left_alone() {
    use async_nats::jetstream::stream::{Config, RetentionPolicy};
    let server = Nats::start();
    let operator = async_nats::connect(server.url()).await.unwrap();
    let streams = async_nats::jetstream::new(operator);
    let of_revision = |name: &str, subjects: &str, retention, revision: u32| Config {
        name: name.to_owned(),
        subjects: vec![subjects.to_owned()],
        retention,
        description: Some(format!("of Clair, revision {revision}")),
        ..Config::default()
    };
    let work = of_revision("CLAIR_WORK", "clair.work.>", RetentionPolicy::WorkQueue, 0);
    let events = of_revision("CLAIR_EVENTS", "clair.event.>", RetentionPolicy::Limits, 99);
    for config in [work, events] {
        streams.create_stream(config).await.unwrap();
    }
    connect(&server).await;
    let mut work = streams.get_stream("CLAIR_WORK").await.unwrap();
    assert_eq!(
        work.info().await.unwrap().config.max_messages_per_subject,
        1
    );
    let mut events = streams.get_stream("CLAIR_EVENTS").await.unwrap();
    assert!(events.info().await.unwrap().config.max_age.is_zero());
}
