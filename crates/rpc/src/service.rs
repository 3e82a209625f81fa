//! What the generated servers and clients have in common, which the generator does not say.

use std::convert::Infallible;

use http::{Request, Response};
use tonic::body::Body;
use tonic::server::NamedService;

use crate::Channel;
use crate::proto::{indexer, matcher, notifier, updater};

/// A generated server around an implementation of one of our services.
pub trait RpcService:
    tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
    + NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The same server, with the size in bytes that a message may have.
    #[must_use]
    fn with_max_message_size(self, bytes: usize) -> Self;
}

/// A generated client of one of our services.
pub trait RpcClient: Sized {
    /// A client that calls through `channel`, with the size in bytes that a message may have.
    fn through(channel: Channel, max_message_size: usize) -> Self;
}

macro_rules! services {
    ($($package:ident, $server_module:ident::$server:ident<$service:ident>,
       $client_module:ident::$client:ident;)+) => {
        $(
            impl<T> RpcService for $package::v1::$server_module::$server<T>
            where
                T: $package::v1::$server_module::$service,
            {
                fn with_max_message_size(self, bytes: usize) -> Self {
                    self.max_decoding_message_size(bytes).max_encoding_message_size(bytes)
                }
            }

            impl RpcClient for $package::v1::$client_module::$client<Channel> {
                fn through(channel: Channel, max_message_size: usize) -> Self {
                    Self::new(channel)
                        .max_decoding_message_size(max_message_size)
                        .max_encoding_message_size(max_message_size)
                }
            }
        )+
    };
}

services! {
    indexer, indexer_server::IndexerServer<Indexer>, indexer_client::IndexerClient;
    matcher, matcher_server::MatcherServer<Matcher>, matcher_client::MatcherClient;
    updater, updater_server::UpdaterServer<Updater>, updater_client::UpdaterClient;
    notifier, notifier_server::NotifierServer<Notifier>, notifier_client::NotifierClient;
}
