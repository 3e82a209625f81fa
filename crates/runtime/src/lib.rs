//! What every service does the same way: configuration, telemetry, health, TLS, shutdown.
//!
//! Nothing here knows what a service is for.

pub mod config;

pub use config::{Config, Mode, Service};
