//! The configuration: one YAML or JSON file for all services, with Clair v4's keys.
//!
//! [`Config::load`] reads the file, lays the files of its drop-in directory over it, moves what
//! clair-jwt's combined file has in its own sections, lays environment variables over that, takes
//! out keys of Clair that have no meaning here, and decodes and validates the rest. What is wrong
//! is reported all at once, each with file, line and key.
//!
//! Every key is described in `deploy/config/config.yaml`.

mod address;
mod auth;
mod connstring;
mod database;
mod decode;
mod duration;
mod environment;
mod files;
mod gateway;
mod indexer;
mod internal;
mod legacy;
mod logging;
mod matcher;
mod nats;
mod network;
mod node;
mod notifier;
mod observability;
mod origin;
mod patch;
mod problem;
mod retired;
mod secret;
mod service;
mod size;
mod syntax;
#[cfg(test)]
mod tests;
mod tls;
mod updater;
mod validate;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use address::{ListenAddress, ListenError, Location, ParseListenAddressError, RemoteUrl};
pub use auth::{Auth, CLAIRCTL_ISSUER, INTRASERVICE_ISSUER, NOTIFIER_ISSUER, Psk, PskKey};
pub use connstring::{Connstring, ParseConnstringError};
pub use database::Database;
pub use duration::{ParsePeriodError, Period};
pub use gateway::{
    Gateway, Jwt, KeySource, PrivateKey, RateLimit, RateLimitKey, Scope, Scopes, Signer,
};
pub use indexer::{Egress, Indexer, LayerLimits};
pub use internal::{Endpoint, Internal, InternalTrust};
pub use logging::{LogFormat, LogLevel};
pub use matcher::{Matcher, Retention};
pub use nats::Nats;
pub use network::{Network, ParseNetworkError};
pub use notifier::{Amqp, AmqpExchange, AmqpExchangeKind, Notifier, Stomp, StompUser, Webhook};
pub use observability::{
    Metrics, MetricsExporter, Otlp, OtlpCompression, OtlpGrpc, OtlpHttp, Prometheus, Trace,
    TraceExporter,
};
pub use origin::{KeyPath, Origin};
pub use problem::{ConfigError, Problem, Problems};
pub use secret::Secret;
pub use service::{Mode, ParseModeError, Service};
pub use size::{ByteSize, ParseByteSizeError};
pub use tls::{ClientTls, MutualTls, ServerTls};
pub use updater::{Feed, Updater, Updaters};

use node::Node;
use syntax::Syntax;

/// Keys of the top level that are scalars, and so can be set by variables of one level.
const TOP_LEVEL_SCALARS: [&str; 5] = [
    "http_listen_addr",
    "introspection_addr",
    "log_level",
    "log_format",
    "shutdown_timeout",
];

