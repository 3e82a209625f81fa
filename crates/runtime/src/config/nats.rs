//! NATS `JetStream`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ClientTls, RemoteUrl, Secret};

/// The NATS servers, for events and the queue of work. Without this section images are indexed
/// while their client waits, and updates are found by polling.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Nats {
    /// Servers of one cluster: `nats://host:4222`, `tls://host:4222`.
    pub urls: Vec<RemoteUrl>,
    /// A file with a JWT and a key, as `nsc` makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
    /// A token to log in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// What to trust and to show.
    #[serde(default)]
    pub tls: ClientTls,
    /// On how many servers of the cluster each stream is kept.
    #[serde(default = "one")]
    pub replicas: usize,
}

fn one() -> usize {
    1
}
