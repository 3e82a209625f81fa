//! Events reach every service once, and every replica that watches.

use std::time::Duration;

use clair_bus::{Bus, Failure, UpdateApplied, Watched};
use clair_testing::Nats;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{LONG, connect, next, quick, take, update};

/// A replica of a service, and what it gets.
fn replica(
    bus: &Bus,
    service: &str,
) -> (CancellationToken, mpsc::UnboundedReceiver<UpdateApplied>) {
    let (sender, events) = mpsc::unbounded_channel();
    let (subscription, stop) = (
        bus.subscribe::<UpdateApplied>(service),
        CancellationToken::new(),
    );
    let stopped = stop.clone();
    tokio::spawn(async move {
        let handler = move |delivery: clair_bus::Delivery<UpdateApplied>| {
            let told = sender.send(delivery.payload);
            async move { told.map_err(|error| Failure::retryable("TEST", error)) }
        };
        subscription.consume(quick(4), handler, stopped).await;
    });
    (stop, events)
}

#[tokio::test]
async fn every_service_gets_an_event_once_whichever_replica() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let (_one, mut first) = replica(&bus, "notifier");
    let (_two, mut second) = replica(&connect(&server).await, "notifier");
    let (_three, mut other) = replica(&bus, "auditor");
    for _ in 0..20 {
        bus.publish(&update("debian")).await.unwrap();
    }
    assert_eq!(take(&mut other, 20).await.len(), 20);
    let mut count = 0;
    while count < 20 {
        let received = tokio::time::timeout(LONG, async {
            tokio::select! {
                event = first.recv() => event,
                event = second.recv() => event,
            }
        });
        received.await.unwrap().unwrap();
        count += 1;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
}

#[tokio::test]
async fn a_service_gets_what_happened_while_it_was_away() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let before = update("before the first start");
    bus.publish(&before).await.unwrap();
    let (stop, mut events) = replica(&bus, "notifier");
    assert_eq!(next(&mut events).await, before);
    stop.cancel();
    // Until it has told the server about the first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let between = update("while it was away");
    bus.publish(&between).await.unwrap();
    let (_stop, mut events) = replica(&bus, "notifier");
    assert_eq!(next(&mut events).await, between);
}

#[tokio::test]
async fn an_event_told_twice_is_one() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let (_stop, mut events) = replica(&bus, "notifier");
    let (event, last) = (update("debian"), update("alpine"));
    bus.publish(&event).await.unwrap();
    bus.publish(&event).await.unwrap();
    bus.publish(&last).await.unwrap();
    let mut seen = take(&mut events, 2).await;
    seen.sort_by(|a, b| b.source.cmp(&a.source));
    assert_eq!(seen, [event, last]);
}

#[tokio::test]
async fn everyone_who_watches_sees_what_happens_from_now_on() {
    let server = Nats::start();
    let bus = connect(&server).await;
    bus.publish(&update("earlier")).await.unwrap();
    let mut watches = [bus.watch::<UpdateApplied>(), connect(&server).await.watch()];
    for watch in &mut watches {
        assert_eq!(watch.next().await, Watched::Resumed);
    }
    let event = update("now");
    bus.publish(&event).await.unwrap();
    for watch in &mut watches {
        let seen = tokio::time::timeout(LONG, watch.next()).await.unwrap();
        assert_eq!(seen, Watched::Event(event.clone()));
    }
}

#[tokio::test]
async fn an_event_that_is_not_understood_is_a_reason_to_look() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let mut watch = bus.watch::<UpdateApplied>();
    assert_eq!(watch.next().await, Watched::Resumed);
    let newer = async_nats::connect(server.url()).await.unwrap();
    let payload = r#"{"version":2,"sources":["debian"]}"#;
    newer
        .publish("clair.event.update.applied", payload.into())
        .await
        .unwrap();
    newer.flush().await.unwrap();
    let seen = tokio::time::timeout(LONG, watch.next()).await.unwrap();
    assert_eq!(seen, Watched::Resumed);
}
