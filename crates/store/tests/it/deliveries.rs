use std::time::Duration;

use clair_store::{DeliveryState, SetStatus, Store};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::notifications::{notify, updated};
use crate::support::{DEBIAN, advisory, change, connect, store, store_and_address};

const HOUR: Duration = Duration::from_hours(1);

async fn status(store: &Store, id: Uuid) -> SetStatus {
    let sets = store.notification_sets(None, None, 100).await.unwrap();
    sets.into_iter().find(|set| set.id == id).unwrap()
}

#[tokio::test]
async fn a_set_is_claimed_by_one_replica_and_delivered() {
    let (first, address) = store_and_address().await;
    let second = connect(&address).await;
    let operation = updated(&first).await;
    let id = notify(&first, &operation, 3).await;
    assert!(first.next_delivery().await.unwrap().unwrap() <= Timestamp::now());

    let claimed = first.claim_deliveries(10, HOUR).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let delivery = &claimed[0];
    assert_eq!(
        (delivery.set, delivery.operation),
        (id, operation.reference)
    );
    assert_eq!((delivery.attempt, delivery.notifications), (1, 3));
    assert_eq!(second.claim_deliveries(10, HOUR).await.unwrap(), []);

    first.delivered(delivery).await.unwrap();
    let set = status(&second, id).await;
    assert_eq!(
        (set.state, set.next_attempt),
        (DeliveryState::Delivered, None)
    );
    assert!(set.delivered.is_some());
    assert_eq!(second.next_delivery().await.unwrap(), None);
}

#[tokio::test]
async fn two_replicas_never_claim_the_same_set() {
    let (first, address) = store_and_address().await;
    let second = connect(&address).await;
    updated(&first).await;
    for number in 0..20 {
        let advisories = [advisory("CVE-9", "bash", &number.to_string())];
        notify(&first, &change(&first, DEBIAN, &advisories).await, 1).await;
    }
    let (mut claimed, other) = tokio::try_join!(
        first.claim_deliveries(15, HOUR),
        second.claim_deliveries(15, HOUR),
    )
    .unwrap();
    claimed.extend(other);
    claimed.extend(first.claim_deliveries(15, HOUR).await.unwrap());
    let mut ids: Vec<Uuid> = claimed.iter().map(|delivery| delivery.set).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((claimed.len(), ids.len()), (20, 20));
}

#[tokio::test]
async fn a_delivery_of_which_nothing_is_heard_is_due_again() {
    let store = store().await;
    let operation = updated(&store).await;
    notify(&store, &operation, 1).await;
    let lost = store
        .claim_deliveries(1, Duration::ZERO)
        .await
        .unwrap()
        .remove(0);
    let next = store.claim_deliveries(1, HOUR).await.unwrap().remove(0);
    assert_eq!((lost.attempt, next.attempt), (1, 2));
    // The lost one has no say any more, but what it delivered is delivered.
    store
        .delivery_failed(&lost, "too late", Some(Timestamp::now()))
        .await
        .unwrap();
    assert_eq!(store.claim_deliveries(1, HOUR).await.unwrap(), []);
    store.delivered(&lost).await.unwrap();
    store
        .delivery_failed(&next, "refused", Some(Timestamp::now()))
        .await
        .unwrap();
    assert_eq!(
        status(&store, next.set).await.state,
        DeliveryState::Delivered
    );
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_when_told_or_never() {
    let store = store().await;
    let operation = updated(&store).await;
    let id = notify(&store, &operation, 1).await;
    let delivery = store.claim_deliveries(1, HOUR).await.unwrap().remove(0);
    let later = Timestamp::now() + SignedDuration::from_mins(5);
    store
        .delivery_failed(&delivery, "503", Some(later))
        .await
        .unwrap();
    let set = status(&store, id).await;
    assert_eq!(
        (set.state, set.last_error.as_str()),
        (DeliveryState::Failed, "503")
    );
    assert_eq!(
        set.next_attempt.unwrap().as_microsecond(),
        later.as_microsecond()
    );
    assert_eq!(store.claim_deliveries(1, HOUR).await.unwrap(), []);

    store
        .delivery_failed(&delivery, "503", Some(Timestamp::now()))
        .await
        .unwrap();
    let delivery = store.claim_deliveries(1, HOUR).await.unwrap().remove(0);
    assert_eq!(delivery.attempt, 2);
    store.delivery_failed(&delivery, "410", None).await.unwrap();
    assert_eq!(status(&store, id).await.next_attempt, None);
    assert_eq!(store.next_delivery().await.unwrap(), None);
}

#[tokio::test]
async fn an_acknowledged_set_is_not_delivered_any_more() {
    let store = store().await;
    let operation = updated(&store).await;
    let id = notify(&store, &operation, 1).await;
    let delivery = store.claim_deliveries(1, HOUR).await.unwrap().remove(0);
    assert!(store.acknowledge(id).await.unwrap());
    assert!(store.acknowledge(id).await.unwrap(), "again");
    store
        .delivery_failed(&delivery, "503", Some(Timestamp::now()))
        .await
        .unwrap();
    store.delivered(&delivery).await.unwrap();
    assert_eq!(status(&store, id).await.state, DeliveryState::Acknowledged);
    assert_eq!(store.claim_deliveries(1, HOUR).await.unwrap(), []);
    assert!(!store.acknowledge(Uuid::new_v4()).await.unwrap());
}

#[tokio::test]
async fn sets_are_listed_newest_first_page_by_page_and_by_state() {
    let store = store().await;
    updated(&store).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let advisories = [advisory("CVE-9", "bash", &number.to_string())];
        ids.push(notify(&store, &change(&store, DEBIAN, &advisories).await, 1).await);
    }
    ids.reverse();
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = store.notification_sets(None, after, 2).await.unwrap();
        listed.extend(page.iter().map(|set| set.id));
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.position());
    }
    assert_eq!(listed, ids);
    store.acknowledge(ids[2]).await.unwrap();
    let sets = store
        .notification_sets(Some(DeliveryState::Acknowledged), None, 10)
        .await
        .unwrap();
    assert_eq!(sets.iter().map(|set| set.id).collect::<Vec<_>>(), [ids[2]]);
}
