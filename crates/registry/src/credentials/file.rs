//! The JSON files that `docker login` and `podman login` write.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use crate::{Credentials, Error, Secret};

/// No real file comes near this size.
const MAX_SIZE: u64 = 4 * 1024 * 1024;

/// Base64 as found in the wild: with padding and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One file.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    contents: Contents,
}

/// The credentials that a file itself holds for a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    /// The key they stand under.
    pub(super) key: &'a str,
    pub(super) credentials: Credentials,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Contents {
    auths: Option<BTreeMap<String, Option<Login>>>,
    cred_helpers: Option<BTreeMap<String, String>>,
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
struct Login {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl ConfigFile {
    /// Reads a file; `None` if it is not there and need not be.
    pub(super) fn read(path: &Path, must_exist: bool) -> Result<Option<Self>, Error> {
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(MAX_SIZE).read_to_end(&mut text));
        match read {
            Ok(_) => {}
            Err(error) if is_absent(&error) && !must_exist => return Ok(None),
            Err(source) => {
                return Err(Error::File {
                    path: path.to_owned(),
                    source,
                });
            }
        }
        let contents = if text.trim_ascii().is_empty() {
            Contents::default()
        } else {
            serde_json::from_slice(&text).map_err(|error| malformed(path, &error))?
        };
        Ok(Some(Self {
            path: path.to_owned(),
            contents,
        }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The name of the program that keeps the credentials of just this registry.
    pub(super) fn helper_for(&self, registry: &str) -> Option<&str> {
        let helpers = self.contents.cred_helpers.as_ref()?;
        helpers
            .iter()
            .find(|(key, _)| Key::parse(key).host == registry)
            .map(|(_, name)| name.as_str())
            .filter(|name| !name.is_empty())
    }

    /// The name of the program that keeps all credentials.
    pub(super) fn default_helper(&self) -> Option<&str> {
        let name = self.contents.creds_store.as_deref()?;
        (!name.is_empty()).then_some(name)
    }

    /// The entry for a repository: that with the longest path counts.
    pub(super) fn entry_for(
        &self,
        registry: &str,
        repository: &str,
    ) -> Result<Option<Entry<'_>>, Error> {
        let mut best: Option<(usize, Entry<'_>)> = None;
        for (text, auth) in self.contents.auths.iter().flatten() {
            let key = Key::parse(text);
            if key.host != registry || !key.covers(repository) {
                continue;
            }
            let credentials = auth.as_ref().map(Login::credentials);
            let credentials = credentials.transpose().map_err(|reason| Error::Config {
                path: self.path.clone(),
                reason: format!("the entry for {text:?} {reason}"),
            })?;
            // An entry without content only says that a helper has the rest.
            let Some(credentials) = credentials.flatten() else {
                continue;
            };
            let length = key.path.len();
            if best.as_ref().is_none_or(|(longest, _)| length > *longest) {
                let key = text.as_str();
                best = Some((length, Entry { key, credentials }));
            }
        }
        Ok(best.map(|(_, entry)| entry))
    }
}

impl Login {
    fn credentials(&self) -> Result<Option<Credentials>, &'static str> {
        let present = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        if let Some(token) = present(&self.registrytoken) {
            return Ok(Some(Credentials::RegistryToken(token.into())));
        }
        if let Some(token) = present(&self.identitytoken) {
            return Ok(Some(Credentials::IdentityToken(token.into())));
        }
        if let Some(auth) = present(&self.auth) {
            return decode(&auth).map(Some);
        }
        Ok(present(&self.username).map(|username| Credentials::Basic {
            username,
            password: self.password.clone().unwrap_or_default().into(),
        }))
    }
}

/// `base64(user:password)`.
fn decode(auth: &str) -> Result<Credentials, &'static str> {
    const WRONG: &str = "has an \"auth\" that is not base64 of user:password";
    let bytes = BASE64.decode(auth.trim()).map_err(|_| WRONG)?;
    let text = String::from_utf8(bytes).map_err(|_| WRONG)?;
    let (username, password) = text.split_once(':').ok_or(WRONG)?;
    Ok(Credentials::Basic {
        username: username.to_owned(),
        // Old versions of Docker padded with zeros.
        password: Secret::from(password.trim_end_matches('\0')),
    })
}

/// A key of `auths` or `credHelpers`: a host, `https://host/v1/`, or Podman's `host/namespace`.
#[derive(Debug)]
struct Key {
    host: String,
    /// The namespace, empty for the whole registry.
    path: String,
}

impl Key {
    fn parse(text: &str) -> Self {
        let (had_scheme, rest) = match text.split_once("://") {
            Some((_, rest)) => (true, rest),
            None => (false, text),
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_matches('/');
        // With a scheme, or as the version of the API, the path is not a namespace.
        let path = if had_scheme || matches!(path, "v1" | "v2") {
            ""
        } else {
            path
        };
        let host = match host.to_ascii_lowercase() {
            hub if matches!(hub.as_str(), "index.docker.io" | "registry-1.docker.io") => {
                "docker.io".to_owned()
            }
            host => host,
        };
        Self {
            host,
            path: path.to_owned(),
        }
    }

    fn covers(&self, repository: &str) -> bool {
        self.path.is_empty()
            || repository
                .strip_prefix(&self.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// A home that is a file or not there is as good as no file.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The message of `serde_json` may repeat values, which here are secrets: only the place is told.
fn malformed(path: &Path, error: &serde_json::Error) -> Error {
    Error::Config {
        path: path.to_owned(),
        reason: format!(
            "line {} column {} is not what a Docker configuration has there",
            error.line(),
            error.column()
        ),
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents")
            .field("auths", &self.auths.as_ref().map(|auths| auths.keys()))
            .field("cred_helpers", &self.cred_helpers)
            .field("creds_store", &self.creds_store)
            .finish()
    }
}
