//! The notifier's section.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::database::optional_connstring;
use super::{ClientTls, Connstring, Period, RemoteUrl, Secret};

/// Who is told of images that became vulnerable, and how.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Notifier {
    /// The database; else that of the section `database`.
    #[serde(
        deserialize_with = "optional_connstring",
        skip_serializing_if = "Option::is_none"
    )]
    pub connstring: Option<Connstring>,
    /// Whether to bring the schema up to date at the start.
    pub migrations: bool,
    /// Where the indexer is, unless `internal.indexer.addr` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexer_addr: Option<RemoteUrl>,
    /// Where the matcher is, unless `internal.matcher.addr` says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matcher_addr: Option<RemoteUrl>,
    /// How often to look for updates whose event got lost.
    pub poll_interval: Period,
    /// How often to try again to deliver.
    pub delivery_interval: Period,
    /// When to stop trying to deliver a notification.
    pub give_up_after: Period,
    /// Whether to notify of each vulnerability of an image, not only of its worst.
    pub disable_summary: bool,
    /// Delivery by HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// Delivery by AMQP 0.9.1, unless there is a webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amqp: Option<Amqp>,
    /// Delivery by STOMP 1.2, unless there is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stomp: Option<Stomp>,
}

impl Notifier {
    /// Whether there is a way to deliver.
    pub fn is_enabled(&self) -> bool {
        self.webhook.is_some() || self.amqp.is_some() || self.stomp.is_some()
    }
}

impl Default for Notifier {
    fn default() -> Self {
        Self {
            connstring: None,
            migrations: false,
            indexer_addr: None,
            matcher_addr: None,
            poll_interval: Period::minutes(1),
            delivery_interval: Period::minutes(1),
            give_up_after: Period::hours(72),
            disable_summary: false,
            webhook: None,
            amqp: None,
            stomp: None,
        }
    }
}

/// Delivery by HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Webhook {
    /// Where notifications are posted to.
    pub target: RemoteUrl,
    /// The URL of the API's notifications as the receiver sees it.
    pub callback: RemoteUrl,
    /// Headers to send, by name.
    #[serde(default)]
    pub headers: BTreeMap<String, Vec<Secret>>,
    /// What to trust and to show.
    #[serde(default)]
    pub tls: ClientTls,
}

/// Delivery by AMQP 0.9.1.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Amqp {
    /// Brokers, tried in their order.
    pub uris: Vec<RemoteUrl>,
    /// Where messages are published.
    pub exchange: AmqpExchange,
    /// What they are routed by.
    pub routing_key: String,
    /// The URL of the API's notifications as the receiver sees it; not needed with `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<RemoteUrl>,
    /// Whether messages hold the notifications themselves.
    #[serde(default)]
    pub direct: bool,
    /// How many notifications a direct message holds; 0 for one.
    #[serde(default)]
    pub rollup: u32,
    /// What to trust and to show.
    #[serde(default)]
    pub tls: ClientTls,
}

/// An exchange of a broker, which has to be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct AmqpExchange {
    /// Its name; the default exchange if empty.
    #[serde(default)]
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: AmqpExchangeKind,
    /// Whether it outlives the broker.
    #[serde(default)]
    pub durability: bool,
    /// Whether it ends with its last queue.
    #[serde(default)]
    pub auto_delete: bool,
}

/// How an exchange routes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are those of AMQP")]
pub enum AmqpExchangeKind {
    Direct,
    Fanout,
    Topic,
    Headers,
}

/// Delivery by STOMP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Stomp {
    /// Brokers as `host:port`, tried in their order.
    pub uris: Vec<String>,
    /// Where messages are sent.
    pub destination: String,
    /// The URL of the API's notifications as the receiver sees it; not needed with `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<RemoteUrl>,
    /// Whether messages hold the notifications themselves.
    #[serde(default)]
    pub direct: bool,
    /// How many notifications a direct message holds; 0 for one.
    #[serde(default)]
    pub rollup: u32,
    /// Who to log in as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<StompUser>,
    /// What to trust and to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ClientTls>,
}

/// A login at a STOMP broker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct StompUser {
    /// The name.
    pub login: String,
    /// The password.
    pub passcode: Secret,
}
