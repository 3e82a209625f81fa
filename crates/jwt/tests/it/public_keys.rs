//! Tokens that are signed with keys of their issuers.

use std::fs;

use clair_jwt::{Error, Rejection, Verifier};
use clair_runtime::config::{Auth, Scope};
use jsonwebtoken::Algorithm;
use serde_json::json;
use tempfile::TempDir;

use crate::assert_rejected;
use crate::support::host::{Host, Standing};
use crate::support::keys::{Key, ed25519, p256, p384, private_pems, rsa};
use crate::support::{claims, gateway, verifier};

/// The source of a preshared public key, in YAML.
fn preshared(folder: &TempDir, pem: &str) -> String {
    let path = folder.path().join("key.pem");
    fs::write(&path, pem).unwrap();
    format!(
        "{{type: preshared, issuer: idp, key_id: one, public_key_path: '{}'}}",
        path.display()
    )
}

#[tokio::test]
async fn every_kind_of_key_in_a_set_is_accepted() {
    let kinds = [
        ("r", rsa()),
        ("p2", p256()),
        ("p3", p384()),
        ("ed", ed25519()),
    ];
    let set = kinds.map(|(kid, key)| key.jwk(kid)).to_vec();
    let host = Host::with_set(set).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    for (kid, key) in kinds {
        let token = key.token(kid, &claims("idp", &json!({"sub": "robot"})));
        let caller = verifier.verify(&token).await.unwrap();
        assert_eq!(caller.issuer, "idp");
        assert_eq!(caller.subject.as_deref(), Some("robot"));
        assert_eq!(caller.scopes, [Scope::Index, Scope::Report, Scope::Notify]);
    }
    assert_eq!(host.requests(), 1);
}

#[tokio::test]
async fn a_key_without_an_algorithm_goes_with_all_of_its_family() {
    let host = Host::with_set(vec![rsa().jwk("r")]).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    for algorithm in [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ] {
        let token = rsa().token_by(algorithm, "r", &claims("idp", &json!({})));
        verifier.verify(&token).await.unwrap();
    }
}

#[tokio::test]
async fn every_kind_of_key_in_a_file_is_accepted() {
    let folder = TempDir::new().unwrap();
    let kinds: [&Key; 4] = [rsa(), p256(), p384(), ed25519()];
    for key in kinds {
        let verifier = verifier(&preshared(&folder, &key.pem));
        let token = key.token("one", &claims("idp", &json!({})));
        verifier.verify(&token).await.unwrap();
        let token = key.token("two", &claims("idp", &json!({})));
        assert_rejected!(verifier.verify(&token).await, Rejection::UnknownKey { .. });
    }
}

#[tokio::test]
async fn a_file_without_a_public_key_is_named() {
    let folder = TempDir::new().unwrap();
    for pem in [
        "",
        "no key",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ] {
        let gateway = gateway(&preshared(&folder, pem));
        let error = Verifier::new(&Auth::default(), &gateway, None).unwrap_err();
        assert!(matches!(error, Error::PublicKey { .. }), "{error:?}");
        assert!(error.to_string().contains("key.pem"));
    }
    for pem in private_pems() {
        let gateway = gateway(&preshared(&folder, &pem));
        let error = Verifier::new(&Auth::default(), &gateway, None).unwrap_err();
        assert!(matches!(error, Error::PublicKey { .. }), "{error:?}");
    }
    let gateway =
        gateway("{type: preshared, issuer: a, key_id: b, public_key_path: /nowhere/x.pem}");
    let error = Verifier::new(&Auth::default(), &gateway, None).unwrap_err();
    assert_eq!(error.to_string(), "the key /nowhere/x.pem cannot be read");
}

#[tokio::test]
async fn what_jwtproxy_signs_is_accepted() {
    let host = Host::start().await;
    host.register("quay", rsa().jwk("aKey"), Standing::Approved);
    let verifier = verifier(&host.registry_source());
    // As Quay's own proxy does: RS256, the audience with the port that the URL had.
    let replaced = json!({"aud": "https://clair.example:443"});
    let token = rsa().token("aKey", &claims("quay", &replaced));
    assert_eq!(verifier.verify(&token).await.unwrap().issuer, "quay");
}

#[tokio::test]
async fn audiences_are_one_or_several_and_compared_by_their_origin() {
    let host = Host::with_set(vec![p256().jwk("k")]).await;
    let verifier = verifier(&host.set_source("idp", "1h"));
    for audience in [
        json!("HTTPS://CLAIR.example/"),
        json!(["https://other.example", "https://clair.example/indexer"]),
    ] {
        let token = p256().token("k", &claims("idp", &json!({ "aud": audience })));
        verifier.verify(&token).await.unwrap();
    }
}

#[tokio::test]
async fn several_sources_of_one_issuer_are_all_asked() {
    let folder = TempDir::new().unwrap();
    let host = Host::with_set(vec![p256().jwk("set")]).await;
    host.register("idp", p384().jwk("registered"), Standing::Approved);
    let sources = [
        host.registry_source(),
        host.set_source("idp", "1h"),
        preshared(&folder, &rsa().pem),
    ];
    let verifier = verifier(&sources.join(", "));
    for (kid, key) in [("one", rsa()), ("set", p256()), ("registered", p384())] {
        let token = key.token(kid, &claims("idp", &json!({})));
        verifier.verify(&token).await.unwrap();
    }
}
