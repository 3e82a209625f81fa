//! Names to addresses, of which only those are given that may be connected to.
//!
//! The policy is applied to the very addresses that are connected to, so that a name that leads
//! elsewhere a moment later gains nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Egress;
use super::error::Refusal;

#[derive(Debug)]
pub(super) struct Resolver(pub(super) Arc<Egress>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str();
            let found = tokio::net::lookup_host((host, 0)).await?;
            let mut refusal = Refusal::NoAddress(host.to_owned());
            let mut allowed: Vec<SocketAddr> = Vec::new();
            for address in found {
                match egress.check(host, address.ip()) {
                    Ok(()) => allowed.push(address),
                    Err(refused) => refusal = refused,
                }
            }
            if allowed.is_empty() {
                return Err(refusal.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
