//! What a call carries, and how it fails.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use clair_rpc::proto::notifier::v1::GetNotificationResponse;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::proto::updater::v1::updater_client::UpdaterClient;
use clair_rpc::proto::updater::v1::{ExportDatabaseRequest, ImportDatabaseRequest};
use clair_rpc::{Channel, ChannelOptions, Context, Error, ErrorCode, RequestId, ServerOptions};
use clair_rpc::{ServiceError, conversion};

use crate::support::{Behaviour, ask, options, serve, serve_with};

fn client(channel: &Channel) -> NotifierClient<Channel> {
    channel.client()
}

#[tokio::test]
async fn a_typed_error_survives_the_trip() {
    let thrown = Error::new(ErrorCode::LayerUnavailable, "layer 3 answered 403")
        .with("layer_digest", "sha256:00")
        .after(std::time::Duration::from_secs(9));
    let error = thrown.clone();
    let behaviour = Behaviour::default().on_get(move |_| {
        let error = error.clone();
        async move { Err(error) }
    });
    let server = serve(behaviour).await;
    let status = client(&server.channel()).get_notification(ask("")).await;
    assert_eq!(Error::from(status.unwrap_err()), thrown);
}

#[tokio::test]
async fn an_invalid_field_is_named_to_the_caller() {
    let behaviour = Behaviour::default().on_get(|request| async move {
        conversion::digest("id", &request.into_inner().id)?;
        Ok(GetNotificationResponse::default())
    });
    let server = serve(behaviour).await;
    let status = client(&server.channel())
        .get_notification(ask("latest"))
        .await;
    let error = Error::from(status.unwrap_err());
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    assert_eq!(error.fields()[0].field, "id");
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("connection to database with password hunter2")]
    Database,
    #[error("no such set")]
    Missing,
}

impl ServiceError for Failure {
    fn code(&self) -> ErrorCode {
        match self {
            Self::Database => ErrorCode::Internal,
            Self::Missing => ErrorCode::NotFound,
        }
    }
}

#[tokio::test]
async fn an_internal_error_tells_the_caller_nothing_but_the_request_id() {
    let behaviour = Behaviour::default().on_get(|request| async move {
        match request.into_inner().id.as_str() {
            "database" => Err(Error::of(&Failure::Database)),
            _ => Err(Error::of(&Failure::Missing)),
        }
    });
    let server = serve(behaviour).await;
    let channel = server.channel();
    let context = Context::new(RequestId::parse("r-1").unwrap());
    let mut client = client(&channel);
    let call = client.get_notification(ask("database"));
    let error = Error::from(context.scope(call).await.unwrap_err());
    assert_eq!(error.code(), ErrorCode::Internal);
    assert_eq!(error.message(), "internal error");
    assert_eq!(error.get("request_id"), Some("r-1"));

    let error = Error::from(client.get_notification(ask("")).await.unwrap_err());
    assert_eq!(
        (error.code(), error.message()),
        (ErrorCode::NotFound, "no such set")
    );
}

#[tokio::test]
async fn a_handler_that_panics_fails_its_own_call_only() {
    let behaviour = Behaviour::default().on_get(|request| async move {
        assert_ne!(request.into_inner().id, "panic", "on purpose");
        Ok(GetNotificationResponse::default())
    });
    let server = serve(behaviour).await;
    let mut client = client(&server.channel());
    let status = client.get_notification(ask("panic")).await.unwrap_err();
    assert_eq!(Error::from(status).code(), ErrorCode::Internal);
    client.get_notification(ask("")).await.unwrap();
}

#[tokio::test]
async fn a_request_id_goes_through_every_service() {
    let seen = Arc::new(Mutex::new(None));
    let noted = seen.clone();
    let last = serve(Behaviour::default().on_get(move |_| {
        let context = Context::current();
        *noted.lock().unwrap() = context.map(|context| context.request_id);
        async { Ok(GetNotificationResponse::default()) }
    }))
    .await;
    let channel = last.channel();
    let first = serve(Behaviour::default().on_get(move |request| {
        let channel = channel.clone();
        async move {
            let answer = client(&channel)
                .get_notification(request.into_inner())
                .await;
            Ok(answer?.into_inner())
        }
    }))
    .await;

    let id = RequestId::parse("from-the-gateway").unwrap();
    let channel = first.channel();
    let mut client = client(&channel);
    let call = client.get_notification(ask(""));
    Context::new(id.clone()).scope(call).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(id));

    client.get_notification(ask("")).await.unwrap();
    let made_up = seen.lock().unwrap().take();
    assert!(made_up.is_some_and(|id| id.as_str().len() == 32));
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused_on_either_side() {
    let behaviour = Behaviour::default().on_get(|request| async move {
        let next_page_token = "x".repeat(request.into_inner().id.parse().unwrap());
        Ok(GetNotificationResponse {
            next_page_token,
            ..GetNotificationResponse::default()
        })
    });
    let limited = ServerOptions {
        max_message_size: 10_000,
        ..options()
    };
    let server = serve_with(behaviour, limited).await;
    let mut strict = client(
        &Channel::lazy(ChannelOptions {
            max_message_size: 1_000,
            ..server.channel_options()
        })
        .unwrap(),
    );
    strict.get_notification(ask("500")).await.unwrap();
    for size in ["5000", "50000"] {
        assert!(strict.get_notification(ask(size)).await.is_err(), "{size}");
    }
    let mut generous = client(&server.channel());
    generous.get_notification(ask("5000")).await.unwrap();
    let too_long = ask(&"1".repeat(20_000));
    assert!(generous.get_notification(too_long).await.is_err());
}

#[tokio::test]
async fn archives_stream_in_both_directions() {
    let server = serve(Behaviour::default()).await;
    let mut client: UpdaterClient<Channel> = server.channel().client();
    let request = ExportDatabaseRequest::default();
    let mut export = client.export_database(request).await.unwrap().into_inner();
    let mut chunks = Vec::new();
    while let Some(part) = export.message().await.unwrap() {
        chunks.push(ImportDatabaseRequest { chunk: part.chunk });
    }
    let length: usize = chunks.iter().map(|part| Bytes::len(&part.chunk)).sum();
    assert_eq!(length, 10 << 20);
    let imported = client.import_database(futures::stream::iter(chunks)).await;
    let outcomes = imported.unwrap().into_inner().outcomes;
    assert_eq!(outcomes[0].source, length.to_string());
}
