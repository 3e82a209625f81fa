//! What `host:port` may be, and whether it is this machine.

use std::net::{IpAddr, Ipv6Addr};

/// Checks `host`, `host:port`, `[v6]` and `[v6]:port`; says what is wrong otherwise.
pub(crate) fn check(authority: &str) -> Result<(), &'static str> {
    let (host, port) = split(authority)?;
    if let Some(port) = port {
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !matches!(port.parse::<u16>(), Ok(1..)) {
            return Err("has a port that is not a number from 1 to 65535");
        }
    }
    if host.starts_with('[') {
        return Ok(());
    }
    if host.split('.').all(is_label) {
        Ok(())
    } else {
        Err("has a label that is not made of letters, digits and inner \"-\"")
    }
}

/// Whether the host is this machine by its name alone; nothing is resolved.
pub(crate) fn is_loopback(authority: &str) -> bool {
    let Ok((host, _)) = split(authority) else {
        return false;
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost"),
    }
}

/// Host (in its brackets) and port.
fn split(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if !authority.starts_with('[') {
        return Ok(match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        });
    }
    let end = authority
        .find(']')
        .ok_or("opens a bracket that is not closed")?;
    let (host, rest) = authority.split_at(end + 1);
    if host[1..end].parse::<Ipv6Addr>().is_err() {
        return Err("has no IPv6 address between its brackets");
    }
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err("has something other than a port after its brackets"),
    }
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_name_and_address() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1",
            "127.9.9.9:5000",
            "[::1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example",
            "10.0.0.1",
            "[::2]",
            "128.0.0.1:5000",
            "[::1",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
