//! What all handlers share.

use std::sync::Arc;
use std::time::Duration;

use clair_jwt::{UsedTokens, Verifier};
use clair_rpc::proto::indexer::v1::indexer_client::IndexerClient;
use clair_rpc::proto::matcher::v1::matcher_client::MatcherClient;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::proto::updater::v1::updater_client::UpdaterClient;
use clair_rpc::{Channel, ChannelOptions};
use clair_runtime::Service;

use crate::authentication::SharedTokens;
use crate::failure::Failure;
use crate::limits::RateLimiter;
use crate::origin::Proxies;
use crate::routes::Routes;
use crate::{Config, Error};

/// What all handlers share.
#[derive(Debug)]
pub(crate) struct App {
    channels: Channels,
    pub(crate) routes: Routes,
    pub(crate) proxies: Proxies,
    pub(crate) verifier: Verifier,
    pub(crate) rate_limiter: Option<RateLimiter>,
    pub(crate) cache_age: Duration,
    pub(crate) max_body_size: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) request_timeout: Duration,
}

/// The ways to the services.
#[derive(Debug, Clone)]
pub(crate) struct Channels {
    pub(crate) indexer: Channel,
    pub(crate) matcher: Channel,
    pub(crate) updater: Channel,
    pub(crate) notifier: Option<Channel>,
}

impl Channels {
    pub(crate) fn new(services: crate::Services) -> Result<Self, Error> {
        let channel = |service, options: ChannelOptions| {
            Channel::lazy(options).map_err(|source| Error::Service { service, source })
        };
        let notifier = services.notifier;
        Ok(Self {
            indexer: channel(Service::Indexer, services.indexer)?,
            matcher: channel(Service::Matcher, services.matcher)?,
            updater: channel(Service::Updater, services.updater)?,
            notifier: notifier
                .map(|options| channel(Service::Notifier, options))
                .transpose()?,
        })
    }
}

impl App {
    pub(crate) fn new(config: &Config, channels: Channels) -> Result<Arc<Self>, Error> {
        let gateway = &config.gateway;
        Ok(Arc::new(Self {
            channels,
            routes: Routes::new(&gateway.scopes)?,
            proxies: Proxies::new(gateway.trusted_proxies.clone()),
            verifier: verifier(config)?,
            rate_limiter: gateway.rate_limit.as_ref().map(RateLimiter::new),
            cache_age: config.cache_age,
            max_body_size: gateway.max_body_size.as_usize(),
            header_timeout: gateway.header_timeout.duration(),
            request_timeout: gateway.request_timeout.duration(),
        }))
    }

    pub(crate) fn indexer(&self) -> IndexerClient<Channel> {
        self.channels.indexer.client()
    }

    pub(crate) fn matcher(&self) -> MatcherClient<Channel> {
        self.channels.matcher.client()
    }

    pub(crate) fn updater(&self) -> UpdaterClient<Channel> {
        self.channels.updater.client()
    }

    /// The notifier, where there is one.
    pub(crate) fn notifier(&self) -> Result<NotifierClient<Channel>, Failure> {
        let notifier = self.channels.notifier.as_ref();
        let none = || Failure::not_found("nobody is notified here: there is no notifier");
        Ok(notifier.ok_or_else(none)?.client())
    }
}

fn verifier(config: &Config) -> Result<Verifier, Error> {
    let shared = config.database.clone().map(SharedTokens::new);
    let shared = shared.map(|shared| Arc::new(shared) as Arc<dyn UsedTokens>);
    Verifier::new(&config.auth, &config.gateway, shared).map_err(Error::Keys)
}
