//! Who may call.

use http::Request;
use http::header::AUTHORIZATION;

use super::connection::Peer;
use crate::{Error, ErrorCode, Token};

/// Who may call: whoever any of these lets in.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Callers that send one of these tokens. Several, so that a token can be changed without an
    /// interruption.
    pub tokens: Vec<Token>,
    /// Callers whose certificate TLS has verified.
    pub client_certificates: bool,
    /// Callers on this machine. Not to be used behind a proxy on the same machine, which makes
    /// everyone such a caller.
    pub loopback: bool,
    /// Callers of whom nothing is known, for networks that keep strangers out by themselves.
    pub anybody: bool,
}

/// Calls that need no trust: whether a server is alive may everybody know.
const OPEN: &str = "/grpc.health.v1.Health/";

impl Trust {
    /// Whether there is any way in.
    pub(super) fn admits_anybody(&self) -> bool {
        !self.tokens.is_empty() || self.client_certificates || self.loopback || self.anybody
    }

    /// Whether this call may go on.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<(), Error> {
        if self.anybody || request.uri().path().starts_with(OPEN) {
            return Ok(());
        }
        let peer = request.extensions().get::<Peer>();
        if peer.is_some_and(|peer| self.knows(peer)) {
            return Ok(());
        }
        let sent = request.headers().get(AUTHORIZATION);
        let is_token = sent.is_some_and(|sent| self.tokens.iter().any(|token| token.is(sent)));
        if is_token {
            return Ok(());
        }
        let message = match sent {
            Some(_) => "the token is not one of this service",
            None => "neither a token nor a trusted certificate was sent",
        };
        Err(Error::new(ErrorCode::Unauthenticated, message))
    }

    fn knows(&self, peer: &Peer) -> bool {
        (self.client_certificates && peer.has_certificate) || (self.loopback && peer.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(path: &str, peer: &str, token: Option<&str>) -> Request<()> {
        let mut request = Request::new(());
        *request.uri_mut() = path.parse().unwrap();
        request.extensions_mut().insert(Peer {
            address: Some(peer.parse().unwrap()),
            has_certificate: false,
        });
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request
    }

    const ANY: &str = "/clair.matcher.v1.Matcher/GetStatus";
    const ELSEWHERE: &str = "192.0.2.1:9";
    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn a_caller_needs_one_of_the_tokens() {
        let trust = Trust {
            tokens: vec![
                Token::new("an-older-token-that-still-counts").unwrap(),
                Token::new(SECRET).unwrap(),
            ],
            ..Trust::default()
        };
        assert!(trust.admit(&call(ANY, ELSEWHERE, Some(SECRET))).is_ok());
        for token in [None, Some(""), Some("0123456789abcdee")] {
            let refused = trust.admit(&call(ANY, "127.0.0.1:9", token)).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::Unauthenticated, "{token:?}");
        }
    }

    #[test]
    fn loopback_is_trusted_only_if_configured_and_only_if_it_is_loopback() {
        let trust = Trust {
            loopback: true,
            ..Trust::default()
        };
        for peer in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert!(trust.admit(&call(ANY, peer, None)).is_ok(), "{peer}");
        }
        assert!(trust.admit(&call(ANY, ELSEWHERE, None)).is_err());
    }

    #[test]
    fn health_may_be_asked_by_everybody_and_nothing_that_only_looks_like_it() {
        let trust = Trust::default();
        let check = "/grpc.health.v1.Health/Check";
        assert!(trust.admit(&call(check, ELSEWHERE, None)).is_ok());
        for path in ["/grpc.health.v1.Healthy/Check", "/x/grpc.health.v1.Health/"] {
            assert!(trust.admit(&call(path, ELSEWHERE, None)).is_err());
        }
    }
}
