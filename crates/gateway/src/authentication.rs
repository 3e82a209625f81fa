//! Who asks, and whether they may.

mod used_tokens;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use clair_jwt::{Caller, Rejection};
use clair_runtime::config::Scope;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

pub(crate) use self::used_tokens::SharedTokens;

use crate::access::{Issuer, Matched};
use crate::app::App;
use crate::failure::Failure;
use crate::limits::{self, Client};
use crate::metrics;
use crate::routes::Access;

/// How a client has to say who it is (RFC 6750, section 3).
const CHALLENGE: &str = "Bearer realm=\"clair\"";

/// Lets those through who may. What is not found is not found only for those who have a token: the
/// others learn nothing of the API.
pub(crate) async fn authenticate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    match admit(&app, &head).await {
        Ok(()) => next.run(Request::from_parts(head, body)).await,
        Err(failure) => failure.into_response(),
    }
}

async fn admit(app: &App, head: &Parts) -> Result<(), Failure> {
    let route = head.extensions.get::<Matched>();
    let access = route.map_or(Access::Known, |route| route.0.access);
    if access == Access::Open || !app.verifier.is_required() {
        return Ok(());
    }
    let token = bearer(&head.headers)?;
    let caller = app
        .verifier
        .verify(token)
        .await
        .map_err(|rejection| rejected(&rejection))?;
    if let Some(issuer) = head.extensions.get::<Issuer>() {
        issuer.note(&caller.issuer);
    }
    if let Some(limiter) = &app.rate_limiter
        && limiter.counts_issuers()
    {
        let counted = limiter.count(Client::Issuer(caller.issuer.clone()));
        counted.map_err(limits::too_often)?;
    }
    match access {
        Access::Scope(scope) if !caller.may(scope) => Err(forbidden(&caller, scope)),
        Access::Scope(_) | Access::Known | Access::Open => Ok(()),
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Result<&str, Failure> {
    let mut lines = headers.get_all(AUTHORIZATION).into_iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Err(unauthorized(CHALLENGE, "a bearer token is needed"));
    };
    let credentials = line.to_str().ok().and_then(|line| line.split_once(' '));
    match credentials {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(unauthorized(
            CHALLENGE,
            "the credentials are no bearer token",
        )),
    }
}

fn rejected(rejection: &Rejection) -> Failure {
    metrics::token_rejected(reason(rejection));
    if rejection.is_unavailable() {
        tracing::warn!(
            error = rejection as &dyn std::error::Error,
            "token not verified"
        );
        let message = format!("{rejection} at the moment");
        return Failure::new(StatusCode::SERVICE_UNAVAILABLE, message)
            .after(std::time::Duration::from_secs(1));
    }
    tracing::debug!(%rejection, "token rejected");
    let challenge = "Bearer realm=\"clair\", error=\"invalid_token\"";
    unauthorized(challenge, &rejection.to_string())
}

fn unauthorized(challenge: &'static str, message: &str) -> Failure {
    Failure::new(StatusCode::UNAUTHORIZED, message)
        .with(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}

fn forbidden(caller: &Caller, scope: Scope) -> Failure {
    let (challenge, name) = match scope {
        Scope::Index => ("error=\"insufficient_scope\", scope=\"index\"", "index"),
        Scope::Report => ("error=\"insufficient_scope\", scope=\"report\"", "report"),
        Scope::Notify => ("error=\"insufficient_scope\", scope=\"notify\"", "notify"),
        Scope::Admin => ("error=\"insufficient_scope\", scope=\"admin\"", "admin"),
    };
    let message = format!(
        "the issuer {:?} does not give the right {name:?}",
        caller.issuer
    );
    let failure = Failure::new(StatusCode::FORBIDDEN, message);
    match HeaderValue::from_str(&format!("{CHALLENGE}, {challenge}")) {
        Ok(challenge) => failure.with(WWW_AUTHENTICATE, challenge),
        Err(_) => failure,
    }
}

/// A rejection as a label.
fn reason(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::Malformed(_) => "malformed",
        Rejection::Algorithm => "algorithm",
        Rejection::Signature => "signature",
        Rejection::MissingClaim(_) => "missing_claim",
        Rejection::UnknownIssuer { .. } => "unknown_issuer",
        Rejection::UnknownKey { .. } => "unknown_key",
        Rejection::Audience => "audience",
        Rejection::Expired => "expired",
        Rejection::NotYetValid => "not_yet_valid",
        Rejection::IssuedInFuture => "issued_in_future",
        Rejection::TooLong { .. } => "too_long",
        Rejection::Replayed => "replayed",
        Rejection::KeysUnavailable { .. } => "keys_unavailable",
        Rejection::UsedTokensUnavailable(_) => "used_tokens_unavailable",
        _ => "other",
    }
}
