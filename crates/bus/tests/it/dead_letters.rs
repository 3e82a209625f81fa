//! What fails is tried again, then set aside, and can be tried anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use clair_bus::{Bus, ConsumeOptions, DeadLetter, Failure, IndexRequest, Priority, Replay};
use clair_bus::{UpdateApplied, WorkQueue};
use clair_testing::Nats;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{LONG, Replica, connect, empty, next, number, quick, request, update};

/// A replica that fails while it is told to, and the attempts it made.
fn failing(
    queue: &WorkQueue<IndexRequest>,
    failure: Failure,
) -> (Replica, Arc<AtomicBool>, mpsc::UnboundedReceiver<u32>) {
    let fails = Arc::new(AtomicBool::new(true));
    let (sender, attempts) = mpsc::unbounded_channel();
    let failing = fails.clone();
    let replica = Replica::start(queue, quick(1), move |delivery| {
        sender.send(delivery.attempt).unwrap();
        let fails = failing.load(Ordering::SeqCst);
        let failure = failure.clone();
        async move { if fails { Err(failure) } else { Ok(()) } }
    });
    (replica, fails, attempts)
}

/// The dead letters, once there are so many.
async fn letters(queue: &WorkQueue<IndexRequest>, count: usize) -> Vec<DeadLetter> {
    let dead = queue.dead_letters();
    let listed = async {
        loop {
            let letters = dead.list(0, 100).await.unwrap();
            if letters.len() >= count {
                return letters;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LONG, listed).await.unwrap()
}

#[tokio::test]
async fn what_may_succeed_later_is_tried_again_until_it_was_tried_often_enough() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let failure = Failure::retryable("LAYER_UNAVAILABLE", "registry answered\n503");
    let (replica, _, mut attempts) = failing(&queue, failure);
    queue.push(&request(1), Priority::High).await.unwrap();
    let letters = letters(&queue, 1).await;
    for attempt in 1..=3 {
        assert_eq!(next(&mut attempts).await, attempt);
    }
    assert!(attempts.try_recv().is_err());
    let letter = &letters[0];
    assert_eq!(letter.code, "LAYER_UNAVAILABLE");
    assert_eq!(letter.message, "registry answered 503");
    assert_eq!(letter.attempts, 3);
    assert_eq!(letter.priority(), Some(Priority::High));
    assert_eq!(letter.consumer, "index-high");
    assert_eq!(letter.work::<IndexRequest>().unwrap(), request(1));
    assert!(letter.published_at.is_some_and(|at| at <= letter.failed_at));
    empty(&queue).await;
    replica.stop().await;
}

#[tokio::test]
async fn what_will_never_succeed_is_set_aside_at_once() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, _, mut attempts) = failing(&queue, Failure::permanent("BAD_LAYER", "no tar"));
    queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(letters(&queue, 1).await[0].attempts, 1);
    assert_eq!(next(&mut attempts).await, 1);
    assert!(attempts.try_recv().is_err());
    empty(&queue).await;
    replica.stop().await;
}

#[tokio::test]
async fn a_panic_is_a_failure_of_its_own_work_only() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (sender, mut done) = mpsc::unbounded_channel();
    let replica = Replica::start(&queue, quick(1), move |delivery| {
        let sender = sender.clone();
        async move {
            let number = number(&delivery.payload);
            assert_ne!(number, 1, "on purpose");
            sender.send(number).unwrap();
            Ok(())
        }
    });
    queue.push(&request(1), Priority::Normal).await.unwrap();
    queue.push(&request(2), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 2);
    let letters = letters(&queue, 1).await;
    assert_eq!(letters[0].code, Failure::PANICKED);
    assert_eq!(letters[0].attempts, 3);
    replica.stop().await;
}

#[tokio::test]
async fn a_replayed_letter_is_tried_anew_and_gone_from_the_list() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, fails, mut attempts) = failing(&queue, Failure::permanent("BAD_LAYER", ""));
    for number in 0..3 {
        queue
            .push(&request(number), Priority::Normal)
            .await
            .unwrap();
    }
    let dead = letters(&queue, 3).await;
    for _ in 0..3 {
        assert_eq!(next(&mut attempts).await, 1);
    }
    fails.store(false, Ordering::SeqCst);
    let letters_of = queue.dead_letters();
    assert_eq!(
        letters_of.replay(dead[1].id).await.unwrap(),
        Replay::Replayed
    );
    assert_eq!(next(&mut attempts).await, 1, "it begins anew");
    assert_eq!(
        letters_of.replay(dead[1].id).await.unwrap(),
        Replay::Missing
    );
    assert_eq!(letters_of.replay(10_000).await.unwrap(), Replay::Missing);
    let left = letters_of.list(0, 100).await.unwrap();
    let ids: Vec<u64> = left.iter().map(|letter| letter.id).collect();
    assert_eq!(ids, [dead[0].id, dead[2].id]);

    assert_eq!(letters_of.replay_all().await.unwrap(), 2);
    for _ in 0..2 {
        assert_eq!(next(&mut attempts).await, 1);
    }
    assert!(letters_of.list(0, 100).await.unwrap().is_empty());
    empty(&queue).await;
    replica.stop().await;
}

