//! The gRPC interface.

use clair_rpc::ErrorCode;
use clair_rpc::proto::notifier::v1::{
    DeleteNotificationRequest, DeliveryState, ListNotificationsRequest,
};
use uuid::Uuid;

use crate::support::{Notifier, Site, digest, eventually, statement};

async fn delete(notifier: &Notifier, id: &str) -> Result<(), ErrorCode> {
    let request = DeleteNotificationRequest { id: id.to_owned() };
    let deleted = notifier.client.clone().delete_notification(request).await;
    deleted
        .map(drop)
        .map_err(|status| clair_rpc::Error::from(status).code())
}

async fn get(notifier: &Notifier, id: &str, token: &str) -> Result<(), ErrorCode> {
    let page = notifier.page(id, 10, token).await;
    page.map(drop).map_err(|error| error.code())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_read_page_by_page() {
    let site = Site::new().await;
    site.known("debian").await;
    let operation = site.update("debian", &["CVE-1"]).await;
    site.matcher
        .answer(&operation, vec![statement("CVE-1", &[1, 2, 3, 4, 5])]);
    let notifier = site.notifier().await;
    let id = notifier.has_sets(1, DeliveryState::Delivered).await[0]
        .id
        .clone();
    let (mut images, mut sizes, mut token) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = notifier.page(&id, 2, &token).await.unwrap();
        sizes.push(page.notifications.len());
        let notifications = page.notifications.into_iter();
        images.extend(notifications.map(|notification| notification.manifest_digest));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    let expected: Vec<String> = (1..=5).map(|number| digest(number).to_string()).collect();
    assert_eq!(images, expected);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_ends_before_it_is_too_large_to_be_sent() {
    let site = Site::new().await;
    site.known("debian").await;
    let operation = site.update("debian", &["CVE-1"]).await;
    let mut part = statement("CVE-1", &[1, 2, 3, 4, 5]);
    part.vulnerability.as_mut().unwrap().description = "x".repeat(7 << 20);
    site.matcher.answer(&operation, vec![part]);
    let notifier = site.notifier().await;
    let id = notifier.has_sets(1, DeliveryState::Delivered).await[0]
        .id
        .clone();
    let (mut sizes, mut token) = (Vec::new(), String::new());
    loop {
        let page = notifier.page(&id, 1000, &token).await.unwrap();
        sizes.push(page.notifications.len());
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_was_acknowledged_is_collected_some_time_later() {
    let site = Site::new().await;
    site.affect("debian").await;
    let notifier = site.notifier().await;
    let id = notifier.has_sets(1, DeliveryState::Delivered).await[0]
        .id
        .clone();
    assert_eq!(delete(&notifier, &id).await, Ok(()));
    assert_eq!(delete(&notifier, &id).await, Ok(()), "twice is no error");
    notifier.has_sets(1, DeliveryState::Deleted).await;
    assert_eq!(
        get(&notifier, &id, "").await,
        Ok(()),
        "it can still be read"
    );
    notifier.stop().await;
    // It collects when it begins, and then every hour.
    let notifier = site.notifier().await;
    eventually(async || notifier.sets().await.is_empty()).await;
    assert_eq!(get(&notifier, &id, "").await, Err(ErrorCode::NotFound));
    assert_eq!(delete(&notifier, &id).await, Err(ErrorCode::NotFound));
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_not_found_and_what_is_no_id_is_invalid() {
    let site = Site::new().await;
    let notifier = site.notifier().await;
    let unknown = Uuid::new_v4().to_string();
    assert_eq!(get(&notifier, &unknown, "").await, Err(ErrorCode::NotFound));
    assert_eq!(delete(&notifier, &unknown).await, Err(ErrorCode::NotFound));
    let invalid = Err(ErrorCode::InvalidArgument);
    assert_eq!(get(&notifier, "x", "").await, invalid);
    assert_eq!(get(&notifier, &unknown, "x").await, invalid);
    assert_eq!(delete(&notifier, "").await, invalid);
    for (state, page_token) in [(99, ""), (0, "x")] {
        let request = ListNotificationsRequest {
            state,
            page_token: page_token.into(),
            ..ListNotificationsRequest::default()
        };
        let listed = notifier.client.clone().list_notifications(request).await;
        let error = clair_rpc::Error::from(listed.unwrap_err());
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
    }
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_are_listed_newest_first_by_pages_and_by_state() {
    let site = Site::new().await;
    let notifier = site.notifier().await;
    let sources = ["alpine", "debian", "ubuntu"];
    for (number, source) in sources.iter().enumerate() {
        site.affect(source).await;
        notifier
            .has_sets(number + 1, DeliveryState::Delivered)
            .await;
    }
    let sets = notifier.sets().await;
    let listed: Vec<&str> = sets.iter().map(|set| set.source.as_str()).collect();
    assert_eq!(listed, ["ubuntu", "debian", "alpine"]);
    delete(&notifier, &sets[1].id).await.unwrap();

    let list = async |state: DeliveryState, page_token: String| {
        let request = ListNotificationsRequest {
            state: state.into(),
            page_size: 1,
            page_token,
        };
        let listed = notifier.client.clone().list_notifications(request).await;
        let mut listed = listed.unwrap().into_inner();
        assert_eq!(listed.notification_sets.len(), 1);
        (
            listed.notification_sets.remove(0).id,
            listed.next_page_token,
        )
    };
    let (first, token) = list(DeliveryState::Delivered, String::new()).await;
    let (second, end) = list(DeliveryState::Delivered, token).await;
    assert_eq!([&first, &second], [&sets[0].id, &sets[2].id]);
    assert_eq!(end, "");
    let (deleted, _) = list(DeliveryState::Deleted, String::new()).await;
    assert_eq!(deleted, sets[1].id);
    notifier.stop().await;
}
