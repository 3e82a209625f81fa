//! How replicas of a service share what one caller asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use clair_rpc::proto::notifier::v1::GetNotificationResponse;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::{Channel, ChannelOptions};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Behaviour, Running, ask, serve};

/// A replica, and how many calls it had.
async fn replica() -> (Running, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let behaviour = Behaviour::default().on_get(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok(GetNotificationResponse::default()) }
    });
    (serve(behaviour).await, calls)
}

/// A balancer of connections, as a cluster has it in front of the replicas of a service.
async fn balancer(replicas: Vec<std::net::SocketAddr>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for replica in replicas.into_iter().cycle() {
            let (mut outside, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut inside = TcpStream::connect(replica).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn calls_are_spread_over_the_connections() {
    let (one, calls_of_one) = replica().await;
    let (other, calls_of_other) = replica().await;
    let address = balancer(vec![one.address, other.address]).await;
    let channel = Channel::lazy(ChannelOptions {
        address,
        connections: 2,
        ..one.channel_options()
    });
    let mut client: NotifierClient<_> = channel.unwrap().client();
    for _ in 0..10 {
        client.get_notification(ask("")).await.unwrap();
    }
    assert_eq!(calls_of_one.load(Ordering::SeqCst), 5);
    assert_eq!(calls_of_other.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_replica_that_is_gone_is_replaced_by_another() {
    let (mut one, _) = replica().await;
    let (other, calls) = replica().await;
    let address = balancer(vec![one.address, other.address, other.address]).await;
    let channel = Channel::lazy(ChannelOptions {
        address,
        connections: 2,
        ..one.channel_options()
    });
    let mut client: NotifierClient<_> = channel.unwrap().client();
    for _ in 0..2 {
        client.get_notification(ask("")).await.unwrap();
    }
    one.stop();
    one.ended().await.unwrap();
    for _ in 0..4 {
        client.get_notification(ask("")).await.unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 5);
}
