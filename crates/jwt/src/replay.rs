//! Tokens that were used, so that one who overhears a token cannot use it again.

use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{self, SHA256};
use futures::future::BoxFuture;
use jiff::Timestamp;

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Remembers which tokens were used.
pub trait UsedTokens: Send + Sync + Debug {
    /// Notes that a token is used, and tells whether it is for the first time. From `expires` on
    /// the token is refused anyway, and the note may go.
    fn use_once<'a>(
        &'a self,
        issuer: &'a str,
        jti: &'a str,
        expires: Timestamp,
    ) -> BoxFuture<'a, Result<bool, BoxError>>;
}

/// Tokens that are remembered at the same time. Only tokens with right signatures get here, so it
/// takes an issuer who makes thousands of tokens in a second, and means it.
const MAX_TOKENS: usize = 1 << 20;

/// Remembers tokens in the memory of this process.
#[derive(Debug, Default)]
pub(crate) struct InProcess {
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    used: HashSet<Hash>,
    /// The same in the order in which they are forgotten.
    order: BTreeSet<(Timestamp, Hash)>,
}

type Hash = [u8; 16];

impl UsedTokens for InProcess {
    fn use_once<'a>(
        &'a self,
        issuer: &'a str,
        jti: &'a str,
        expires: Timestamp,
    ) -> BoxFuture<'a, Result<bool, BoxError>> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let result = tokens.use_once(hash(issuer, jti), expires, Timestamp::now(), MAX_TOKENS);
        Box::pin(async move { result })
    }
}

impl Tokens {
    fn use_once(
        &mut self,
        hash: Hash,
        expires: Timestamp,
        now: Timestamp,
        max: usize,
    ) -> Result<bool, BoxError> {
        while let Some((_, gone)) = self.order.first().filter(|(expires, _)| *expires <= now) {
            self.used.remove(gone);
            self.order.pop_first();
        }
        if self.used.contains(&hash) {
            return Ok(false);
        }
        // To forget a token that is still valid would be to accept it twice.
        if self.used.len() >= max {
            return Err("too many tokens are in use at the same time".into());
        }
        self.used.insert(hash);
        self.order.insert((expires, hash));
        Ok(true)
    }
}

/// What is remembered of a token. The length keeps `("a", "bc")` and `("ab", "c")` apart.
fn hash(issuer: &str, jti: &str) -> Hash {
    let mut context = digest::Context::new(&SHA256);
    context.update(&(issuer.len() as u64).to_le_bytes());
    context.update(issuer.as_bytes());
    context.update(jti.as_bytes());
    let mut hash = Hash::default();
    hash.copy_from_slice(&context.finish().as_ref()[..16]);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_token_is_used_once_until_it_has_expired() {
        let mut tokens = Tokens::default();
        let token = hash("quay", "1");
        assert!(tokens.use_once(token, at(10), at(0), 9).unwrap());
        assert!(!tokens.use_once(token, at(10), at(9), 9).unwrap());
        assert!(tokens.use_once(token, at(20), at(10), 9).unwrap());
        assert_eq!(tokens.used.len(), 1);
    }

    #[test]
    fn issuers_do_not_share_identifiers() {
        let mut tokens = Tokens::default();
        for (issuer, jti) in [("a", "bc"), ("ab", "c"), ("abc", "")] {
            let first = tokens.use_once(hash(issuer, jti), at(10), at(0), 9);
            assert!(first.unwrap(), "{issuer} {jti}");
        }
    }

    #[test]
    fn when_memory_is_full_tokens_are_refused_rather_than_forgotten() {
        let mut tokens = Tokens::default();
        assert!(tokens.use_once(hash("a", "1"), at(10), at(0), 2).unwrap());
        assert!(tokens.use_once(hash("a", "2"), at(20), at(0), 2).unwrap());
        assert!(tokens.use_once(hash("a", "3"), at(20), at(0), 2).is_err());
        assert!(!tokens.use_once(hash("a", "1"), at(10), at(0), 2).unwrap());
        assert!(tokens.use_once(hash("a", "3"), at(20), at(10), 2).unwrap());
    }
}
