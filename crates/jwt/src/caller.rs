//! Who calls, and what they may do.

use clair_runtime::config::{Scope, Scopes};
use serde_json::Value;

use crate::rejection::Rejection;
use crate::token::Claims;

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who vouches for them.
    pub issuer: String,
    /// Who they are, if their token says so.
    pub subject: Option<String>,
    /// What they may do. In order, and each once.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether they may.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// How far an issuer is trusted that the configuration gives no rights of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Whoever has the preshared key can claim to be any issuer, and may do everything.
    Preshared,
    /// The configuration names the issuer and believes what it claims.
    Named,
    /// A key registry vouches for who the issuer is, and for nothing else: what it claims beyond
    /// the default rights it does not get.
    Registered,
}

const ALL: [Scope; 4] = [Scope::Index, Scope::Report, Scope::Notify, Scope::Admin];

/// What the bearer of a verified token may do. A claim chooses among the rights that the issuer
/// may have; it does not add to them.
pub(crate) fn resolve(
    scopes: &Scopes,
    issuer: &str,
    claims: &Claims,
    trust: Trust,
) -> Result<Vec<Scope>, Rejection> {
    let of_issuer = scopes.issuers.get(issuer);
    let claimed = claims.other(&scopes.claim).map(read).transpose()?;
    let mut resolved = match (claimed, of_issuer, trust) {
        (None, Some(own), _) => own.clone(),
        (None, None, Trust::Preshared) => ALL.to_vec(),
        (None, None, Trust::Named | Trust::Registered) => scopes.default.clone(),
        (Some(claimed), Some(own), _) => intersection(claimed, own),
        (Some(claimed), None, Trust::Preshared | Trust::Named) => claimed,
        (Some(claimed), None, Trust::Registered) => intersection(claimed, &scopes.default),
    };
    resolved.sort_unstable();
    resolved.dedup();
    Ok(resolved)
}

fn intersection(claimed: Vec<Scope>, allowed: &[Scope]) -> Vec<Scope> {
    let is_allowed = |scope: &Scope| allowed.contains(scope);
    claimed.into_iter().filter(is_allowed).collect()
}

/// The rights that a claim names, separated by blanks or as a list (RFC 8693, section 4.2).
/// Those that mean nothing here are for others.
fn read(claim: &Value) -> Result<Vec<Scope>, Rejection> {
    const WRONG: Rejection =
        Rejection::Malformed("the claim with scopes is no text and no list of texts");
    match claim {
        Value::String(text) => Ok(text.split_ascii_whitespace().filter_map(scope).collect()),
        Value::Array(list) => list
            .iter()
            .map(|item| item.as_str().ok_or(WRONG))
            .filter_map(|text| text.map(scope).transpose())
            .collect(),
        _ => Err(WRONG),
    }
}

fn scope(text: &str) -> Option<Scope> {
    match text {
        "index" => Some(Scope::Index),
        "report" => Some(Scope::Report),
        "notify" => Some(Scope::Notify),
        "admin" => Some(Scope::Admin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    use Scope::{Admin, Index, Notify, Report};

    fn scopes() -> Scopes {
        Scopes {
            issuers: BTreeMap::from([
                ("ci".to_owned(), vec![Report, Index]),
                ("nobody".to_owned(), vec![]),
            ]),
            ..Scopes::default()
        }
    }

    fn resolved(issuer: &str, claims: Value, trust: Trust) -> Vec<Scope> {
        let claims = serde_json::from_value(claims).unwrap();
        resolve(&scopes(), issuer, &claims, trust).unwrap()
    }

    #[test]
    fn without_a_claim_rights_are_those_of_the_issuer_or_the_default_ones() {
        let none = || json!({});
        assert_eq!(resolved("ci", none(), Trust::Named), [Index, Report]);
        assert_eq!(resolved("nobody", none(), Trust::Preshared), []);
        assert_eq!(resolved("x", none(), Trust::Named), [Index, Report, Notify]);
        let registered = resolved("x", none(), Trust::Registered);
        assert_eq!(registered, [Index, Report, Notify]);
    }

    #[test]
    fn the_holder_of_the_preshared_key_may_do_everything_that_is_not_said_otherwise() {
        assert_eq!(resolved("quay", json!({}), Trust::Preshared), ALL);
        let claim = json!({"scope": "report"});
        assert_eq!(resolved("quay", claim, Trust::Preshared), [Report]);
        assert_eq!(resolved("ci", json!({}), Trust::Preshared), [Index, Report]);
    }

    #[test]
    fn a_claim_is_a_list_or_a_text_with_blanks() {
        for claim in [
            json!({"scope": "report index"}),
            json!({"scope": "openid report  index report"}),
            json!({"scope": ["report", "openid", "index"]}),
        ] {
            assert_eq!(resolved("idp", claim, Trust::Named), [Index, Report]);
        }
    }

    #[test]
    fn a_claim_that_names_nothing_of_ours_gives_no_rights() {
        for claim in [
            json!({"scope": ""}),
            json!({"scope": "openid"}),
            json!({"scope": []}),
        ] {
            assert_eq!(resolved("idp", claim, Trust::Named), []);
        }
    }

    #[test]
    fn a_claim_adds_nothing_to_what_the_issuer_may() {
        let claim = || json!({"scope": "admin report"});
        assert_eq!(resolved("ci", claim(), Trust::Named), [Report]);
        assert_eq!(resolved("ci", claim(), Trust::Preshared), [Report]);
        assert_eq!(resolved("x", claim(), Trust::Registered), [Report]);
        assert_eq!(resolved("x", claim(), Trust::Named), [Report, Admin]);
    }

    #[test]
    fn the_claim_is_the_one_that_the_configuration_names() {
        let scopes = Scopes {
            claim: "clair_rights".to_owned(),
            ..Scopes::default()
        };
        let claims = json!({"scope": "admin", "clair_rights": "index"});
        let claims = serde_json::from_value(claims).unwrap();
        let resolved = resolve(&scopes, "idp", &claims, Trust::Named).unwrap();
        assert_eq!(resolved, [Index]);
    }

    #[test]
    fn a_claim_of_another_form_is_refused() {
        for claim in [
            json!({"scope": 7}),
            json!({"scope": {}}),
            json!({"scope": ["index", 7]}),
        ] {
            let claims = serde_json::from_value(claim).unwrap();
            let result = resolve(&scopes(), "idp", &claims, Trust::Named);
            assert!(matches!(result, Err(Rejection::Malformed(_))));
        }
    }
}
