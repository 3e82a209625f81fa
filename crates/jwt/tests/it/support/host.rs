//! A host that has keys: a key set at `/jwks`, and a key registry at `/keys/` that treats keys as
//! Quay does. It answers slowly, wrongly or not at all when it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) address: String,
    state: Arc<Mutex<Keys>>,
}

#[derive(Default)]
pub(crate) struct Keys {
    /// What `/jwks` answers.
    pub(crate) set: Vec<Value>,
    /// The keys of the registry, by issuer and identifier.
    pub(crate) registered: HashMap<(String, String), Registered>,
    /// What is answered instead of keys.
    pub(crate) failure: Option<Failure>,
    pub(crate) max_age: Option<u32>,
    /// What was asked for: `GET /jwks`.
    pub(crate) requests: Vec<String>,
    pub(crate) user_agents: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Registered {
    pub(crate) jwk: Value,
    pub(crate) standing: Standing,
    pub(crate) rotation: Option<String>,
    pub(crate) expiration: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    Approved,
    Waiting,
    Expired,
}

#[derive(Clone)]
pub(crate) enum Failure {
    Status(StatusCode),
    Redirect(String),
    Body(Vec<u8>),
    Silence,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let host = Self {
            address,
            state: Arc::default(),
        };
        let router = Router::new()
            .route("/jwks", get(key_set))
            .route(
                "/keys/services/{issuer}/keys/{kid}",
                get(registered).put(publish).delete(revoke),
            )
            .with_state(host.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        host
    }

    /// A host with this key set.
    pub(crate) async fn with_set(set: Vec<Value>) -> Self {
        let host = Self::start().await;
        host.keys().set = set;
        host
    }

    pub(crate) fn keys(&self) -> MutexGuard<'_, Keys> {
        self.state.lock().unwrap()
    }

    pub(crate) fn requests(&self) -> usize {
        self.keys().requests.len()
    }

    /// How many requests there were that begin so.
    pub(crate) fn requests_of(&self, prefix: &str) -> usize {
        let keys = self.keys();
        keys.requests
            .iter()
            .filter(|request| request.starts_with(prefix))
            .count()
    }

    /// The key set as a source of keys of these issuers, in YAML.
    pub(crate) fn set_source(&self, issuers: &str, refresh: &str) -> String {
        let address = &self.address;
        format!("{{type: jwks, url: '{address}/jwks', issuers: [{issuers}], refresh: {refresh}}}")
    }

    /// The registry as a source of keys, in YAML.
    pub(crate) fn registry_source(&self) -> String {
        format!("{{type: keyregistry, registry: '{}/keys/'}}", self.address)
    }

    /// Puts a key into the registry.
    pub(crate) fn register(&self, issuer: &str, jwk: Value, standing: Standing) {
        let kid = jwk["kid"].as_str().unwrap().to_owned();
        let registered = Registered {
            jwk,
            standing,
            rotation: None,
            expiration: None,
        };
        self.keys()
            .registered
            .insert((issuer.to_owned(), kid), registered);
    }

    /// The keys of an issuer that are in the registry.
    pub(crate) fn kids(&self, issuer: &str, standing: Standing) -> Vec<String> {
        let keys = self.keys();
        let of_issuer = keys
            .registered
            .iter()
            .filter(|((of, _), key)| of == issuer && key.standing == standing);
        of_issuer.map(|((_, kid), _)| kid.clone()).collect()
    }

    /// Approves all keys that wait for it.
    pub(crate) fn approve_all(&self) {
        for key in self.keys().registered.values_mut() {
            key.standing = Standing::Approved;
        }
    }

    fn note(&self, request: String, headers: &HeaderMap) -> (Option<Failure>, Option<u32>) {
        let mut keys = self.keys();
        keys.requests.push(request);
        let agent = headers
            .get(header::USER_AGENT)
            .map(|agent| agent.to_str().unwrap().to_owned());
        keys.user_agents.extend(agent);
        (keys.failure.clone(), keys.max_age)
    }

