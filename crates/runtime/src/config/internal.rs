//! How the services find and trust each other.

use serde::{Deserialize, Serialize};

use super::{ListenAddress, MutualTls, RemoteUrl, Secret, Service};

/// The gRPC between the services. Not looked at in the mode `combo`, where they share a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Internal {
    /// A text that all services know. If absent, one is derived from `auth.psk.key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// Certificates that services show to each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<MutualTls>,
    /// Whether services may be reached by anyone from other machines, with neither of the two.
    pub insecure: bool,
    /// The indexer.
    pub indexer: Endpoint,
    /// The matcher.
    pub matcher: Endpoint,
    /// The updater.
    pub updater: Endpoint,
    /// The notifier.
    pub notifier: Endpoint,
}

/// Where a service is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Endpoint {
    /// Where it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_addr: Option<ListenAddress>,
    /// Where the others find it: `http://indexer:6071`, or `https:` with certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addr: Option<RemoteUrl>,
}

impl Internal {
    /// What is said of a service. `None` for the gateway, which none of the others calls.
    pub fn endpoint(&self, service: Service) -> Option<&Endpoint> {
        match service {
            Service::Indexer => Some(&self.indexer),
            Service::Matcher => Some(&self.matcher),
            Service::Updater => Some(&self.updater),
            Service::Notifier => Some(&self.notifier),
            Service::Gateway => None,
        }
    }

    /// Where a service listens: ports 6071 to 6074 on all interfaces, if nothing is said.
    pub fn listen_address(&self, service: Service) -> Option<ListenAddress> {
        let port = match service {
            Service::Indexer => 6071,
            Service::Matcher => 6072,
            Service::Updater => 6073,
            Service::Notifier => 6074,
            Service::Gateway => return None,
        };
        let configured = self.endpoint(service)?.listen_addr.clone();
        Some(configured.unwrap_or(ListenAddress::port(port)))
    }
}

/// How a service knows that its caller is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InternalTrust {
    /// It knows the shared token.
    Token(Secret),
    /// It shows a certificate of the services' authority. The token is asked for too, if there is
    /// one.
    Certificates(MutualTls, Option<Secret>),
    /// It does not.
    Nothing,
}
