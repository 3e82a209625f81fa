//! Delivery by webhook: what is sent, and when it is sent again.

use std::time::Duration;

use clair_jwt::Verifier;
use clair_notifier::{Config, Retry, Signing, Webhook};
use clair_rpc::proto::notifier::v1::{DeleteNotificationRequest, DeliveryState};
use clair_runtime::introspection::CheckStatus;
use clair_runtime::{Mode, config};

use crate::support::{Answer, Notifier, Site, a_moment, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_is_told_the_id_and_where_to_read_it_with_the_headers_it_wants() {
    let site = Site::new().await;
    site.affect("debian").await;
    let mut headers = http::HeaderMap::new();
    headers.append("x-key", "one".parse().unwrap());
    headers.append("x-key", "two".parse().unwrap());
    let config = site.config();
    let notifier = Notifier::start(Config {
        webhook: Webhook {
            headers,
            ..config.webhook
        },
        ..config
    })
    .await;
    let received = site.receiver.has_received(1).await.remove(0);
    let id = notifier.has_sets(1, DeliveryState::Delivered).await[0]
        .id
        .clone();
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(received.headers.get_all("x-key").iter().eq(["one", "two"]));
    assert!(!received.headers.contains_key("authorization"));
    let callback = format!("https://clair.example/notification/{id}");
    assert_eq!(
        received.json(),
        serde_json::json!({"notification_id": id, "callback": callback})
    );
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_told_of_until_it_is_accepted_always_with_the_same_id() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.next([500, 404, 429, 503].map(Answer::Status));
    site.receiver.always(Answer::Status(202));
    let notifier = site.notifier().await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    a_moment().await;
    let received = site.receiver.received();
    assert_eq!(received.len(), 5);
    assert!(received.iter().all(|it| it.id().to_string() == sets[0].id));
    assert_eq!((sets[0].attempts, sets[0].last_error.as_str()), (5, ""));
    assert!(sets[0].delivered_at.is_some() && sets[0].next_attempt_at.is_none());
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_between_attempts_grow() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.next([500; 4].map(Answer::Status));
    let notifier = Notifier::start(Config {
        retry: Retry {
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(2),
            give_up_after: Duration::from_hours(1),
        },
        ..site.config()
    })
    .await;
    let received = site.receiver.has_received(5).await;
    let pauses: Vec<Duration> = received
        .windows(2)
        .map(|pair| pair[1].at - pair[0].at)
        .collect();
    for (pause, least) in pauses.iter().zip([50, 100, 200, 400]) {
        assert!(*pause >= Duration::from_millis(least), "{pauses:?}");
    }
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_preshared_key_requests_are_signed_for_their_receiver() {
    let site = Site::new().await;
    site.affect("debian").await;
    let text =
        "auth: {psk: {key: MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=, iss: [clair-notifier]}}
database: {connstring: 'postgres://db/clair'}
";
    let services = config::Config::from_yaml(text, Mode::Combo).unwrap();
    let notifier = Notifier::start(Config {
        signing: Signing {
            auth: services.auth.clone(),
            signer: None,
        },
        ..site.config()
    })
    .await;
    let received = site.receiver.has_received(1).await.remove(0);
    let value = received.headers["authorization"].to_str().unwrap();
    let token = value.strip_prefix("Bearer ").unwrap();
    let verifier = Verifier::new(&services.auth, &services.gateway, None).unwrap();
    let caller = verifier.verify(token).await.unwrap();
    assert_eq!(caller.issuer, "clair-notifier");
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_nobody_accepts_is_given_up_and_says_why() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.always(Answer::Status(500));
    let notifier = Notifier::start(Config {
        retry: Retry::new(Duration::from_millis(50), Duration::from_millis(300)),
        ..site.config()
    })
    .await;
    eventually(async || {
        let sets = notifier.sets().await;
        sets.first().is_some_and(|set| {
            set.state() == DeliveryState::Failed && set.next_attempt_at.is_none()
        })
    })
    .await;
    let count = site.receiver.received().len();
    assert!(count > 1);
    a_moment().await;
    assert_eq!(site.receiver.received().len(), count);
    let set = notifier.sets().await.remove(0);
    let expected = format!(
        "{} answers 500 Internal Server Error: no   luck",
        site.receiver.url("/hook")
    );
    assert_eq!(set.last_error, expected);
    assert_eq!(set.attempts as usize, count);
    let checks = notifier.health.report().checks;
    let check = checks
        .iter()
        .find(|check| check.name == "notifier-delivery");
    assert_eq!(check.unwrap().status, CheckStatus::Degraded);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_was_acknowledged_meanwhile_is_not_told_of_again() {
    let site = Site::new().await;
    site.affect("debian").await;
    site.receiver.always(Answer::Status(500));
    let notifier = site.notifier().await;
    let id = notifier.has_sets(1, DeliveryState::Failed).await[0]
        .id
        .clone();
    let mut client = notifier.client.clone();
    client
        .delete_notification(DeleteNotificationRequest { id })
        .await
        .unwrap();
    // An attempt may have been under way.
    a_moment().await;
    let count = site.receiver.received().len();
    a_moment().await;
    assert_eq!(site.receiver.received().len(), count);
    notifier.has_sets(1, DeliveryState::Deleted).await;
    notifier.stop().await;
}
