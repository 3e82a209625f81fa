//! What the notifier is told, and where the configuration of all services says it.

use std::time::Duration;

use clair_bus::Bus;
use clair_rpc::{ChannelOptions, ServerOptions};
use clair_runtime::config::{self, ClientTls, ListenAddress, RemoteUrl, Secret};
use clair_runtime::tls::CertificateWatch;
use clair_runtime::{Health, Service};
use clair_service::Database;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::SignedDuration;
use thiserror::Error;

/// What the notifier is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: ListenAddress,
    /// How it serves, and whom.
    pub server: ServerOptions,
    /// How it calls the matcher.
    pub matcher: ChannelOptions,
    /// Where everything is kept.
    pub database: Database,
    /// How often to look for updates of which no event told.
    pub poll_interval: Duration,
    /// Whether an image is told of its worst vulnerability only, among those that one update
    /// brought, and the worst among those that it took away.
    pub summarize: bool,
    /// Where sets are delivered to.
    pub webhook: Webhook,
    /// When to try again to deliver.
    pub retry: Retry,
    /// After which time a set is forgotten whose delivery is over, acknowledged or not.
    pub retention: SignedDuration,
    /// What requests to the receiver are signed with.
    pub signing: Signing,
    /// What sees to it that certificates are as their files are.
    pub certificates: CertificateWatch,
    /// By what it is told of updates, and tells of notifications. Without it, updates are found by
    /// polling only.
    pub bus: Option<Bus>,
    /// Whom to tell whether it can do its work.
    pub health: Health,
}

/// Delivery by HTTP.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where the ids of sets are posted to.
    pub target: RemoteUrl,
    /// The URL of the API's notifications as the receiver sees it. The id of a set is appended.
    pub callback: RemoteUrl,
    /// Headers of every request. Values that are secret are marked as such.
    pub headers: HeaderMap,
    /// What to trust and to show.
    pub tls: ClientTls,
    /// How long the receiver may take for a request and its answer.
    pub timeout: Duration,
}

/// When to try again to deliver, and when no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The pause after the first attempt. Each further one is twice as long, and all are shorter
    /// by chance by up to a half.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// A set of this age is not tried again.
    pub give_up_after: Duration,
}

/// What requests to the receiver are signed with: nothing, where neither says anything.
#[derive(Debug, Clone, Default)]
pub struct Signing {
    /// Where the preshared key is.
    pub auth: config::Auth,
    /// The way of jwtproxy, instead of the preshared key.
    pub signer: Option<config::Signer>,
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidConfig {
    /// It does not say how to deliver.
    #[error("notifier: has no webhook to deliver by")]
    NoDeliverer,
    /// It wants to deliver in a way that does not exist yet.
    #[error("{key}: this release delivers by notifier.webhook only")]
    UnsupportedDeliverer {
        /// The key of the configuration.
        key: &'static str,
    },
    /// It has a header that none can be.
    #[error("notifier.webhook.headers: {name:?} {reason}")]
    Header {
        /// Name of the header. Its value may be secret.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// How long the receiver may take for an answer that has no content.
const TIMEOUT: Duration = Duration::from_secs(30);
/// After a moment, the receiver that was restarted is back.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// As long as Clair keeps receipts.
const RETENTION: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Headers that belong to the request itself.
const OWN_HEADERS: [HeaderName; 5] = [
    http::header::CONTENT_TYPE,
    http::header::CONTENT_LENGTH,
    http::header::TRANSFER_ENCODING,
    http::header::CONNECTION,
    http::header::HOST,
];

impl Config {
    /// What the configuration of all services means for the notifier. How it serves, how it calls
    /// the matcher, the way to NATS, the health of the process and what follows its certificates
    /// are for the program to say, which knows what else runs in the process.
    ///
    /// # Errors
    ///
    /// When there is no way to deliver, or it cannot be used.
    pub fn of_services(
        services: &config::Config,
        server: ServerOptions,
        matcher: ChannelOptions,
        bus: Option<Bus>,
        health: Health,
        certificates: CertificateWatch,
    ) -> Result<Self, InvalidConfig> {
        crate::health::expect(&health);
        let notifier = &services.notifier;
        let listen = services.internal.listen_address(Service::Notifier);
        let database = Database::of(Service::Notifier, services);
        Ok(Self {
            listen: listen.unwrap_or(ListenAddress::port(6074)),
            server,
            matcher,
            database,
            poll_interval: notifier.poll_interval.duration(),
            summarize: !notifier.disable_summary,
            webhook: Webhook::of(notifier)?,
            retry: Retry::new(
                notifier.delivery_interval.duration(),
                notifier.give_up_after.duration(),
            ),
            retention: RETENTION,
            signing: Signing {
                auth: services.auth.clone(),
                signer: services.gateway.signer.clone(),
            },
            certificates,
            bus,
            health,
        })
    }
}

impl Webhook {
    /// Delivery to a receiver, with all defaults.
    pub fn new(target: RemoteUrl, callback: RemoteUrl) -> Self {
        Self {
            target,
            callback,
            headers: HeaderMap::new(),
            tls: ClientTls::default(),
            timeout: TIMEOUT,
        }
    }

    /// The first of Clair's ways to deliver that is configured is used.
    fn of(notifier: &config::Notifier) -> Result<Self, InvalidConfig> {
        let Some(webhook) = &notifier.webhook else {
            return Err(match notifier {
                config::Notifier { amqp: Some(_), .. } => InvalidConfig::UnsupportedDeliverer {
                    key: "notifier.amqp",
                },
                config::Notifier { stomp: Some(_), .. } => InvalidConfig::UnsupportedDeliverer {
                    key: "notifier.stomp",
                },
                _ => InvalidConfig::NoDeliverer,
            });
        };
        let mut headers = HeaderMap::new();
        for (name, values) in &webhook.headers {
            for value in values {
                let (name, value) = header(name, value)?;
                headers.append(name, value);
            }
        }
        Ok(Self {
            headers,
            tls: webhook.tls.clone(),
            ..Self::new(webhook.target.clone(), webhook.callback.clone())
        })
    }
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), InvalidConfig> {
    let invalid = |reason| InvalidConfig::Header {
        name: name.to_owned(),
        reason,
    };
    let parsed: HeaderName = name
        .parse()
        .map_err(|_| invalid("is not the name of a header"))?;
    if OWN_HEADERS.contains(&parsed) {
        return Err(invalid("is set by the notifier itself"));
    }
    let mut value = HeaderValue::from_str(value.expose())
        .map_err(|_| invalid("has a value that no header can have"))?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

impl Retry {
    /// Tries again soon at first, and then at this interval.
    pub fn new(interval: Duration, give_up_after: Duration) -> Self {
        Self {
            first_pause: FIRST_PAUSE.min(interval),
            longest_pause: interval,
            give_up_after,
        }
    }
}

#[cfg(test)]
mod tests;
