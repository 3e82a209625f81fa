//! Which hosts may be asked for what others name.
//!
//! The URLs of layers come from clients. Without this, a client could have the indexer ask hosts
//! that only the indexer reaches: this machine, its neighbours, the metadata service of its cloud
//! (server-side request forgery). An [`EgressPolicy`] judges URLs, and the addresses that their
//! hosts resolve to, at the moment a connection is made: a name that resolves to something else
//! the second time gains nothing.
//!
//! A client that follows it is built with all three of [`EgressPolicy::resolver`], which judges
//! names, [`EgressPolicy::redirects`], which judges where one is sent on to, and
//! [`EgressPolicy::check_url`] before each request, since addresses in URLs are not resolved. With
//! a proxy, which resolves names itself, only URLs are judged.

mod address;
mod resolver;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::redirect;
use thiserror::Error;
use url::{Host, Url};

pub use address::AddressKind;
pub use resolver::EgressResolver;

use crate::config::{Egress, Network};

/// Judges URLs and addresses.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the configuration"
)]
pub struct EgressPolicy {
    allow_plain_http: bool,
    allow_private: bool,
    allow_loopback: bool,
    airgap: bool,
    allow_networks: Vec<Network>,
    deny_networks: Vec<Network>,
    allow_hosts: Vec<String>,
}

/// Why a host may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EgressError {
    /// The URL is of a kind that is not fetched.
    #[error("{scheme}: URLs are not fetched")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
    /// The URL is not encrypted.
    #[error("http: URLs are not allowed, only https:")]
    PlainHttp,
    /// The URL names no host.
    #[error("the URL names no host")]
    NoHost,
    /// The host has an address that may not be asked.
    #[error("{host} has the address {address}, which is {kind}: it may not be asked")]
    Address {
        /// The host, as the URL names it.
        host: String,
        /// The address.
        address: IpAddr,
        /// What kind of address it is.
        kind: AddressKind,
    },
    /// The host has an address in a network that is refused.
    #[error("{host} has the address {address} in the refused network {network}")]
    DeniedNetwork {
        /// The host, as the URL names it.
        host: String,
        /// The address.
        address: IpAddr,
        /// The network.
        network: Network,
    },
    /// The host has no address.
    #[error("{host} has no address")]
    NoAddress {
        /// The host.
        host: String,
    },
}

impl EgressPolicy {
    /// The policy of a configuration. With `airgap`, addresses of the Internet are refused and
    /// those of one's own network allowed.
    pub fn new(egress: &Egress, airgap: bool) -> Self {
        Self {
            allow_plain_http: egress.allow_plain_http,
            allow_private: egress.allow_private,
            allow_loopback: egress.allow_loopback,
            airgap,
            allow_networks: egress.allow_networks.clone(),
            deny_networks: egress.deny_networks.clone(),
            allow_hosts: egress
                .allow_hosts
                .iter()
                .map(|host| canonical(host))
                .collect(),
        }
    }

    /// Judges a URL as far as that is possible without asking for its host's addresses.
    ///
    /// # Errors
    ///
    /// When the URL may not be fetched.
    pub fn check_url(&self, url: &Url) -> Result<(), EgressError> {
        match url.scheme() {
            "https" => {}
            "http" if self.allow_plain_http => {}
            "http" => return Err(EgressError::PlainHttp),
            scheme => {
                return Err(EgressError::Scheme {
                    scheme: scheme.to_owned(),
                });
            }
        }
        match url.host() {
            None => Err(EgressError::NoHost),
            Some(Host::Domain(_)) => Ok(()),
            Some(Host::Ipv4(address)) => self.check_address(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.check_address(&address.to_string(), address.into()),
        }
    }

    /// Judges an address of a host.
    ///
    /// # Errors
    ///
    /// When the host may not be asked at this address.
    pub fn check_address(&self, host: &str, address: IpAddr) -> Result<(), EgressError> {
        let contains = |network: &&Network| network.contains(address);
        if let Some(network) = self.deny_networks.iter().find(contains) {
            return Err(EgressError::DeniedNetwork {
                host: host.to_owned(),
                address,
                network: *network,
            });
        }
        let is_named = self.allow_hosts.contains(&canonical(host))
            || self
                .allow_networks
                .iter()
                .any(|network| network.contains(address));
        let kind = AddressKind::of(address);
        if is_named || self.allows(kind) {
            return Ok(());
        }
        Err(EgressError::Address {
            host: host.to_owned(),
            address,
            kind,
        })
    }

    /// Resolves names to those of their addresses that may be asked.
    pub fn resolver(self: &Arc<Self>) -> EgressResolver {
        EgressResolver::new(Arc::clone(self))
    }

    /// Follows at most `limit` redirects, and only to URLs that may be fetched.
    pub fn redirects(self: &Arc<Self>, limit: usize) -> redirect::Policy {
        let policy = Arc::clone(self);
        redirect::Policy::custom(move |attempt| {
            if attempt.previous().len() > limit {
                return attempt.error("too many redirects");
            }
            match policy.check_url(attempt.url()) {
                Ok(()) => attempt.follow(),
                Err(error) => attempt.error(error),
            }
        })
    }

    fn allows(&self, kind: AddressKind) -> bool {
        match kind {
            AddressKind::Global => !self.airgap,
            AddressKind::Private => self.allow_private || self.airgap,
            AddressKind::Loopback => self.allow_loopback || self.airgap,
            AddressKind::LinkLocal => self.airgap,
            AddressKind::Metadata
            | AddressKind::Unspecified
            | AddressKind::Multicast
            | AddressKind::Reserved => false,
        }
    }
}

/// A host's name as names are compared: in lower case, without the dot of the root.
fn canonical(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}
