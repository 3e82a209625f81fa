//! Keys, tokens, and hosts that have keys.

pub(crate) mod host;
pub(crate) mod keys;

use std::sync::Arc;

use clair_jwt::{Caller, Rejection, UsedTokens, Verifier};
use clair_runtime::config::{Auth, Gateway};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How callers name this API in the tests.
pub(crate) const AUDIENCE: &str = "https://clair.example";

/// 48 bytes, in base64.
pub(crate) const PSK: &str = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCBzZWNyZXQg";

pub(crate) fn psk_auth() -> Auth {
    serde_saphyr::from_str(&format!("psk: {{key: {PSK}, iss: [quay, clairctl]}}")).unwrap()
}

/// A gateway with these sources of keys, in YAML.
pub(crate) fn gateway(keys: &str) -> Gateway {
    let yaml = format!("jwt: {{audience: ['{AUDIENCE}'], keys: [{keys}]}}");
    serde_saphyr::from_str(&yaml).unwrap()
}

pub(crate) fn verifier(keys: &str) -> Verifier {
    verifier_with(&Auth::default(), keys, None)
}

pub(crate) fn verifier_with(
    auth: &Auth,
    keys: &str,
    replay: Option<Arc<dyn UsedTokens>>,
) -> Verifier {
    Verifier::new(auth, &gateway(keys), replay).unwrap()
}

pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}

/// The claims of a token that is accepted, if it is of this issuer, with some of them replaced.
/// `null` leaves one out.
pub(crate) fn claims(issuer: &str, replaced: &Value) -> Value {
    let now = now();
    let mut claims = json!({
        "iss": issuer,
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now - 60,
        "exp": now + 240,
        "jti": unique(),
    });
    let object = claims.as_object_mut().unwrap();
    for (name, value) in replaced.as_object().unwrap() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
    claims
}

pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("token-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Asserts that the token is refused, and for this reason.
#[macro_export]
macro_rules! assert_rejected {
    ($result:expr, $($pattern:tt)+) => {
        match $result {
            Err($($pattern)+) => {}
            other => panic!("expected {}, got {other:?}", stringify!($($pattern)+)),
        }
    };
}

pub(crate) type Verified = Result<Caller, Rejection>;
