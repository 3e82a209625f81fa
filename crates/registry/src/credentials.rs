//! Who we are to a registry: explicit credentials, the files of Docker and Podman, and the
//! programs those files name.
//!
//! Nothing is remembered: a `docker login` during a long run counts from the next token on. What
//! is found goes to [`crate::token`] and nowhere else.

mod file;
mod helper;

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use tracing::debug;

use crate::{Credentials, DockerConfig, Error, Options, Reference};
use file::{ConfigFile, Entry};

/// The key under which Docker keeps what belongs to Docker Hub.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Where credentials are looked for.
#[derive(Debug)]
pub(crate) struct CredentialStore {
    explicit: BTreeMap<String, Credentials>,
    files: DockerConfig,
}

/// Credentials, and where they were found, to tell a person whose they were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) credentials: Credentials,
    pub(crate) origin: String,
}

impl CredentialStore {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            explicit: options.credentials.clone(),
            files: options.docker_config.clone(),
        }
    }

    /// The credentials for a repository, if there are any.
    pub(crate) fn find(&self, reference: &Reference) -> Result<Option<Found>, Error> {
        let registry = reference.registry();
        if let Some(credentials) = self.explicit.get(registry) {
            return Ok(Some(Found {
                credentials: credentials.clone(),
                origin: "the options".to_owned(),
            }));
        }
        let (paths, must_exist) = match &self.files {
            DockerConfig::Ignored => (Vec::new(), false),
            DockerConfig::File(path) => (vec![path.clone()], true),
            DockerConfig::Standard => (standard_paths(|name| env::var_os(name)), false),
        };
        for path in paths {
            let Some(file) = ConfigFile::read(&path, must_exist)? else {
                continue;
            };
            if let Some(found) = find_in(&file, reference)? {
                debug!(registry, origin = found.origin, "found credentials");
                return Ok(Some(found));
            }
        }
        debug!(registry, "found no credentials");
        Ok(None)
    }
}

/// The files that tools write, most explicit first.
fn standard_paths(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let directory = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let docker = directory("DOCKER_CONFIG")
        .or_else(|| Some(directory("HOME")?.join(".docker")))
        .map(|directory| directory.join("config.json"));
    let podman =
        directory("XDG_RUNTIME_DIR").map(|directory| directory.join("containers/auth.json"));
    [directory("REGISTRY_AUTH_FILE"), docker, podman]
        .into_iter()
        .flatten()
        .collect()
}

/// What one file knows, in Docker's order: the program for this registry, the program for all,
/// the file itself.
fn find_in(file: &ConfigFile, reference: &Reference) -> Result<Option<Found>, Error> {
    let registry = reference.registry();
    let key = match registry {
        "docker.io" => DOCKER_HUB_KEY,
        other => other,
    };
    let program = file.helper_for(registry).or_else(|| file.default_helper());
    if let Some(name) = program
        && let Some(credentials) = helper::get(name, key)?
    {
        return Ok(Some(Found {
            credentials,
            origin: format!("docker-credential-{name}"),
        }));
    }
    let Some(Entry { key, credentials }) = file.entry_for(registry, reference.repository())? else {
        return Ok(None);
    };
    Ok(Some(Found {
        credentials,
        origin: format!("{key} in {}", file.path().display()),
    }))
}

#[cfg(test)]
mod tests;
