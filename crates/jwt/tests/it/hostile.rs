//! Tokens of people who should not have any.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use clair_jwt::{Rejection, Verifier};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::assert_rejected;
use crate::support::host::{Host, Standing};
use crate::support::keys::{header, message, other_rsa, p256, rsa, with};
use crate::support::{Verified, claims, now, psk_auth, verifier, verifier_with};

/// A verifier that knows an RSA key `r` of the issuer `idp`.
async fn setting() -> (Host, Verifier) {
    let host = Host::with_set(vec![with(rsa().jwk("r"), "alg", json!("RS256"))]).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    (host, verifier)
}

/// What the verifier says of a well signed token with some claims replaced.
async fn with_claims(replaced: Value) -> Verified {
    let (_host, verifier) = setting().await;
    verifier
        .verify(&rsa().token("r", &claims("idp", &replaced)))
        .await
}

async fn with_header(header: Value) -> Verified {
    let (_host, verifier) = setting().await;
    let token = rsa().token_with(&header, &claims("idp", &json!({})));
    verifier.verify(&token).await
}

#[tokio::test]
async fn unsigned_tokens_are_refused_however_none_is_spelled() {
    let (_host, verifier) = setting().await;
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let message = message(&header(none, "r"), &claims("idp", &json!({})));
        for signature in ["", "AAAA"] {
            let result = verifier.verify(&format!("{message}.{signature}")).await;
            assert_rejected!(result, Rejection::Algorithm);
        }
    }
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    let host = Host::with_set(vec![rsa().jwk("r")]).await;
    let source = host.set_source("quay", "1h");
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("r".to_owned());
    let secret = EncodingKey::from_secret(rsa().pem.as_bytes());
    let token = jsonwebtoken::encode(&header, &claims("quay", &json!({})), &secret).unwrap();
    let without_psk = verifier(&source).verify(&token).await;
    assert_rejected!(without_psk, Rejection::Algorithm);
    let with_psk = verifier_with(&psk_auth(), &source, None)
        .verify(&token)
        .await;
    assert_rejected!(with_psk, Rejection::Signature);
}

#[tokio::test]
async fn a_shared_secret_in_a_key_set_is_no_key() {
    let secret = b"a secret that everyone can read at a URL";
    let octets =
        json!({"kty": "oct", "kid": "s", "k": URL_SAFE_NO_PAD.encode(secret), "alg": "HS256"});
    let host = Host::with_set(vec![octets]).await;
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("s".to_owned());
    let key = EncodingKey::from_secret(secret);
    let token = jsonwebtoken::encode(&header, &claims("idp", &json!({})), &key).unwrap();
    let result = verifier(&host.set_source("idp", "1h")).verify(&token).await;
    assert_rejected!(result, Rejection::Algorithm);
}

#[tokio::test]
async fn a_key_is_used_with_its_own_algorithm_only() {
    let (_host, verifier) = setting().await;
    for algorithm in [Algorithm::RS384, Algorithm::PS256] {
        let token = rsa().token_by(algorithm, "r", &claims("idp", &json!({})));
        assert_rejected!(verifier.verify(&token).await, Rejection::Algorithm);
    }
    let token = p256().token("r", &claims("idp", &json!({})));
    assert_rejected!(verifier.verify(&token).await, Rejection::Algorithm);
}

#[tokio::test]
async fn with_a_preshared_key_alone_public_keys_are_not_accepted() {
    let verifier = verifier_with(&psk_auth(), "", None);
    let token = rsa().token("r", &claims("quay", &json!({})));
    assert_rejected!(verifier.verify(&token).await, Rejection::Algorithm);
}

#[tokio::test]
async fn a_changed_token_is_refused() {
    let (_host, verifier) = setting().await;
    let token = rsa().token("r", &claims("idp", &json!({})));
    let (_, signature) = token.rsplit_once('.').unwrap();
    let forged = message(
        &header("RS256", "r"),
        &claims("idp", &json!({"scope": "admin"})),
    );
    let result = verifier.verify(&format!("{forged}.{signature}")).await;
    assert_rejected!(result, Rejection::Signature);
}

