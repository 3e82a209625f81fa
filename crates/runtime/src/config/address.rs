//! Addresses to listen on and to call.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use tokio::net::TcpListener;
use url::Url;

use super::secret::MASK;

/// Where to listen: `:6060` on all interfaces, `localhost:6060`, `10.0.0.1:6060`, `[::1]:6060`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: String,
    port: u16,
}

/// A text that is no address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no address to listen on, expected one like :6060 or 127.0.0.1:6060")]
pub struct ParseListenAddressError(String);

/// An address that cannot be listened on: it is taken, or is none of this machine's.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct ListenError {
    address: ListenAddress,
    /// What the system said.
    source: io::Error,
}

impl ListenAddress {
    /// The port on all interfaces.
    pub const fn port(port: u16) -> Self {
        Self {
            host: String::new(),
            port,
        }
    }

    /// Whether only this machine can reach it.
    pub fn is_loopback(&self) -> bool {
        match self.host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => self.host == "localhost",
        }
    }

    /// Where this machine reaches it: `host:port`, with a loopback address for all interfaces.
    pub fn to_call(&self) -> String {
        let host = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) if address.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
            Ok(IpAddr::V6(address)) if address.is_unspecified() => Ipv6Addr::LOCALHOST.to_string(),
            _ if self.host.is_empty() => "localhost".to_owned(),
            _ => self.host.clone(),
        };
        let (host, port) = (host, self.port);
        Self { host, port }.to_string()
    }

    /// Starts to listen. All interfaces means those of IPv6 and IPv4, or of IPv4 on a machine that
    /// has no IPv6.
    ///
    /// # Errors
    ///
    /// When the address is taken or is none of this machine's.
    pub async fn bind(&self) -> Result<TcpListener, ListenError> {
        self.listen().await.map_err(|source| ListenError {
            address: self.clone(),
            source,
        })
    }

    async fn listen(&self) -> io::Result<TcpListener> {
        if !self.host.is_empty() {
            return TcpListener::bind((self.host.as_str(), self.port)).await;
        }
        match TcpListener::bind((Ipv6Addr::UNSPECIFIED, self.port)).await {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                TcpListener::bind((Ipv4Addr::UNSPECIFIED, self.port)).await
            }
            outcome => outcome,
        }
    }
}

impl FromStr for ListenAddress {
    type Err = ParseListenAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || ParseListenAddressError(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let port = port.parse().map_err(|_| invalid())?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => host
                .parse::<Ipv6Addr>()
                .map(|_| host)
                .map_err(|_| invalid())?,
            None if host.contains([':', '/', '[', ' ']) => return Err(invalid()),
            None => host,
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ListenAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A URL with a host to call. It may carry a password, which is printed as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteUrl(Url);

impl RemoteUrl {
    /// The URL, with its password.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Its host and port, as far as a port can be known.
    pub fn authority(&self) -> (&str, Option<u16>) {
        let host = self.0.host_str().unwrap_or_default();
        (host, self.0.port_or_known_default())
    }
}

impl FromStr for RemoteUrl {
    type Err = String;

    // What is wrong is said without the text, which may hold a password.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
        match url.host_str() {
            Some(host) if !host.is_empty() => Ok(Self(url)),
            _ => Err("not a URL with a host, expected one like https://host:port/".to_owned()),
        }
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.password().is_none() {
            return self.0.fmt(f);
        }
        let mut masked = self.0.clone();
        // Only URLs without a host refuse a password.
        let _ = masked.set_password(Some(MASK));
        masked.fmt(f)
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({self})")
    }
}

impl<'de> Deserialize<'de> for RemoteUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for RemoteUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A URL or a path, read by whoever uses it. A URL's password and query are printed as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Location(String);

impl Location {
    /// The whole text, with what may be secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(remote) = self.0.parse::<RemoteUrl>() else {
            return f.write_str(&self.0);
        };
        let mut masked = remote.0;
        if masked.password().is_some() {
            let _ = masked.set_password(Some(MASK));
        }
        if masked.query().is_some() {
            masked.set_query(Some(MASK));
        }
        masked.fmt(f)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_are_read_as_go_reads_them() {
        for text in [
            ":6060",
            "127.0.0.1:0",
            "localhost:6060",
            "[::1]:6060",
            "[::]:80",
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "6060",
            "localhost",
            ":http",
            ":65536",
            "::1:80",
            "http://x:80",
            "[x]:1",
        ] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn loopback_is_told_from_what_others_can_reach() {
        let is_loopback = |text: &str| text.parse::<ListenAddress>().unwrap().is_loopback();
        assert!(is_loopback("127.0.0.1:1"));
        assert!(is_loopback("[::1]:1"));
        assert!(is_loopback("localhost:1"));
        assert!(!is_loopback(":1"));
        assert!(!is_loopback("0.0.0.0:1"));
        assert!(!is_loopback("indexer:1"));
    }

    #[test]
    fn an_address_to_listen_on_tells_where_to_call() {
        let to_call = |text: &str| text.parse::<ListenAddress>().unwrap().to_call();
        assert_eq!(to_call(":6060"), "localhost:6060");
        assert_eq!(to_call("0.0.0.0:1"), "127.0.0.1:1");
        assert_eq!(to_call("[::]:1"), "[::1]:1");
        assert_eq!(to_call("indexer:1"), "indexer:1");
    }

    #[tokio::test]
    async fn all_interfaces_means_ipv4_too() {
        let listener = ListenAddress::port(0).bind().await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (client, server) = tokio::join!(
            tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)),
            listener.accept(),
        );
        client.unwrap();
        server.unwrap();
    }

    #[test]
    fn passwords_in_urls_are_not_shown() {
        let url: RemoteUrl = "amqp://guest:hunter2@mq:5672/v".parse().unwrap();
        assert_eq!(url.to_string(), "amqp://guest:***@mq:5672/v");
        assert!(!format!("{url:?}").contains("hunter2"));
        assert_eq!(url.url().password(), Some("hunter2"));
        let location = Location("https://me:hunter2@x/feed?sig=hunter2".to_owned());
        assert_eq!(location.to_string(), "https://me:***@x/feed?***");
        assert!(!format!("{location:?}").contains("hunter2"));
        for text in ["", "/x", "mailto:a@b", "http://", "pg://a:hunter2@:x"] {
            let error = text.parse::<RemoteUrl>().unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
