//! Key registries, and what becomes of their keys when they do not do as they should.

use std::time::Duration;

use axum::http::StatusCode;
use clair_jwt::{BoxError, Rejection, UsedTokens, Verifier};
use clair_runtime::config::Auth;
use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::time::sleep;

use crate::assert_rejected;
use crate::support::host::{Failure, Host, Standing};
use crate::support::keys::{p256, rsa};
use crate::support::{Verified, claims, now, verifier, verifier_with};

async fn verify(verifier: &Verifier, issuer: &str, kid: &str) -> Verified {
    verifier
        .verify(&p256().token(kid, &claims(issuer, &json!({}))))
        .await
}

#[tokio::test]
async fn a_key_is_asked_for_once_by_its_name() {
    let host = Host::start().await;
    host.register("quay", p256().jwk("k"), Standing::Approved);
    let verifier = verifier(&host.registry_source());
    let all = (0..20).map(|_| verify(&verifier, "quay", "k"));
    for result in futures::future::join_all(all).await {
        result.unwrap();
    }
    let keys = host.keys();
    assert_eq!(keys.requests, ["GET quay k"]);
    assert_eq!(keys.user_agents, ["KeyRegistryClient/0.1.0"]);
}

#[tokio::test]
async fn keys_that_are_not_there_not_approved_or_expired_are_unknown() {
    let host = Host::start().await;
    host.register("quay", p256().jwk("waiting"), Standing::Waiting);
    host.register("quay", p256().jwk("expired"), Standing::Expired);
    let verifier = verifier(&host.registry_source());
    for kid in ["missing", "waiting", "expired"] {
        for _ in 0..3 {
            let result = verify(&verifier, "quay", kid).await;
            assert_rejected!(result, Rejection::UnknownKey { .. });
        }
    }
    assert_eq!(host.requests(), 3, "each is asked for once in five seconds");
}

#[tokio::test]
async fn while_the_registry_is_away_known_keys_are_used_and_others_cannot_be_had() {
    let host = Host::start().await;
    host.register("quay", p256().jwk("k"), Standing::Approved);
    host.keys().max_age = Some(0);
    let verifier = verifier(&host.registry_source());
    verify(&verifier, "quay", "k").await.unwrap();
    host.keys().failure = Some(Failure::Status(StatusCode::SERVICE_UNAVAILABLE));
    verify(&verifier, "quay", "k").await.unwrap();
    for kid in ["other", "third"] {
        let rejection = verify(&verifier, "quay", kid).await.unwrap_err();
        assert!(rejection.is_unavailable(), "{rejection:?}");
    }
    assert_eq!(host.requests(), 2, "it is left alone for a while");
}

#[tokio::test]
async fn a_registry_that_comes_back_is_asked_again() {
    let host = Host::start().await;
    host.register("quay", p256().jwk("k"), Standing::Approved);
    host.keys().failure = Some(Failure::Body(b"<html>".to_vec()));
    let verifier = verifier(&host.registry_source());
    assert!(
        verify(&verifier, "quay", "k")
            .await
            .unwrap_err()
            .is_unavailable()
    );
    host.keys().failure = None;
    sleep(Duration::from_millis(5200)).await;
    verify(&verifier, "quay", "k").await.unwrap();
}

#[tokio::test]
async fn nobody_makes_us_ask_for_thousands_of_keys() {
    let host = Host::start().await;
    let verifier = verifier(&host.registry_source());
    let all = (0..500).map(|number| {
        let verifier = verifier.clone();
        async move { verify(&verifier, "quay", &format!("key-{number}")).await }
    });
    let results = futures::future::join_all(all).await;
    assert!(results.iter().all(Result::is_err));
    assert!(host.requests() < 100, "{} requests", host.requests());
}

#[tokio::test]
async fn rights_that_an_issuer_gives_itself_are_not_believed() {
    let host = Host::start().await;
    host.register("quay", rsa().jwk("k"), Standing::Approved);
    let verifier = verifier(&host.registry_source());
    let token = rsa().token("k", &claims("quay", &json!({"scope": "report admin"})));
    let caller = verifier.verify(&token).await.unwrap();
    assert_eq!(caller.scopes, [clair_runtime::config::Scope::Report]);
}

/// Tokens that are remembered elsewhere.
#[derive(Debug, Default)]
struct Elsewhere {
    asked: Mutex<Vec<(String, String, Timestamp)>>,
    answer: Option<bool>,
}

impl UsedTokens for Elsewhere {
    fn use_once<'a>(
        &'a self,
        issuer: &'a str,
        jti: &'a str,
        expires: Timestamp,
    ) -> BoxFuture<'a, Result<bool, BoxError>> {
        let asked = (issuer.to_owned(), jti.to_owned(), expires);
        self.asked.lock().unwrap().push(asked);
        let answer = self.answer.ok_or_else(|| "no database".into());
        async move { answer }.boxed()
    }
}

#[tokio::test]
async fn used_tokens_are_remembered_by_all_replicas_until_they_have_expired() {
    let host = Host::start().await;
    host.register("quay", p256().jwk("k"), Standing::Approved);
    for (answer, expected) in [(Some(true), true), (Some(false), false), (None, false)] {
        let elsewhere = Arc::new(Elsewhere {
            answer,
            ..Elsewhere::default()
        });
        let used: Arc<dyn UsedTokens> = Arc::clone(&elsewhere) as _;
        let verifier = verifier_with(&Auth::default(), &host.registry_source(), Some(used));
        let exp = now() + 100;
        let token = p256().token("k", &claims("quay", &json!({"jti": "abc", "exp": exp})));
        let result = verifier.verify(&token).await;
        assert_eq!(result.is_ok(), expected);
        match answer {
            Some(false) => assert_rejected!(result, Rejection::Replayed),
            None => assert!(result.unwrap_err().is_unavailable()),
            Some(true) => {}
        }
        let until = Timestamp::from_second(exp + 60).unwrap();
        let asked = elsewhere.asked.lock().unwrap();
        assert_eq!(*asked, [("quay".to_owned(), "abc".to_owned(), until)]);
    }
}
