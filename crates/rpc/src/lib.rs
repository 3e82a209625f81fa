//! How the services speak to each other: the interfaces of `proto/`, as code.
//!
//! [`proto`] is generated, [`conversion`] leads from its messages to the types of `clair_model` and
//! back. A [`Server`] serves one or more of the services, with health, reflection, deadlines,
//! request ids, traces and the check of who calls; a [`Channel`] calls one. Both carry the
//! [`Context`] of a request on, so that whatever happens for it has its id and its deadline. Errors
//! are [`Error`]s with a code of a closed set, on both sides the same.

mod channel;
mod context;
pub mod conversion;
mod error;
mod method;
mod metrics;
pub mod proto;
mod server;
mod service;
mod timeout;
mod token;
mod trace;

pub use channel::{Channel, ChannelError, ChannelOptions, Retry};
pub use context::{Context, RequestId};
pub use error::{Error, ErrorCode, ServiceError};
pub use metrics::describe_metrics;
pub use server::{Health, ServeError, Server, ServerOptions, Trust};
pub use service::{RpcClient, RpcService};
pub use token::{InvalidToken, Token};
