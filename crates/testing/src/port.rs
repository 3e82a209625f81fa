//! Ports that nobody listens on.

use std::net::{Ipv4Addr, TcpListener};

/// A TCP port of the loopback interface that was free a moment ago.
///
/// Another process may take it before it is used, so whoever uses it tries again with another.
///
/// # Panics
///
/// When the system has no free port.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    match address {
        Ok(address) => address.port(),
        Err(error) => panic!("no free port on the loopback interface: {error}"),
    }
}
