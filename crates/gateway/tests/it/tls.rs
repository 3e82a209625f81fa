//! The API with TLS.

use std::time::Duration;

use clair_runtime::config::ServerTls;
use clair_runtime::tls::{CertificateWatch, server_config};
use reqwest::{Certificate, Client, ClientBuilder, Version};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::Gateway;

const STATE: &str = "/indexer/api/v1/index_state";

/// A gateway with a certificate for this machine.
async fn start(yaml: &str) -> (Gateway, Certificate) {
    let directory = TempDir::new().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (cert, key) = (
        directory.path().join("tls.crt"),
        directory.path().join("tls.key"),
    );
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = ServerTls { cert, key };
    let tls = server_config(&tls, &[], &CertificateWatch::default()).unwrap();
    let gateway = Gateway::with(yaml, |config| config.tls = Some(tls)).await;
    (
        gateway,
        Certificate::from_pem(made.cert.pem().as_bytes()).unwrap(),
    )
}

fn trusting(certificate: Certificate) -> ClientBuilder {
    Client::builder().no_proxy().tls_certs_only([certificate])
}

#[tokio::test]
async fn clients_choose_the_version_of_http() {
    let (gateway, certificate) = start("{}").await;
    let newer = trusting(certificate.clone()).build().unwrap();
    let answer = newer.get(gateway.url(STATE)).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, Version::HTTP_2)
    );
    let older = trusting(certificate).http1_only().build().unwrap();
    let answer = older.get(gateway.url(STATE)).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.version()),
        (200, Version::HTTP_11)
    );
}

#[tokio::test]
async fn nothing_is_said_without_tls() {
    let (gateway, _) = start("{}").await;
    let plain = Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}{STATE}", gateway.address);
    assert!(plain.get(url).send().await.is_err());
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    let (gateway, _) = start("gateway: {header_timeout: 300ms}").await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let mut nothing = Vec::new();
    let ended = timeout(Duration::from_secs(5), stream.read_to_end(&mut nothing)).await;
    ended.expect("it ends").unwrap();
    assert!(nothing.is_empty());
}
