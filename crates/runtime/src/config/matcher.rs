//! The matcher's section.

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::database::optional_connstring;
use super::{Connstring, Period, RemoteUrl};

/// How packages are matched with vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Matcher {
    /// The database; else that of the section `database`.
    #[serde(
        deserialize_with = "optional_connstring",
        skip_serializing_if = "Option::is_none"
    )]
    pub connstring: Option<Connstring>,
    /// Whether to bring the schema up to date at the start.
    pub migrations: bool,
    /// Where the indexer is, unless `internal.indexer.addr` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexer_addr: Option<RemoteUrl>,
    /// How often feeds are asked, unless `updater` or `feeds` say otherwise.
    pub period: Period,
    /// Update operations that are kept for each source.
    pub update_retention: Retention,
    /// How long clients may keep a report; as long as `period` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_age: Option<Period>,
    /// Whether to ask no feeds at all.
    pub disable_updaters: bool,
    /// Whether to leave enrichments out of reports.
    pub disable_enrichment: bool,
    /// Where the matcher keeps its local copy of the advisories.
    pub data_dir: PathBuf,
    /// How often to look for updates whose event got lost.
    pub poll_interval: Period,
}

impl Matcher {
    /// How long clients may keep a report.
    pub fn cache_age(&self) -> Period {
        self.cache_age.unwrap_or(self.period)
    }
}

impl Default for Matcher {
    fn default() -> Self {
        Self {
            connstring: None,
            migrations: false,
            indexer_addr: None,
            period: Period::hours(6),
            update_retention: Retention::default(),
            cache_age: None,
            disable_updaters: false,
            disable_enrichment: false,
            data_dir: PathBuf::from("/var/lib/clair"),
            poll_interval: Period::minutes(1),
        }
    }
}

/// How many update operations of a source are kept: written as their number, and negative for all.
/// 0 and 1 stand for the default, as in Clair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// The newest so many.
    Newest(NonZeroU32),
    /// All.
    Everything,
}

impl Default for Retention {
    fn default() -> Self {
        const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();
        Self::Newest(TEN)
    }
}

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let count = i32::deserialize(deserializer)?;
        Ok(match u32::try_from(count) {
            Err(_) => Self::Everything,
            Ok(0 | 1) => Self::default(),
            Ok(count) => NonZeroU32::new(count).map_or_else(Self::default, Self::Newest),
        })
    }
}

impl Serialize for Retention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Newest(count) => serializer.serialize_u32(count.get()),
            Self::Everything => serializer.serialize_i32(-1),
        }
    }
}
