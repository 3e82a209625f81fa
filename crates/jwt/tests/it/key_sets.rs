//! Key sets at a URL, and what becomes of them when their host does not do as it should.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use clair_jwt::{FetchError, Rejection, Verifier};
use serde_json::json;
use tokio::time::sleep;

use crate::assert_rejected;
use crate::support::host::{Failure, Host};
use crate::support::keys::{p256, p384, rsa};
use crate::support::{Verified, claims, verifier};

async fn verify(verifier: &Verifier, kid: &str) -> Verified {
    let key = if kid == "new" { p384() } else { p256() };
    verifier
        .verify(&key.token(kid, &claims("idp", &json!({}))))
        .await
}

#[tokio::test]
async fn a_set_is_fetched_once_for_all_who_ask_at_the_same_time() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    assert_eq!(host.requests(), 0, "before anyone asked");
    let all = (0..50).map(|_| verify(&verifier, "k"));
    for result in futures::future::join_all(all).await {
        result.unwrap();
    }
    assert_eq!(host.requests(), 1);
}

#[tokio::test]
async fn unknown_keys_do_not_make_us_ask_again_and_again() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    verify(&verifier, "k").await.unwrap();
    for number in 0..50 {
        let result = verify(&verifier, &format!("unknown-{number}")).await;
        assert_rejected!(result, Rejection::UnknownKey { .. });
    }
    assert_eq!(host.requests(), 1, "within half a minute");
}

#[tokio::test]
async fn a_new_key_is_found_when_it_is_asked_for_and_an_old_one_is_forgotten() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    let verifier = verifier(&host.set_source("idp", "1s"));
    verify(&verifier, "k").await.unwrap();
    host.keys().set = vec![p384().jwk("new")];
    sleep(Duration::from_millis(1100)).await;
    verify(&verifier, "new").await.unwrap();
    assert_rejected!(verify(&verifier, "k").await, Rejection::UnknownKey { .. });
}

#[tokio::test]
async fn a_set_is_fetched_again_while_its_keys_go_on_to_be_used() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    let verifier = verifier(&host.set_source("idp", "1s"));
    verify(&verifier, "k").await.unwrap();
    sleep(Duration::from_millis(1100)).await;
    host.keys().failure = Some(Failure::Silence);
    let started = Instant::now();
    verify(&verifier, "k").await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "nobody waits for it"
    );
    sleep(Duration::from_millis(200)).await;
    assert_eq!(host.requests(), 2);
}

#[tokio::test]
async fn while_the_host_is_away_its_keys_are_used_and_others_are_not_known() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    let verifier = verifier(&host.set_source("idp", "1s"));
    verify(&verifier, "k").await.unwrap();
    host.keys().failure = Some(Failure::Status(StatusCode::SERVICE_UNAVAILABLE));
    sleep(Duration::from_millis(1100)).await;
    verify(&verifier, "k").await.unwrap();
    let rejection = verify(&verifier, "new").await.unwrap_err();
    assert!(rejection.is_unavailable(), "{rejection:?}");
}

#[tokio::test]
async fn a_host_that_is_away_at_first_is_asked_again() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    host.keys().failure = Some(Failure::Status(StatusCode::BAD_GATEWAY));
    let verifier = verifier(&host.set_source("idp", "1s"));
    let rejection = verify(&verifier, "k").await.unwrap_err();
    assert!(rejection.is_unavailable(), "{rejection:?}");
    host.keys().failure = None;
    sleep(Duration::from_millis(1100)).await;
    verify(&verifier, "k").await.unwrap();
}

#[tokio::test]
async fn answers_that_are_no_key_sets_are_refused() {
    for (failure, is_expected) in [
        (
            Failure::Body(b"<html>".to_vec()),
            (|error| matches!(error, FetchError::Json { .. })) as fn(&FetchError) -> bool,
        ),
        (Failure::Body(br#"{"keys": 7}"#.to_vec()), |error| {
            matches!(error, FetchError::Json { .. })
        }),
        (Failure::Body(vec![b' '; 1 << 20]), |error| {
            matches!(error, FetchError::TooLong { .. })
        }),
        (Failure::Status(StatusCode::NOT_FOUND), |error| {
            matches!(error, FetchError::Status { status: 404, .. })
        }),
    ] {
        let host = Host::start().await;
        host.keys().failure = Some(failure);
        let verifier = verifier(&host.set_source("idp", "1h"));
        match verify(&verifier, "k").await {
            Err(Rejection::KeysUnavailable { source, .. }) => {
                assert!(is_expected(&source), "{source:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let evil = Host::with_set(vec![p256().jwk("k")]).await;
    let host = Host::start().await;
    host.keys().failure = Some(Failure::Redirect(format!("{}/jwks", evil.address)));
    let verifier = verifier(&host.set_source("idp", "1h"));
    let result = verify(&verifier, "k").await;
    assert_rejected!(result, Rejection::KeysUnavailable { .. });
    assert_eq!(evil.requests(), 0);
}

#[tokio::test]
async fn a_host_that_never_answers_is_given_five_seconds() {
    let host = Host::start().await;
    host.keys().failure = Some(Failure::Silence);
    let verifier = verifier(&host.set_source("idp", "1h"));
    let started = Instant::now();
    let result = verify(&verifier, "k").await;
    assert_rejected!(result, Rejection::KeysUnavailable { .. });
    assert!(started.elapsed() < Duration::from_secs(9));
    let started = Instant::now();
    assert!(verify(&verifier, "k").await.unwrap_err().is_unavailable());
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "and no more for a while"
    );
}

#[tokio::test]
async fn keys_that_cannot_be_used_do_not_spoil_the_others() {
    let host = Host::with_set(vec![
        json!({"kty": "XYZ", "kid": "a"}),
        json!({"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA", "kid": "b"}),
        json!({"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "c"}),
        json!("no key"),
        json!({"kid": 7}),
        with_certificate(rsa().jwk("r")),
        p256().jwk("k"),
    ])
    .await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    verify(&verifier, "k").await.unwrap();
    let token = rsa().token("r", &claims("idp", &json!({})));
    verifier.verify(&token).await.unwrap();
    assert_rejected!(verify(&verifier, "b").await, Rejection::UnknownKey { .. });
}

fn with_certificate(jwk: serde_json::Value) -> serde_json::Value {
    crate::support::keys::with(jwk, "x5c", json!(["MIIB"]))
}
