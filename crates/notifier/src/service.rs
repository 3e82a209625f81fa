//! `clair.notifier.v1.Notifier`.

use std::str::FromStr;

use clair_rpc::conversion::{InvalidField, to_timestamp};
use clair_rpc::proto::notifier::v1::notifier_server::Notifier;
use clair_rpc::proto::notifier::v1::{
    DeleteNotificationRequest, DeleteNotificationResponse, DeliveryState, GetNotificationRequest,
    GetNotificationResponse, ListNotificationsRequest, ListNotificationsResponse, Notification,
    NotificationSet, Reason,
};
use clair_rpc::{Error, ErrorCode};
use clair_store::{SetPosition, SetStatus, Store};
use jiff::Timestamp;
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{metrics, summary};

const DEFAULT_NOTIFICATIONS: u32 = 500;
const DEFAULT_SETS: u32 = 100;
/// Of either.
const LARGEST_PAGE: u32 = 1_000;
/// Bytes after which a page ends, though more notifications are wanted: well below the size that a
/// message may have.
const PAGE_SIZE: usize = 16 << 20;

/// What answers the calls.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Store,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl Notifier for Service {
    async fn get_notification(
        &self,
        request: Request<GetNotificationRequest>,
    ) -> Answer<GetNotificationResponse> {
        Ok(Response::new(self.page(&request.into_inner()).await?))
    }

    async fn delete_notification(
        &self,
        request: Request<DeleteNotificationRequest>,
    ) -> Answer<DeleteNotificationResponse> {
        let set = id("id", &request.into_inner().id).map_err(Error::from)?;
        let acknowledging = self.store.acknowledge(set);
        let is_known = metrics::query(metrics::SET_DELETED, acknowledging)
            .await
            .map_err(|error| of_store(&error))?;
        if !is_known {
            return Err(unknown(set).into());
        }
        tracing::info!(%set, "notifications were acknowledged");
        Ok(Response::new(DeleteNotificationResponse {}))
    }

    async fn list_notifications(
        &self,
        request: Request<ListNotificationsRequest>,
    ) -> Answer<ListNotificationsResponse> {
        Ok(Response::new(self.sets(&request.into_inner()).await?))
    }
}

impl Service {
    async fn page(
        &self,
        request: &GetNotificationRequest,
    ) -> Result<GetNotificationResponse, Error> {
        let set = id("id", &request.id)?;
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(id("page_token", token)?),
        };
        let size = page_size(request.page_size, DEFAULT_NOTIFICATIONS);
        let reading = self.store.notifications(set, after, size);
        let page = metrics::query(metrics::NOTIFICATIONS, reading)
            .await
            .map_err(|error| of_store(&error))?
            .ok_or_else(|| unknown(set))?;
        let mut next = page.next;
        let mut notifications: Vec<Notification> = Vec::with_capacity(page.notifications.len());
        let mut bytes = 0;
        let mut last = None;
        for notification in page.notifications {
            let message = message(&notification)?;
            bytes += message.encoded_len();
            if bytes > PAGE_SIZE && last.is_some() {
                next = last;
                break;
            }
            notifications.push(message);
            last = Some(notification.id);
        }
        Ok(GetNotificationResponse {
            notifications,
            next_page_token: next.map(|id| id.to_string()).unwrap_or_default(),
        })
    }

    async fn sets(
        &self,
        request: &ListNotificationsRequest,
    ) -> Result<ListNotificationsResponse, Error> {
        let state = DeliveryState::try_from(request.state)
            .map_err(|_| InvalidField::new("state", "is not known"))?;
        let state = match state {
            DeliveryState::Unspecified => None,
            DeliveryState::Created => Some(clair_store::DeliveryState::Created),
            DeliveryState::Failed => Some(clair_store::DeliveryState::Failed),
            DeliveryState::Delivered => Some(clair_store::DeliveryState::Delivered),
            DeliveryState::Deleted => Some(clair_store::DeliveryState::Acknowledged),
        };
        let after = match request.page_token.as_str() {
            "" => None,
            token => Some(token.parse::<Token>().map_err(|InvalidToken| {
                InvalidField::new("page_token", "is not the `next_page_token` of a page")
            })?),
        };
        let size = page_size(request.page_size, DEFAULT_SETS);
        let sets =
            self.store
                .notification_sets(state, after.map(|Token(position)| position), size + 1);
        let mut sets = sets.await.map_err(|error| of_store(&error))?;
        let has_more = sets.len() > size as usize;
        sets.truncate(size as usize);
        let last = sets.last().map(|set| Token(set.position()).to_string());
        Ok(ListNotificationsResponse {
            notification_sets: sets.into_iter().map(set_message).collect(),
            next_page_token: last.filter(|_| has_more).unwrap_or_default(),
        })
    }
}

