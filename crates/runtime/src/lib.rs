//! What every service does the same way: configuration, telemetry, health, TLS, shutdown, and
//! which hosts may be asked. Nothing here knows what a service is for.
//!
//! A program reads its [`Config`], installs the [cryptography](tls::install_crypto_provider) and
//! the [telemetry], listens to signals by [`Shutdown`], serves the [introspection] port, and runs
//! its services, which report to [`Health`].

pub mod config;
pub mod egress;
pub mod introspection;
mod shutdown;
pub mod telemetry;
pub mod tls;

pub use config::{Config, Mode, Service};
pub use introspection::{Check, Health};
pub use shutdown::{NotDrained, Shutdown};
