use clair_store::{Error, NewNotification, Operation, Reason, Store};
use uuid::Uuid;

use crate::images::digest;
use crate::support::{DEBIAN, advisory, change, psql, store, store_and_address};

/// Two updates of a source, the first of which has a receipt.
pub(crate) async fn updated(store: &Store) -> Operation {
    let first = change(store, DEBIAN, &[advisory("CVE-1", "openssl", "3")]).await;
    assert!(store.skip_notifications(first.reference).await.unwrap());
    change(store, DEBIAN, &[advisory("CVE-2", "openssl", "3")]).await
}

/// A set with this many notifications.
pub(crate) async fn notify(store: &Store, operation: &Operation, count: u32) -> Uuid {
    let mut writer = store
        .begin_notifications(operation.reference, None)
        .await
        .unwrap();
    for number in 0..count {
        let notification = NewNotification {
            manifest: &digest(number),
            reason: Reason::Added,
            vulnerability: b"CVE-2",
        };
        writer.add(&[notification]).await.unwrap();
    }
    let id = writer.id();
    assert!(writer.commit().await.unwrap());
    id
}

#[tokio::test]
async fn an_update_is_pending_until_it_has_a_receipt() {
    let store = store().await;
    assert_eq!(store.pending_updates().await.unwrap(), []);
    let first = change(&store, DEBIAN, &[advisory("CVE-1", "openssl", "3")]).await;
    let pending = store.pending_updates().await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!((&pending[0].current, pending[0].previous), (&first, None));

    assert!(store.skip_notifications(first.reference).await.unwrap());
    assert_eq!(store.pending_updates().await.unwrap(), []);
    assert!(!store.skip_notifications(first.reference).await.unwrap());
}

#[tokio::test]
async fn updates_that_were_missed_are_looked_at_together() {
    let store = store().await;
    updated(&store).await;
    let first = store
        .operations(DEBIAN.kind, false)
        .await
        .unwrap()
        .pop()
        .unwrap();
    let last = change(&store, DEBIAN, &[advisory("CVE-3", "openssl", "3")]).await;
    let pending = store.pending_updates().await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(
        (&pending[0].current, pending[0].previous),
        (&last, Some(first.reference))
    );
    notify(&store, &last, 1).await;
    assert_eq!(store.pending_updates().await.unwrap(), []);
}

#[tokio::test]
async fn a_set_is_read_page_by_page_in_the_order_in_which_it_was_written() {
    let store = store().await;
    let operation = updated(&store).await;
    let mut writer = store
        .begin_notifications(operation.reference, None)
        .await
        .unwrap();
    let manifests: Vec<_> = (0..5).rev().map(digest).collect();
    for manifest in &manifests {
        for (reason, vulnerability) in [
            (Reason::Added, &b"CVE-2"[..]),
            (Reason::Removed, &b"CVE-1"[..]),
        ] {
            let notification = NewNotification {
                manifest,
                reason,
                vulnerability,
            };
            writer.add(&[notification]).await.unwrap();
        }
    }
    let id = writer.id();
    assert!(writer.commit().await.unwrap());

    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = store.notifications(id, after, 3).await.unwrap().unwrap();
        assert!(page.notifications.len() <= 3);
        read.extend(page.notifications);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let read: Vec<_> = read
        .into_iter()
        .map(|read| {
            (
                read.manifest,
                read.reason,
                String::from_utf8(read.vulnerability).unwrap(),
            )
        })
        .collect();
    let expected: Vec<_> = manifests
        .iter()
        .flat_map(|manifest| {
            [
                (manifest.clone(), Reason::Added, "CVE-2".to_owned()),
                (manifest.clone(), Reason::Removed, "CVE-1".to_owned()),
            ]
        })
        .collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_page_that_ends_with_the_set_is_the_last() {
    let store = store().await;
    let operation = updated(&store).await;
    let id = notify(&store, &operation, 4).await;
    let page = store.notifications(id, None, 4).await.unwrap().unwrap();
    assert_eq!((page.notifications.len(), page.next), (4, None));
    assert_eq!(
        store.notifications(Uuid::new_v4(), None, 4).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_vulnerability_of_many_images_is_stored_once() {
    let (store, address) = store_and_address().await;
    let operation = updated(&store).await;
    notify(&store, &operation, 6000).await;
    assert_eq!(psql(&address, "SELECT count(*) FROM notification"), "6000");
    assert_eq!(
        psql(&address, "SELECT count(*) FROM notification_vulnerability"),
        "1"
    );
}

#[tokio::test]
async fn a_set_is_there_as_a_whole_or_not_at_all() {
    let (store, address) = store_and_address().await;
    let operation = updated(&store).await;
    let manifest = digest(1);
    let notification = NewNotification {
        manifest: &manifest,
        reason: Reason::Added,
        vulnerability: b"CVE-2",
    };
    let mut given_up = store
        .begin_notifications(operation.reference, None)
        .await
        .unwrap();
    given_up.add(&vec![notification; 6000]).await.unwrap();
    drop(given_up);
    assert_eq!(store.pending_updates().await.unwrap().len(), 1);
    assert_eq!(psql(&address, "SELECT count(*) FROM notification_set"), "0");
}

#[tokio::test]
async fn of_two_who_write_the_set_of_an_operation_one_succeeds() {
    let (store, address) = store_and_address().await;
    let operation = updated(&store).await;
    let manifest = digest(1);
    let notification = NewNotification {
        manifest: &manifest,
        reason: Reason::Added,
        vulnerability: b"CVE-2",
    };
    let mut first = store
        .begin_notifications(operation.reference, None)
        .await
        .unwrap();
    let mut second = store
        .begin_notifications(operation.reference, None)
        .await
        .unwrap();
    first.add(&[notification]).await.unwrap();
    second.add(&[notification]).await.unwrap();
    assert!(first.commit().await.unwrap());
    assert!(!second.commit().await.unwrap());
    assert_eq!(psql(&address, "SELECT count(*) FROM notification_set"), "1");
}

#[tokio::test]
async fn what_one_set_tells_no_other_tells_again_with_what_came_later() {
    let store = store().await;
    let second = updated(&store).await;
    let first = store.pending_updates().await.unwrap()[0].previous;
    let third = change(&store, DEBIAN, &[advisory("CVE-3", "openssl", "3")]).await;
    let manifest = digest(1);
    let notification = NewNotification {
        manifest: &manifest,
        reason: Reason::Added,
        vulnerability: b"CVE-2",
    };
    let begin = async |operation: &Operation, previous| {
        let beginning = store.begin_notifications(operation.reference, previous);
        let mut writer = beginning.await.unwrap();
        writer.add(&[notification]).await.unwrap();
        writer
    };
    let both = begin(&third, first).await;
    assert!(begin(&second, first).await.commit().await.unwrap());
    assert!(!both.commit().await.unwrap());
    let pending = store.pending_updates().await.unwrap();
    assert_eq!(pending[0].previous, Some(second.reference));
    let rest = begin(&third, pending[0].previous).await;
    assert!(rest.commit().await.unwrap());
}

#[tokio::test]
async fn a_set_without_notifications_leaves_only_a_receipt() {
    let store = store().await;
    let operation = updated(&store).await;
    let id = notify(&store, &operation, 0).await;
    assert_eq!(store.notifications(id, None, 10).await.unwrap(), None);
    assert_eq!(store.pending_updates().await.unwrap(), []);
    let error = store
        .begin_notifications(Uuid::new_v4(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoOperation { .. }), "{error:?}");
}
