//! Clients that are slow, idle, many, or there at the end.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Gateway, client};

const STATE: &str = "/indexer/api/v1/index_state";
const IMPATIENT: &str = "gateway: {header_timeout: 500ms}";
const LONG: Duration = Duration::from_secs(10);

/// Sends something and waits for the end of the connection. Gives what came before it.
async fn send(gateway: &Gateway, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has ended too.
    let _ = timeout(LONG, stream.read_to_end(&mut answer))
        .await
        .expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_client_that_says_nothing_or_half_of_it_is_not_waited_for() {
    let gateway = Gateway::configured(IMPATIENT).await;
    for bytes in [
        &b""[..],
        b"P",
        b"PRI * HTTP/2.0\r\n",
        b"GET /indexer/api/v1/index_state HT",
        b"GET / HTTP/1.1\r\nhost: x\r\nx-endless: ",
    ] {
        let began = Instant::now();
        let answer = send(&gateway, bytes).await;
        assert!(!answer.contains(" 200 "), "{answer}");
        assert!(
            began.elapsed() >= Duration::from_millis(400),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let gateway = Gateway::configured(IMPATIENT).await;
    let request = format!("GET {STATE} HTTP/1.1\r\nhost: x\r\n\r\n");
    let answer = send(&gateway, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // The preface of HTTP/2 and its first frame, and nothing after it.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    send(&gateway, preface).await;
}

#[tokio::test]
async fn a_body_that_comes_drop_by_drop_is_not_waited_for() {
    let gateway = Gateway::configured(IMPATIENT).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let head =
        "POST /indexer/api/v1/index_report HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        loop {
            if writing.write_all(b" ").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut answer = Vec::new();
    let ended = async { reading.read_to_end(&mut answer).await };
    let ended = async {
        tokio::select! { () = dripping => {}, _ = ended => {} }
    };
    timeout(LONG, ended).await.expect("it ends");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("request-timeout"), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let gateway = Gateway::start().await;
    let many = "x-header: 1\r\n".repeat(200);
    let large = format!("x-header: {}\r\n", "1".repeat(100_000));
    for headers in [many, large] {
        let request = format!("GET {STATE} HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        let answer = send(&gateway, request.as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert_eq!(gateway.suite.calls.count("GetIndexState"), 0);
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let gateway = Gateway::start().await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"HELO example.org\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ] {
        let answer = send(&gateway, bytes).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_without_tls() {
    let gateway = Gateway::start().await;
    let first = client().get(gateway.url(STATE)).send().await.unwrap();
    assert_eq!(first.version(), reqwest::Version::HTTP_11);
    let second = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy()
        .build()
        .unwrap();
    let second = second.get(gateway.url(STATE)).send().await.unwrap();
    assert_eq!(second.version(), reqwest::Version::HTTP_2);
    assert_eq!(second.status(), 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let gateway = Gateway::configured("gateway: {max_connections: 1}").await;
    let held = TcpStream::connect(gateway.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut second = Box::pin(gateway.get(STATE));
    assert!(
        timeout(Duration::from_millis(500), &mut second)
            .await
            .is_err()
    );
    drop(held);
    let answer = timeout(LONG, second).await.expect("it is its turn");
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_request_may_end_after_the_shutdown_has_begun() {
    let gateway = Gateway::start().await;
    gateway
        .suite
        .calls
        .slow("GetIndexState", Duration::from_millis(700));
    let url = gateway.url(STATE);
    let asking = tokio::spawn(async move { client().get(url).send().await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    gateway.end();
    let answer = asking.await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
    let url = gateway.url(STATE);
    gateway.ended().await;
    assert!(client().get(url).send().await.is_err());
}

#[tokio::test]
async fn a_request_that_takes_longer_than_the_grace_is_broken_off() {
    let change = |config: &mut clair_gateway::Config| config.grace = Duration::from_millis(200);
    let gateway = Gateway::with("{}", change).await;
    gateway.suite.calls.slow("GetIndexState", LONG);
    let url = gateway.url(STATE);
    let asking = tokio::spawn(async move { client().get(url).send().await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    gateway.end();
    timeout(Duration::from_secs(5), gateway.ended())
        .await
        .expect("it ends");
    assert!(asking.await.unwrap().is_err());
}
