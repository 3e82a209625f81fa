use jiff::{SignedDuration, Timestamp};

use crate::support::{connect, store, store_and_address};

#[tokio::test]
async fn a_token_can_be_used_once_at_any_gateway() {
    let (first, address) = store_and_address().await;
    let second = connect(&address).await;
    let later = Timestamp::now() + SignedDuration::from_mins(5);
    assert!(first.use_token("quay", "1", later).await.unwrap());
    assert!(!second.use_token("quay", "1", later).await.unwrap());
    assert!(!first.use_token("quay", "1", later).await.unwrap());
    assert!(first.use_token("harbor", "1", later).await.unwrap());
    assert!(first.use_token("quay", "2", later).await.unwrap());
    // Any text will do.
    assert!(
        first
            .use_token("zero\0byte", &"x".repeat(100_000), later)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn of_many_who_use_a_token_at_once_one_may() {
    let store = store().await;
    let later = Timestamp::now() + SignedDuration::from_mins(5);
    let uses = (0..20).map(|_| store.use_token("quay", "1", later));
    let outcomes = futures::future::try_join_all(uses).await.unwrap();
    assert_eq!(outcomes.iter().filter(|first| **first).count(), 1);
}

#[tokio::test]
async fn the_note_of_a_token_goes_when_it_has_expired() {
    let store = store().await;
    let (past, later) = (
        Timestamp::now() - SignedDuration::from_secs(1),
        Timestamp::now() + SignedDuration::from_mins(5),
    );
    for jti in ["1", "2"] {
        assert!(store.use_token("quay", jti, past).await.unwrap());
    }
    assert!(store.use_token("quay", "3", later).await.unwrap());
    assert!(
        store.use_token("quay", "1", past).await.unwrap(),
        "it has expired"
    );
    assert_eq!(store.collect_tokens().await.unwrap(), 2);
    assert_eq!(store.collect_tokens().await.unwrap(), 0);
    assert!(!store.use_token("quay", "3", later).await.unwrap());
}