#[tokio::test]
async fn a_signature_that_is_none_is_refused() {
    let (_host, verifier) = setting().await;
    let message = message(&header("RS256", "r"), &claims("idp", &json!({})));
    let zeros = URL_SAFE_NO_PAD.encode([0; 256]);
    for signature in ["", "AAAA", "not base64!", &zeros] {
        let result = verifier.verify(&format!("{message}.{signature}")).await;
        assert_rejected!(result, Rejection::Signature);
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_along_or_points_to_are_ignored() {
    let (host, verifier) = setting().await;
    let evil = Host::with_set(vec![other_rsa().jwk("r")]).await;
    let key_set = format!("{}/jwks", evil.address);
    for (name, value) in [
        ("jwk", other_rsa().jwk("r")),
        ("jku", json!(key_set)),
        ("x5u", json!(key_set)),
        ("x5c", json!([STANDARD.encode(b"certificate")])),
    ] {
        let header = with(header("RS256", "r"), name, value);
        let token = other_rsa().token_with(&header, &claims("idp", &json!({})));
        assert_rejected!(verifier.verify(&token).await, Rejection::Signature);
        // Beside a right signature they do no harm.
        let token = rsa().token_with(&header, &claims("idp", &json!({})));
        verifier.verify(&token).await.unwrap();
    }
    assert_eq!(evil.requests(), 0);
    assert_eq!(host.requests(), 1);
}

#[tokio::test]
async fn critical_extensions_are_refused() {
    for crit in [json!(["exp"]), json!([]), json!("b64")] {
        let header = with(header("RS256", "r"), "crit", crit);
        assert_rejected!(with_header(header).await, Rejection::Malformed(_));
    }
}

#[tokio::test]
async fn a_token_without_the_identifier_of_a_key_is_refused() {
    let without = with_header(json!({"alg": "RS256"})).await;
    assert_rejected!(without, Rejection::MissingClaim("kid"));
    for kid in [json!(""), json!(7), json!(["r"]), json!("r".repeat(300))] {
        let header = json!({"alg": "RS256", "kid": kid});
        assert_rejected!(with_header(header).await, Rejection::Malformed(_));
    }
}

#[tokio::test]
async fn the_identifier_of_a_key_is_never_a_path() {
    let host = Host::start().await;
    host.register("idp", rsa().jwk("r"), Standing::Approved);
    host.register("evil", other_rsa().jwk("e"), Standing::Approved);
    let verifier = verifier(&host.registry_source());
    for kid in [
        "..",
        ".",
        "../../evil/keys/e",
        "../keys/r",
        "r?x=y",
        "r#",
        "%2e%2e",
        ".\t.",
        "r/",
    ] {
        let token = other_rsa().token(kid, &claims("idp", &json!({})));
        assert_rejected!(verifier.verify(&token).await, Rejection::UnknownKey { .. });
    }
    for request in &host.keys().requests {
        assert!(request.starts_with("GET idp "), "{request}");
    }
}

#[tokio::test]
async fn the_key_of_one_issuer_is_none_of_another() {
    let one = Host::with_set(vec![rsa().jwk("r")]).await;
    let other = Host::with_set(vec![other_rsa().jwk("o")]).await;
    let sources = [one.set_source("one", "1h"), other.set_source("other", "1h")];
    let verifier = verifier(&sources.join(", "));
    let token = other_rsa().token("o", &claims("one", &json!({})));
    assert_rejected!(verifier.verify(&token).await, Rejection::UnknownKey { .. });
    let token = rsa().token("r", &claims("third", &json!({})));
    assert_rejected!(
        verifier.verify(&token).await,
        Rejection::UnknownIssuer { .. }
    );
}

#[tokio::test]
async fn a_token_for_somebody_else_is_refused() {
    for audience in [
        json!("https://quay.example"),
        json!("http://clair.example"),
        json!("https://clair.example:6060"),
        json!("https://clair.example.evil.example"),
        json!("https://clair.example@evil.example"),
        json!(["https://quay.example", "clair.example"]),
    ] {
        let result = with_claims(json!({ "aud": audience })).await;
        assert_rejected!(result, Rejection::Audience);
    }
    for audience in [Value::Null, json!([])] {
        let result = with_claims(json!({ "aud": audience })).await;
        assert_rejected!(result, Rejection::MissingClaim("aud"));
    }
    for audience in [json!(7), json!({"x": "y"}), json!([7])] {
        let result = with_claims(json!({ "aud": audience })).await;
        assert_rejected!(result, Rejection::Malformed(_));
    }
}

#[tokio::test]
async fn every_time_has_to_be_there() {
    for name in ["exp", "nbf", "iat"] {
        let result = with_claims(json!({ name: null })).await;
        let rejection = result.unwrap_err();
        assert_eq!(rejection.to_string(), format!("the token has no {name}"));
    }
}

#[tokio::test]
async fn times_that_do_not_hold_are_refused() {
    let now = now();
    let expired = with_claims(json!({"iat": now - 240, "exp": now - 65})).await;
    assert_rejected!(expired, Rejection::Expired);
    let backwards = with_claims(json!({"iat": now, "exp": now - 5})).await;
    assert_rejected!(backwards, Rejection::Expired);
    let early = with_claims(json!({"nbf": now + 90})).await;
    assert_rejected!(early, Rejection::NotYetValid);
    let future = with_claims(json!({"iat": now + 90, "exp": now + 120})).await;
    assert_rejected!(future, Rejection::IssuedInFuture);
    let eternal = with_claims(json!({"exp": now + 3600})).await;
    assert_rejected!(eternal, Rejection::TooLong { max: 300, .. });
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute() {
    let now = now();
    for replaced in [
        json!({"iat": now - 240, "exp": now - 50}),
        json!({"iat": now + 50, "nbf": now + 50}),
        json!({"exp": f64::from(u32::try_from(now).unwrap()) + 100.25}),
    ] {
        with_claims(replaced).await.unwrap();
    }
}

#[tokio::test]
async fn times_that_are_none_are_refused() {
    for time in [
        json!("1700000000"),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!([1]),
        json!(true),
    ] {
        let result = with_claims(json!({ "exp": time })).await;
        assert_rejected!(result, Rejection::Malformed(_));
    }
}

#[tokio::test]
async fn a_token_is_used_once() {
    let (_host, verifier) = setting().await;
    let token = rsa().token("r", &claims("idp", &json!({})));
    verifier.verify(&token).await.unwrap();
    assert_rejected!(verifier.verify(&token).await, Rejection::Replayed);
    // Copies of a verifier share what they remember.
    assert_rejected!(verifier.clone().verify(&token).await, Rejection::Replayed);
    let without = with_claims(json!({"jti": null})).await;
    assert_rejected!(without, Rejection::MissingClaim("jti"));
    let empty = with_claims(json!({"jti": ""})).await;
    assert_rejected!(empty, Rejection::Malformed(_));
}

#[tokio::test]
async fn nobody_uses_up_identifiers_of_tokens_that_they_cannot_sign() {
    let (_host, verifier) = setting().await;
    let said = claims("idp", &json!({}));
    let forged = other_rsa().token("r", &said);
    assert_rejected!(verifier.verify(&forged).await, Rejection::Signature);
    verifier.verify(&rsa().token("r", &said)).await.unwrap();
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let (_host, verifier) = setting().await;
    let good = rsa().token("r", &claims("idp", &json!({})));
    let parts: Vec<&str> = good.split('.').collect();
    let padded = URL_SAFE.encode(r#"{"alg":"RS256","kid":"rr"}"#);
    assert!(padded.ends_with('='));
    let deep = URL_SAFE_NO_PAD.encode("[".repeat(4000));
    for token in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{good}.x"),
        format!("{}.{}", parts[0], parts[1]),
        format!(" {good}"),
        format!("{padded}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], deep, parts[2]),
        format!("{}.{}.{}", parts[0], "€", parts[2]),
        format!("{}.{}.{}", URL_SAFE_NO_PAD.encode("[]"), parts[1], parts[2]),
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("7"), parts[2]),
        "A".repeat(20_000),
    ] {
        assert_rejected!(verifier.verify(&token).await, Rejection::Malformed(_));
    }
}

#[tokio::test]
async fn a_token_that_is_too_long_is_refused() {
    let result = with_claims(json!({"blob": "x".repeat(9000)})).await;
    assert_rejected!(result, Rejection::Malformed(_));
}

#[tokio::test]
async fn claims_that_are_said_twice_are_refused() {
    let (_host, verifier) = setting().await;
    let claims = claims("idp", &json!({})).to_string();
    let twice = claims.replacen('{', r#"{"iss":"evil","#, 1);
    let header = URL_SAFE_NO_PAD.encode(header("RS256", "r").to_string());
    let token = format!("{header}.{}.AAAA", URL_SAFE_NO_PAD.encode(twice));
    assert_rejected!(verifier.verify(&token).await, Rejection::Malformed(_));
}

#[tokio::test]
async fn keys_for_other_purposes_are_no_keys() {
    for jwk in [
        with(rsa().jwk("r"), "use", json!("enc")),
        with(rsa().jwk("r"), "key_ops", json!(["encrypt"])),
        with(rsa().jwk("r"), "alg", json!("RSA-OAEP")),
        with(rsa().jwk("r"), "alg", json!("ES256")),
        with(rsa().jwk("r"), "n", json!("!")),
    ] {
        let host = Host::with_set(vec![jwk]).await;
        let verifier = verifier(&host.set_source("idp", "1h"));
        let token = rsa().token("r", &claims("idp", &json!({})));
        assert_rejected!(verifier.verify(&token).await, Rejection::UnknownKey { .. });
    }
}

#[tokio::test]
async fn a_key_that_is_too_small_is_not_believed() {
    // Numbers of 512 bits have been factored since 1999.
    let small =
        json!({"kty": "RSA", "kid": "r", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([0xc5; 64])});
    let host = Host::with_set(vec![small]).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    let token = rsa().token("r", &claims("idp", &json!({})));
    assert_rejected!(verifier.verify(&token).await, Rejection::Signature);
}

#[tokio::test]
async fn rejections_do_not_repeat_the_token() {
    let (_host, verifier) = setting().await;
    let token = rsa().token("r", &claims("idp", &json!({"exp": 1})));
    let signature = token.rsplit_once('.').unwrap().1;
    let rejection = verifier.verify(&token).await.unwrap_err();
    assert!(!format!("{rejection:?} {rejection}").contains(&signature[..20]));
}
