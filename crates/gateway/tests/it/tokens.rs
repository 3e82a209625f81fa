//! Who is let in.

use jsonwebtoken::Algorithm;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::tokens::{Issuer, after, bearer, preshared, psk, quay, unsigned};
use crate::support::{Answer, Gateway};

const STATE: &str = "/indexer/api/v1/index_state";

async fn ask(gateway: &Gateway, token: &str) -> Answer {
    gateway
        .get_with(STATE, &[("authorization", &bearer(token))])
        .await
}

/// Asserts that a token is not accepted, and gives why.
async fn refused(gateway: &Gateway, token: &str) -> String {
    let answer = ask(gateway, token).await;
    let challenge = "Bearer realm=\"clair\", error=\"invalid_token\"";
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    let message = answer.failure(401, "unauthorized");
    assert_eq!(gateway.suite.calls.count("GetIndexState"), 0);
    message
}

#[tokio::test]
async fn without_keys_everyone_is_let_in() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.get(STATE).await.status, 200);
    assert_eq!(ask(&gateway, "nonsense").await.status, 200);
}

/// Quay's tokens have neither an audience nor an identifier.
#[tokio::test]
async fn quay_is_let_in_again_and_again() {
    let gateway = Gateway::configured(&psk()).await;
    let token = quay();
    for _ in 0..3 {
        assert_eq!(ask(&gateway, &token).await.status, 200);
    }
    let header = format!("bearer {token}");
    assert_eq!(
        gateway
            .get_with(STATE, &[("authorization", &header)])
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token() {
    let gateway = Gateway::configured(&psk()).await;
    let basic = [("authorization", "Basic cXVheTpzZWNyZXQ=")];
    let none: [(&str, &str); 0] = [];
    let token = bearer(&quay());
    let twice = [
        ("authorization", token.as_str()),
        ("authorization", token.as_str()),
    ];
    for headers in [&none[..], &basic, &twice] {
        // What there is, and what there is not: strangers learn nothing of the API.
        for path in [STATE, "/openapi/v1", "/admin/api/v1/status", "/nothing"] {
            let answer = gateway.get_with(path, headers).await;
            answer.failure(401, "unauthorized");
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer realm=\"clair\"")
            );
        }
    }
    assert_eq!(gateway.get("/robots.txt").await.status, 200);
    gateway.post(STATE, "").await.failure(401, "unauthorized");
}

#[tokio::test]
async fn preshared_tokens_follow_the_rules_of_clair() {
    let gateway = Gateway::configured(&psk()).await;
    let claims = |claims: Value| preshared(Algorithm::HS256, &claims);
    for (token, reason) in [
        (claims(json!({"iss": "quay", "exp": after(-60)})), "expired"),
        (
            claims(json!({"iss": "quay", "nbf": after(60)})),
            "not valid yet",
        ),
        (
            claims(json!({"iss": "quay", "iat": after(60)})),
            "issued in the future",
        ),
        (
            claims(json!({"iss": "harbor", "exp": after(60)})),
            "\"harbor\" is not known",
        ),
        (claims(json!({"exp": after(60)})), "has no iss"),
        (quay() + "x", "signature"),
        ("a.b".to_owned(), "malformed"),
    ] {
        let message = refused(&gateway, &token).await;
        assert!(message.contains(reason), "{message}");
        assert!(
            token.len() < 20 || !message.contains(&token[..20]),
            "{message}"
        );
    }
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = preshared(algorithm, &json!({"iss": "clairctl"}));
        assert_eq!(ask(&gateway, &token).await.status, 200);
    }
    // Clocks differ.
    let late = claims(json!({"iss": "quay", "exp": after(-10), "nbf": after(10)}));
    assert_eq!(ask(&gateway, &late).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_not_signed_is_refused() {
    let issuer = Issuer::new();
    for configuration in [psk(), issuer.configuration()] {
        let gateway = Gateway::configured(&configuration).await;
        for name in ["quay", Issuer::NAME] {
            let claims = json!({"iss": name, "exp": after(60), "aud": "https://clair.example"});
            let message = refused(&gateway, &unsigned(&claims)).await;
            assert!(message.contains("algorithm"), "{message}");
        }
    }
}

#[tokio::test]
async fn an_issuer_with_a_key_of_its_own_is_let_in() {
    let issuer = Issuer::new();
    let gateway = Gateway::configured(&issuer.configuration()).await;
    assert_eq!(ask(&gateway, &issuer.token(&json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let issuer = Issuer::new();
    let gateway = Gateway::configured(&issuer.configuration()).await;
    let claims = json!({
        "iss": Issuer::NAME, "aud": "https://clair.example",
        "iat": after(0), "nbf": after(0), "exp": after(60), "jti": "1",
    });
    refused(&gateway, &issuer.confused(&claims)).await;
    let both = format!("{}\n{}", psk(), issuer.configuration());
    let gateway = Gateway::configured(&both).await;
    refused(&gateway, &issuer.confused(&claims)).await;
    assert_eq!(ask(&gateway, &quay()).await.status, 200);
    assert_eq!(ask(&gateway, &issuer.token(&json!({}))).await.status, 200);
}

#[tokio::test]
async fn the_name_of_a_key_leads_to_known_keys_only() {
    let issuer = Issuer::new();
    let gateway = Gateway::configured(&issuer.configuration()).await;
    for key_id in [
        "other",
        "",
        "../../../../dev/null",
        "/dev/null",
        "ci-1' OR '1'='1",
        "https://attacker.example/key",
        "ci-1\u{0}",
    ] {
        let token = issuer.token_of(key_id, &json!({}));
        refused(&gateway, &token).await;
    }
}

#[tokio::test]
async fn tokens_for_others_and_of_other_times_are_refused() {
    let issuer = Issuer::new();
    let gateway = Gateway::configured(&issuer.configuration()).await;
    for (claims, reason) in [
        (json!({"aud": "https://quay.example"}), "audience"),
        (json!({"aud": null}), "aud"),
        (
            json!({"exp": after(-120), "iat": after(-180), "nbf": after(-180)}),
            "expired",
        ),
        (json!({"nbf": after(120)}), "not valid yet"),
        (json!({"iat": after(120), "exp": after(180)}), "future"),
        (json!({"exp": after(3600)}), "longer"),
        (json!({"iss": "quay"}), "quay"),
        (json!({"jti": null}), "jti"),
    ] {
        let message = refused(&gateway, &issuer.token(&claims)).await;
        assert!(message.contains(reason), "{claims}: {message}");
    }
}

#[tokio::test]
async fn a_token_is_used_once() {
    let issuer = Issuer::new();
    let gateway = Gateway::configured(&issuer.configuration()).await;
    let token = issuer.token(&json!({}));
    assert_eq!(ask(&gateway, &token).await.status, 200);
    let message = ask(&gateway, &token).await.failure(401, "unauthorized");
    assert!(message.contains("used before"), "{message}");
    // One that is refused for another reason is not used up.
    let token = issuer.token(&json!({"nbf": after(61)}));
    refused_again(&gateway, &token).await;
    refused_again(&gateway, &token).await;
}

async fn refused_again(gateway: &Gateway, token: &str) {
    let message = ask(gateway, token).await.failure(401, "unauthorized");
    assert!(message.contains("not valid yet"), "{message}");
}

#[tokio::test]
async fn what_a_token_is_for_is_checked_before_anything_is_read() {
    let gateway = Gateway::configured(&psk()).await;
    let path = "/indexer/api/v1/index_report";
    let answer = gateway.ask(Method::POST, path, &[], Some("{")).await;
    answer.failure(401, "unauthorized");
}
