//! Receivers that behave badly, or do not let just anybody in.

use std::time::Duration;

use clair_notifier::{Config, Error, Webhook};
use clair_rpc::proto::notifier::v1::DeliveryState;
use clair_runtime::config::ClientTls;

use crate::support::{Answer, Notifier, Receiver, Site, a_moment, eventually};

/// Waits until delivery has failed, and says why.
pub(crate) async fn failure(notifier: &Notifier) -> String {
    eventually(async || {
        let sets = notifier.sets().await;
        sets.first().is_some_and(|set| !set.last_error.is_empty())
    })
    .await;
    notifier.sets().await.remove(0).last_error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_is_left_and_told_again() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.next([Answer::Hang]);
    let config = site.config();
    let notifier = Notifier::start(Config {
        webhook: Webhook {
            timeout: Duration::from_millis(300),
            ..config.webhook
        },
        ..config
    })
    .await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(sets[0].attempts, 2);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_hangs_does_not_hold_up_the_end_of_the_notifier() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.always(Answer::Hang);
    let config = site.config();
    let notifier = Notifier::start(Config {
        webhook: Webhook {
            timeout: Duration::from_mins(1),
            ..config.webhook
        },
        ..config
    })
    .await;
    site.receiver.has_received(1).await;
    tokio::time::timeout(Duration::from_secs(20), notifier.stop())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_another_host_is_not_followed() {
    let site = Site::new().await;
    let other = Receiver::start().await;
    site.affect("debian").await;
    let location = other.url("/hook");
    site.receiver.always(Answer::Redirect(307, location));
    let notifier = site.notifier().await;
    let reason = failure(&notifier).await;
    assert!(
        reason.ends_with("307: it leads to another host"),
        "{reason}"
    );
    a_moment().await;
    assert!(other.received().is_empty());
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_that_would_lose_the_message_is_not_followed() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.always(Answer::Redirect(302, "/login".into()));
    let notifier = site.notifier().await;
    let reason = failure(&notifier).await;
    assert!(
        reason.ends_with("302: only 307 and 308 keep what is posted"),
        "{reason}"
    );
    assert!(site.receiver.received().iter().all(|it| it.path == "/hook"));
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_at_the_same_host_keeps_the_message() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver
        .next([Answer::Redirect(308, "/new/hook".into())]);
    let notifier = site.notifier().await;
    let received = site.receiver.has_received(2).await;
    assert_eq!(received[1].path, "/new/hook");
    assert_eq!(received[0].body, received[1].body);
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(sets[0].attempts, 1);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_that_do_not_end_are_left() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.always(Answer::Redirect(307, "/hook".into()));
    let notifier = site.notifier().await;
    let reason = failure(&notifier).await;
    assert!(reason.ends_with("the redirects do not end"), "{reason}");
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_that_cannot_be_read_end_the_notifier_with_the_name_of_the_file() {
    let site = Site::new().await;
    let config = site.config();
    let tls = ClientTls {
        root_ca: Some("/nowhere/ca.crt".into()),
        ..ClientTls::default()
    };
    let notifier = Notifier::start(Config {
        webhook: Webhook {
            tls,
            ..config.webhook
        },
        ..config
    })
    .await;
    let Error::Tls(error) = notifier.failure().await else {
        panic!("another error");
    };
    assert_eq!(error.to_string(), "/nowhere/ca.crt");
}