#[tokio::test]
async fn a_replayed_letter_does_not_displace_what_was_pushed_since() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, ..) = failing(&queue, Failure::permanent("UNAUTHORIZED", "expired token"));
    queue.push(&request(1), Priority::Normal).await.unwrap();
    let dead = letters(&queue, 1).await;
    replica.stop().await;
    let mut fresh = request(1);
    fresh.request_id = Some("fresh".into());
    queue.push(&fresh, Priority::Normal).await.unwrap();
    queue.dead_letters().replay(dead[0].id).await.unwrap();
    let (sender, mut seen) = mpsc::unbounded_channel();
    let replica = Replica::start(&queue, quick(1), move |delivery| {
        sender.send(delivery.payload.request_id).unwrap();
        async { Ok(()) }
    });
    assert_eq!(next(&mut seen).await.as_deref(), Some("fresh"));
    empty(&queue).await;
    replica.stop().await;
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn letters_are_listed_page_by_page() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, ..) = failing(&queue, Failure::permanent("BAD_LAYER", ""));
    for number in 0..5 {
        queue
            .push(&request(number), Priority::Normal)
            .await
            .unwrap();
    }
    letters(&queue, 5).await;
    replica.stop().await;
    let dead = bus.dead_letters();
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = dead.list(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        seen.extend(page.iter().map(|letter| number(&letter.work().unwrap())));
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_set_aside() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let stranger = async_nats::connect(server.url()).await.unwrap();
    stranger
        .publish("clair.work.index.normal.x", "{\"version\":1}".into())
        .await
        .unwrap();
    stranger.flush().await.unwrap();
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    let dead = letters(&queue, 1).await;
    assert_eq!(dead[0].code, Failure::UNREADABLE);
    assert!(dead[0].work::<IndexRequest>().is_err());
    queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 1);
    replica.stop().await;
}

#[tokio::test]
async fn work_that_kills_its_replica_each_time_is_set_aside() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    queue.push(&request(1), Priority::Normal).await.unwrap();
    let count = Arc::new(AtomicU32::new(0));
    for expected in 1..=3 {
        // What is dropped in the middle is as good as killed: it tells the server nothing.
        let counted = count.clone();
        let handler = move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::pending()
        };
        let killed = connect(&server).await.work_queue::<IndexRequest>();
        let runtime = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let brief = async {
                let stop = CancellationToken::new();
                let running = killed.consume(quick(1), handler, stop);
                let _ = tokio::time::timeout(Duration::from_secs(6), running).await;
            };
            runtime.block_on(brief);
            runtime.shutdown_background();
        });
        while count.load(Ordering::SeqCst) < expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::task::spawn_blocking(move || runtime.join().unwrap())
            .await
            .unwrap();
    }
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    let dead = letters(&queue, 1).await;
    assert_eq!(dead[0].code, Failure::ABANDONED);
    assert_eq!(dead[0].attempts, 3);
    assert!(done.try_recv().is_err());
    replica.stop().await;
}

fn consume(bus: &Bus, service: &str, fails: bool) -> mpsc::UnboundedReceiver<UpdateApplied> {
    let (sender, events) = mpsc::unbounded_channel();
    let subscription = bus.subscribe::<UpdateApplied>(service);
    tokio::spawn(async move {
        let handler = move |delivery: clair_bus::Delivery<UpdateApplied>| {
            let _ = sender.send(delivery.payload);
            async move {
                if fails {
                    return Err(Failure::permanent("BROKEN", "not today"));
                }
                Ok(())
            }
        };
        let options = ConsumeOptions { ..quick(1) };
        subscription
            .consume(options, handler, CancellationToken::new())
            .await;
    });
    events
}

#[tokio::test]
async fn a_replayed_event_is_dealt_with_only_by_the_service_that_gave_it_up() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let mut at_notifier = consume(&bus, "notifier", true);
    let mut at_other = consume(&bus, "other", false);
    let event = update("debian");
    bus.publish(&event).await.unwrap();
    assert_eq!(next(&mut at_notifier).await, event);
    assert_eq!(next(&mut at_other).await, event);
    let dead = bus.dead_letters();
    let waiting = async {
        while dead.list(0, 1).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap();
    assert_eq!(dead.replay_all().await.unwrap(), 1);
    assert_eq!(next(&mut at_notifier).await, event);
    let second = update("alpine");
    bus.publish(&second).await.unwrap();
    assert_eq!(
        next(&mut at_other).await,
        second,
        "the replayed one did not come here"
    );
}
