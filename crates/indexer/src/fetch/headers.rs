//! The headers that a client gives for a layer.

use std::collections::BTreeMap;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::FetchError;

/// Headers that belong to the connection or to the message, not to its content: they are ours to
/// set. RFC 9110, sections 7.6.1 and 8.6.
const OURS: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads the headers that go with a request.
///
/// # Errors
///
/// When one cannot be sent. The error has its name only.
pub(crate) fn read(headers: &BTreeMap<String, Vec<String>>) -> Result<HeaderMap, FetchError> {
    let mut map = HeaderMap::new();
    for (text, values) in headers {
        let invalid = || FetchError::Header { name: text.clone() };
        let name: HeaderName = text.parse().map_err(|_| invalid())?;
        if OURS.contains(&name.as_str()) {
            continue;
        }
        for value in values {
            let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            value.set_sensitive(true);
            map.append(&name, value);
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &str, values: &[&str]) -> BTreeMap<String, Vec<String>> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        BTreeMap::from([(name.to_owned(), values)])
    }

    #[test]
    fn each_value_is_a_line_of_its_own() {
        let map = read(&headers("X-Token", &["a", "b"])).unwrap();
        assert_eq!(map.get_all("x-token").iter().count(), 2);
    }

    #[test]
    fn the_connection_is_not_the_clients() {
        for name in ["Host", "Transfer-Encoding", "content-length"] {
            assert!(read(&headers(name, &["x"])).unwrap().is_empty(), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_showing_it() {
        for (name, value) in [("a b", "secret"), ("X-Token", "secret\r\nHost: evil")] {
            let error = read(&headers(name, &[value])).unwrap_err().to_string();
            assert!(error.contains(name) && !error.contains("secret"), "{error}");
        }
    }
}
