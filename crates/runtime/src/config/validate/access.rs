//! Who may use the API.

use super::Checks;
use crate::config::gateway::KeySource;
use crate::config::{Config, KeyPath, Mode, Service};

/// Shorter keys can be guessed from one token (RFC 7518, section 3.2).
const HS256_KEY_BYTES: usize = 32;

/// Shorter identifiers of tokens are not unique for long.
const SHORTEST_NONCE: usize = 16;

pub(super) fn check(checks: &mut Checks<'_>, config: &Config, mode: Mode) {
    if let Some(psk) = &config.auth.psk {
        checks.require(!psk.iss.is_empty(), "auth.psk.iss", "must name an issuer");
        if psk.key.expose().len() < HS256_KEY_BYTES {
            checks.warn(
                "auth.psk.key",
                format!("has less than {HS256_KEY_BYTES} bytes, and may be guessed"),
            );
        }
    }
    let keys = &config.gateway.jwt.keys;
    if mode.runs(Service::Gateway) && config.auth.psk.is_none() && keys.is_empty() {
        checks.warn("auth", "is missing: everyone may use the API");
    }
    checks.require(
        keys.is_empty() || !config.gateway.jwt.audience.is_empty(),
        "gateway.jwt.audience",
        "must say how callers name this API",
    );
    for (index, source) in keys.iter().enumerate() {
        check_key_source(checks, index, source);
    }
    check_scopes(checks, config);
    if let Some(limit) = &config.gateway.rate_limit {
        checks.require(
            limit.requests_per_second > 0 && limit.burst != Some(0),
            "gateway.rate_limit",
            "must allow a request",
        );
    }
    if let Some(signer) = &config.gateway.signer {
        checks.require(
            signer.nonce_length >= SHORTEST_NONCE,
            "gateway.signer.nonce_length",
            "must be 16 at least",
        );
        checks.require(
            !signer.expiration_time.is_zero(),
            "gateway.signer.expiration_time",
            "must not be 0",
        );
    }
}

fn check_key_source(checks: &mut Checks<'_>, index: usize, source: &KeySource) {
    let path = KeyPath::of("gateway.jwt.keys").index(index);
    match source {
        KeySource::Jwks {
            url,
            issuers,
            refresh,
        } => {
            if !matches!(url.url().scheme(), "http" | "https") {
                checks.error_at(path.key("url"), "must be an http: or https: URL");
            }
            if issuers.is_empty() {
                checks.error_at(path.key("issuers"), "must name an issuer");
            }
            if refresh.duration().as_secs() == 0 {
                checks.error_at(path.key("refresh"), "must be a second at least");
            }
        }
        KeySource::KeyRegistry { registry } => {
            if !matches!(registry.url().scheme(), "http" | "https") {
                checks.error_at(path.key("registry"), "must be an http: or https: URL");
            } else if !registry.url().path().ends_with('/') {
                checks.error_at(
                    path.key("registry"),
                    "must end in a slash: https://quay.example/keys/",
                );
            }
        }
        KeySource::Preshared { .. } => {}
    }
}

fn check_scopes(checks: &mut Checks<'_>, config: &Config) {
    let scopes = &config.gateway.scopes;
    checks.require(
        !scopes.claim.is_empty(),
        "gateway.scopes.claim",
        "must name a claim",
    );
    for route in scopes.routes.keys() {
        let is_route = route.split_once(' ').is_some_and(|(method, path)| {
            method.chars().all(|c| c.is_ascii_uppercase()) && path.starts_with('/')
        });
        if !is_route {
            checks.error_at(
                KeyPath::of("gateway.scopes.routes").key(route),
                "must be a method and a path, like GET /indexer/api/v1/index_state",
            );
        }
    }
}
