//! Work is done once, by anyone, and is in the queue once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clair_bus::{Error, Failure, IndexRequest, Priority, Pushed};
use clair_model::ManifestLayer;
use clair_testing::Nats;
use tokio::sync::{Notify, mpsc};

use crate::support::{Replica, connect, empty, next, number, quick, request, take};

#[tokio::test]
async fn replicas_share_the_work_and_nothing_is_done_twice() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (first, mut by_first) = Replica::telling(&queue, quick(2));
    let other = connect(&server).await.work_queue::<IndexRequest>();
    let (second, mut by_second) = Replica::telling(&other, quick(2));
    for number in 0..200 {
        queue
            .push(&request(number), Priority::Normal)
            .await
            .unwrap();
    }
    empty(&queue).await;
    first.stop().await;
    second.stop().await;
    let mut done = Vec::new();
    let mut shares = [0, 0];
    for (share, receiver) in [&mut by_first, &mut by_second].into_iter().enumerate() {
        while let Ok(number) = receiver.try_recv() {
            done.push(number);
            shares[share] += 1;
        }
    }
    done.sort_unstable();
    assert_eq!(done, (0..200).collect::<Vec<_>>());
    assert!(shares.iter().all(|&share| share > 0), "{shares:?}");
}

#[tokio::test]
async fn work_that_waits_already_is_not_queued_again() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let push = async || queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(push().await, Pushed::Queued);
    assert_eq!(push().await, Pushed::AlreadyQueued);
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    empty(&queue).await;
    assert_eq!(next(&mut done).await, 1);

    // Once it is done it is new.
    assert_eq!(push().await, Pushed::Queued);
    assert_eq!(next(&mut done).await, 1);
    empty(&queue).await;
    replica.stop().await;
    assert!(done.try_recv().is_err());
}

#[tokio::test]
async fn what_is_pushed_last_is_what_is_done() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    for uri in ["https://registry/expired", "https://registry/fresh"] {
        let mut request = request(1);
        request.manifest.layers = vec![ManifestLayer {
            hash: request.manifest.hash.clone(),
            uri: uri.to_owned(),
            headers: std::collections::BTreeMap::new(),
        }];
        queue.push(&request, Priority::Normal).await.unwrap();
    }
    let (sender, mut seen) = mpsc::unbounded_channel();
    let replica = Replica::start(&queue, quick(1), move |delivery| {
        let uri = delivery.payload.manifest.layers[0].uri.clone();
        sender.send(uri).unwrap();
        async { Ok(()) }
    });
    empty(&queue).await;
    replica.stop().await;
    assert_eq!(next(&mut seen).await, "https://registry/fresh");
    assert!(seen.try_recv().is_err());
}

#[tokio::test]
async fn work_pushed_while_the_same_is_in_progress_is_done_afterwards() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, released) = (begun.clone(), release.clone());
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let replica = Replica::start(&queue, quick(1), move |_| {
        let (begins, released) = (begins.clone(), released.clone());
        counted.fetch_add(1, Ordering::SeqCst);
        async move {
            begins.notify_one();
            released.notified().await;
            Ok(())
        }
    });
    queue.push(&request(1), Priority::Normal).await.unwrap();
    begun.notified().await;
    let pushed = queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(pushed, Pushed::AlreadyQueued);
    release.notify_one();
    begun.notified().await;
    release.notify_one();
    empty(&queue).await;
    replica.stop().await;
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn no_more_handlers_run_than_allowed() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (now, peak) = (running.clone(), most.clone());
    let replica = Replica::start(&queue, quick(3), move |_| {
        let (now, peak) = (now.clone(), peak.clone());
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(50)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        }
    });
    for number in 0..12 {
        queue
            .push(&request(number), Priority::Normal)
            .await
            .unwrap();
    }
    empty(&queue).await;
    replica.stop().await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_handler_that_takes_longer_than_the_wait_is_not_overtaken() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let count = Arc::new(AtomicU32::new(0));
    let start = |bus: &clair_bus::Bus| {
        let counted = count.clone();
        Replica::start(&bus.work_queue(), quick(1), move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            async {
                tokio::time::sleep(Duration::from_secs(5)).await;
                Ok(())
            }
        })
    };
    let replicas = [start(&bus), start(&connect(&server).await)];
    queue.push(&request(1), Priority::Normal).await.unwrap();
    empty(&queue).await;
    for replica in replicas {
        replica.stop().await;
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn new_work_does_not_wait_for_the_next_look() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let lazy = clair_bus::ConsumeOptions {
        poll: Duration::from_hours(1),
        ..quick(1)
    };
    let (replica, mut done) = Replica::telling(&queue, lazy);
    tokio::time::sleep(Duration::from_millis(500)).await;
    queue.push(&request(1), Priority::Normal).await.unwrap();
    assert_eq!(next(&mut done).await, 1);
    replica.stop().await;
}

