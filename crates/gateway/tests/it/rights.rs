//! What those who are let in may do.

use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::json;

use crate::support::documents::{digest, manifest};
use crate::support::suite::Suite;
use crate::support::tokens::{Issuer, after, bearer, preshared, psk, quay};
use crate::support::{Gateway, configuration};

/// A request for each right.
fn requests() -> [(&'static str, Method, String, String); 4] {
    let report = format!("/matcher/api/v1/vulnerability_report/{}", digest(1));
    let index = "/indexer/api/v1/index_report".to_owned();
    let notify = "/notifier/api/v1/notification".to_owned();
    let admin = "/admin/api/v1/status".to_owned();
    [
        ("index", Method::POST, index, manifest(1).to_string()),
        ("report", Method::GET, report, String::new()),
        ("notify", Method::GET, notify, String::new()),
        ("admin", Method::GET, admin, String::new()),
    ]
}

/// Asserts that the bearers of a token may do this and nothing else.
async fn may(gateway: &Gateway, token: impl Fn() -> String, rights: &[&str]) {
    gateway.suite.matcher.know(&digest(1));
    for (right, method, path, body) in requests() {
        let headers = [("authorization", bearer(&token()))];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = gateway.ask(method, &path, &headers, Some(body)).await;
        if rights.contains(&right) {
            assert!(answer.status.is_success(), "{right}: {}", answer.text());
            continue;
        }
        let message = answer.failure(403, "forbidden");
        assert!(message.contains(&format!("{right:?}")), "{message}");
        let challenge = answer.header("www-authenticate").unwrap();
        let expected = format!("error=\"insufficient_scope\", scope=\"{right}\"");
        assert!(challenge.ends_with(&expected), "{challenge}");
    }
}

#[tokio::test]
async fn the_preshared_key_opens_everything() {
    let gateway = Gateway::configured(&psk()).await;
    may(&gateway, quay, &["index", "report", "notify", "admin"]).await;
}

#[tokio::test]
async fn an_issuer_has_the_default_rights() {
    let issuer = Issuer::new();
    let gateway = Gateway::configured(&issuer.configuration()).await;
    let token = || issuer.token(&json!({}));
    may(&gateway, token, &["index", "report", "notify"]).await;
}

#[tokio::test]
async fn a_claim_names_some_of_them() {
    let gateway = Gateway::configured(&psk()).await;
    let token = |scope: &'static str| {
        move || {
            let claims = json!({"iss": "quay", "exp": after(60), "scope": scope});
            preshared(Algorithm::HS256, &claims)
        }
    };
    may(&gateway, token("report"), &["report"]).await;
    may(&gateway, token("index admin"), &["index", "admin"]).await;
    may(&gateway, token(""), &[]).await;
}

#[tokio::test]
async fn a_route_may_ask_for_another_right() {
    let scopes = "gateway: {scopes: {issuers: {quay: [report]}, routes: {\
                  'POST /indexer/api/v1/index_report': report, \
                  'GET /matcher/api/v1/vulnerability_report/{digest}': admin}}}";
    let gateway = Gateway::configured(&format!("{}\n{scopes}", psk())).await;
    gateway.suite.matcher.know(&digest(1));
    let [index, report, ..] = requests();
    for ((_, method, path, body), status) in [(index, 201), (report, 403)] {
        let headers = [("authorization", bearer(&quay()))];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = gateway.ask(method, &path, &headers, Some(body)).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_right_for_what_is_no_route_is_an_error() {
    let suite = Suite::start().await;
    for name in [
        "GET /indexer/api/v1/index_report",
        "GET /x",
        "POST /indexer/api/v1/index_report/x/y",
    ] {
        let yaml = format!("gateway: {{scopes: {{routes: {{'{name}': admin}}}}}}");
        let config = configuration(&yaml, suite.services());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = tokio_util::sync::CancellationToken::new();
        let error = clair_gateway::serve(listener, config, shutdown)
            .await
            .unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}
