//! For whom a token is: how callers name this API.

use url::Url;

/// A name of this API. URLs are compared by scheme, host and port alone, without regard to case;
/// other names as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Audience {
    Origin {
        scheme: String,
        host: String,
        port: Option<u16>,
    },
    Name(String),
}

impl Audience {
    pub(crate) fn new(text: &str) -> Self {
        let url = Url::parse(text).ok();
        match url.as_ref().and_then(|url| Some((url, url.host_str()?))) {
            Some((url, host)) => Self::Origin {
                scheme: url.scheme().to_owned(),
                // Of the schemes that it does not know, `Url` leaves hosts as they are written.
                host: host.to_ascii_lowercase(),
                port: url.port_or_known_default(),
            },
            None => Self::Name(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_the_same_audience_if_scheme_host_and_port_are() {
        for (one, other) in [
            ("https://clair.example", "https://clair.example/"),
            ("https://clair.example", "https://clair.example:443"),
            ("http://clair.example:80", "http://clair.example"),
            ("HTTPS://Clair.Example:443", "https://clair.example"),
            ("https://clair.example/keys?x", "https://clair.example"),
            ("http://[::1]:6060", "http://[0::1]:6060/"),
        ] {
            assert_eq!(Audience::new(one), Audience::new(other), "{one}");
        }
    }

    #[test]
    fn other_schemes_hosts_ports_and_names_are_other_audiences() {
        let ours = Audience::new("https://clair.example:6060");
        for other in [
            "http://clair.example:6060",
            "https://clair.example",
            "https://clair.example:6061",
            "https://clair.example.evil:6060",
            "https://evil.example:6060/https://clair.example:6060",
            "https://clair.example@evil.example:6060",
            "clair.example:6060",
            "clair",
            "",
        ] {
            assert_ne!(Audience::new(other), ours, "{other}");
        }
        assert_ne!(Audience::new("clair"), Audience::new("Clair"));
        assert_eq!(Audience::new("clair"), Audience::new("clair"));
    }
}
