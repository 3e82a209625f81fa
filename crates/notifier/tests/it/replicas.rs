//! Several notifiers, and those that crash.

use clair_rpc::proto::notifier::v1::DeliveryState;
use clair_store::LockName;

use crate::support::{Answer, Received, Site, a_moment, eventually, is_pending};

#[tokio::test(flavor = "multi_thread")]
async fn two_notifiers_make_one_set_and_deliver_it_once() {
    let site = Site::new().await;
    let (one, other) = tokio::join!(site.notifier(), site.notifier());
    for source in ["alpine", "debian", "ubuntu"] {
        site.affect(source).await;
    }
    site.receiver.has_received(3).await;
    one.has_sets(3, DeliveryState::Delivered).await;
    a_moment().await;
    assert_eq!(one.sets().await, other.sets().await);
    let mut ids: Vec<_> = site.receiver.received().iter().map(Received::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), site.receiver.received().len()), (3, 3));
    assert_eq!(site.matcher.asked().len(), 3, "nothing was done twice");
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_ended_another_begins_again_and_there_is_one_set() {
    let site = Site::new().await;
    let operation = site.affect("debian").await;
    site.matcher.hold();
    let one = site.notifier().await;
    eventually(async || site.matcher.asked().len() == 1).await;
    let other = site.notifier().await;
    a_moment().await;
    assert_eq!(site.matcher.asked().len(), 1, "the other one waits");
    one.crash().await;
    eventually(async || site.matcher.asked().len() == 2).await;
    assert!(is_pending(&site.store, &operation).await);
    site.matcher.release();
    other.has_sets(1, DeliveryState::Delivered).await;
    a_moment().await;
    assert_eq!(other.sets().await.len(), 1);
    assert_eq!(site.receiver.received().len(), 1);
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_somebody_works_on_is_left_to_them() {
    let site = Site::new().await;
    let name = LockName::Duty("notifications of debian");
    let lock = site.store.try_lock(name).await.unwrap().unwrap();
    let operation = site.affect("debian").await;
    let notifier = site.notifier().await;
    a_moment().await;
    assert!(is_pending(&site.store, &operation).await);
    assert_eq!(site.matcher.asked(), []);
    drop(lock);
    notifier.has_sets(1, DeliveryState::Delivered).await;
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_was_not_delivered_before_a_restart_is_delivered_after_it() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.always(Answer::Status(503));
    let notifier = site.notifier().await;
    let first = site.receiver.has_received(1).await.remove(0);
    notifier.has_sets(1, DeliveryState::Failed).await;
    notifier.stop().await;
    let seen = site.receiver.received().len();
    site.receiver.always(Answer::Status(200));
    let notifier = site.notifier().await;
    notifier.has_sets(1, DeliveryState::Delivered).await;
    let received = site.receiver.received();
    assert_eq!(received.len(), seen + 1);
    assert!(received.iter().all(|it| it.id() == first.id()));
    notifier.stop().await;
}
