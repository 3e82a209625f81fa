//! Which tokens were used, remembered by all gateways together in PostgreSQL.

use std::time::Duration;

use clair_jwt::{BoxError, UsedTokens};
use clair_store::Store;
use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::Database;

/// How long a request waits for the database.
const PATIENCE: Duration = Duration::from_secs(5);

/// Remembers which tokens were used. The database is connected to when the first one is: nothing
/// else here needs it.
#[derive(Debug)]
pub(crate) struct SharedTokens {
    database: Database,
    store: OnceCell<Store>,
}

impl SharedTokens {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            store: OnceCell::new(),
        }
    }

    async fn note(&self, issuer: &str, jti: &str, expires: Timestamp) -> Result<bool, BoxError> {
        let connect = || Store::connect(&self.database.address, &self.database.options);
        let store = self.store.get_or_try_init(connect).await?;
        Ok(store.use_token(issuer, jti, expires).await?)
    }
}

impl UsedTokens for SharedTokens {
    fn use_once<'a>(
        &'a self,
        issuer: &'a str,
        jti: &'a str,
        expires: Timestamp,
    ) -> BoxFuture<'a, Result<bool, BoxError>> {
        Box::pin(async move { timeout(PATIENCE, self.note(issuer, jti, expires)).await? })
    }
}
