//! What the database knows about where its advisories come from.

use std::collections::BTreeMap;

use clair_model::Namespace;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where and when the advisories of one source were obtained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The feed that reads the source, such as `alpine`.
    pub feed: String,
    /// Where it was read from.
    pub url: String,
    /// The last time upstream was asked and answered.
    pub fetched: Timestamp,
    /// The date that upstream gives its data.
    pub upstream: Option<Timestamp>,
    /// What the feed needs to ask only for changes next time: its own text, opaque here.
    pub fingerprint: String,
    /// How many entries of the source could not be used, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The version of the parser that read it; a newer parser must read it again.
    pub parser_version: u32,
}

/// One source of the database: its provenance and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Unique name, such as `debian` or `alpine/v3.18/main`.
    pub name: String,
    /// The feed that reads the source, such as `alpine`.
    pub feed: String,
    /// Where it was read from.
    pub url: String,
    /// The last time upstream was asked and answered.
    pub fetched: Timestamp,
    /// The date that upstream gives its data.
    pub upstream: Option<Timestamp>,
    /// What the feed needs to ask only for changes next time: its own text, opaque here.
    pub fingerprint: String,
    /// How many advisories there are.
    pub advisories: u64,
    /// How many statements about a package they make.
    pub statements: u64,
    /// The namespaces they speak of, sorted.
    pub namespaces: Vec<Namespace>,
    /// How many entries of the source could not be used, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// The version of the parser that read it; a newer parser must read it again.
    pub parser_version: u32,
}

impl SourceInfo {
    /// Joins what the feed knows with what the segment holds.
    pub(crate) fn new(
        name: String,
        provenance: Provenance,
        advisories: u64,
        statements: u64,
        namespaces: Vec<Namespace>,
    ) -> Self {
        Self {
            name,
            feed: provenance.feed,
            url: provenance.url,
            fetched: provenance.fetched,
            upstream: provenance.upstream,
            fingerprint: provenance.fingerprint,
            advisories,
            statements,
            namespaces,
            skipped: provenance.skipped,
            parser_version: provenance.parser_version,
        }
    }
}
