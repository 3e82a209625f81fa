//! What the notifier needs goes away, and comes back.

use std::time::Duration;

use clair_notifier::Config;
use clair_rpc::proto::notifier::v1::DeliveryState;
use clair_runtime::introspection::CheckStatus;
use clair_testing::{Nats, Postgres};

use crate::support::{Notifier, Site, a_moment, connect, eventually, is_pending};

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_updates_are_found_by_polling() {
    let site = Site::new().await;
    let nats = Nats::start();
    let bus = connect(&nats).await;
    nats.kill();
    let notifier = Notifier::start(Config {
        bus: Some(bus),
        ..site.config()
    })
    .await;
    site.affect("debian").await;
    notifier.has_sets(1, DeliveryState::Delivered).await;
    eventually(async || {
        let checks = notifier.health.report().checks;
        let events = checks.iter().find(|check| check.name == "notifier-events");
        events.is_some_and(|check| check.status == CheckStatus::Degraded)
    })
    .await;
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matcher_that_was_away_is_asked_when_it_is_back() {
    let site = Site::new().await;
    site.matcher.stop().await;
    let operation = site.affect("debian").await;
    let notifier = site.notifier().await;
    a_moment().await;
    assert!(is_pending(&site.store, &operation).await);
    site.matcher.restart().await;
    notifier.has_sets(1, DeliveryState::Delivered).await;
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_matcher_that_goes_away_in_the_middle_of_its_answer_is_asked_again() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.matcher.hold();
    let notifier = site.notifier().await;
    eventually(async || !site.matcher.asked().is_empty()).await;
    site.matcher.stop().await;
    site.matcher.release();
    site.matcher.restart().await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(sets[0].notifications, 1);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_loses_nothing_and_doubles_nothing() {
    let postgres = Postgres::start();
    let site = Site::on(&postgres).await;
    site.affect("debian").await;
    site.matcher.hold();
    let notifier = site.notifier().await;
    eventually(async || !site.matcher.asked().is_empty()).await;
    postgres.kill();
    site.matcher.release();
    tokio::time::sleep(Duration::from_millis(200)).await;
    postgres.restart();
    eventually(async || !site.receiver.received().is_empty()).await;
    a_moment().await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(sets.len(), 1);
    assert_eq!(site.receiver.received().len(), 1);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_yet_is_waited_for() {
    let postgres = Postgres::start();
    let site = Site::on(&postgres).await;
    site.affect("debian").await;
    postgres.kill();
    let notifier = site.notifier().await;
    a_moment().await;
    let report = notifier.health.report();
    let database = report
        .checks
        .iter()
        .find(|check| check.name == "notifier-database");
    assert_eq!(database.unwrap().status, CheckStatus::Failed);
    postgres.restart();
    site.receiver.has_received(1).await;
    notifier.has_sets(1, DeliveryState::Delivered).await;
    notifier.stop().await;
}
