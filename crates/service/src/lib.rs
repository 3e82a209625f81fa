//! What the services around PostgreSQL and NATS do alike: reach the database, however long that
//! takes, and tell whether it and the bus are as they should be.
//!
//! The layers below do not know each other: `runtime` knows no database, `store` no configuration
//! and no health. Here they meet, once, and not in every service.

mod database;
mod health;

pub use database::Database;
pub use health::{INTERVAL, look_at_bus, look_at_database};
