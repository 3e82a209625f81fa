//! PostgreSQL connection strings, as URL or as list of `key=value`.
//!
//! The rules are those of libpq ("Connection Strings" in the PostgreSQL manual). What a string
//! leaves open is filled from the `PG…` environment variables by the driver.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use url::Url;

use super::secret::{MASK, resolve};

/// Where a database is and how to log in. Its password is printed as `***`. Written as
/// `file:PATH`, it is the content of that file.
#[derive(Clone, PartialEq, Eq)]
pub struct Connstring {
    parameters: BTreeMap<String, String>,
}

/// A text that is no connection string. Says what is wrong without what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseConnstringError {
    /// Nothing at all.
    #[error("the connection string is empty")]
    Empty,
    /// It begins like a URL and is none.
    #[error("the connection string is no URL")]
    Url(#[source] url::ParseError),
    /// A word stands where `key=value` should.
    #[error(
        "the connection string has something after {after:?} that is not of the form key=value"
    )]
    NotAPair {
        /// The last key before it, empty at the beginning.
        after: String,
    },
    /// A quote or an escape is not closed.
    #[error("the value of {key:?} in the connection string does not end")]
    Unterminated {
        /// The key.
        key: String,
    },
    /// It names more than one host, which the driver does not know.
    #[error("the connection string names several hosts, only one can be used")]
    SeveralHosts,
    /// A number is none.
    #[error("the value of {key:?} in the connection string is no number in range")]
    Number {
        /// The key.
        key: String,
    },
}

/// What the driver takes as it is.
const DRIVER_KEYS: [&str; 11] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "sslmode",
    "sslrootcert",
    "sslcert",
];
const SSL_KEY: &str = "sslkey";

/// What libpq and Clair's driver know, and ours does not.
const IGNORED_KEYS: [&str; 24] = [
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "passfile",
    "pool_health_check_period",
    "pool_max_conn_idle_time",
    "pool_max_conn_lifetime",
    "pool_max_conn_lifetime_jitter",
    "pool_min_conns",
    "require_auth",
    "requirepeer",
    "service",
    "sslpassword",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
];

const POOL_SIZE_KEY: &str = "pool_max_conns";

impl Connstring {
    /// It as a URL for the driver, with the password.
    pub fn url(&self) -> Url {
        let mut url = empty_url();
        {
            let mut query = url.query_pairs_mut();
            for (key, value) in &self.parameters {
                if DRIVER_KEYS.contains(&key.as_str()) || key == SSL_KEY {
                    query.append_pair(key, value);
                } else if key != POOL_SIZE_KEY && !IGNORED_KEYS.contains(&key.as_str()) {
                    // As in libpq's successors, what is no parameter of the connection is one of
                    // the session.
                    query.append_pair(&format!("options[{key}]"), value);
                }
            }
        }
        url
    }

    /// How many connections it allows (`pool_max_conns`, a key of Clair's driver).
    pub fn max_connections(&self) -> Option<u32> {
        self.parameters.get(POOL_SIZE_KEY)?.parse().ok()
    }

    /// The keys in it that have no effect here.
    pub fn ignored_keys(&self) -> impl Iterator<Item = &str> {
        let keys = self.parameters.keys().map(String::as_str);
        keys.filter(|key| IGNORED_KEYS.contains(key))
    }

    fn from_parameters(parameters: BTreeMap<String, String>) -> Result<Self, ParseConnstringError> {
        for key in ["host", "hostaddr", "port"] {
            if parameters.get(key).is_some_and(|value| value.contains(',')) {
                return Err(ParseConnstringError::SeveralHosts);
            }
        }
        let number_is_valid = |key: &str, valid: fn(&str) -> bool| match parameters.get(key) {
            Some(value) if !valid(value) => Err(ParseConnstringError::Number {
                key: key.to_owned(),
            }),
            _ => Ok(()),
        };
        number_is_valid("port", |value| value.parse::<u16>().is_ok())?;
        number_is_valid(POOL_SIZE_KEY, |value| {
            value.parse::<u32>().is_ok_and(|count| count > 0)
        })?;
        Ok(Self { parameters })
    }
}

/// Without a host, user and path: all of that goes into the query, whatever characters it has.
fn empty_url() -> Url {
    #[allow(clippy::expect_used, reason = "a constant that is a URL")]
    Url::parse("postgres:///").expect("a URL")
}

impl FromStr for Connstring {
    type Err = ParseConnstringError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let parameters = if text.is_empty() {
            return Err(ParseConnstringError::Empty);
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            parse_url(text)?
        } else {
            parse_pairs(text)?
        };
        Self::from_parameters(parameters)
    }
}

fn parse_url(text: &str) -> Result<BTreeMap<String, String>, ParseConnstringError> {
    // libpq's list of hosts is no URL; it is told by what lies between the user and the path.
    let authority = text.split("://").nth(1).unwrap_or_default();
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    if hosts.contains(',') {
        return Err(ParseConnstringError::SeveralHosts);
    }
    let url = Url::parse(text).map_err(ParseConnstringError::Url)?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut parameters = BTreeMap::new();
    let mut set = |key: &str, value: &str| {
        if !value.is_empty() {
            parameters.insert(key.to_owned(), decode(value));
        }
    };
    let host = url.host_str().unwrap_or_default();
    set("host", host.trim_start_matches('[').trim_end_matches(']'));
    set("user", url.username());
    set("password", url.password().unwrap_or_default());
    set("dbname", url.path().trim_start_matches('/'));
    if let Some(port) = url.port() {
        set("port", &port.to_string());
    }
    for (key, value) in url.query_pairs() {
        parameters.insert(key.into_owned(), value.into_owned());
    }
    Ok(parameters)
}

/// Reads `key = value` pairs: values may be quoted by `'`, and `\` escapes in both forms.
fn parse_pairs(text: &str) -> Result<BTreeMap<String, String>, ParseConnstringError> {
    let mut parameters = BTreeMap::new();
    let mut rest = text;
    let mut after = String::new();
    while !rest.is_empty() {
        let (key, value) = rest
            .split_once('=')
            .ok_or_else(|| ParseConnstringError::NotAPair {
                after: after.clone(),
            })?;
        let key = key.trim();
        if key.is_empty() || key.contains(char::is_whitespace) {
            return Err(ParseConnstringError::NotAPair { after });
        }
        let (value, remaining) =
            parse_value(value.trim_start()).ok_or_else(|| ParseConnstringError::Unterminated {
                key: key.to_owned(),
            })?;
        parameters.insert(key.to_owned(), value);
        after = key.to_owned();
        rest = remaining.trim_start();
    }
    Ok(parameters)
}

/// A value and what follows it.
fn parse_value(text: &str) -> Option<(String, &str)> {
    let (quoted, text) = match text.strip_prefix('\'') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((position, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            '\'' if quoted => return Some((value, &text[position + 1..])),
            _ if !quoted && character.is_whitespace() => return Some((value, &text[position..])),
            _ => value.push(character),
        }
    }
    (!quoted).then_some((value, ""))
}

impl fmt::Display for Connstring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (key, value)) in self.parameters.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            let secret = matches!(key.as_str(), "password" | "sslpassword");
            let plain = !value.is_empty() && !value.contains([' ', '\'', '\\']);
            if secret {
                write!(f, "{key}={MASK}")?;
            } else if plain {
                write!(f, "{key}={value}")?;
            } else {
                let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
                write!(f, "{key}='{escaped}'")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Connstring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connstring({self})")
    }
}

impl<'de> Deserialize<'de> for Connstring {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = resolve(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Connstring {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
