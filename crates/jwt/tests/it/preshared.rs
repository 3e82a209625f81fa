//! Tokens that are signed with the preshared key: Clair's rules.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clair_jwt::{Rejection, Signer, Verifier};
use clair_runtime::config::{Auth, CLAIRCTL_ISSUER, Gateway, Scope};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use url::Url;

use crate::assert_rejected;
use crate::support::{PSK, Verified, now, psk_auth, verifier_with};

fn key() -> EncodingKey {
    EncodingKey::from_secret(&STANDARD.decode(PSK).unwrap())
}

fn token(algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &key()).unwrap()
}

async fn verify(claims: &Value) -> Verified {
    let verifier = verifier_with(&psk_auth(), "", None);
    verifier.verify(&token(Algorithm::HS256, claims)).await
}

#[tokio::test]
async fn quays_tokens_are_accepted() {
    let caller = verify(&json!({"iss": "quay", "exp": now() + 300}))
        .await
        .unwrap();
    assert_eq!(caller.issuer, "quay");
    assert_eq!(caller.subject, None);
    assert!(caller.may(Scope::Index) && caller.may(Scope::Admin));
}

#[tokio::test]
async fn all_three_algorithms_of_the_family_are_accepted() {
    let verifier = verifier_with(&psk_auth(), "", None);
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let token = token(algorithm, &json!({"iss": "quay", "sub": "me"}));
        let caller = verifier.verify(&token).await.unwrap();
        assert_eq!(caller.subject.as_deref(), Some("me"));
    }
}

#[tokio::test]
async fn a_token_may_be_used_again_and_needs_neither_times_nor_audience() {
    let verifier = verifier_with(&psk_auth(), "", None);
    let token = token(
        Algorithm::HS256,
        &json!({"iss": "clair-intraservice", "aud": "https://elsewhere.example", "jti": "1"}),
    );
    for _ in 0..2 {
        verifier.verify(&token).await.unwrap();
    }
}

#[tokio::test]
async fn issuers_that_are_not_named_are_refused() {
    assert_rejected!(
        verify(&json!({"iss": "harbor"})).await,
        Rejection::UnknownIssuer { .. }
    );
    assert_rejected!(verify(&json!({})).await, Rejection::MissingClaim("iss"));
    assert_rejected!(verify(&json!({"iss": ""})).await, Rejection::Malformed(_));
    assert_rejected!(
        verify(&json!({"iss": ["quay"]})).await,
        Rejection::Malformed(_)
    );
}

#[tokio::test]
async fn clocks_may_differ_by_a_quarter_of_a_minute() {
    let now = now();
    for claims in [
        json!({"iss": "quay", "exp": now - 12}),
        json!({"iss": "quay", "nbf": now + 12, "iat": now + 12}),
        json!({"iss": "quay", "exp": f64::from(u32::try_from(now).unwrap()) + 0.5}),
    ] {
        verify(&claims).await.unwrap();
    }
    let expired = verify(&json!({"iss": "quay", "exp": now - 16})).await;
    assert_rejected!(expired, Rejection::Expired);
    let early = verify(&json!({"iss": "quay", "nbf": now + 20})).await;
    assert_rejected!(early, Rejection::NotYetValid);
    let future = verify(&json!({"iss": "quay", "iat": now + 20})).await;
    assert_rejected!(future, Rejection::IssuedInFuture);
}

#[tokio::test]
async fn a_token_with_another_key_is_refused() {
    let verifier = verifier_with(&psk_auth(), "", None);
    let other = EncodingKey::from_secret(b"another secret, which is long enough");
    let claims = json!({"iss": "quay"});
    let token = jsonwebtoken::encode(&Header::default(), &claims, &other).unwrap();
    assert_rejected!(verifier.verify(&token).await, Rejection::Signature);
}

#[tokio::test]
async fn our_own_tokens_are_what_clair_makes_and_are_accepted() {
    let auth = psk_auth();
    let signer = Signer::new(&auth, None, CLAIRCTL_ISSUER)
        .await
        .unwrap()
        .unwrap();
    let target = Url::parse("http://clair.example:6060/indexer/").unwrap();
    let token = signer.sign(&target).await.unwrap();
    let caller = verifier_with(&auth, "", None).verify(&token).await.unwrap();
    assert_eq!(caller.issuer, "clairctl");

    let decoded = jsonwebtoken::dangerous::insecure_decode::<Value>(&token).unwrap();
    assert_eq!(decoded.header, Header::new(Algorithm::HS256));
    let iat = decoded.claims["iat"].as_i64().unwrap();
    assert_eq!(
        decoded.claims,
        json!({"iss": "clairctl", "iat": iat, "nbf": iat - 60, "exp": iat + 60})
    );
}

#[tokio::test]
async fn without_a_key_nobody_needs_a_token_and_nothing_is_signed() {
    let (auth, gateway) = (Auth::default(), Gateway::default());
    let verifier = Verifier::new(&auth, &gateway, None).unwrap();
    assert!(!verifier.is_required());
    assert!(Signer::new(&auth, None, "x").await.unwrap().is_none());
    assert!(verifier_with(&psk_auth(), "", None).is_required());
    let token = token(Algorithm::HS256, &json!({"iss": "quay"}));
    assert_rejected!(verifier.verify(&token).await, Rejection::Algorithm);
}
