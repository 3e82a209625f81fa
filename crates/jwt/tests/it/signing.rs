//! Tokens that we make with an RSA key of our own, in the way of jwtproxy.

use std::fs;

use clair_jwt::{Error, Signer};
use clair_runtime::config::{self, Auth, NOTIFIER_ISSUER};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::support::keys::{pem, private_pems, rsa};
use crate::support::psk_auth;

fn config(path: &std::path::Path) -> config::Signer {
    serde_saphyr::from_str(&format!(
        "{{issuer: security_scanner, private_key: {{type: preshared, key_id: one, private_key_path: '{}'}}}}",
        path.display()
    ))
    .unwrap()
}

async fn signer(auth: &Auth, pem: &[u8]) -> Result<Option<Signer>, Error> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("security_scanner.pem");
    fs::write(&path, pem).unwrap();
    Signer::new(auth, Some(&config(&path)), NOTIFIER_ISSUER).await
}

#[tokio::test]
async fn tokens_are_what_jwtproxy_makes() {
    let target = Url::parse("https://Quay.example:8443/secscan/notification?x=y").unwrap();
    for pem in private_pems() {
        // The preshared key stands back.
        let signer = signer(&psk_auth(), pem.as_bytes()).await.unwrap().unwrap();
        let token = signer.sign(&target).await.unwrap();

        let key = jsonwebtoken::DecodingKey::from_rsa_pem(rsa().pem.as_bytes()).unwrap();
        let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
        validation.set_audience(&["https://quay.example:8443"]);
        let decoded = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(
            serde_json::to_value(&decoded.header).unwrap(),
            json!({"alg": "RS256", "kid": "one", "typ": "JWT"})
        );
        let claims = decoded.claims;
        let iat = claims["iat"].as_i64().unwrap();
        let jti = claims["jti"].as_str().unwrap();
        assert_eq!(jti.len(), 32);
        assert_eq!(
            claims,
            json!({
                "iss": "security_scanner",
                "aud": "https://quay.example:8443",
                "iat": iat,
                "nbf": iat - 60,
                "exp": iat + 300,
                "jti": jti,
            })
        );
    }
}

#[tokio::test]
async fn no_token_is_like_another() {
    let [pem, _] = private_pems();
    let signer = signer(&Auth::default(), pem.as_bytes())
        .await
        .unwrap()
        .unwrap();
    let target = Url::parse("http://quay.example/").unwrap();
    let one = signer.sign(&target).await.unwrap();
    assert_ne!(one, signer.sign(&target).await.unwrap());
}

#[tokio::test]
async fn files_without_a_private_rsa_key_are_refused_by_name() {
    let small = pem("RSA PRIVATE KEY", &[0x30, 0x00]);
    for content in ["", "no key", &rsa().pem, &small] {
        let error = signer(&Auth::default(), content.as_bytes())
            .await
            .unwrap_err();
        assert!(matches!(error, Error::PrivateKey { .. }), "{error:?}");
        assert!(
            error.to_string().contains("security_scanner.pem"),
            "{error}"
        );
    }
    let missing = config("/nowhere/key.pem".as_ref());
    let error = Signer::new(&Auth::default(), Some(&missing), "x")
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the key /nowhere/key.pem cannot be read");
}
