//! Urgent work goes first, and the rest gets on.

use clair_bus::{IndexRequest, Priority, Pushed};
use clair_testing::Nats;

use crate::support::{Replica, connect, empty, quick, request, take};

#[tokio::test]
async fn more_urgent_work_is_begun_first() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    for (number, priority) in [
        (5, Priority::Low),
        (4, Priority::Normal),
        (1, Priority::High),
        (2, Priority::High),
        (3, Priority::High),
    ] {
        queue.push(&request(number), priority).await.unwrap();
    }
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    assert_eq!(take(&mut done, 5).await, [1, 2, 3, 4, 5]);
    replica.stop().await;
}

#[tokio::test]
async fn less_urgent_work_gets_on_however_much_there_is_of_the_other() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    for number in 0..100 {
        queue.push(&request(number), Priority::High).await.unwrap();
    }
    for number in 100..104 {
        queue
            .push(&request(number), Priority::Normal)
            .await
            .unwrap();
        queue
            .push(&request(number + 100), Priority::Low)
            .await
            .unwrap();
    }
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    let first = take(&mut done, 32).await;
    replica.stop().await;
    let normal = first
        .iter()
        .filter(|number| (100..200).contains(*number))
        .count();
    let low = first.iter().filter(|number| **number >= 200).count();
    assert!(normal >= 3 && low >= 1, "{first:?}");
    assert!(first.len() - normal - low >= 20, "{first:?}");
}

#[tokio::test]
async fn work_that_waits_can_be_made_more_urgent() {
    let server = Nats::start();
    let bus = connect(&server).await;
    let queue = bus.work_queue::<IndexRequest>();
    for number in 0..3 {
        queue.push(&request(number), Priority::Low).await.unwrap();
    }
    let pushed = queue.push(&request(2), Priority::High).await.unwrap();
    assert_eq!(pushed, Pushed::Queued);
    let (replica, mut done) = Replica::telling(&queue, quick(1));
    empty(&queue).await;
    assert_eq!(take(&mut done, 3).await, [2, 0, 1]);
    replica.stop().await;
}
