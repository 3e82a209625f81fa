//! What kind of address an address is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of address an address is, by the registries of special-purpose addresses of IANA
/// (RFC 6890).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// One of the Internet.
    Global,
    /// One of a private or shared network.
    Private,
    /// This machine.
    Loopback,
    /// A neighbour on the same link.
    LinkLocal,
    /// A cloud's metadata service, which hands out credentials to whoever asks.
    Metadata,
    /// None, which connects to this machine.
    Unspecified,
    /// Many.
    Multicast,
    /// Documentation, benchmarks, protocols, or of no use yet.
    Reserved,
}

/// Metadata services that are at addresses of other kinds, or need to be told from those.
const METADATA: [IpAddr; 9] = [
    // AWS, Azure, Google, and most others.
    v4(169, 254, 169, 254),
    // AWS: credentials of containers.
    v4(169, 254, 170, 2),
    v4(169, 254, 170, 23),
    // Azure.
    v4(168, 63, 129, 16),
    // Alibaba.
    v4(100, 100, 100, 200),
    // Oracle.
    v4(192, 0, 0, 192),
    // AWS, and its credentials of containers.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    // Google.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

impl AddressKind {
    /// The kind of an address. An IPv6 address that stands for an IPv4 address, being mapped,
    /// compatible, translated (NAT64) or tunnelled (6to4), is of the kind of that.
    pub fn of(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V6(address) => embedded(address).map_or(IpAddr::V6(address), IpAddr::V4),
            IpAddr::V4(_) => address,
        };
        if METADATA.contains(&address) {
            return Self::Metadata;
        }
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    #[expect(
        clippy::match_same_arms,
        reason = "a block of addresses has an arm, and a reason"
    )]
    #[expect(
        clippy::unnested_or_patterns,
        reason = "blocks read as they are assigned"
    )]
    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [0, 0, 0, 0] => Self::Unspecified,
            [127, ..] => Self::Loopback,
            [169, 254, ..] => Self::LinkLocal,
            [10, ..] | [192, 168, ..] => Self::Private,
            [172, second, ..] if second & 0xf0 == 16 => Self::Private,
            // Between a carrier and its customers.
            [100, second, ..] if second & 0xc0 == 64 => Self::Private,
            [first, ..] if first & 0xf0 == 224 => Self::Multicast,
            // This network; protocols; documentation; benchmarks; the future, and broadcast.
            [0, ..]
            | [192, 0, 0 | 2, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
            | [240..=255, ..] => Self::Reserved,
            // The retired relay of 6to4.
            [192, 88, 99, _] => Self::Reserved,
            _ => Self::Global,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if address.is_unspecified() {
            return Self::Unspecified;
        }
        if address.is_loopback() {
            return Self::Loopback;
        }
        match address.segments() {
            [first, ..] if first & 0xff00 == 0xff00 => Self::Multicast,
            [first, ..] if first & 0xffc0 == 0xfe80 => Self::LinkLocal,
            // Unique local, and the site-local ones before them.
            [first, ..] if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 => Self::Private,
            // NAT64 within a network.
            [0x64, 0xff9b, 1, ..] => Self::Private,
            // Documentation.
            [0x2001, 0xdb8, ..] => Self::Reserved,
            // Protocols, among them Teredo.
            [0x2001, second, ..] if second < 0x200 => Self::Reserved,
            // Documentation.
            [0x3fff, second, ..] if second < 0x1000 => Self::Reserved,
            // Only these are given out.
            [first, ..] if first & 0xe000 == 0x2000 => Self::Global,
            _ => Self::Reserved,
        }
    }
}

/// The IPv4 address that an IPv6 address stands for.
#[expect(
    clippy::match_same_arms,
    reason = "6to4 has it elsewhere than the others"
)]
#[expect(
    clippy::unnested_or_patterns,
    reason = "prefixes read as they are assigned"
)]
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Compatible, mapped, translated (RFC 2765) and NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Global => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "a metadata service",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
        })
    }
}
