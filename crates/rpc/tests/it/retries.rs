//! What happens while a service is unavailable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clair_rpc::proto::indexer::v1::ReplayDeadLettersRequest;
use clair_rpc::proto::indexer::v1::indexer_client::IndexerClient;
use clair_rpc::proto::notifier::v1::GetNotificationResponse;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::proto::updater::v1::updater_client::UpdaterClient;
use clair_rpc::proto::updater::v1::{RunUpdateRequest, RunUpdateResponse};
use clair_rpc::{Channel, ChannelOptions, Error, ErrorCode, Retry};
use futures::StreamExt as _;
use tokio::net::TcpListener;
use tonic::Request;

use crate::support::{Behaviour, ask, options, serve, serve_on};

/// Fails so many times before it succeeds, and counts.
fn failing(times: u32, code: ErrorCode) -> (Behaviour, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let behaviour = Behaviour::default().on_get(move |_| {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if call < times {
                return Err(Error::new(code, "not now"));
            }
            Ok(GetNotificationResponse::default())
        }
    });
    (behaviour, calls)
}

fn quick(options: ChannelOptions) -> Channel {
    Channel::lazy(ChannelOptions {
        retry: Retry {
            first_pause: Duration::from_millis(10),
            ..Retry::default()
        },
        ..options
    })
    .unwrap()
}

#[tokio::test]
async fn a_call_that_may_be_repeated_is_repeated_while_the_service_is_unavailable() {
    let (behaviour, calls) = failing(3, ErrorCode::Unavailable);
    let server = serve(behaviour).await;
    let mut client: NotifierClient<_> = quick(server.channel_options()).client();
    client.get_notification(ask("")).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn there_is_an_end_to_repeating() {
    let (behaviour, calls) = failing(u32::MAX, ErrorCode::Unavailable);
    let server = serve(behaviour).await;
    let mut client: NotifierClient<_> = quick(server.channel_options()).client();
    let status = client.get_notification(ask("")).await.unwrap_err();
    assert_eq!(Error::from(status).message(), "not now");
    assert_eq!(calls.load(Ordering::SeqCst), Retry::default().attempts);
}

#[tokio::test]
async fn what_will_not_get_better_is_not_repeated() {
    for code in [
        ErrorCode::NotFound,
        ErrorCode::Internal,
        ErrorCode::NotReady,
    ] {
        let (behaviour, calls) = failing(1, code);
        let server = serve(behaviour).await;
        let mut client: NotifierClient<_> = quick(server.channel_options()).client();
        let status = client.get_notification(ask("")).await.unwrap_err();
        assert_eq!(Error::from(status).code(), code);
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn repeating_ends_with_the_time_of_the_call() {
    let (behaviour, _) = failing(u32::MAX, ErrorCode::Unavailable);
    let server = serve(behaviour).await;
    let patient = Retry {
        attempts: 1000,
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(50),
    };
    let channel = Channel::lazy(ChannelOptions {
        retry: patient,
        ..server.channel_options()
    });
    let mut client: NotifierClient<_> = channel.unwrap().client();
    let mut request = Request::new(ask(""));
    request.set_timeout(Duration::from_millis(300));
    let began = Instant::now();
    let error = Error::from(client.get_notification(request).await.unwrap_err());
    assert!(error.code().is_retryable());
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// An address where nobody listens, and nobody will.
async fn nowhere() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable_and_named() {
    let (listener, address) = nowhere().await;
    drop(listener);
    let channel = quick(ChannelOptions::new(&address));
    let mut notifier: NotifierClient<_> = channel.client();
    let error = Error::from(notifier.get_notification(ask("")).await.unwrap_err());
    assert_eq!(error.code(), ErrorCode::Unavailable);
    assert!(error.message().contains(&address), "{error}");
    assert!(error.message().contains("refused"), "{error}");

    // The same without repeating.
    let mut indexer: IndexerClient<_> = channel.client();
    let request = ReplayDeadLettersRequest::default();
    let error = Error::from(indexer.replay_dead_letters(request).await.unwrap_err());
    assert_eq!(error.code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_call_waits_for_a_service_that_is_just_starting() {
    let (listener, address) = nowhere().await;
    let socket: std::net::SocketAddr = address["http://".len()..].parse().unwrap();
    drop(listener);
    let token = serve(Behaviour::default()).await.channel_options().token;
    let channel = Channel::lazy(ChannelOptions {
        token,
        retry: Retry {
            attempts: 50,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_millis(100),
        },
        ..ChannelOptions::new(&address)
    });
    let mut client: NotifierClient<_> = channel.unwrap().client();
    let call = tokio::spawn(async move { client.get_notification(ask("")).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (behaviour, _) = failing(0, ErrorCode::Internal);
    let listener = TcpListener::bind(socket).await.unwrap();
    let _server = serve_on(listener, behaviour, options());
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_channel_connects_again_after_its_server_has_gone() {
    let (behaviour, _) = failing(0, ErrorCode::Internal);
    let mut server = serve(behaviour.clone()).await;
    let address = server.address;
    let mut client: NotifierClient<_> = quick(server.channel_options()).client();
    client.get_notification(ask("")).await.unwrap();
    server.stop();
    server.ended().await.unwrap();
    let status = client.get_notification(ask("")).await.unwrap_err();
    assert_eq!(Error::from(status).code(), ErrorCode::Unavailable);
    let listener = TcpListener::bind(address).await.unwrap();
    let _server = serve_on(listener, behaviour, options());
    client.get_notification(ask("")).await.unwrap();
}

#[tokio::test]
async fn a_stream_whose_connection_breaks_ends_as_unavailable() {
    // Between the client and the server, so that it can break what they have.
    let server = serve(Behaviour::default().on_run(|| {
        let first = futures::stream::iter([Ok(RunUpdateResponse::default())]);
        first.chain(futures::stream::pending())
    }))
    .await;
    let (listener, address) = nowhere().await;
    let target = server.address;
    let proxy = tokio::spawn(async move {
        let (mut inside, _) = listener.accept().await.unwrap();
        let mut outside = tokio::net::TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
    });
    let channel = Channel::lazy(ChannelOptions {
        address,
        ..server.channel_options()
    });
    let mut client: UpdaterClient<_> = channel.unwrap().client();
    let events = client.run_update(RunUpdateRequest::default()).await;
    let mut events = events.unwrap().into_inner();
    assert!(events.message().await.unwrap().is_some());
    proxy.abort();
    let error = Error::from(events.message().await.unwrap_err());
    assert_eq!(error.code(), ErrorCode::Unavailable, "{error}");
}
