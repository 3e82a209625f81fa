//! What the database knows about where its records come from.

use std::collections::BTreeMap;

use clair_model::{Namespace, SourceKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where and when the records of one source were obtained.
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

/// How much a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    Advisories { advisories: u64, statements: u64 },
    Enrichments(u64),
}

/// One source of the database: its provenance and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Unique name, such as `debian` or `alpine/v3.18/main`.
    pub name: String,
    /// The feed that reads the source, such as `alpine`.
    pub feed: String,
    /// What its records are.
    #[serde(default)]
    pub kind: SourceKind,
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
    /// How many enrichments there are.
    #[serde(default)]
    pub enrichments: u64,
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
        contents: Contents,
        namespaces: Vec<Namespace>,
    ) -> Self {
        let (kind, advisories, statements, enrichments) = match contents {
            Contents::Advisories {
                advisories,
                statements,
            } => (SourceKind::Vulnerability, advisories, statements, 0),
            Contents::Enrichments(count) => (SourceKind::Enrichment, 0, 0, count),
        };
        Self {
            name,
            feed: provenance.feed,
            kind,
            url: provenance.url,
            fetched: provenance.fetched,
            upstream: provenance.upstream,
            fingerprint: provenance.fingerprint,
            advisories,
            statements,
            enrichments,
            namespaces,
            skipped: provenance.skipped,
            parser_version: provenance.parser_version,
        }
    }

    /// How much it holds.
    pub(crate) fn contents(&self) -> Contents {
        match self.kind {
            SourceKind::Vulnerability => Contents::Advisories {
                advisories: self.advisories,
                statements: self.statements,
            },
            SourceKind::Enrichment => Contents::Enrichments(self.enrichments),
        }
    }
}
