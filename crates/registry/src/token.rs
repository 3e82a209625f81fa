//! Tokens: short-lived proofs that a service beside the registry gives out.
//!
//! The flow is that of the Docker registry: a GET with the credentials as `Basic`, or without any
//! for what is public, or a POST that exchanges a refresh token. Only the service sees them.

use std::time::Duration;

use reqwest::blocking::Response;
use serde::Deserialize;
use tracing::debug;
use url::Url;

use crate::challenge::Challenge;
use crate::session::header;
use crate::transport::{Request, Transport, authority, public, read_small, refusal};
use crate::{Error, Reference, Secret};

/// Lifetime of a token whose service states none, by the specification of the flow.
const DEFAULT_LIFETIME: u64 = 60;
/// Tokens of real services stay below 16 KiB.
const MAX_ANSWER: u64 = 256 * 1024;
/// What we call ourselves towards a token service.
const CLIENT_ID: &str = "clair";

/// Where a token is to be had, and what for.
#[derive(Debug)]
pub(crate) struct Service {
    realm: Url,
    name: Option<String>,
    scope: String,
    /// For messages.
    what: String,
}

impl Service {
    /// The service that the registry at `asked` names in its challenge.
    pub(crate) fn of(
        reference: &Reference,
        challenge: &Challenge,
        asked: &Url,
    ) -> Result<Self, Error> {
        let realm = challenge
            .parameter("realm")
            .and_then(|realm| Url::parse(realm).ok())
            // Credentials go there: only as openly as we talk to the registry itself.
            .filter(|realm| {
                realm.scheme() == "https" || (realm.scheme() == "http" && asked.scheme() == "http")
            });
        let Some(mut realm) = realm else {
            let reason = "the realm of its challenge is not an HTTPS URL";
            return Err(Error::answer(
                reference.to_string(),
                authority(asked),
                reason,
            ));
        };
        // Both fail only for URLs without a host, which http and https do not have.
        let _ = realm.set_username("");
        let _ = realm.set_password(None);
        Ok(Self {
            realm,
            name: challenge.parameter("service").map(str::to_owned),
            scope: scope(reference, challenge),
            what: format!("a token for {}", reference.name()),
        })
    }

    fn answer(&self, reason: &str) -> Error {
        Error::answer(self.what.as_str(), authority(&self.realm), reason)
    }
}

/// What is asked for: to pull from the repository.
///
/// The challenge's own idea of it counts if it is just that: registries that serve one repository
/// under several names know it by another. A wider one is not asked for.
fn scope(reference: &Reference, challenge: &Challenge) -> String {
    challenge
        .parameter("scope")
        .filter(|scope| {
            scope
                .strip_prefix("repository:")
                .and_then(|rest| rest.strip_suffix(":pull"))
                .is_some_and(|name| !name.contains(' '))
        })
        .map_or_else(
            || format!("repository:{}:pull", reference.repository()),
            str::to_owned,
        )
}

/// Asks for a token, with a `Basic` login if there is one.
pub(crate) fn fetch(
    transport: &Transport,
    service: &Service,
    login: Option<&str>,
) -> Result<(String, Duration), Error> {
    let mut url = service.realm.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(name) = &service.name {
            query.append_pair("service", name);
        }
        query.append_pair("scope", &service.scope);
    }
    let mut request = Request::get(&service.what, url);
    request.authorization = login
        .map(|login| header(service.what.as_str(), "Basic", login))
        .transpose()?;
    ask(transport, service, &request)
}

/// Exchanges a refresh token for an access token (RFC 6749, section 6).
pub(crate) fn refresh(
    transport: &Transport,
    service: &Service,
    token: &Secret,
) -> Result<(String, Duration), Error> {
    let mut form = vec![
        ("grant_type", "refresh_token".to_owned()),
        ("client_id", CLIENT_ID.to_owned()),
        ("scope", service.scope.clone()),
        ("refresh_token", token.expose().to_owned()),
    ];
    if let Some(name) = &service.name {
        form.push(("service", name.clone()));
    }
    let mut request = Request::get(&service.what, service.realm.clone());
    request.form = Some(form);
    ask(transport, service, &request)
}

fn ask(
    transport: &Transport,
    service: &Service,
    request: &Request<'_>,
) -> Result<(String, Duration), Error> {
    debug!(
        realm = public(&service.realm),
        scope = service.scope,
        "asking for a token"
    );
    let body = transport.send(request, |response: Response| {
        if response.status().is_success() {
            read_small(&service.what, response, MAX_ANSWER)
        } else {
            Err(refusal(&service.what, response))
        }
    })?;
    // The message of serde_json is left out: it may repeat the token.
    let answer: Answer = serde_json::from_slice(&body)
        .map_err(|_| service.answer("it is not the JSON of a token"))?;
    let token = [answer.token, answer.access_token]
        .into_iter()
        .flatten()
        .find(|token| !token.is_empty())
        .ok_or_else(|| service.answer("it holds no token"))?;
    let lifetime = answer.expires_in.unwrap_or(DEFAULT_LIFETIME);
    // Some services state zero, and mean the default.
    Ok((token, Duration::from_secs(lifetime.max(DEFAULT_LIFETIME))))
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(challenge: &str, asked: &str) -> Result<Service, Error> {
        let reference: Reference = "ghcr.io/a/b".parse().unwrap();
        let challenge = &Challenge::parse_all(challenge)[0];
        Service::of(&reference, challenge, &asked.parse().unwrap())
    }

    #[test]
    fn only_pulling_is_asked_for() {
        for (stated, expected) in [
            ("", "repository:a/b:pull"),
            ("repository:a/b:pull", "repository:a/b:pull"),
            ("repository:proxy/a/b:pull", "repository:proxy/a/b:pull"),
            ("repository:a/b:pull,push", "repository:a/b:pull"),
            ("repository:a/b:delete", "repository:a/b:pull"),
            ("registry:catalog:*", "repository:a/b:pull"),
            ("repository:a:push repository:a:pull", "repository:a/b:pull"),
        ] {
            let challenge = format!(r#"Bearer realm="https://h/t",scope="{stated}""#);
            let service = service(&challenge, "https://ghcr.io/v2/").unwrap();
            assert_eq!(service.scope, expected);
        }
    }

    #[test]
    fn a_realm_is_as_safe_as_its_registry() {
        let http = r#"Bearer realm="http://h/t""#;
        assert!(service(http, "http://ghcr.io/v2/").is_ok());
        for challenge in [
            http,
            "Bearer",
            r#"Bearer realm="/token""#,
            r#"Bearer realm="file:///etc/passwd""#,
            r#"Bearer realm="ftp://h/t""#,
        ] {
            let error = service(challenge, "https://ghcr.io/v2/").unwrap_err();
            assert!(error.to_string().contains("the realm"), "{error}");
        }
    }

    #[test]
    fn a_login_in_the_realm_is_dropped() {
        let service = service(r#"Bearer realm="https://u:p@h/t""#, "https://ghcr.io/v2/").unwrap();
        assert_eq!(service.realm.as_str(), "https://h/t");
    }
}
