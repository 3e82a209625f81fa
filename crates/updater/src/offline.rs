//! Importing without the service: into the database that it would use.

use std::collections::BTreeMap;

use clair_feeds::Document;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::import::{Archive, import};
use crate::source::Ending;
use crate::{Config, Error};

/// What came of a source in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSource {
    /// The source.
    pub source: String,
    /// What came of it.
    pub result: ImportResult,
    /// The records that could not be used, by reason.
    pub skipped: BTreeMap<String, u64>,
}

/// What came of a source in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportResult {
    /// It has other advisories or enrichments now.
    Updated {
        /// How many are new.
        added: u64,
        /// How many are gone.
        removed: u64,
    },
    /// It has what it had.
    Unchanged,
    /// What it had stays, for this reason.
    Failed(String),
}

/// Imports a file of Clair's format into the database of the configuration. The services notice by
/// themselves.
///
/// # Errors
///
/// When the database cannot be used, or any of the file not be read; nothing was changed then.
pub async fn import_document(
    config: &Config,
    document: Document,
) -> Result<Vec<ImportedSource>, Error> {
    let store = config.database.reach().await?;
    if !store.health().await?.migrated {
        return Err(Error::NotMigrated);
    }
    let engine = Engine::new(config, store, CancellationToken::new()).await?;
    let imported = import(&engine, Archive::Interchange(document)).await;
    engine.store.close().await;
    let outcomes = imported.map_err(|error| Error::Import(error.chain()))?;
    let imported = outcomes.into_iter().map(|outcome| ImportedSource {
        source: outcome.source,
        result: match outcome.ending {
            Ending::Updated(operation) => ImportResult::Updated {
                added: operation.added,
                removed: operation.removed,
            },
            Ending::Unchanged => ImportResult::Unchanged,
            Ending::Failed(error) => ImportResult::Failed(error.to_string()),
            Ending::Busy => ImportResult::Failed("another replica is at it".to_owned()),
        },
        skipped: outcome.skipped,
    });
    Ok(imported.collect())
}
