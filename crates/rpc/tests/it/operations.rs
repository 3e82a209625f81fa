//! Health, reflection and shutdown.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clair_rpc::proto::notifier::v1::GetNotificationResponse;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::{Channel, Error, ErrorCode, ServerOptions};
use futures::StreamExt as _;
use tokio::sync::Notify;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::support::{Behaviour, Running, ask, options, serve, serve_with};

/// A probe, which knows no token.
async fn probe(server: &Running, service: &str) -> Result<ServingStatus, Code> {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let mut client = HealthClient::new(endpoint.connect_lazy());
    let service = service.to_owned();
    let answer = client.check(HealthCheckRequest { service }).await;
    let status = answer.map_err(|status| status.code())?.into_inner().status;
    Ok(ServingStatus::try_from(status).unwrap())
}

#[tokio::test]
async fn probes_see_the_health_of_the_server_and_of_its_services() {
    let server = serve(Behaviour::default()).await;
    for name in ["", "clair.notifier.v1.Notifier", "clair.updater.v1.Updater"] {
        server.health.set_serving(true).await;
        assert_eq!(probe(&server, name).await, Ok(ServingStatus::Serving));
        server.health.set_serving(false).await;
        assert_eq!(probe(&server, name).await, Ok(ServingStatus::NotServing));
    }
    let elsewhere = probe(&server, "clair.matcher.v1.Matcher").await;
    assert_eq!(elsewhere, Err(Code::NotFound));
}

#[tokio::test]
async fn a_server_is_healthy_from_the_start() {
    let server = serve(Behaviour::default()).await;
    let name = "clair.notifier.v1.Notifier";
    assert_eq!(probe(&server, name).await, Ok(ServingStatus::Serving));
}

#[tokio::test]
async fn reflection_lists_the_services_of_this_server_only() {
    let server = serve(Behaviour::default()).await;
    let mut client = ServerReflectionClient::new(server.channel());
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = futures::stream::iter([request]);
    let answers = client.server_reflection_info(requests).await.unwrap();
    let answer = answers.into_inner().next().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let mut names: Vec<String> = list.service.into_iter().map(|entry| entry.name).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "clair.notifier.v1.Notifier",
            "clair.updater.v1.Updater",
            "grpc.health.v1.Health",
        ]
    );
}

/// A handler that answers when it is told to, and tells when it began.
fn held() -> (Behaviour, Arc<Notify>, Arc<Notify>) {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, released) = (begun.clone(), release.clone());
    let behaviour = Behaviour::default().on_get(move |_| {
        let (begins, released) = (begins.clone(), released.clone());
        async move {
            begins.notify_one();
            released.notified().await;
            Ok(GetNotificationResponse::default())
        }
    });
    (behaviour, begun, release)
}

#[tokio::test]
async fn a_shutdown_lets_calls_end() {
    let (behaviour, begun, release) = held();
    let mut server = serve(behaviour).await;
    let mut client: NotifierClient<Channel> = server.channel().client();
    let call = tokio::spawn(async move { client.get_notification(ask("")).await });
    begun.notified().await;
    server.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    release.notify_one();
    call.await.unwrap().unwrap();
    server.ended().await.unwrap();
}

#[tokio::test]
async fn a_call_that_does_not_end_is_ended_as_unavailable_after_the_grace() {
    let (behaviour, begun, _) = held();
    let impatient = ServerOptions {
        grace: Duration::from_millis(200),
        ..options()
    };
    let mut server = serve_with(behaviour, impatient).await;
    let mut options = server.channel_options();
    options.retry.attempts = 1;
    let mut client: NotifierClient<_> = Channel::lazy(options).unwrap().client();
    let call = tokio::spawn(async move { client.get_notification(ask("")).await });
    begun.notified().await;
    let stopped = Instant::now();
    server.stop();
    server.ended().await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(5));
    let error = Error::from(call.await.unwrap().unwrap_err());
    assert_eq!(error.code(), ErrorCode::Unavailable);
    assert_eq!(error.message(), "the service is shutting down");
}
