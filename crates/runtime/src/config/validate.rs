//! Whether the values of a configuration do, together and for a mode.

mod access;
mod outside;
mod services;

use url::Url;

use super::node::Node;
use super::origin::KeyPath;
use super::problem::Problem;
use super::{ClientTls, Config, Mode};

/// What is wrong with a configuration, and what deserves attention.
pub(super) struct Findings {
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// Looks at everything, also at what the mode does not use: a file is often shared by all.
/// `has_database_variables` tells whether the `PG…` variables say where the database is.
pub(super) fn validate(
    config: &Config,
    mode: Mode,
    document: &Node,
    has_database_variables: bool,
) -> Findings {
    let mut checks = Checks {
        document,
        found: Findings {
            problems: Vec::new(),
            warnings: Vec::new(),
        },
    };
    services::check(&mut checks, config, mode, has_database_variables);
    access::check(&mut checks, config, mode);
    outside::check(&mut checks, config, mode);
    checks.found
}

/// Gathers findings, with their places.
struct Checks<'a> {
    document: &'a Node,
    found: Findings,
}

impl Checks<'_> {
    fn error(&mut self, path: &str, message: impl Into<String>) {
        self.error_at(KeyPath::of(path), message);
    }

    fn error_at(&mut self, path: KeyPath, message: impl Into<String>) {
        let problem = self.problem(path, message);
        self.found.problems.push(problem);
    }

    fn warn(&mut self, path: &str, message: impl Into<String>) {
        let problem = self.problem(KeyPath::of(path), message);
        self.found.warnings.push(problem);
    }

    /// An error unless it holds.
    fn require(&mut self, holds: bool, path: &str, message: &str) {
        if !holds {
            self.error(path, message);
        }
    }

    /// An error unless the URL can be called by HTTP.
    fn require_http(&mut self, url: &Url, path: &str) {
        let is_http = matches!(url.scheme(), "http" | "https");
        self.require(is_http, path, "must be an http: or https: URL");
    }

    /// An error if a certificate comes without its key, or the other way round.
    fn require_pair(&mut self, tls: &ClientTls, path: &str) {
        let is_pair = tls.cert.is_some() == tls.key.is_some();
        self.require(is_pair, path, "cert and key are needed together");
    }

    fn problem(&self, path: KeyPath, message: impl Into<String>) -> Problem {
        Problem {
            origin: Some(self.document.nearest(&path).clone()),
            path,
            message: message.into(),
        }
    }
}