    /// Whether the request carries a token of jwtproxy's form that is signed with one of these.
    fn signer(&self, headers: &HeaderMap, issuer: &str, candidates: &[Value]) -> Option<String> {
        let token = headers
            .get(header::AUTHORIZATION)?
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[&self.address]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss"]);
        validation.validate_nbf = true;
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let jwk = candidates.iter().find(|jwk| jwk["kid"] == kid.as_str())?;
        let jwk: Jwk = serde_json::from_value(jwk.clone()).unwrap();
        let key = DecodingKey::from_jwk(&jwk).unwrap();
        jsonwebtoken::decode::<Value>(token, &key, &validation).ok()?;
        Some(kid)
    }

    fn approved(&self, issuer: &str) -> Vec<Value> {
        let keys = self.keys();
        let of_issuer = keys
            .registered
            .iter()
            .filter(|((of, _), key)| of == issuer && key.standing == Standing::Approved);
        of_issuer.map(|(_, key)| key.jwk.clone()).collect()
    }
}

async fn key_set(State(host): State<Host>, headers: HeaderMap) -> Response {
    let (failure, max_age) = host.note("GET /jwks".to_owned(), &headers);
    let set = host.keys().set.clone();
    answer(failure, max_age, &json!({"keys": set})).await
}

async fn registered(
    State(host): State<Host>,
    Path((issuer, kid)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (failure, max_age) = host.note(format!("GET {issuer} {kid}"), &headers);
    let key = host.keys().registered.get(&(issuer, kid)).cloned();
    match key {
        Some(key) if key.standing == Standing::Approved || failure.is_some() => {
            answer(failure, max_age, &key.jwk).await
        }
        Some(key) if key.standing == Standing::Waiting => StatusCode::CONFLICT.into_response(),
        Some(_) => StatusCode::FORBIDDEN.into_response(),
        None if failure.is_some() => answer(failure, max_age, &json!({})).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn publish(
    State(host): State<Host>,
    Path((issuer, kid)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (failure, max_age) = host.note(format!("{method} {issuer} {kid}"), &headers);
    if failure.is_some() {
        return answer(failure, max_age, &json!({})).await;
    }
    let jwk: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(jwk["kid"], kid.as_str());
    assert!(jwk.get("d").is_none(), "a private key was published");
    let mut candidates = host.approved(&issuer);
    candidates.push(jwk.clone());
    let Some(signer) = host.signer(&headers, &issuer, &candidates) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let is_first = signer == kid;
    let standing = if is_first {
        Standing::Waiting
    } else {
        Standing::Approved
    };
    let registered = Registered {
        jwk,
        standing,
        rotation: query.get("rotation").cloned(),
        expiration: query.get("expiration").map(|text| text.parse().unwrap()),
    };
    host.keys().registered.insert((issuer, kid), registered);
    if is_first {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    }
    .into_response()
}

async fn revoke(
    State(host): State<Host>,
    Path((issuer, kid)): Path<(String, String)>,
    headers: HeaderMap,
) -> StatusCode {
    host.note(format!("DELETE {issuer} {kid}"), &headers);
    let name = (issuer.clone(), kid);
    let Some(key) = host.keys().registered.get(&name).cloned() else {
        return StatusCode::NOT_FOUND;
    };
    if host.signer(&headers, &issuer, &[key.jwk]).is_none() {
        return StatusCode::FORBIDDEN;
    }
    host.keys().registered.remove(&name);
    StatusCode::NO_CONTENT
}

async fn answer(failure: Option<Failure>, max_age: Option<u32>, document: &Value) -> Response {
    match failure {
        Some(Failure::Status(status)) => status.into_response(),
        Some(Failure::Redirect(to)) => {
            (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
        }
        Some(Failure::Body(body)) => body.into_response(),
        Some(Failure::Silence) => {
            tokio::time::sleep(Duration::from_mins(10)).await;
            StatusCode::OK.into_response()
        }
        None => {
            let cache = max_age.map(|age| [(header::CACHE_CONTROL, format!("max-age={age}"))]);
            (cache, document.to_string()).into_response()
        }
    }
}
