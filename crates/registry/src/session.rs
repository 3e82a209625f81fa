//! What goes into the `Authorization` header of the requests for one repository.
//!
//! The registry says in a [challenge](crate::challenge) what it wants: for `Basic` that is the
//! [credentials](crate::credentials) themselves, for `Bearer` a [token] of a service
//! that the challenge names. What was got is kept per repository, and used until it expires or is
//! refused.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::blocking::Response;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use tracing::debug;

use crate::challenge::Challenge;
use crate::credentials::{CredentialStore, Found};
use crate::token::{self, Service};
use crate::transport::Transport;
use crate::{Credentials, Error, Options, Reference};

/// Nothing is kept longer, whatever its lifetime: credentials change.
const LONGEST_LIFETIME: Duration = Duration::from_hours(1);
/// A token this close to its end is not used any more: the request takes time, too.
const MARGIN: Duration = Duration::from_secs(5);

/// The sessions with all registries.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: CredentialStore,
    /// By registry and repository.
    open: Mutex<HashMap<(String, String), Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    /// `None` if the registry wants credentials and there are none.
    authorization: Option<HeaderValue>,
    /// Where the credentials behind it come from; `None` for an anonymous token.
    origin: Option<String>,
    expires: Instant,
}

impl Sessions {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            store: CredentialStore::new(options),
            open: Mutex::default(),
        }
    }

    /// The header that worked last, while it is fresh.
    pub(crate) fn authorization(&self, reference: &Reference) -> Option<HeaderValue> {
        let session = self.session(reference)?;
        if session.expires <= Instant::now() + MARGIN {
            return None;
        }
        session.authorization
    }

    /// Answers a 401: gives the header to try again with, `None` if there is none to be had.
    ///
    /// `refused` is the header that the answered request was sent with.
    pub(crate) fn renew(
        &self,
        transport: &Transport,
        reference: &Reference,
        response: &Response,
        refused: Option<&HeaderValue>,
    ) -> Result<Option<HeaderValue>, Error> {
        // Another thread may have answered the same challenge in the meantime.
        if let Some(fresh) = self.authorization(reference)
            && refused != Some(&fresh)
        {
            return Ok(Some(fresh));
        }
        let challenges = challenges(response.headers());
        let find = |scheme| challenges.iter().find(|known| known.scheme == scheme);
        let found = self.store.find(reference)?;
        let origin = found.as_ref().map(|found| found.origin.clone());
        let (authorization, lifetime) = if let Some(challenge) = find("bearer") {
            let service = Service::of(reference, challenge, response.url())?;
            let (token, lifetime) = bearer(transport, &service, found.as_ref())
                .map_err(|error| with_hint(error, reference, Asked::For(origin.clone())))?;
            debug!(registry = reference.registry(), ?lifetime, "got a token");
            (
                Some(header(reference.to_string(), "Bearer", &token)?),
                lifetime,
            )
        } else if find("basic").is_some() {
            (basic(reference, found.as_ref())?, LONGEST_LIFETIME)
        } else {
            let reason = "it wants authentication and names no way that is known here";
            return Err(Error::answer(
                reference.to_string(),
                reference.api_host(),
                reason,
            ));
        };
        let session = Session {
            authorization: authorization.clone(),
            origin,
            expires: Instant::now() + lifetime.min(LONGEST_LIFETIME),
        };
        self.keep(reference, session);
        Ok(authorization)
    }

    /// Adds to a refusal what the credentials have to do with it.
    pub(crate) fn explain(&self, reference: &Reference, error: Error) -> Error {
        let asked = match self.session(reference) {
            Some(session) => Asked::For(session.origin),
            None => Asked::Nothing,
        };
        with_hint(error, reference, asked)
    }

    fn session(&self, reference: &Reference) -> Option<Session> {
        self.open().get(&key(reference)).cloned()
    }

    fn keep(&self, reference: &Reference, session: Session) {
        let mut open = self.open();
        // The service that indexes images runs for months and sees many repositories.
        let now = Instant::now();
        open.retain(|_, session| session.expires > now);
        open.insert(key(reference), session);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<(String, String), Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(reference: &Reference) -> (String, String) {
    let repository = reference.repository().to_owned();
    (reference.registry().to_owned(), repository)
}

fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Challenge::parse_all)
        .collect()
}

fn bearer(
    transport: &Transport,
    service: &Service,
    found: Option<&Found>,
) -> Result<(String, Duration), Error> {
    match found.map(|found| &found.credentials) {
        Some(Credentials::RegistryToken(token)) => {
            Ok((token.expose().to_owned(), LONGEST_LIFETIME))
        }
        Some(Credentials::IdentityToken(token)) => token::refresh(transport, service, token),
        Some(Credentials::Basic { username, password }) => {
            let login = basic_value(username, password.expose());
            token::fetch(transport, service, Some(&login))
        }
        None => token::fetch(transport, service, None),
    }
}

fn basic(reference: &Reference, found: Option<&Found>) -> Result<Option<HeaderValue>, Error> {
    match found.map(|found| (&found.credentials, &found.origin)) {
        None => Ok(None),
        Some((Credentials::Basic { username, password }, _)) => {
            let value = basic_value(username, password.expose());
            header(reference.to_string(), "Basic", &value).map(Some)
        }
        Some((_, origin)) => {
            let reason = format!("it wants a password, and {origin} is a token");
            Err(Error::answer(
                reference.to_string(),
                reference.api_host(),
                reason,
            ))
        }
    }
}

fn basic_value(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{username}:{password}"))
}

/// A header value that no `Debug` shows.
pub(crate) fn header(
    what: impl Into<String>,
    scheme: &str,
    value: &str,
) -> Result<HeaderValue, Error> {
    let mut header = HeaderValue::try_from(format!("{scheme} {value}")).map_err(|_| {
        let reason = "the token has characters that no header may have";
        Error::answer(what, "the token service", reason)
    })?;
    header.set_sensitive(true);
    Ok(header)
}

/// What is known about the credentials of a refused request.
enum Asked {
    /// The registry never asked for any.
    Nothing,
    /// It asked, and this is where they came from, if there were any.
    For(Option<String>),
}

fn with_hint(mut error: Error, reference: &Reference, asked: Asked) -> Error {
    if let Error::Refused {
        status,
        hint: hint @ None,
        ..
    } = &mut error
    {
        let registry = reference.registry();
        *hint = match (*status, asked) {
            (401 | 403 | 404, Asked::For(None)) => {
                Some(format!("no credentials were found for {registry}"))
            }
            (401, Asked::For(Some(origin))) => {
                Some(format!("the credentials from {origin} were not accepted"))
            }
            (403 | 404, Asked::For(Some(origin))) => Some(format!(
                "the credentials from {origin} may not give access to it"
            )),
            (404, Asked::Nothing) => Some("check its name".to_owned()),
            _ => None,
        };
    }
    error
}
