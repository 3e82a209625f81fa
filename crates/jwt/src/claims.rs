//! Whether what a token says holds now: Clair's rules for tokens with the preshared key, and those
//! of jwtproxy for all others.

use std::time::Duration;

use clair_runtime::config::{Jwt, Psk};
use jiff::Timestamp;

use crate::audience::Audience;
use crate::rejection::Rejection;
use crate::token::{Claims, Seconds};

/// Clair's rules for tokens with the preshared key: times are compared where they are said.
pub(crate) fn check_preshared(claims: &Claims, now: Timestamp) -> Result<(), Rejection> {
    check_times(claims, now.as_second(), in_seconds(Psk::LEEWAY))
}

/// What is asked of tokens whose issuers have keys of their own.
#[derive(Debug)]
pub(crate) struct Rules {
    audience: Vec<Audience>,
    max_ttl: i64,
    max_skew: i64,
    pub(crate) replay_protection: bool,
}

impl Rules {
    pub(crate) fn new(jwt: &Jwt) -> Self {
        Self {
            audience: jwt
                .audience
                .iter()
                .map(|name| Audience::new(name))
                .collect(),
            max_ttl: in_seconds(jwt.max_ttl.duration()),
            max_skew: in_seconds(jwt.max_skew.duration()),
            replay_protection: jwt.replay_protection,
        }
    }

    /// Checks everything that needs no key and no memory, and tells from when on the token is
    /// refused as expired.
    pub(crate) fn check(&self, claims: &Claims, now: Timestamp) -> Result<Timestamp, Rejection> {
        let names = claims.aud.names();
        if names.is_empty() {
            return Err(Rejection::MissingClaim("aud"));
        }
        let is_ours = |name: &String| self.audience.contains(&Audience::new(name));
        if !names.iter().any(is_ours) {
            return Err(Rejection::Audience);
        }
        let Seconds(exp) = claims.exp.ok_or(Rejection::MissingClaim("exp"))?;
        claims.nbf.ok_or(Rejection::MissingClaim("nbf"))?;
        let Seconds(iat) = claims.iat.ok_or(Rejection::MissingClaim("iat"))?;
        check_times(claims, now.as_second(), self.max_skew)?;
        if exp < iat {
            return Err(Rejection::Expired);
        }
        let seconds = exp - iat;
        if seconds > self.max_ttl {
            return Err(Rejection::TooLong {
                seconds,
                max: self.max_ttl,
            });
        }
        if self.replay_protection && claims.jti.is_none() {
            return Err(Rejection::MissingClaim("jti"));
        }
        let expires = exp.saturating_add(self.max_skew);
        Ok(Timestamp::from_second(expires).unwrap_or(Timestamp::MAX))
    }
}

/// Compares the times that are there, with clocks that differ by `skew` seconds.
fn check_times(claims: &Claims, now: i64, skew: i64) -> Result<(), Rejection> {
    let later = now.saturating_add(skew);
    let earlier = now.saturating_sub(skew);
    if claims.exp.is_some_and(|Seconds(exp)| exp <= earlier) {
        return Err(Rejection::Expired);
    }
    if claims.nbf.is_some_and(|Seconds(nbf)| nbf > later) {
        return Err(Rejection::NotYetValid);
    }
    if claims.iat.is_some_and(|Seconds(iat)| iat > later) {
        return Err(Rejection::IssuedInFuture);
    }
    Ok(())
}

/// Whole seconds, as tokens count time.
pub(crate) fn in_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
