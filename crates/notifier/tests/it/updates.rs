//! From updates to sets of notifications.

use clair_bus::{NotificationCreated, Watched};
use clair_notifier::Config;
use clair_rpc::proto::matcher::v1::Change;
use clair_rpc::proto::model::v1::Severity;
use clair_rpc::proto::notifier::v1::{DeliveryState, Reason};
use clair_testing::Nats;
use std::time::Duration;

use crate::support::{
    Notifier, Site, a_moment, connect, digest, eventually, has_receipt, id, is_pending, statement,
    statements, tell,
};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_new_source_states_is_no_news() {
    let site = Site::new().await;
    let first = site.update("debian", &["CVE-1"]).await;
    site.matcher.answer(&first, vec![statement("CVE-1", &[1])]);
    let notifier = site.notifier().await;
    has_receipt(&site.store, &first).await;
    assert_eq!(notifier.sets().await, []);
    assert_eq!(site.matcher.asked(), []);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_later_update_changes_for_images_is_told_once() {
    let site = Site::new().await;
    let first = site.update("debian", &["CVE-1"]).await;
    let notifier = site.notifier().await;
    has_receipt(&site.store, &first).await;
    let second = site.update("debian", &["CVE-1", "CVE-2"]).await;
    site.matcher
        .answer(&second, vec![statement("CVE-2", &[1, 2])]);
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(sets[0].source, "debian");
    assert_eq!(sets[0].operation_ref, second.reference.to_string());
    assert_eq!((sets[0].notifications, sets[0].attempts), (2, 1));

    let page = notifier.page(&sets[0].id, 0, "").await.unwrap();
    let notification = &page.notifications[0];
    assert_eq!(notification.manifest_digest, digest(1).to_string());
    assert_eq!(notification.reason(), Reason::Added);
    let vulnerability = notification.vulnerability.clone().unwrap();
    assert_eq!(vulnerability.name, "CVE-2");
    assert_eq!(vulnerability.description, "About CVE-2.");
    assert_eq!(vulnerability.normalized_severity(), Severity::High);
    assert_eq!(vulnerability.package.unwrap().name, "bash");
    assert_eq!(vulnerability.fixed_in_version, "5.2");
    assert_eq!(vulnerability.links, "https://example/CVE-2");

    a_moment().await;
    assert_eq!(notifier.sets().await.len(), 1);
    let refs = (second.reference.to_string(), first.reference.to_string());
    assert_eq!(site.matcher.asked(), [refs]);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_affects_no_image_gets_a_receipt_only() {
    let site = Site::new().await;
    site.known("debian").await;
    let second = site.update("debian", &["CVE-1"]).await;
    let reworded = |change| statements(change, "CVE-1", Severity::Low, &[1]);
    site.matcher.answer(
        &second,
        vec![reworded(Change::Added), reworded(Change::Removed)],
    );
    let notifier = site.notifier().await;
    has_receipt(&site.store, &second).await;
    assert_eq!(notifier.sets().await, []);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_tells_each_image_of_its_worst_and_the_rest_is_told_without() {
    for summarize in [true, false] {
        let site = Site::new().await;
        site.known("debian").await;
        let second = site.update("debian", &["CVE-1"]).await;
        site.matcher.answer(
            &second,
            vec![
                statements(Change::Added, "CVE-1", Severity::Low, &[1, 2]),
                statements(Change::Added, "CVE-2", Severity::Critical, &[1]),
                statements(Change::Removed, "CVE-3", Severity::Medium, &[1]),
            ],
        );
        let notifier = Notifier::start(Config {
            summarize,
            ..site.config()
        })
        .await;
        let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
        let image = |number| digest(number).to_string();
        let mut expected = vec![
            (image(1), Reason::Added, "CVE-2".to_owned()),
            (image(1), Reason::Removed, "CVE-3".to_owned()),
            (image(2), Reason::Added, "CVE-1".to_owned()),
        ];
        if !summarize {
            expected.insert(2, (image(1), Reason::Added, "CVE-1".to_owned()));
        }
        assert_eq!(notifier.news(&sets[0].id).await, expected);
        notifier.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matcher_that_lags_behind_is_waited_for_and_not_asked_too_early() {
    let site = Site::new().await;
    let first = site.known("debian").await;
    site.matcher.reach(&first);
    let second = site.update("debian", &["CVE-1"]).await;
    let notifier = site.notifier().await;
    a_moment().await;
    assert_eq!(site.matcher.asked(), []);
    assert!(is_pending(&site.store, &second).await);
    site.matcher.answer(&second, vec![statement("CVE-1", &[1])]);
    notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(site.matcher.asked().len(), 1);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_the_matcher_does_not_get_to_holds_up_no_other() {
    let site = Site::new().await;
    site.known("alpine").await;
    site.update("alpine", &["CVE-9"]).await;
    let other = site.affect("debian").await;
    let notifier = site.notifier().await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(sets[0].operation_ref, other.reference.to_string());
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_enough_and_everybody_is_told_of_the_set() {
    let site = Site::new().await;
    let nats = Nats::start();
    let bus = connect(&nats).await;
    let mut created = bus.watch::<NotificationCreated>();
    assert_eq!(created.next().await, Watched::Resumed);
    let first = site.update("debian", &["CVE-1"]).await;
    let notifier = Notifier::start(Config {
        poll_interval: Duration::from_hours(1),
        bus: Some(connect(&nats).await),
        ..site.config()
    })
    .await;
    has_receipt(&site.store, &first).await;
    let second = site.update("debian", &["CVE-2"]).await;
    site.matcher.answer(&second, vec![statement("CVE-2", &[1])]);
    a_moment().await;
    assert!(is_pending(&site.store, &second).await, "nobody was told");
    tell(&bus, &second).await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    let expected = NotificationCreated {
        id: id(&sets[0]),
        operation: second.reference,
        notifications: 1,
    };
    assert_eq!(created.next().await, Watched::Event(expected));
    eventually(async || {
        let checks = notifier.health.report().checks;
        let mut checks = checks.iter().filter(|check| check.name != "process");
        checks.all(|check| check.message.is_none())
    })
    .await;
    notifier.stop().await;
}
