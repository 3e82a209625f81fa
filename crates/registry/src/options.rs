//! How to talk to registries: what a program lets its user decide.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::Secret;

/// How a [`Client`](crate::Client) talks to registries.
///
/// ```
/// use clair_registry::{DockerConfig, Options};
///
/// let options = Options {
///     docker_config: DockerConfig::Ignored,
///     retries: 0,
///     ..Options::default()
/// };
/// ```
#[derive(Debug, Clone)]
pub struct Options {
    /// Talk HTTP without TLS to every registry, and to the token services they name.
    ///
    /// Registries on this machine (`localhost`, `127.0.0.0/8`, `[::1]`) need no such option: they
    /// are asked over HTTPS first and over HTTP if what answers there speaks no TLS.
    pub plain_http: bool,
    /// Believe any certificate.
    pub skip_tls_verify: bool,
    /// PEM file of certificate authorities to believe besides those of the system.
    pub ca_file: Option<PathBuf>,
    /// Where the credentials that `docker login` and `podman login` keep come from.
    pub docker_config: DockerConfig,
    /// Credentials by registry, as [`Reference::registry`](crate::Reference::registry) names it.
    /// They go before those of the files.
    pub credentials: BTreeMap<String, Credentials>,
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for an answer, and then for its next byte.
    pub idle_timeout: Duration,
    /// How often a request is repeated after a failure that may pass.
    pub retries: u32,
    /// Pause before the first repetition; each further one doubles it.
    pub retry_delay: Duration,
    /// Largest manifest or index that is read, in bytes.
    pub max_manifest_size: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            plain_http: false,
            skip_tls_verify: false,
            ca_file: None,
            docker_config: DockerConfig::Standard,
            credentials: BTreeMap::new(),
            user_agent: concat!("clair/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            retries: 4,
            retry_delay: Duration::from_millis(500),
            // What the distribution specification tells registries to take at least.
            max_manifest_size: 4 * 1024 * 1024,
        }
    }
}

/// Which files credentials are read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DockerConfig {
    /// Those that the tools write, as far as they exist: `$REGISTRY_AUTH_FILE`, then
    /// `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, then Podman's
    /// `$XDG_RUNTIME_DIR/containers/auth.json`. The first that knows the registry counts.
    #[default]
    Standard,
    /// This one, which must exist.
    File(PathBuf),
    /// None.
    Ignored,
}

/// What proves to a registry who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user with a password or an access token in its place.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A refresh token, which the token service of the registry exchanges for access tokens.
    IdentityToken(Secret),
    /// A bearer token that the registry itself takes as it is.
    RegistryToken(Secret),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        let basic = Credentials::Basic {
            username: "me".to_owned(),
            password: "hunter2".into(),
        };
        let options = Options {
            credentials: BTreeMap::from([
                ("ghcr.io".to_owned(), basic),
                (
                    "quay.io".to_owned(),
                    Credentials::IdentityToken("hunter2".into()),
                ),
            ]),
            ..Options::default()
        };
        let shown = format!("{options:?}");
        assert!(shown.contains("ghcr.io") && shown.contains("me"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