#[tokio::test]
async fn a_stop_waits_for_handlers_and_begins_nothing_new() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (begun, finished) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let (tell, count) = (begun.clone(), finished.clone());
    let replica = Replica::start(&queue, quick(1), move |_| {
        let (tell, count) = (tell.clone(), count.clone());
        async move {
            tell.notify_one();
            tokio::time::sleep(Duration::from_millis(500)).await;
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    });
    for number in 0..3 {
        queue
            .push(&request(number), Priority::Normal)
            .await
            .unwrap();
    }
    begun.notified().await;
    replica.stop().await;
    assert_eq!(finished.load(Ordering::SeqCst), 1);
    let waiting: u64 = queue.depth().await.unwrap().iter().map(|d| d.waiting).sum();
    assert_eq!(waiting, 2);
}

#[tokio::test]
async fn unfinished_work_is_given_back_and_does_not_count_as_tried() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    queue.push(&request(1), Priority::Normal).await.unwrap();
    // More often than it may be tried.
    for _ in 0..5 {
        let begun = Arc::new(Notify::new());
        let begins = begun.clone();
        let impatient = clair_bus::ConsumeOptions {
            grace: Duration::from_millis(50),
            ..quick(1)
        };
        let replica = Replica::start(&queue, impatient, move |_| {
            begins.notify_one();
            std::future::pending()
        });
        begun.notified().await;
        replica.stop().await;
    }
    let (sender, mut attempts) = mpsc::unbounded_channel();
    let began = Instant::now();
    let patient = clair_bus::ConsumeOptions {
        ack_wait: Duration::from_secs(30),
        ..quick(1)
    };
    let replica = Replica::start(&queue, patient, move |delivery| {
        sender
            .send((number(&delivery.payload), delivery.attempt))
            .unwrap();
        async { Ok(()) }
    });
    assert_eq!(next(&mut attempts).await, (1, 1));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "it waited for no timeout"
    );
    empty(&queue).await;
    replica.stop().await;
}

#[tokio::test]
async fn a_handler_is_told_to_stop() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let replica = Replica::start(&queue, quick(1), move |delivery| {
        begins.notify_one();
        async move {
            delivery.stop.cancelled().await;
            Err(Failure::retryable("STOPPED", "half done"))
        }
    });
    queue.push(&request(1), Priority::Normal).await.unwrap();
    begun.notified().await;
    replica.stop().await;
    let (again, mut done) = Replica::telling(&queue, quick(1));
    assert_eq!(next(&mut done).await, 1);
    again.stop().await;
}

#[tokio::test]
async fn a_request_that_the_server_would_not_take_is_refused_with_its_size() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let mut large = request(1);
    large.request_id = Some("x".repeat(2 << 20));
    let error = queue.push(&large, Priority::Normal).await.unwrap_err();
    assert!(
        matches!(error, Error::TooLarge { size, .. } if size > 2 << 20),
        "{error}"
    );
}

#[tokio::test]
async fn the_depth_tells_what_waits_and_what_is_in_progress() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    for (number, priority) in [(1, Priority::High), (2, Priority::Low), (3, Priority::Low)] {
        queue.push(&request(number), priority).await.unwrap();
    }
    let begun = Arc::new(Notify::new());
    let begins = begun.clone();
    let _replica = Replica::start(&queue, quick(1), move |_| {
        begins.notify_one();
        std::future::pending()
    });
    begun.notified().await;
    let depths = queue.depth().await.unwrap();
    let told: Vec<_> = depths.iter().map(|d| (d.waiting, d.in_progress)).collect();
    assert_eq!(told, [(0, 1), (0, 0), (2, 0)]);
}

#[tokio::test]
async fn a_thousand_manifests_pass_through_the_queue() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    let (replica, mut done) = Replica::telling(&queue, quick(8));
    for number in 0..1000 {
        queue.push(&request(number), Priority::Low).await.unwrap();
    }
    let done: BTreeSet<u32> = take(&mut done, 1000).await.into_iter().collect();
    assert_eq!(done.len(), 1000);
    empty(&queue).await;
    replica.stop().await;
}
