//! The database of a service, which may not answer yet.

use std::fmt;
use std::time::Duration;

use clair_runtime::Service;
use clair_runtime::config::{Config, Connstring};
use clair_store::{Error, Options, Store};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Where the database is, and how it is used.
#[derive(Clone)]
pub struct Database {
    /// Its address, as [`Store::connect`] takes it. It may hold a password, so `Debug` does not
    /// show it.
    pub address: String,
    /// How it is used.
    pub options: Options,
    /// Whether to bring the schema up to date at the start.
    pub migrate: bool,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("options", &self.options)
            .field("migrate", &self.migrate)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// The database of a service, by the configuration of all.
    pub fn of(service: Service, config: &Config) -> Self {
        let connstring = config.connstring(service);
        let migrations = match service {
            Service::Indexer => config.indexer.migrations,
            Service::Matcher | Service::Updater => config.matcher.migrations,
            Service::Notifier => config.notifier.migrations,
            Service::Gateway => false,
        };
        Self {
            address: connstring.map_or_else(String::new, |address| address.url().to_string()),
            options: Options {
                max_connections: connstring
                    .and_then(Connstring::max_connections)
                    .unwrap_or(config.database.max_connections),
                acquire_timeout: config.database.acquire_timeout.duration(),
                application_name: format!("clair-{service}"),
                ..Options::default()
            },
            migrate: config.database.migrations || migrations,
        }
    }

    /// Connects, and tries again for as long as it takes.
    ///
    /// # Errors
    ///
    /// When trying again cannot help.
    pub async fn connect(self) -> Result<Store, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.reach().await {
                Err(error) if error.is_transient() => error,
                result => return result,
            };
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database is waited for"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Connects once.
    ///
    /// # Errors
    ///
    /// When the database does not answer now, or cannot be used.
    pub async fn reach(&self) -> Result<Store, Error> {
        let store = Store::connect(&self.address, &self.options).await?;
        if self.migrate {
            store.migrate().await?;
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let database = Database {
            address: "postgres://clair:secret@db/clair".to_owned(),
            options: Options::default(),
            migrate: false,
        };
        assert!(!format!("{database:?}").contains("secret"));
    }
}
