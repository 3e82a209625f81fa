//! Bodies: their size, their encoding.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_body::Frame;
use http_body_util::StreamBody;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Gateway;
use crate::support::documents::{digest, manifest};

const INDEX: &str = "/indexer/api/v1/index_report";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let gateway = Gateway::configured("gateway: {max_body_size: 4KiB}").await;
    let large = format!("{}{}", " ".repeat(4096), manifest(1));
    gateway
        .post(INDEX, &large)
        .await
        .failure(413, "payload-too-large");
    // Also if it does not say how large it is.
    let piece = || Ok::<_, Infallible>(Frame::data(Bytes::from(" ".repeat(3000))));
    let pieces = futures::stream::iter([piece(), piece()]);
    let body = reqwest::Body::wrap(StreamBody::new(pieces));
    let answer = gateway.ask(Method::POST, INDEX, &[], Some(body)).await;
    answer.failure(413, "payload-too-large");
    assert_eq!(gateway.post(INDEX, manifest(1)).await.status, 201);
}

#[tokio::test]
async fn a_body_may_be_compressed_but_not_be_a_bomb() {
    let gateway = Gateway::configured("gateway: {max_body_size: 64KiB}").await;
    let headers = [("content-encoding", "gzip")];
    let body = gzip(manifest(1).to_string().as_bytes());
    let answer = gateway.ask(Method::POST, INDEX, &headers, Some(body)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 70_000, "{}", bomb.len());
    let bomb = gzip(&vec![b' '; 1 << 20]);
    let answer = gateway.ask(Method::POST, INDEX, &headers, Some(bomb)).await;
    answer.failure(413, "payload-too-large");
    let damaged = gateway
        .ask(Method::POST, INDEX, &headers, Some("not gzip"))
        .await;
    damaged.failure(400, "bad-request");
    let cut = gzip(manifest(1).to_string().as_bytes());
    let cut = cut[..cut.len() - 9].to_vec();
    gateway
        .ask(Method::POST, INDEX, &headers, Some(cut))
        .await
        .failure(400, "bad-request");
}

#[tokio::test]
async fn a_body_in_an_encoding_that_nobody_knows_is_refused() {
    let gateway = Gateway::start().await;
    for encoding in ["br", "compress", "gzip, gzip"] {
        let headers = [("content-encoding", encoding)];
        let answer = gateway
            .ask(Method::POST, INDEX, &headers, Some(manifest(1).to_string()))
            .await;
        answer.failure(415, "internal-error");
    }
    let headers = [("content-encoding", "identity")];
    let answer = gateway
        .ask(Method::POST, INDEX, &headers, Some(manifest(1).to_string()))
        .await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_accept_it() {
    let gateway = Gateway::start().await;
    gateway.suite.matcher.know(&digest(1));
    gateway.suite.matcher.pad(100_000);
    let path = format!("/matcher/api/v1/vulnerability_report/{}", digest(1));
    let plain = gateway.get(&path).await;
    assert_eq!(plain.header("content-encoding"), None);
    for (accept, encoding) in [
        ("gzip", Some("gzip")),
        ("zstd, gzip;q=0.5", Some("zstd")),
        ("deflate", Some("deflate")),
        ("identity", None),
        // Clair refuses what it does not know.
        ("br", None),
    ] {
        let answer = gateway
            .get_with(&path, &[("accept-encoding", accept)])
            .await;
        assert_eq!(answer.status, 200, "{accept}");
        assert_eq!(answer.header("content-encoding"), encoding, "{accept}");
        match encoding {
            Some("gzip") => {
                let mut text = Vec::new();
                GzDecoder::new(&answer.body[..])
                    .read_to_end(&mut text)
                    .unwrap();
                assert_eq!(text, plain.body);
            }
            Some(_) => assert!(answer.body.len() < plain.body.len() / 10),
            None => assert_eq!(answer.body, plain.body),
        }
    }
}

#[tokio::test]
async fn what_is_small_or_streamed_is_not_compressed() {
    let gateway = Gateway::start().await;
    let headers = [("accept-encoding", "gzip")];
    let small = gateway
        .get_with("/indexer/api/v1/index_state", &headers)
        .await;
    assert_eq!(small.header("content-encoding"), None);
    let events = gateway
        .ask(Method::POST, "/admin/api/v1/update", &headers, Some("{}"))
        .await;
    assert_eq!(events.header("content-encoding"), None);
    let archive = gateway.get_with("/admin/api/v1/database", &headers).await;
    assert_eq!(archive.header("content-encoding"), None);
}

#[tokio::test]
async fn what_is_nested_too_deeply_is_refused() {
    let gateway = Gateway::start().await;
    let deep = "[".repeat(200_000);
    gateway.post(INDEX, &deep).await.failure(400, "bad-request");
    let unknown: Value =
        json!({"hash": digest(1).to_string(), "more": [[[]]], "layers": manifest(1)["layers"]});
    assert_eq!(gateway.post(INDEX, unknown).await.status, 201);
}
