//! `/notifier/api/v1/notification`: which images became affected, or are no longer.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use clair_model::{ReportDistribution, ReportPackage, ReportRepository, Severity};
use clair_rpc::proto::model::v1;
use clair_rpc::proto::notifier::v1::{
    DeleteNotificationRequest, DeliveryState, GetNotificationRequest, ListNotificationsRequest,
    Notification, NotificationSet, Reason,
};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::page::{self, Page, Wanted};
use super::{json, times};
use crate::app::App;
use crate::failure::Failure;
use crate::negotiation::{JSON, negotiate};
use crate::parameters::{InPath, InQuery};

const MEDIA_TYPE: &str = "application/vnd.clair.notification_page.v1+json";

/// Elements of a page, as the notifier has them.
const USUAL_PAGE: u32 = 500;
const USUAL_PAGE_OF_SETS: u32 = 100;
const LARGEST_PAGE: u32 = 1000;

#[derive(Debug, Serialize)]
struct NotificationPage {
    page: Page,
    notifications: Vec<Told>,
}

/// What happened to one image.
#[derive(Debug, Serialize)]
struct Told {
    id: String,
    manifest: String,
    reason: &'static str,
    vulnerability: Summary,
}

#[derive(Debug, Serialize)]
struct Summary {
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<ReportPackage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distribution: Option<ReportDistribution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repo: Option<ReportRepository>,
    /// The mapped severity under the name by which Clair sends it, and under that by which it is
    /// documented and Quay reads it.
    severity: Severity,
    normalized_severity: Severity,
    fixed_in_version: String,
    links: String,
}

/// Gives a page of the notifications of a set.
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    InPath(set): InPath<Uuid>,
    InQuery(wanted): InQuery<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let mut notifier = app.notifier()?;
    let form = negotiate(&headers, &[MEDIA_TYPE, JSON])?;
    if !wanted.next.is_empty() && wanted.next.parse::<Uuid>().is_err() {
        return Err(Failure::bad_request(
            "next is not that of a page: it is no UUID",
        ));
    }
    let request = GetNotificationRequest {
        id: set.to_string(),
        page_size: wanted.page_size,
        page_token: wanted.next.clone(),
    };
    let answer = notifier.get_notification(request).await;
    let answer = answer.map_err(page::failed)?.into_inner();
    let notifications = answer.notifications.into_iter();
    let page = NotificationPage {
        page: wanted.page(USUAL_PAGE, LARGEST_PAGE, answer.next_page_token),
        notifications: notifications.map(told).collect::<Result<_, _>>()?,
    };
    json(form, &page)
}

/// Acknowledges a set.
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    InPath(set): InPath<Uuid>,
) -> Result<StatusCode, Failure> {
    let request = DeleteNotificationRequest {
        id: set.to_string(),
    };
    app.notifier()?.delete_notification(request).await?;
    Ok(StatusCode::OK)
}

fn told(notification: Notification) -> Result<Told, Failure> {
    let reason = match notification.reason() {
        Reason::Removed => "removed",
        Reason::Added | Reason::Unspecified => "added",
    };
    Ok(Told {
        id: notification.id,
        manifest: notification.manifest_digest,
        reason,
        vulnerability: summary(notification.vulnerability.unwrap_or_default())?,
    })
}

fn summary(summary: v1::VulnerabilitySummary) -> Result<Summary, Failure> {
    let severity: Option<Severity> = summary.normalized_severity().into();
    let severity = severity.unwrap_or_default();
    let package = summary.package.map(ReportPackage::try_from).transpose();
    Ok(Summary {
        name: summary.name,
        description: summary.description,
        package: package.map_err(|error| Failure::internal(&error))?,
        distribution: summary.distribution.map(Into::into),
        repo: summary.repository.map(Into::into),
        severity,
        normalized_severity: severity,
        fixed_in_version: summary.fixed_in_version,
        links: summary.links,
    })
}

/// Which sets are wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sets {
    state: Option<Delivery>,
    #[serde(flatten)]
    page: Wanted,
}

/// How far the delivery of a set has come.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Delivery {
    Created,
    Delivered,
    Failed,
    Deleted,
}

#[derive(Debug, Serialize)]
struct SetPage {
    page: Page,
    notification_sets: Vec<Set>,
}

#[derive(Debug, Serialize)]
struct Set {
    id: String,
    updater: String,
    update_operation: String,
    notifications: u64,
    state: Delivery,
    attempts: u32,
    last_error: String,
    created: Option<Timestamp>,
    delivered: Option<Timestamp>,
    next_attempt: Option<Timestamp>,
}

/// Lists the sets, newest first, with the state of their delivery.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    InQuery(sets): InQuery<Sets>,
) -> Result<Response, Failure> {
    let mut notifier = app.notifier()?;
    let state = match sets.state {
        None => DeliveryState::Unspecified,
        Some(Delivery::Created) => DeliveryState::Created,
        Some(Delivery::Delivered) => DeliveryState::Delivered,
        Some(Delivery::Failed) => DeliveryState::Failed,
        Some(Delivery::Deleted) => DeliveryState::Deleted,
    };
    let request = ListNotificationsRequest {
        state: state.into(),
        page_size: sets.page.page_size,
        page_token: sets.page.next.clone(),
    };
    let answer = notifier.list_notifications(request).await;
    let answer = answer.map_err(page::failed)?.into_inner();
    let page = SetPage {
        page: sets
            .page
            .page(USUAL_PAGE_OF_SETS, LARGEST_PAGE, answer.next_page_token),
        notification_sets: answer
            .notification_sets
            .into_iter()
            .map(Set::from)
            .collect(),
    };
    json(JSON, &page)
}

impl From<NotificationSet> for Set {
    fn from(set: NotificationSet) -> Self {
        let state = match set.state() {
            DeliveryState::Created | DeliveryState::Unspecified => Delivery::Created,
            DeliveryState::Delivered => Delivery::Delivered,
            DeliveryState::Failed => Delivery::Failed,
            DeliveryState::Deleted => Delivery::Deleted,
        };
        Self {
            id: set.id,
            updater: set.source,
            update_operation: set.operation_ref,
            notifications: set.notifications,
            state,
            attempts: set.attempts,
            last_error: set.last_error,
            created: times::point(set.created_at),
            delivered: times::point(set.delivered_at),
            next_attempt: times::point(set.next_attempt_at),
        }
    }
}
