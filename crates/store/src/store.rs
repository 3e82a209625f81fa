//! The connection to the database.

use std::time::{Duration, Instant};

use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};

use crate::leadership::Locks;
use crate::{Error, MINIMUM_SERVER, address};

/// How the database is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// Connections at the same time, besides one for locks. An address that has
    /// `pool_max_conns` decides instead.
    pub max_connections: u32,
    /// How long to wait for a connection, be it to become free or to be made.
    pub acquire_timeout: Duration,
    /// After which time a connection that nobody uses is closed.
    pub idle_timeout: Duration,
    /// After which time the server gives up on a statement. Zero means never.
    pub statement_timeout: Duration,
    /// Who we are, for those who look at the server.
    pub application_name: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 10,
            acquire_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(5),
            statement_timeout: Duration::from_mins(5),
            application_name: "clair".to_owned(),
        }
    }
}

/// How the database does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// How long it took to answer.
    pub latency: Duration,
    /// Connections of the pool.
    pub connections: u32,
    /// Those of them that nobody uses.
    pub idle_connections: usize,
    /// Whether the schema is as this program needs it.
    pub migrated: bool,
}

/// Everything that is kept in PostgreSQL. Copies share the connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) pool: PgPool,
    pub(crate) locks: Locks,
    address: PgConnectOptions,
}

impl Store {
    /// Connects to a database: `postgres://user@host/database`, or `host=… user=… dbname=…`.
    ///
    /// What goes wrong later is mended later: connections are made anew as they are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Address`]; [`Error::Unavailable`], after which it may be tried again;
    /// [`Error::ServerTooOld`].
    pub async fn connect(address: &str, options: &Options) -> Result<Self, Error> {
        let address::Address {
            options: address,
            max_connections,
        } = address::parse(address)?;
        let address = address.application_name(&options.application_name);
        check_version(&address).await?;
        let milliseconds = options.statement_timeout.as_millis().to_string();
        let pool = PgPoolOptions::new()
            .max_connections(max_connections.unwrap_or(options.max_connections))
            .acquire_timeout(options.acquire_timeout)
            .idle_timeout(options.idle_timeout)
            .connect_lazy_with(
                address
                    .clone()
                    .options([("statement_timeout", milliseconds)]),
            );
        Ok(Self {
            pool,
            locks: Locks::new(address.clone()),
            address,
        })
    }

    /// Brings the schema up to date. Several programs may do so at once: one does, the others
    /// wait. A schema that a newer program has brought further is left alone.
    ///
    /// # Errors
    ///
    /// [`Error::Migration`] when the schema is not what we have made, or may not be changed.
    pub async fn migrate(&self) -> Result<(), Error> {
        // A connection of its own, without a time limit. With it goes the lock, however it ends.
        let mut connection = PgConnection::connect_with(&self.address).await?;
        migrations()
            .run_direct(None, &mut connection, false)
            .await?;
        connection.close().await?;
        tracing::debug!("schema up to date");
        Ok(())
    }

    /// Asks the database whether it answers, and for the state of the schema.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when it cannot be used now.
    pub async fn health(&self) -> Result<Health, Error> {
        let start = Instant::now();
        let mut connection = self.pool.acquire().await?;
        let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
            .fetch_one(&mut *connection)
            .await?;
        let mut migrated = false;
        if exists {
            let newest = migrations().iter().map(|migration| migration.version).max();
            migrated = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM _sqlx_migrations WHERE version = $1 AND success)",
            )
            .bind(newest)
            .fetch_one(&mut *connection)
            .await?;
        }
        Ok(Health {
            latency: start.elapsed(),
            connections: self.pool.size(),
            idle_connections: self.pool.num_idle(),
            migrated,
        })
    }

    /// Closes all connections, and gives up all locks.
    pub async fn close(&self) {
        self.locks.close().await;
        self.pool.close().await;
    }
}

fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!();
    migrations.set_ignore_missing(true);
    migrations
}

/// Outside of the pool, which would try for long and then not say why.
async fn check_version(address: &PgConnectOptions) -> Result<(), Error> {
    let mut connection = PgConnection::connect_with(address).await?;
    let (number, found): (String, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num'), current_setting('server_version')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    let number: u32 = number
        .parse()
        .map_err(|error| Error::damaged("server version", error))?;
    if number / 10_000 < MINIMUM_SERVER {
        return Err(Error::ServerTooOld { found });
    }
    tracing::debug!(server = found, "connected to the database");
    Ok(())
}
