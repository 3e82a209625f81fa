//! HTTP or HTTPS: which of them a registry is asked with.
//!
//! HTTPS, but for two cases. With [`Options::plain_http`](crate::Options) it is HTTP everywhere.
//! And registries on this machine, as everybody runs them for a test, are asked with HTTPS once;
//! if what listens there does not speak it, they are asked with HTTP from then on. A certificate
//! that is not believed is no reason for HTTP: then the registry does speak TLS.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tracing::debug;
use url::Url;

use crate::error::is_certificate_error;
use crate::transport::Transport;
use crate::{Error, Reference, host};

/// The schemes of the registries seen so far.
#[derive(Debug)]
pub(crate) struct Schemes {
    plain_http: bool,
    /// Only of this machine's registries, so it stays small.
    probed: Mutex<HashMap<String, &'static str>>,
}

impl Schemes {
    pub(crate) fn new(plain_http: bool) -> Self {
        Self {
            plain_http,
            probed: Mutex::default(),
        }
    }

    /// The URL of something in a repository: `tail` is what follows its name.
    pub(crate) fn url(
        &self,
        transport: &Transport,
        reference: &Reference,
        tail: &str,
    ) -> Result<Url, Error> {
        let host = reference.api_host();
        let scheme = self.scheme(transport, host);
        let repository = reference.repository();
        Url::parse(&format!("{scheme}://{host}/v2/{repository}/{tail}")).map_err(|error| {
            Error::answer(
                reference.to_string(),
                host,
                format!("its name makes no URL: {error}"),
            )
        })
    }

    fn scheme(&self, transport: &Transport, host: &str) -> &'static str {
        if self.plain_http {
            return "http";
        }
        if !host::is_loopback(host) {
            return "https";
        }
        if let Some(scheme) = self.probed().get(host) {
            return scheme;
        }
        let Ok(url) = Url::parse(&format!("https://{host}/v2/")) else {
            return "https";
        };
        let scheme = match transport.probe(url) {
            Err(error) if !is_certificate_error(&error) => "http",
            _ => "https",
        };
        debug!(host, scheme, "a registry on this machine");
        self.probed().insert(host.to_owned(), scheme);
        scheme
    }

    fn probed(&self) -> std::sync::MutexGuard<'_, HashMap<String, &'static str>> {
        self.probed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
