//! Where the database is: a URL, or the `key=value` pairs of libpq that Clair's configuration has.

use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use url::Url;

use crate::Error;

/// Keys that PostgreSQL's libraries know and that have no meaning here.
const WITHOUT_MEANING: [&str; 12] = [
    "channel_binding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "sslcompression",
    "sslsni",
    "target_session_attrs",
];

/// Keys that are not settings of the server.
const OF_CLIENT: [&str; 11] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
];

/// An address, read.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) options: PgConnectOptions,
    /// The size of the pool, where the address has it as it may for Clair's own driver.
    pub(crate) max_connections: Option<u32>,
}

/// Reads `postgres://user@host/database?sslmode=…` or `host=… user=… dbname=…`.
///
/// What it leaves out comes from the environment, as with all programs for PostgreSQL: `PGHOST`,
/// `PGUSER`, `PGPASSWORD`, the password file.
pub(crate) fn parse(text: &str) -> Result<Address, Error> {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let pairs = if is_url { Vec::new() } else { pairs(text)? };
    let mut url = if is_url { text } else { "postgres:///" }
        .parse::<Url>()
        .map_err(refuse)?;
    let mut max_connections = None;
    for (key, value) in pairs {
        match key.as_str() {
            "user" => add(&mut url, "user", &value),
            "pool_max_conns" => {
                let count = value
                    .parse()
                    .map_err(|_| refuse("pool_max_conns is no number"))?;
                max_connections = Some(count);
            }
            key if key.starts_with("pool_") || WITHOUT_MEANING.contains(&key) => {
                tracing::warn!(key, "a key of the database's address has no meaning here");
            }
            key if OF_CLIENT.contains(&key) => add(&mut url, key, &value),
            setting => add(&mut url, &format!("options[{setting}]"), &value),
        }
    }
    let options = PgConnectOptions::from_str(url.as_str()).map_err(|error| match error {
        sqlx::Error::Configuration(reason) => refuse(reason),
        other => other.into(),
    })?;
    Ok(Address {
        options,
        max_connections,
    })
}

fn add(url: &mut Url, key: &str, value: &str) {
    url.query_pairs_mut().append_pair(key, value);
}

fn refuse(reason: impl std::fmt::Display) -> Error {
    Error::Address {
        reason: reason.to_string(),
    }
}

/// Splits `key = value key='quoted value'`: PostgreSQL, "Keyword/Value Connection Strings".
fn pairs(text: &str) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once('=')
            .ok_or_else(|| refuse("it is neither a URL nor made of key=value pairs"))?;
        let key = key.trim_end();
        if key.is_empty()
            || !key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(refuse("it is neither a URL nor made of key=value pairs"));
        }
        let (value, after) = value(after.trim_start())
            .ok_or_else(|| refuse(format!("the value of {key} has a quote that does not end")))?;
        pairs.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

/// A value, and what comes after it. `None` when its quote does not end.
fn value(text: &str) -> Option<(String, &str)> {
    let quoted = text.strip_prefix('\'');
    let text = quoted.unwrap_or(text);
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            '\'' if quoted.is_some() => return Some((value, &text[index + 1..])),
            space if quoted.is_none() && space.is_whitespace() => {
                return Some((value, &text[index..]));
            }
            other => value.push(other),
        }
    }
    quoted.is_none().then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgSslMode;

    use super::*;

    #[test]
    fn both_ways_to_write_an_address_mean_the_same() {
        for text in [
            "postgres://clair:it%27s@db:5433/vulnerabilities?sslmode=disable",
            r"host=db port=5433 user=clair password='it\'s' dbname = vulnerabilities sslmode=disable",
        ] {
            let Address {
                options,
                max_connections,
            } = parse(text).unwrap();
            assert_eq!(options.get_host(), "db");
            assert_eq!(options.get_port(), 5433);
            assert_eq!(options.get_username(), "clair");
            assert_eq!(options.get_database(), Some("vulnerabilities"));
            assert!(matches!(options.get_ssl_mode(), PgSslMode::Disable));
            assert_eq!(max_connections, None);
        }
    }

    #[test]
    fn the_pool_size_of_clairs_driver_counts_and_other_keys_are_settings_of_the_server() {
        let address =
            parse("host=/run/postgresql pool_max_conns=7 pool_min_conns=1 statement_timeout=5s")
                .unwrap();
        assert_eq!(address.max_connections, Some(7));
        assert_eq!(
            address.options.get_socket().unwrap().to_str(),
            Some("/run/postgresql")
        );
        assert!(
            address
                .options
                .get_options()
                .unwrap()
                .contains("statement_timeout=5s")
        );
    }

    #[test]
    fn what_is_wrong_with_an_address_is_told_without_the_password() {
        for (text, reason) in [
            ("mysql://root:secret@db", "neither a URL nor"),
            ("secret", "neither a URL nor"),
            (
                "host=db password='secret",
                "the value of password has a quote",
            ),
            (
                "password=secret pool_max_conns=many",
                "pool_max_conns is no number",
            ),
            ("password=secret port=high", "invalid digit"),
            ("password=secret sslmode=maybe", "maybe"),
            ("postgres://clair:secret@db:high/", "port"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
