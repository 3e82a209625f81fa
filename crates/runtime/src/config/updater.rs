//! The sections of the updater: Clair's `updaters`, and `updater` and `feeds`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::database::optional_connstring;
use super::{Connstring, Location, Period};

/// Clair's choice of feeds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Updaters {
    /// The sets of updaters to run, by Clair's names; all if absent, none if empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sets: Option<Vec<String>>,
    /// Settings of sets and of single updaters.
    pub config: BTreeMap<String, Map<String, Value>>,
}

/// How feeds are asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Updater {
    /// The database; else that of the matcher, else that of the section `database`.
    #[serde(
        deserialize_with = "optional_connstring",
        skip_serializing_if = "Option::is_none"
    )]
    pub connstring: Option<Connstring>,
    /// How often each feed is asked; as often as `matcher.period` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// By how much, at random, each period is longer, so that replicas and feeds spread.
    pub jitter: Period,
    /// Feeds that are asked at the same time.
    pub concurrency: usize,
    /// A directory or URL with a copy of all feeds, one directory each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Location>,
    /// Whether to use no network at all, but only mirrors on disk and imports.
    pub offline: bool,
}

impl Default for Updater {
    fn default() -> Self {
        Self {
            connstring: None,
            period: None,
            jitter: Period::minutes(5),
            concurrency: 2,
            mirror: None,
            offline: false,
        }
    }
}

/// How one feed is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Feed {
    /// Whether it is asked at all.
    pub enabled: bool,
    /// How often; as often as the others if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Where it lies, instead of its vendor's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Location>,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            enabled: true,
            period: None,
            root: None,
        }
    }
}
