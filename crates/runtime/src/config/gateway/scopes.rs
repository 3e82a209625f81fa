//! What callers may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A right. Each route of the API asks for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To have images indexed, and to remove them.
    Index,
    /// To read reports.
    Report,
    /// To read and delete notifications.
    Notify,
    /// To see and change how the suite works.
    Admin,
}

/// Who has which rights: those of its issuer, else the default ones, and of these only those that
/// the token's claim names, if it has the claim. A claim may name more than the default ones where
/// the issuer's keys are configured one by one, but not where a key registry knows them: there,
/// whoever has a key approved could make itself anything. A token signed with the preshared key,
/// whose holder can claim to be any issuer, has all rights unless its claim or `issuers` say
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Scopes {
    /// The claim that names rights, separated by blanks or as a list (RFC 8693, section 4.2).
    pub claim: String,
    /// The rights of issuers that are not named.
    pub default: Vec<Scope>,
    /// The rights of issuers.
    pub issuers: BTreeMap<String, Vec<Scope>>,
    /// Routes that ask for another right than usual: `DELETE /indexer/api/v1/index_report`.
    pub routes: BTreeMap<String, Scope>,
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            claim: "scope".to_owned(),
            default: vec![Scope::Index, Scope::Report, Scope::Notify],
            issuers: BTreeMap::new(),
            routes: BTreeMap::new(),
        }
    }
}
