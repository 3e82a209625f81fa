//! Who is at the other end: the peer of the connection, or whom a trusted proxy speaks for.

use std::net::{IpAddr, SocketAddr};

use clair_rpc::RequestId;
use clair_runtime::config::Network;
use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection, in the extensions of its requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Vec<Network>);

impl Proxies {
    pub(crate) fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// The address of the client. Proxies add who asked them at the end of the header, so the
    /// client is the last one there that is no proxy of ours: whatever stands before it, it may
    /// have made up.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lines: Vec<_> = headers.get_all(FORWARDED_FOR).into_iter().collect();
        let mut client = peer;
        for line in lines.into_iter().rev() {
            let Ok(line) = line.to_str() else {
                return client;
            };
            for element in line.rsplit(',') {
                let Some(address) = address(element.trim()) else {
                    return client;
                };
                client = address;
                if !self.trusts(address) {
                    return client;
                }
            }
        }
        client
    }

    /// The id of a request: that of a proxy of ours, or a new one.
    pub(crate) fn request_id(&self, peer: IpAddr, headers: &HeaderMap) -> RequestId {
        if self.trusts(peer) {
            RequestId::of(headers)
        } else {
            RequestId::generate()
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address, which some proxies write with a port.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse().ok();
    address.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn strangers_speak_for_nobody() {
        assert_eq!(client("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn the_client_is_the_last_one_that_is_no_proxy_of_ours() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1, 203.0.113.9, 10.2.2.2"]),
            "203.0.113.9"
        );
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1", "203.0.113.9:4711", "10.2.2.2"]),
            "203.0.113.9"
        );
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:80"]), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        assert_eq!(
            client("10.0.0.1", &["203.0.113.9, unknown, 10.2.2.2"]),
            "10.2.2.2"
        );
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
    }
}
