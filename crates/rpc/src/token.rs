//! The secret that services share.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use base64::Engine as _;
use http::HeaderValue;
use thiserror::Error;

/// A secret by which services know each other. `Debug` does not show it.
#[derive(Clone)]
pub struct Token(HeaderValue);

/// A text that cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidToken {
    /// Too easy to guess.
    #[error("a token has at least {} characters", Token::MIN_LENGTH)]
    TooShort,
    /// It cannot be sent in metadata.
    #[error("a token consists of visible ASCII characters")]
    NotVisible,
}

const SCHEME: &str = "Bearer ";

impl Token {
    /// The fewest characters that a token may have.
    pub const MIN_LENGTH: usize = 16;

    /// A token from a configuration. Space at its ends does not count.
    pub fn new(text: &str) -> Result<Self, InvalidToken> {
        let text = text.trim();
        if text.len() < Self::MIN_LENGTH {
            return Err(InvalidToken::TooShort);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::NotVisible);
        }
        Self::from_visible(text)
    }

    /// A random token, for services that live in one process.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn generate() -> Result<Self, std::io::Error> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(std::io::Error::other)?;
        Self::from_visible(&base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
            .map_err(std::io::Error::other)
    }

    fn from_visible(text: &str) -> Result<Self, InvalidToken> {
        let mut value = HeaderValue::from_str(&format!("{SCHEME}{text}"))
            .map_err(|_| InvalidToken::NotVisible)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value of the `authorization` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Whether a caller sent this token. How long it takes does not depend on how much of it is
    /// right.
    pub(crate) fn is(&self, header: &HeaderValue) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), header.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let token = Token::new("  0123456789abcdef\n").unwrap();
        let header = |text: &str| HeaderValue::from_str(text).unwrap();
        assert!(token.is(&header("Bearer 0123456789abcdef")));
        for other in ["", "Bearer ", "0123456789abcdef", "Bearer 0123456789abcdeF"] {
            assert!(!token.is(&header(other)), "{other:?}");
        }
        assert!(!Token::generate().unwrap().is(&token.header()));
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new("0123456789abcdef").unwrap();
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert!(!format!("{:?}", token.header()).contains("0123"));
    }

    #[test]
    fn short_and_unsendable_tokens_are_refused() {
        assert_eq!(Token::new("short").unwrap_err(), InvalidToken::TooShort);
        let spaced = "0123456789 abcdef";
        assert_eq!(Token::new(spaced).unwrap_err(), InvalidToken::NotVisible);
    }
}
