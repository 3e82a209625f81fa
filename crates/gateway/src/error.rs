//! Why the gateway does not run.

use thiserror::Error;

/// Why the gateway does not run. What goes wrong later is told to those who ask.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] clair_runtime::config::ListenError),
    /// The way to a service.
    #[error("the {service} cannot be called")]
    Service {
        /// The service.
        service: clair_runtime::Service,
        /// What is wrong with how it is to be called.
        #[source]
        source: clair_rpc::ChannelError,
    },
    /// The keys that tokens are verified with.
    #[error("tokens cannot be verified")]
    Keys(#[source] clair_jwt::Error),
    /// A right is asked for a route that there is not.
    #[error("gateway.scopes.routes names {0:?}, which is no route of the API")]
    NoRoute(String),
}
