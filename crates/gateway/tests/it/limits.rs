//! Clients that ask too often.

use serde_json::json;

use crate::support::Gateway;
use crate::support::tokens::{after, bearer, preshared, psk};

const STATE: &str = "/indexer/api/v1/index_state";

#[tokio::test]
async fn an_address_that_asks_too_often_has_to_wait() {
    let yaml = "gateway: {rate_limit: {requests_per_second: 1, burst: 3}}";
    let gateway = Gateway::configured(yaml).await;
    for _ in 0..3 {
        assert_eq!(gateway.get(STATE).await.status, 200);
    }
    let answer = gateway.get(STATE).await;
    answer.failure(429, "too-many-requests");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(gateway.suite.calls.count("GetIndexState"), 3);
}

/// Who is refused is counted too, so that nobody can try tokens without end.
#[tokio::test]
async fn those_without_a_token_are_counted() {
    let yaml = "gateway: {rate_limit: {requests_per_second: 1, burst: 2}}";
    let gateway = Gateway::configured(&format!("{}\n{yaml}", psk())).await;
    for _ in 0..2 {
        gateway.get(STATE).await.failure(401, "unauthorized");
    }
    gateway.get(STATE).await.failure(429, "too-many-requests");
}

#[tokio::test]
async fn behind_a_proxy_each_client_counts_for_itself() {
    let yaml = "gateway: {rate_limit: {requests_per_second: 1, burst: 1}, \
                trusted_proxies: [127.0.0.0/8]}";
    let gateway = Gateway::configured(yaml).await;
    for (client, status) in [
        ("192.0.2.1", 200),
        ("192.0.2.2", 200),
        ("192.0.2.1", 429),
        // What the client itself claims does not help.
        ("192.0.2.9, 192.0.2.1", 429),
    ] {
        let answer = gateway
            .get_with(STATE, &[("x-forwarded-for", client)])
            .await;
        assert_eq!(answer.status, status, "{client}");
    }
}

#[tokio::test]
async fn strangers_cannot_pass_for_a_proxy() {
    let yaml = "gateway: {rate_limit: {requests_per_second: 1, burst: 1}}";
    let gateway = Gateway::configured(yaml).await;
    let first = gateway
        .get_with(STATE, &[("x-forwarded-for", "192.0.2.1")])
        .await;
    let second = gateway
        .get_with(STATE, &[("x-forwarded-for", "192.0.2.2")])
        .await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 429));
}

#[tokio::test]
async fn issuers_may_be_counted_instead() {
    let yaml = "gateway: {rate_limit: {requests_per_second: 1, burst: 1, by: issuer}}";
    let gateway = Gateway::configured(&format!("{}\n{yaml}", psk())).await;
    let ask = async |issuer: &str| {
        let claims = json!({"iss": issuer, "exp": after(60)});
        let token = bearer(&preshared(jsonwebtoken::Algorithm::HS256, &claims));
        gateway
            .get_with(STATE, &[("authorization", &token)])
            .await
            .status
            .as_u16()
    };
    assert_eq!(ask("quay").await, 200);
    assert_eq!(ask("quay").await, 429);
    assert_eq!(ask("clairctl").await, 200);
}