fn page_size(wanted: u32, default: u32) -> u32 {
    match wanted {
        0 => default,
        wanted => wanted.min(LARGEST_PAGE),
    }
}

fn id(field: &str, text: &str) -> Result<Uuid, InvalidField> {
    text.parse()
        .map_err(|error| InvalidField::new(field, error))
}

fn unknown(set: Uuid) -> Error {
    Error::new(
        ErrorCode::NotFound,
        format!("there are no notifications {set}"),
    )
}

fn of_store(error: &clair_store::Error) -> Error {
    match error {
        clair_store::Error::Unavailable(_) => Error::new(ErrorCode::Unavailable, error.to_string()),
        clair_store::Error::Contended(_) => Error::new(ErrorCode::Aborted, error.to_string()),
        _ => Error::internal(error),
    }
}

fn message(notification: &clair_store::Notification) -> Result<Notification, Error> {
    let vulnerability =
        summary::decode(&notification.vulnerability).map_err(|error| Error::internal(&error))?;
    let reason = match notification.reason {
        clair_store::Reason::Added => Reason::Added,
        clair_store::Reason::Removed => Reason::Removed,
    };
    Ok(Notification {
        id: notification.id.to_string(),
        manifest_digest: notification.manifest.to_string(),
        reason: reason.into(),
        vulnerability: Some(vulnerability),
    })
}

fn set_message(set: SetStatus) -> NotificationSet {
    let state = match set.state {
        clair_store::DeliveryState::Created => DeliveryState::Created,
        clair_store::DeliveryState::Failed => DeliveryState::Failed,
        clair_store::DeliveryState::Delivered => DeliveryState::Delivered,
        clair_store::DeliveryState::Acknowledged => DeliveryState::Deleted,
    };
    NotificationSet {
        id: set.id.to_string(),
        source: set.source,
        operation_ref: set.operation.to_string(),
        notifications: set.notifications,
        state: state.into(),
        attempts: set.attempts,
        last_error: set.last_error,
        created_at: Some(to_timestamp(set.created)),
        delivered_at: set.delivered.map(to_timestamp),
        next_attempt_at: set.next_attempt.map(to_timestamp),
    }
}

/// Where a list of sets goes on. It is written as the microsecond, which is as exact as the
/// database is, and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token(SetPosition);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InvalidToken;

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let SetPosition { created, id } = self.0;
        write!(f, "{}.{id}", created.as_microsecond())
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let (created, id) = text.split_once('.').ok_or(InvalidToken)?;
        let created = created.parse().map_err(|_| InvalidToken)?;
        Ok(Self(SetPosition {
            created: Timestamp::from_microsecond(created).map_err(|_| InvalidToken)?,
            id: id.parse().map_err(|_| InvalidToken)?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_reads_back() {
        let token = Token(SetPosition {
            created: Timestamp::from_microsecond(1_700_000_000_123_456).unwrap(),
            id: Uuid::max(),
        });
        assert_eq!(token.to_string().parse(), Ok(token));
        for text in [
            "",
            ".",
            "x.y",
            "99999999999999999.x",
            &Uuid::nil().to_string(),
        ] {
            assert_eq!(text.parse::<Token>(), Err(InvalidToken), "{text:?}");
        }
    }
}
