//! Where layers may be fetched from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use clair_runtime::config::{self, Network};
use url::Url;

use super::error::Refusal;

/// Where layers may be fetched from. Their addresses come from clients, so that what lies in one's
/// own network, or is this machine, is refused unless it is allowed here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Egress {
    /// What is allowed.
    pub rules: config::Egress,
    /// Whether only private networks are, which then need no rule.
    pub airgap: bool,
}

/// What an address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    Loopback,
    LinkLocal,
    Special,
}

impl Egress {
    /// Judges what can be judged of an address before its name is resolved.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        if url.scheme() == "http" && !self.rules.allow_plain_http {
            return Err(Refusal::PlainHttp);
        }
        // A name is judged by the resolver, by the addresses that are then connected to.
        match url.host() {
            Some(url::Host::Ipv4(address)) => self.check("", address.into()),
            Some(url::Host::Ipv6(address)) => self.check("", address.into()),
            Some(url::Host::Domain(_)) | None => Ok(()),
        }
    }

    /// Judges an address that a host has.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        let rules = &self.rules;
        let embedded = embedded(address);
        let is_in = |networks: &[Network]| {
            let mut networks = networks.iter();
            networks.any(|network| network.contains(address) || network.contains(embedded))
        };
        let refused = |kind| Err(Refusal::Address { address, kind });
        if is_in(&rules.deny_networks) {
            return refused("in a denied network");
        }
        let is_allowed_host = rules
            .allow_hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host));
        if is_allowed_host || is_in(&rules.allow_networks) {
            return Ok(());
        }
        match kind(embedded) {
            Kind::Public if self.airgap => refused("not private"),
            Kind::Public => Ok(()),
            Kind::Private if rules.allow_private || self.airgap => Ok(()),
            Kind::Private => refused("private"),
            Kind::Loopback if rules.allow_loopback => Ok(()),
            Kind::Loopback => refused("this machine"),
            Kind::LinkLocal => refused("link-local"),
            Kind::Special => refused("not for general use"),
        }
    }
}

/// The IPv4 address inside of an IPv6 address that leads to it: mapped, NAT64 (RFC 6052) and 6to4
/// (RFC 3056). Else the address itself.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let segments = v6.segments();
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => from(high, low),
        _ => address.to_canonical(),
    }
}

fn kind(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

/// By the registry of special addresses:
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>.
fn kind_v4(address: Ipv4Addr) -> Kind {
    match address.octets() {
        // Connecting to 0.0.0.0 leads to this machine.
        [0 | 127, ..] => Kind::Loopback,
        [169, 254, ..] => Kind::LinkLocal,
        [100, 64..=127, ..] => Kind::Private,
        _ if address.is_private() => Kind::Private,
        [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Kind::Special
        }
        [224..=255, ..] => Kind::Special,
        _ => Kind::Public,
    }
}

/// By the registry of special addresses:
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>.
fn kind_v6(address: Ipv6Addr) -> Kind {
    if address.is_loopback() || address.is_unspecified() {
        return Kind::Loopback;
    }
    match address.segments() {
        [first, ..] if first & 0xffc0 == 0xfe80 => Kind::LinkLocal,
        [first, ..] if first & 0xfe00 == 0xfc00 => Kind::Private,
        // Teredo, ORCHID and documentation.
        [0x2001, 0 | 0xdb8, ..] => Kind::Special,
        [0x2001, second, ..] if second & 0xfff0 == 0x20 => Kind::Special,
        [first, ..] if first & 0xe000 == 0x2000 => Kind::Public,
        _ => Kind::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(rules: config::Egress) -> Egress {
        Egress {
            rules,
            airgap: false,
        }
    }

    fn allows(egress: &Egress, address: &str) -> bool {
        egress.check("host", address.parse().unwrap()).is_ok()
    }

    const PUBLIC: [&str; 4] = ["1.1.1.1", "172.15.0.1", "2606:4700::1", "64:ff9b::101:101"];
    const PRIVATE: [&str; 7] = [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
    ];
    const LOOPBACK: [&str; 6] = [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "::1",
        "::",
        "::ffff:127.0.0.1",
    ];
    const NEVER: [&str; 8] = [
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "2002:a9fe:a9fe::1",
        "224.0.0.1",
        "255.255.255.255",
        "ff02::1",
        "192.0.2.1",
    ];

    #[test]
    fn by_default_only_public_addresses_are_allowed() {
        let egress = Egress::default();
        assert!(PUBLIC.iter().all(|address| allows(&egress, address)));
        for address in PRIVATE.iter().chain(&LOOPBACK).chain(&NEVER) {
            assert!(!allows(&egress, address), "{address}");
        }
    }

    #[test]
    fn what_is_allowed_is_allowed_and_metadata_addresses_are_not_among_it() {
        let egress = with(config::Egress {
            allow_private: true,
            allow_loopback: true,
            ..config::Egress::default()
        });
        for address in PUBLIC.iter().chain(&PRIVATE).chain(&LOOPBACK) {
            assert!(allows(&egress, address), "{address}");
        }
        assert!(!NEVER.iter().any(|address| allows(&egress, address)));
    }

    #[test]
    fn an_airgap_leaves_private_networks_only() {
        let egress = Egress {
            airgap: true,
            ..Egress::default()
        };
        assert!(PRIVATE.iter().all(|address| allows(&egress, address)));
        for address in PUBLIC.iter().chain(&LOOPBACK).chain(&NEVER) {
            assert!(!allows(&egress, address), "{address}");
        }
    }

    #[test]
    fn networks_and_hosts_go_before_kinds_and_denial_before_all() {
        let egress = with(config::Egress {
            allow_networks: vec!["10.1.0.0/16".parse().unwrap()],
            deny_networks: vec![
                "10.1.2.0/24".parse().unwrap(),
                "1.1.1.0/24".parse().unwrap(),
            ],
            allow_hosts: vec!["Registry.internal".to_owned()],
            ..config::Egress::default()
        });
        assert!(allows(&egress, "10.1.1.1") && !allows(&egress, "10.2.1.1"));
        assert!(!allows(&egress, "10.1.2.3") && !allows(&egress, "1.1.1.1"));
        assert!(!allows(&egress, "::ffff:10.1.2.3"));
        let check = |address: &str| egress.check("registry.internal", address.parse().unwrap());
        assert!(check("192.168.0.1").is_ok() && check("1.1.1.1").is_err());
    }

    #[test]
    fn an_address_that_is_written_as_a_number_is_seen_through() {
        for text in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://[::ffff:7f00:1]/",
        ] {
            let url: Url = text.parse().unwrap();
            assert!(Egress::default().check_url(&url).is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_can_be_refused() {
        let secure = with(config::Egress {
            allow_plain_http: false,
            ..config::Egress::default()
        });
        let check = |text: &str| secure.check_url(&text.parse().unwrap());
        assert_eq!(check("http://example.com/"), Err(Refusal::PlainHttp));
        assert_eq!(check("https://example.com/"), Ok(()));
    }
}
