//! What the services around PostgreSQL and NATS do alike: reach the database, however long that
//! takes, tell whether it and the bus are as they should be, and pass on what is stored.
//!
//! The layers below do not know each other: `runtime` knows no database, `store` no configuration,
//! no health and no messages. Here they meet, once, and not in every service.

mod database;
mod health;
pub mod messages;

pub use database::Database;
pub use health::{INTERVAL, look_at_bus, look_at_database};
