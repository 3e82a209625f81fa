//! Who presents a token, and what they may do.

use std::sync::Arc;

use clair_runtime::config::{Auth, Gateway, Psk, Scopes};
use jiff::Timestamp;

use crate::caller::{self, Caller, Trust};
use crate::claims::{self, Rules};
use crate::error::Error;
use crate::keys::{Keys, VerifyingKey};
use crate::rejection::Rejection;
use crate::replay::{InProcess, UsedTokens};
use crate::token::Token;

/// Verifies tokens. Cheap to clone; copies share the keys that they know.
#[derive(Debug, Clone)]
pub struct Verifier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    preshared: Option<Preshared>,
    keys: Keys,
    rules: Rules,
    scopes: Scopes,
    used: Arc<dyn UsedTokens>,
}

#[derive(Debug)]
struct Preshared {
    psk: Psk,
    key: VerifyingKey,
}

impl Verifier {
    /// Verifies by what the configuration says. `replay` is where used tokens are remembered, for
    /// all replicas together; without it, this process remembers its own.
    ///
    /// # Errors
    ///
    /// When the file of a public key cannot be read, or has none.
    pub fn new(
        auth: &Auth,
        gateway: &Gateway,
        replay: Option<Arc<dyn UsedTokens>>,
    ) -> Result<Self, Error> {
        let preshared = auth.psk.as_ref().map(|psk| Preshared {
            psk: psk.clone(),
            key: VerifyingKey::symmetric(psk.key.expose(), &Psk::ALGORITHMS),
        });
        Ok(Self(Arc::new(Inner {
            preshared,
            keys: Keys::new(&gateway.jwt.keys)?,
            rules: Rules::new(&gateway.jwt),
            scopes: gateway.scopes.clone(),
            used: replay.unwrap_or_else(|| Arc::new(InProcess::default())),
        })))
    }

    /// Whether anyone needs a token. If nothing is configured, everyone may do everything.
    pub fn is_required(&self) -> bool {
        self.0.preshared.is_some() || !self.0.keys.is_empty()
    }

    /// Verifies a token, as it stands after `Bearer `.
    ///
    /// # Errors
    ///
    /// When the token is not accepted, or when that cannot be known now.
    pub async fn verify(&self, token: &str) -> Result<Caller, Rejection> {
        let token = Token::parse(token)?;
        let Some(issuer) = &token.claims.iss else {
            return Err(Rejection::MissingClaim("iss"));
        };
        let trust = if token.is_symmetric() {
            self.0.verify_preshared(&token, issuer)?
        } else {
            self.0.verify_public(&token, issuer).await?
        };
        Ok(Caller {
            issuer: issuer.clone(),
            subject: token.claims.sub.clone(),
            scopes: caller::resolve(&self.0.scopes, issuer, &token.claims, trust)?,
        })
    }
}

impl Inner {
    fn verify_preshared(&self, token: &Token<'_>, issuer: &str) -> Result<Trust, Rejection> {
        let preshared = self.preshared.as_ref().ok_or(Rejection::Algorithm)?;
        if !preshared.psk.accepts_issuer(issuer) {
            return Err(Rejection::UnknownIssuer {
                issuer: issuer.to_owned(),
            });
        }
        preshared.key.verify(token)?;
        claims::check_preshared(&token.claims, Timestamp::now())?;
        Ok(Trust::Preshared)
    }

    /// What costs a request comes after what does not, and what leaves a trace comes last:
    /// otherwise anyone could use up the identifiers of tokens that they do not have.
    async fn verify_public(&self, token: &Token<'_>, issuer: &str) -> Result<Trust, Rejection> {
        if self.keys.is_empty() {
            return Err(Rejection::Algorithm);
        }
        let key_id = token.key_id.as_deref();
        let key_id = key_id.ok_or(Rejection::MissingClaim("kid"))?;
        let expires = self.rules.check(&token.claims, Timestamp::now())?;
        let (key, trust) = self.keys.find(issuer, key_id).await?;
        key.verify(token)?;
        if let Some(jti) = &token.claims.jti
            && self.rules.replay_protection
        {
            let use_once = self.used.use_once(issuer, jti, expires);
            match use_once.await {
                Ok(true) => {}
                Ok(false) => return Err(Rejection::Replayed),
                Err(error) => return Err(Rejection::UsedTokensUnavailable(error)),
            }
        }
        Ok(trust)
    }
}
