use std::time::Duration;

use clair_store::LockName;
use clair_testing::Postgres;
use tokio::time::timeout;

use crate::images::digest;
use crate::support::{connect, store, store_and_address};

const DUTY: LockName<'_> = LockName::Duty("garbage");

#[tokio::test]
async fn one_of_all_replicas_has_a_lock() {
    let (first, address) = store_and_address().await;
    let second = connect(&address).await;
    let lock = first.try_lock(DUTY).await.unwrap().unwrap();
    assert!(second.try_lock(DUTY).await.unwrap().is_none());
    assert!(
        first.try_lock(DUTY).await.unwrap().is_none(),
        "two tasks of one process"
    );
    assert!(!lock.is_lost());
    drop(lock);
    let waiting = second.lock(DUTY);
    timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn locks_of_different_names_do_not_hinder_each_other() {
    let store = store().await;
    let (one, other) = (digest(1), digest(2));
    let names = [
        LockName::Manifest(&one),
        LockName::Manifest(&other),
        LockName::Source("debian"),
        LockName::Duty("debian"),
    ];
    let mut locks = Vec::new();
    for name in names {
        locks.push(store.try_lock(name).await.unwrap().expect("free"));
    }
    for name in names {
        assert!(store.try_lock(name).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_thousand_locks_take_one_connection() {
    let (store, address) = store_and_address().await;
    let digests: Vec<_> = (0..1000).map(digest).collect();
    let mut locks = Vec::new();
    for digest in &digests {
        locks.push(
            store
                .try_lock(LockName::Manifest(digest))
                .await
                .unwrap()
                .unwrap(),
        );
    }
    let connections = "SELECT count(DISTINCT pid) FROM pg_locks
        WHERE locktype = 'advisory' AND database = (
            SELECT oid FROM pg_database WHERE datname = current_database()
        )";
    assert_eq!(crate::support::psql(&address, connections), "1");
}

#[tokio::test]
async fn one_who_waits_for_a_lock_gets_it_when_it_is_released() {
    let (first, address) = store_and_address().await;
    let second = connect(&address).await;
    let lock = first.try_lock(DUTY).await.unwrap().unwrap();
    let waiting = tokio::spawn(async move { second.lock(DUTY).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished());
    drop(lock);
    timeout(Duration::from_secs(10), waiting)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn the_holder_is_told_when_a_lock_is_lost_and_another_can_take_it() {
    let server = Postgres::start();
    let store = connect(&server.database()).await;
    let lock = store.try_lock(DUTY).await.unwrap().unwrap();
    server.kill();
    timeout(Duration::from_secs(30), lock.lost()).await.unwrap();
    assert!(lock.is_lost());
    assert!(store.try_lock(DUTY).await.unwrap_err().is_connection());
    server.restart();
    let next = store.try_lock(DUTY).await.unwrap().unwrap();
    // The lost lock does not take the new one along.
    drop(lock);
    assert!(store.try_lock(DUTY).await.unwrap().is_none());
    assert!(!next.is_lost());
}

#[tokio::test]
async fn closing_the_store_gives_up_its_locks() {
    let (first, address) = store_and_address().await;
    let second = connect(&address).await;
    let lock = first.try_lock(DUTY).await.unwrap().unwrap();
    first.close().await;
    assert!(lock.is_lost());
    assert!(first.try_lock(DUTY).await.is_err());
    assert!(second.try_lock(DUTY).await.unwrap().is_some());
}
