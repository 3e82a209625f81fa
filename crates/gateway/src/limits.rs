//! How often a client may ask.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clair_runtime::config::{RateLimit, RateLimitKey};
use http::StatusCode;
use tokio::time::Instant;

use crate::failure::Failure;

/// Clients that are remembered. If there are more, those that have rested for long enough are
/// forgotten first, and then all: a flood of addresses costs no more memory than this.
const MAX_CLIENTS: usize = 100_000;

/// Counts the requests of each client, by the time at which its account is even again (the generic
/// cell rate algorithm).
#[derive(Debug)]
pub(crate) struct RateLimiter {
    by: RateLimitKey,
    /// The time that one request costs.
    cost: Duration,
    /// How far the account may be overdrawn.
    credit: Duration,
    even_at: Mutex<HashMap<Client, Instant>>,
}

/// What is taken for one client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    /// An address; of IPv6 the network that one customer gets.
    Address(IpAddr),
    /// An issuer of tokens.
    Issuer(String),
}

impl Client {
    /// The client at an address.
    pub(crate) fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Self::Address(IpAddr::V6(network.into()))
            }
            address @ IpAddr::V4(_) => Self::Address(address),
        }
    }
}

impl RateLimiter {
    pub(crate) fn new(limit: &RateLimit) -> Self {
        let cost = Duration::from_secs(1) / limit.requests_per_second.max(1);
        let burst = limit.burst.unwrap_or(limit.requests_per_second).max(1);
        Self {
            by: limit.by,
            cost,
            credit: cost * burst,
            even_at: Mutex::default(),
        }
    }

    /// Whether issuers are counted, and not addresses.
    pub(crate) fn counts_issuers(&self) -> bool {
        self.by == RateLimitKey::Issuer
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// The time after which the client may ask again, if it asked too often.
    pub(crate) fn count(&self, client: Client) -> Result<(), Duration> {
        let now = Instant::now();
        let mut accounts = self.even_at.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= MAX_CLIENTS && !accounts.contains_key(&client) {
            accounts.retain(|_, even_at| *even_at > now);
            if accounts.len() >= MAX_CLIENTS {
                accounts.clear();
            }
        }
        let account = accounts.entry(client).or_insert(now);
        let even_at = (*account).max(now) + self.cost;
        let overdrawn = even_at.saturating_duration_since(now);
        if overdrawn > self.credit {
            return Err(overdrawn.saturating_sub(self.credit));
        }
        *account = even_at;
        Ok(())
    }
}

/// The answer to a client that asks too often.
pub(crate) fn too_often(wait: Duration) -> Failure {
    Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many requests").after(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(requests_per_second: u32, burst: u32) -> RateLimiter {
        RateLimiter::new(&RateLimit {
            requests_per_second,
            burst: Some(burst),
            by: RateLimitKey::Address,
        })
    }

    fn at(address: &str) -> Client {
        Client::at(address.parse().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_rested_client_may_ask_in_a_burst_and_then_at_its_rate() {
        let limiter = limiter(10, 3);
        let client = at("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(limiter.count(client.clone()), Ok(()));
        }
        let wait = limiter.count(client.clone()).unwrap_err();
        assert_eq!(wait, Duration::from_millis(100));
        tokio::time::advance(wait).await;
        assert_eq!(limiter.count(client.clone()), Ok(()));
        assert!(limiter.count(client.clone()).is_err());
        tokio::time::advance(Duration::from_hours(1)).await;
        for _ in 0..3 {
            assert_eq!(limiter.count(client.clone()), Ok(()));
        }
        assert!(limiter.count(client).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn clients_do_not_count_for_each_other() {
        let limiter = limiter(1, 1);
        assert_eq!(limiter.count(at("192.0.2.1")), Ok(()));
        assert_eq!(limiter.count(at("192.0.2.2")), Ok(()));
        assert_eq!(limiter.count(Client::Issuer("quay".into())), Ok(()));
        assert!(limiter.count(at("::ffff:192.0.2.1")).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_of_one_customer_are_one_client() {
        let limiter = limiter(1, 1);
        assert_eq!(limiter.count(at("2001:db8:1:2::1")), Ok(()));
        assert!(limiter.count(at("2001:db8:1:2:ffff::2")).is_err());
        assert_eq!(limiter.count(at("2001:db8:1:3::1")), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_clients_takes_no_more_memory_than_it_may() {
        let limiter = limiter(1, 1);
        for number in 0..u32::try_from(MAX_CLIENTS).unwrap() + 10 {
            let _ = limiter.count(Client::Address(IpAddr::V4(number.into())));
        }
        assert!(limiter.even_at.lock().unwrap().len() <= MAX_CLIENTS);
    }
}
