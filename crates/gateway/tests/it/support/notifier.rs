//! A notifier with one set of notifications.

use std::sync::{Arc, Mutex};

use clair_model::Severity;
use clair_rpc::proto::model::v1::{self, VulnerabilitySummary};
use clair_rpc::proto::notifier::v1::notifier_server::Notifier as Interface;
use clair_rpc::proto::notifier::v1::{
    DeleteNotificationRequest, DeleteNotificationResponse, DeliveryState, GetNotificationRequest,
    GetNotificationResponse, ListNotificationsRequest, ListNotificationsResponse, Notification,
    NotificationSet, Reason,
};
use clair_rpc::{Error, ErrorCode};
use tonic::{Request, Response, Status};

use super::documents::{digest, distribution, vulnerability};
use super::suite::Calls;

pub(crate) const SET: &str = "01932d7c-aaaa-7000-8000-000000000001";
pub(crate) const SECOND: &str = "01932d7c-bbbb-7000-8000-000000000002";

#[derive(Debug, Clone)]
pub(crate) struct Notifier {
    calls: Calls,
    asked: Arc<Mutex<Vec<GetNotificationRequest>>>,
}

impl Notifier {
    pub(crate) fn new(calls: Calls) -> Self {
        Self {
            calls,
            asked: Arc::default(),
        }
    }

    /// The last page that was asked for.
    pub(crate) fn asked(&self) -> GetNotificationRequest {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

type Answer<T> = Result<Response<T>, Status>;

fn known(set: &str) -> Result<(), Status> {
    if set == SET {
        return Ok(());
    }
    Err(Error::new(ErrorCode::NotFound, format!("no notifications {set}")).into())
}

#[tonic::async_trait]
impl Interface for Notifier {
    async fn get_notification(
        &self,
        request: Request<GetNotificationRequest>,
    ) -> Answer<GetNotificationResponse> {
        self.calls.begin("GetNotification").await?;
        let request = request.into_inner();
        known(&request.id)?;
        let is_first = request.page_token.is_empty();
        self.asked.lock().unwrap().push(request);
        let told: v1::Vulnerability = vulnerability("1", Severity::High).into();
        let summary = VulnerabilitySummary {
            name: told.name,
            description: told.description,
            package: told.package,
            distribution: Some(distribution("").into()),
            repository: None,
            normalized_severity: told.normalized_severity,
            fixed_in_version: told.fixed_in_version,
            links: told.links,
        };
        let reason = if is_first {
            Reason::Added
        } else {
            Reason::Removed
        };
        Ok(Response::new(GetNotificationResponse {
            notifications: vec![Notification {
                id: SECOND.to_owned(),
                manifest_digest: digest(1).to_string(),
                reason: reason.into(),
                vulnerability: Some(summary),
            }],
            next_page_token: if is_first { SECOND } else { "" }.to_owned(),
        }))
    }

    async fn delete_notification(
        &self,
        request: Request<DeleteNotificationRequest>,
    ) -> Answer<DeleteNotificationResponse> {
        self.calls.begin("DeleteNotification").await?;
        known(&request.into_inner().id)?;
        Ok(Response::new(DeleteNotificationResponse {}))
    }

    async fn list_notifications(
        &self,
        request: Request<ListNotificationsRequest>,
    ) -> Answer<ListNotificationsResponse> {
        self.calls.begin("ListNotifications").await?;
        let state = request.into_inner().state();
        let set = NotificationSet {
            id: SET.to_owned(),
            source: "debian/updater".to_owned(),
            operation_ref: super::matcher::NEWEST.to_owned(),
            notifications: 2,
            state: DeliveryState::Failed.into(),
            attempts: 3,
            last_error: "connection refused".to_owned(),
            created_at: Some(prost_types::Timestamp {
                seconds: 1_735_689_600,
                nanos: 0,
            }),
            ..NotificationSet::default()
        };
        let is_wanted = matches!(state, DeliveryState::Unspecified | DeliveryState::Failed);
        Ok(Response::new(ListNotificationsResponse {
            notification_sets: if is_wanted { vec![set] } else { Vec::new() },
            next_page_token: String::new(),
        }))
    }
}
