//! How long calls take at most.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::proto::notifier::v1::{GetNotificationResponse, Notification};
use clair_rpc::proto::updater::v1::updater_client::UpdaterClient;
use clair_rpc::proto::updater::v1::{RunUpdateRequest, RunUpdateResponse};
use clair_rpc::{Channel, ChannelOptions, Context, Error, ErrorCode, RequestId, ServerOptions};
use futures::StreamExt as _;
use tokio::sync::Notify;
use tonic::Request;

use crate::support::{Behaviour, ask, options, serve, serve_with};

/// A handler that never answers, and tells when it is dropped.
fn endless() -> (Behaviour, Arc<Notify>) {
    struct Tells(Arc<Notify>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let dropped = Arc::new(Notify::new());
    let told = dropped.clone();
    let behaviour = Behaviour::default().on_get(move |_| {
        let tells = Tells(told.clone());
        async move {
            let _tells = tells;
            std::future::pending().await
        }
    });
    (behaviour, dropped)
}

fn notifier(channel: &Channel) -> NotifierClient<Channel> {
    channel.client()
}

#[tokio::test]
async fn a_handler_ends_when_its_caller_stops_waiting() {
    let (behaviour, dropped) = endless();
    let server = serve(behaviour).await;
    let mut request = Request::new(ask(""));
    request.set_timeout(Duration::from_millis(100));
    let began = Instant::now();
    let status = notifier(&server.channel()).get_notification(request).await;
    let error = Error::from(status.unwrap_err());
    assert_eq!(error.code(), ErrorCode::DeadlineExceeded);
    assert!(began.elapsed() < Duration::from_secs(5));
    dropped.notified().await;
}

#[tokio::test]
async fn a_handler_ends_when_its_caller_goes_away() {
    let (behaviour, dropped) = endless();
    let server = serve(behaviour).await;
    let mut client = notifier(&server.channel());
    let call = client.get_notification(ask(""));
    assert!(
        tokio::time::timeout(Duration::from_millis(200), call)
            .await
            .is_err()
    );
    dropped.notified().await;
}

#[tokio::test]
async fn a_call_without_a_deadline_gets_that_of_the_server() {
    let (behaviour, _) = endless();
    let impatient = ServerOptions {
        default_deadline: Duration::from_millis(100),
        ..options()
    };
    let server = serve_with(behaviour, impatient).await;
    // A plain client, which sends no deadline at all.
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let channel = endpoint.unwrap().connect_lazy();
    let mut client = NotifierClient::with_interceptor(channel, |mut request: Request<()>| {
        let value = format!("Bearer {}", crate::support::SECRET);
        request
            .metadata_mut()
            .insert("authorization", value.parse().unwrap());
        Ok(request)
    });
    let status = client.get_notification(ask("")).await.unwrap_err();
    assert_eq!(Error::from(status).code(), ErrorCode::DeadlineExceeded);
}

#[tokio::test]
async fn a_call_without_a_deadline_gets_that_of_the_channel() {
    let (behaviour, dropped) = endless();
    let server = serve(behaviour).await;
    let impatient = ChannelOptions {
        timeout: Duration::from_millis(100),
        ..server.channel_options()
    };
    let mut client = notifier(&Channel::lazy(impatient).unwrap());
    let status = client.get_notification(ask("")).await.unwrap_err();
    assert_eq!(Error::from(status).code(), ErrorCode::DeadlineExceeded);
    dropped.notified().await;
}

#[tokio::test]
async fn the_deadline_of_a_request_is_that_of_all_calls_made_for_it() {
    let last = serve(Behaviour::default().on_get(|_| async {
        let remaining = Context::current().and_then(|context| context.remaining());
        let left = remaining.unwrap_or_default();
        Ok(GetNotificationResponse {
            notifications: vec![Notification::default()],
            next_page_token: left.as_millis().to_string(),
        })
    }))
    .await;
    let channel = last.channel();
    let first = serve(Behaviour::default().on_get(move |_| {
        let mut client = notifier(&channel);
        async move { Ok(client.get_notification(ask("")).await?.into_inner()) }
    }))
    .await;
    let mut request = Request::new(ask(""));
    request.set_timeout(Duration::from_secs(20));
    let answer = notifier(&first.channel()).get_notification(request).await;
    let left: u64 = answer
        .unwrap()
        .into_inner()
        .next_page_token
        .parse()
        .unwrap();
    assert!((1..=20_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_not_made() {
    let server = serve(Behaviour::default()).await;
    let context = Context {
        deadline: Some(Instant::now()),
        ..Context::new(RequestId::generate())
    };
    let mut client = notifier(&server.channel());
    let call = client.get_notification(ask(""));
    let error = Error::from(context.scope(call).await.unwrap_err());
    assert_eq!(error.code(), ErrorCode::DeadlineExceeded);
}

fn ticking() -> Behaviour {
    Behaviour::default().on_run(|| {
        futures::stream::repeat(()).then(|()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(RunUpdateResponse::default())
        })
    })
}

#[tokio::test]
async fn a_stream_ends_at_the_deadline_of_its_call() {
    let server = serve(ticking()).await;
    let mut client: UpdaterClient<Channel> = server.channel().client();
    let mut request = Request::new(RunUpdateRequest::default());
    request.set_timeout(Duration::from_millis(300));
    let mut events = client.run_update(request).await.unwrap().into_inner();
    let mut count = 0;
    let status = loop {
        match events.message().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => panic!("the stream ended as if it were complete"),
            Err(status) => break status,
        }
    };
    assert_eq!(Error::from(status).code(), ErrorCode::DeadlineExceeded);
    assert!(count > 0);
}

#[tokio::test]
async fn a_stream_without_a_deadline_may_take_longer_than_the_default() {
    let server = serve_with(
        ticking(),
        ServerOptions {
            default_deadline: Duration::from_millis(100),
            ..options()
        },
    )
    .await;
    let impatient = ChannelOptions {
        timeout: Duration::from_millis(100),
        ..server.channel_options()
    };
    let mut client: UpdaterClient<Channel> = Channel::lazy(impatient).unwrap().client();
    let events = client
        .run_update(RunUpdateRequest::default())
        .await
        .unwrap();
    let taken: Vec<_> = events.into_inner().take(20).collect().await;
    assert!(taken.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_deadline_that_is_none_is_refused() {
    let server = serve(Behaviour::default()).await;
    let mut request = Request::new(ask(""));
    request
        .metadata_mut()
        .insert("grpc-timeout", "soon".parse().unwrap());
    let status = notifier(&server.channel())
        .get_notification(request)
        .await
        .unwrap_err();
    let error = Error::from(status);
    assert_eq!(error.code(), ErrorCode::InvalidArgument);
    assert_eq!(error.fields()[0].field, "grpc-timeout");
}