/// What all services are told.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Config {
    /// Where the API is served.
    pub http_listen_addr: ListenAddress,
    /// Where health and metrics are served, to anyone and without TLS.
    pub introspection_addr: ListenAddress,
    /// The least important events that are logged.
    pub log_level: LogLevel,
    /// How events are written: JSON if absent, and for people with the level `debug-color`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,
    /// How long a service that is told to end may take to finish its work or to give it back.
    pub shutdown_timeout: Period,
    /// The certificate of the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// PostgreSQL.
    pub database: Database,
    /// NATS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats: Option<Nats>,
    /// How the services find and trust each other.
    pub internal: Internal,
    /// The door to the outside.
    pub gateway: Gateway,
    /// Who may use the API.
    pub auth: Auth,
    /// How images are read.
    pub indexer: Indexer,
    /// How packages are matched with vulnerabilities.
    pub matcher: Matcher,
    /// Clair's choice of feeds.
    pub updaters: Updaters,
    /// How feeds are asked.
    pub updater: Updater,
    /// How single feeds are asked, by their names.
    pub feeds: BTreeMap<String, Feed>,
    /// Who is told of images that became vulnerable, and how.
    pub notifier: Notifier,
    /// Where traces go.
    pub trace: Trace,
    /// Where metrics are to be had.
    pub metrics: Metrics,
    #[serde(skip)]
    warnings: Vec<Problem>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http_listen_addr: ListenAddress::port(6060),
            introspection_addr: ListenAddress::port(8089),
            log_level: LogLevel::default(),
            log_format: None,
            shutdown_timeout: Period::seconds(10),
            tls: None,
            database: Database::default(),
            nats: None,
            internal: Internal::default(),
            gateway: Gateway::default(),
            auth: Auth::default(),
            indexer: Indexer::default(),
            matcher: Matcher::default(),
            updaters: Updaters::default(),
            updater: Updater::default(),
            feeds: BTreeMap::new(),
            notifier: Notifier::default(),
            trace: Trace::default(),
            metrics: Metrics::default(),
            warnings: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the configuration of a process that runs in `mode` from a file, its drop-ins, and the
    /// process's environment.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or when anything in it is wrong for the mode.
    pub fn load(path: &Path, mode: Mode) -> Result<Self, ConfigError> {
        Self::load_with(path, mode, unicode_variables())
    }

    /// As [`load`](Self::load), with these environment variables instead of the process's.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or when anything in it is wrong for the mode.
    pub fn load_with(
        path: &Path,
        mode: Mode,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::build(files::read(path)?, mode, variables)
    }

    /// Reads a configuration from a text in YAML, without drop-ins and environment.
    ///
    /// # Errors
    ///
    /// When anything in it is wrong for the mode.
    pub fn from_yaml(text: &str, mode: Mode) -> Result<Self, ConfigError> {
        let path: Arc<Path> = Path::new("config.yaml").into();
        Self::build(syntax::parse(text, Syntax::Yaml, &path)?, mode, [])
    }

    fn build(
        mut document: Node,
        mode: Mode,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<_> = variables.into_iter().collect();
        let has_database_variables = variables
            .iter()
            .any(|(name, _)| matches!(name.as_str(), "PGHOST" | "PGHOSTADDR"));
        let mut warnings = Vec::new();
        legacy::translate(&mut document, &mut warnings);
        environment::apply(&mut document, variables, &TOP_LEVEL_SCALARS)?;
        refuse_removed(&document)?;
        retired::remove(&mut document, &mut warnings);
        let mut config: Self = decode::decode(document.clone())
            .map_err(|problems| ConfigError::Decode(Problems(problems)))?;
        let found = validate::validate(&config, mode, &document, has_database_variables);
        if !found.problems.is_empty() {
            return Err(ConfigError::Invalid(Problems(found.problems)));
        }
        warnings.extend(found.warnings);
        config.warnings = warnings;
        Ok(config)
    }

    /// What deserves attention in the files, though it does no harm.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The configuration with all defaults as YAML, secrets masked.
    pub fn effective(&self) -> String {
        let mut config = self.clone();
        config.log_format = Some(self.log_format());
        config.matcher.cache_age = Some(self.matcher.cache_age());
        config.updater.period = Some(self.updater_period());
        // The types have nothing in them that YAML has not.
        serde_saphyr::to_string(&config).unwrap_or_else(|error| format!("# {error}\n"))
    }

    /// How events are written.
    pub fn log_format(&self) -> LogFormat {
        let default = match self.log_level {
            LogLevel::DebugColor => LogFormat::Human,
            _ => LogFormat::Json,
        };
        self.log_format.unwrap_or(default)
    }

    /// Whether a process in this mode runs the service: in the mode `combo`, the notifier runs
    /// only if it has a way to deliver.
    pub fn runs(&self, service: Service, mode: Mode) -> bool {
        let is_idle =
            service == Service::Notifier && mode == Mode::Combo && !self.notifier.is_enabled();
        mode.runs(service) && !is_idle
    }

    /// The database of a service. `None` leaves everything to the `PG…` variables.
    pub fn connstring(&self, service: Service) -> Option<&Connstring> {
        let matcher = || self.matcher.connstring.as_ref();
        let own = match service {
            Service::Indexer => self.indexer.connstring.as_ref(),
            Service::Matcher => matcher(),
            Service::Updater => self.updater.connstring.as_ref().or_else(matcher),
            Service::Notifier => self.notifier.connstring.as_ref(),
            Service::Gateway => None,
        };
        let shared = own.or(self.database.connstring.as_ref());
        match service {
            Service::Gateway => shared.or(self.indexer.connstring.as_ref()),
            _ => shared,
        }
    }

    /// How often feeds are asked that have no period of their own.
    pub fn updater_period(&self) -> Period {
        self.updater.period.unwrap_or(self.matcher.period)
    }

    /// Where another service is to be called. `None` if it is not known.
    pub fn remote(&self, service: Service) -> Option<&RemoteUrl> {
        let named = self.internal.endpoint(service)?.addr.as_ref();
        let clairs = || match service {
            Service::Indexer => {
                let matcher = self.matcher.indexer_addr.as_ref();
                matcher.or(self.notifier.indexer_addr.as_ref())
            }
            Service::Matcher => self.notifier.matcher_addr.as_ref(),
            _ => None,
        };
        named.or_else(clairs)
    }

    /// How services know each other. Without a token of their own they use one that is derived
    /// from the preshared key, which Clair's services share for the same purpose.
    pub fn internal_trust(&self) -> InternalTrust {
        let token = self.internal.token.clone();
        if let Some(tls) = &self.internal.tls {
            return InternalTrust::Certificates(tls.clone(), token);
        }
        let psk = self.auth.psk.as_ref();
        match token.or_else(|| psk.map(Psk::internal_token)) {
            Some(token) => InternalTrust::Token(token),
            None => InternalTrust::Nothing,
        }
    }

    /// The hosts and ports to which requests are signed, and no others: a token that goes to a
    /// host that serves layers is a token given away.
    pub fn signed_destinations(&self) -> Vec<(&str, Option<u16>)> {
        let webhook = self.notifier.webhook.as_ref();
        [
            webhook.map(|webhook| &webhook.target),
            self.notifier.indexer_addr.as_ref(),
            self.notifier.matcher_addr.as_ref(),
            self.matcher.indexer_addr.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(RemoteUrl::authority)
        .collect()
    }
}

/// Keys that Clair refuses, with what to use instead.
fn refuse_removed(document: &Node) -> Result<(), ConfigError> {
    let path = KeyPath::of("auth.keyserver");
    let Some(node) = document.get(&path) else {
        return Ok(());
    };
    if matches!(node.value, node::Value::Null) {
        return Ok(());
    }
    Err(ConfigError::Invalid(Problems(vec![Problem {
        origin: Some(node.origin.clone()),
        path,
        message: "was removed: use gateway.jwt.keys with the type keyregistry".to_owned(),
    }])))
}

/// The process's environment, as far as it is Unicode.
fn unicode_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
