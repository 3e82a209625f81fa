//! Resolves names for HTTP clients, to addresses that may be asked.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

use super::{EgressError, EgressPolicy};

/// Resolves names to those of their addresses that a policy allows. What it gives is what the
/// client connects to, so that nothing can change in between.
#[derive(Clone)]
pub struct EgressResolver {
    policy: Arc<EgressPolicy>,
    names: Arc<dyn Resolve>,
}

impl EgressResolver {
    /// Asks the system for addresses.
    pub(super) fn new(policy: Arc<EgressPolicy>) -> Self {
        Self::over(policy, Arc::new(SystemResolver))
    }

    /// Asks another resolver for addresses.
    pub fn over(policy: Arc<EgressPolicy>, names: Arc<dyn Resolve>) -> Self {
        Self { policy, names }
    }
}

impl Resolve for EgressResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let policy = Arc::clone(&self.policy);
        let addresses = self.names.resolve(name);
        Box::pin(async move {
            let allowed = allowed(&policy, &host, addresses.await?)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses that may be asked; if there is none, why the first may not.
fn allowed(
    policy: &EgressPolicy,
    host: &str,
    addresses: Addrs,
) -> Result<Vec<SocketAddr>, EgressError> {
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in addresses {
        match policy.check_address(host, address.ip()) {
            Ok(()) => allowed.push(address),
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    if !allowed.is_empty() {
        return Ok(allowed);
    }
    Err(refused.unwrap_or_else(|| EgressError::NoAddress {
        host: host.to_owned(),
    }))
}

impl fmt::Debug for EgressResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressResolver")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<_> = found
                .map_err(Box::<dyn Error + Send + Sync>::from)?
                .collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
