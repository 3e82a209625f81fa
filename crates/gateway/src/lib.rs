//! The gateway: Clair's v4 HTTP API in front of the services, and the only way to them.
//!
//! [`run`] serves it. A request comes in through `server` (TCP, TLS, HTTP/1.1 and HTTP/2), passes
//! `access` (request id, trace, log, metrics), `limits` and `authentication`, and ends in one of the
//! handlers of `api`, each of which asks one of the services by gRPC. `routes` lists the routes,
//! with the right that each asks for; `openapi` describes them to those who call.
//!
//! What Clair's clients rely on is kept to the letter; what is only a fault of Clair's is put
//! right. Reports come from the services as JSON documents, and are passed on as such.

mod access;
mod api;
mod app;
mod attached;
mod authentication;
mod config;
mod document;
mod error;
mod failure;
mod health;
mod limits;
mod metrics;
mod negotiation;
mod openapi;
mod origin;
mod parameters;
mod router;
mod routes;
mod run;
mod server;
mod streamed;
mod tags;
mod trace;

pub use config::{Config, Database, Services};
pub use error::Error;
pub use metrics::describe_metrics;
pub use run::{run, serve};
