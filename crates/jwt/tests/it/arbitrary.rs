//! Whatever is sent in place of a token is refused, and nothing panics.

use std::sync::OnceLock;

use clair_jwt::Verifier;
use clair_runtime::config::{Auth, Gateway};
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::support::{PSK, psk_auth};

/// Verifies on a runtime that is made once.
fn is_accepted(token: &str) -> bool {
    static VERIFIER: OnceLock<(Runtime, Verifier)> = OnceLock::new();
    let (runtime, verifier) = VERIFIER.get_or_init(|| {
        let auth: Auth = psk_auth();
        let runtime = Builder::new_current_thread().build().unwrap();
        let verifier = Verifier::new(&auth, &Gateway::default(), None);
        (runtime, verifier.unwrap())
    });
    runtime.block_on(verifier.verify(token)).is_ok()
}

fn good() -> &'static str {
    static TOKEN: OnceLock<String> = OnceLock::new();
    TOKEN.get_or_init(|| {
        let key = EncodingKey::from_base64_secret(PSK).unwrap();
        let claims = json!({"iss": "quay", "sub": "robot"});
        jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
    })
}

proptest! {
    #[test]
    fn no_text_is_a_token(text in "\\PC{0,200}") {
        prop_assert!(!is_accepted(&text));
    }

    #[test]
    fn no_three_parts_in_base64_are_a_token(token in "[A-Za-z0-9_-]{0,60}\\.[A-Za-z0-9_-]{0,90}\\.[A-Za-z0-9_-]{0,43}") {
        prop_assert!(!is_accepted(&token));
    }

    #[test]
    fn a_token_with_another_character_anywhere_is_refused(
        place in any::<prop::sample::Index>(),
        other in "[A-Za-z0-9_.=-]",
    ) {
        prop_assert!(is_accepted(good()));
        let place = place.index(good().len());
        let mut changed = good().to_owned();
        changed.replace_range(place..=place, &other);
        prop_assume!(changed != good());
        prop_assert!(!is_accepted(&changed));
    }

    #[test]
    fn a_token_that_is_cut_or_continued_is_refused(
        place in any::<prop::sample::Index>(),
        more in "[A-Za-z0-9_.-]{1,8}",
    ) {
        let place = place.index(good().len());
        prop_assert!(!is_accepted(&good()[..place]));
        let continued = format!("{}{more}", good());
        prop_assert!(!is_accepted(&continued));
    }
}
