//! A gateway, the services behind it, and a client that believes nothing.

pub(crate) mod description;
pub(crate) mod documents;
pub(crate) mod indexer;
pub(crate) mod matcher;
pub(crate) mod notifier;
pub(crate) mod suite;
pub(crate) mod tokens;
pub(crate) mod updater;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clair_gateway::{Config, Database, Error, Services};
use clair_rpc::{ChannelOptions, Retry};
use clair_runtime::Mode;
use clair_runtime::config::{self, ListenAddress};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::suite::Suite;

/// A running gateway.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) suite: Arc<Suite>,
    client: reqwest::Client,
    scheme: &'static str,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Gateway {
    /// A gateway for everybody.
    pub(crate) async fn start() -> Self {
        Self::configured("{}").await
    }

    /// A gateway by a configuration of all services.
    pub(crate) async fn configured(yaml: &str) -> Self {
        Self::with(yaml, |_| {}).await
    }

    /// The same, with something else about it changed.
    pub(crate) async fn with(yaml: &str, change: impl FnOnce(&mut Config)) -> Self {
        let suite = Suite::start().await;
        let services = suite.services();
        Self::before(suite, services, yaml, change).await
    }

    /// A gateway in front of services that are not there.
    pub(crate) async fn alone() -> Self {
        let nowhere = ChannelOptions {
            retry: Retry {
                attempts: 1,
                ..Retry::default()
            },
            ..ChannelOptions::new("http://127.0.0.1:1")
        };
        let services = Services {
            indexer: nowhere.clone(),
            matcher: nowhere.clone(),
            updater: nowhere.clone(),
            notifier: Some(nowhere),
        };
        Self::before(Suite::start().await, services, "{}", |_| {}).await
    }

    async fn before(
        suite: Arc<Suite>,
        services: Services,
        yaml: &str,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        clair_runtime::tls::install_crypto_provider();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut config = configuration(yaml, services);
        change(&mut config);
        let scheme = if config.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(clair_gateway::serve(listener, config, shutdown.clone()));
        Self {
            address,
            suite,
            client: client(),
            scheme,
            shutdown,
            running,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Tells it to end.
    pub(crate) fn end(&self) {
        self.shutdown.cancel();
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) {
        self.running.await.unwrap().unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], None::<&str>).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers, None::<&str>).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, &[], None::<&str>).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        self.ask(Method::POST, path, &[], Some(body.to_string()))
            .await
    }

    /// Asks, and compares the answer with the description of the API.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<impl Into<reqwest::Body>>,
    ) -> Answer {
        let mut request = self.client.request(method.clone(), self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let answer = Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        };
        description::check(&method, path, &answer);
        answer
    }
}

/// What the program makes of a configuration.
pub(crate) fn configuration(yaml: &str, services: Services) -> Config {
    let mode = Mode::Only(clair_runtime::Service::Gateway);
    let internal = "internal: {indexer: {addr: 'http://i'}, matcher: {addr: 'http://m'}, \
                    updater: {addr: 'http://u'}, notifier: {addr: 'http://n'}, insecure: true}";
    let yaml = match yaml {
        "{}" => internal.to_owned(),
        yaml => format!("{yaml}\n{internal}"),
    };
    let configured = config::Config::from_yaml(&yaml, mode).unwrap();
    let health = clair_runtime::Health::new();
    let config = Config::of_services(&configured, services, None, health);
    Config {
        listen: ListenAddress::port(0),
        database: None::<Database>,
        grace: Duration::from_secs(2),
        ..config
    }
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let name: HeaderName = name.parse().unwrap();
        let values = self.headers.get_all(name).into_iter();
        values
            .map(|value: &HeaderValue| value.to_str().unwrap())
            .collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The documents of its lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.text();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts that it is a failure of Clair's form, and gives its message.
    #[track_caller]
    pub(crate) fn failure(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        let body = self.json();
        assert_eq!(body["code"], code, "{body}");
        body["message"].as_str().unwrap().to_owned()
    }

    /// Asserts that it has this status, and no body.
    #[track_caller]
    pub(crate) fn empty(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.text(), "");
    }

    /// Asserts that it has this status and gives its document.
    #[track_caller]
    pub(crate) fn document(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self.json()
    }
}
