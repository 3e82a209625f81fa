//! The name of an image in a registry: `registry/repository:tag@digest`.
//!
//! People write the short forms that Docker made common, the rest of this crate sees only the
//! normalised one. The grammar is that of the distribution specification; where it leaves a host
//! open, the rule is Docker's: a first component with a dot or a colon, or `localhost`, is a host.

use std::fmt;
use std::str::FromStr;

use clair_model::Digest;

use crate::host;

/// The registry meant when none is named.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The repositories of [`DEFAULT_REGISTRY`] that have no owner live under this one.
const DEFAULT_OWNER: &str = "library";
const DEFAULT_TAG: &str = "latest";

/// Longest repository name that registries must take.
const MAX_REPOSITORY: usize = 255;
const MAX_TAG: usize = 128;
/// Longest host name of the DNS, and room for a port.
const MAX_REGISTRY: usize = 253 + 6;
/// How many characters of a wrong reference its error repeats.
const SHOWN_CHARS: usize = 300;

/// The normalised name of an image in a registry.
///
/// ```
/// use clair_registry::Reference;
///
/// let reference: Reference = "alpine".parse()?;
/// assert_eq!(reference.to_string(), "docker.io/library/alpine:latest");
/// assert_eq!(reference.api_host(), "registry-1.docker.io");
/// # Ok::<_, clair_registry::ParseReferenceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// A text that is not the name of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reference:?} is not an image reference: {part} {reason}")]
#[non_exhaustive]
pub struct ParseReferenceError {
    /// The text, cut if it is very long.
    pub reference: String,
    /// The part of it that is wrong.
    pub part: ReferencePart,
    /// What is wrong, reading on from the name of the part.
    pub reason: String,
}

/// The parts of a [`Reference`], to say which one is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferencePart {
    /// The whole text.
    Reference,
    /// Host and port.
    Registry,
    /// The path between host and tag.
    Repository,
    /// What follows the colon.
    Tag,
    /// What follows the at sign.
    Digest,
}

impl Reference {
    /// Host of the registry as people name it, in lower case, with the port if there is one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Path of the repository within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `latest` if the text had neither tag nor digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, which decides over the tag where there are both.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The host that serves the API of the registry, with the port if there is one.
    ///
    /// They differ for one registry in the world: Docker Hub.
    pub fn api_host(&self) -> &str {
        match self.registry.as_str() {
            DEFAULT_REGISTRY => "registry-1.docker.io",
            other => other,
        }
    }

    /// The registry and repository, without tag and digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// What the API asks for: the digest, or else the tag.
    pub(crate) fn selector(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.as_deref().unwrap_or(DEFAULT_TAG).to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ReferencePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reference => "it",
            Self::Registry => "the registry",
            Self::Repository => "the repository",
            Self::Tag => "the tag",
            Self::Digest => "the digest",
        })
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).map_err(|(part, reason)| ParseReferenceError {
            reference: text.chars().take(SHOWN_CHARS).collect(),
            part,
            reason,
        })
    }
}

/// The part that is wrong, and what is wrong with it.
type Wrong = (ReferencePart, String);

fn parse(text: &str) -> Result<Reference, Wrong> {
    if text.is_empty() {
        return Err((ReferencePart::Reference, "is empty".to_owned()));
    }
    if text.contains("://") {
        let reason = "starts with a URL scheme: leave it out";
        return Err((ReferencePart::Reference, reason.to_owned()));
    }
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(parse_digest(digest)?)),
        None => (text, None),
    };
    let (registry, rest) = split_registry(rest)?;
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(check_tag(tag)?.to_owned())),
        None => (rest, None),
    };
    check_repository(path)?;
    let repository = if registry == DEFAULT_REGISTRY && !path.contains('/') {
        format!("{DEFAULT_OWNER}/{path}")
    } else {
        path.to_owned()
    };
    let tag = match &digest {
        Some(_) => tag,
        None => Some(tag.unwrap_or_else(|| DEFAULT_TAG.to_owned())),
    };
    Ok(Reference {
        registry,
        repository,
        tag,
        digest,
    })
}

/// Takes the host off the front, where there is one.
fn split_registry(text: &str) -> Result<(String, &str), Wrong> {
    let named = text.split_once('/').filter(|(first, _)| {
        first.contains(['.', ':', '[']) || first.eq_ignore_ascii_case("localhost")
    });
    let Some((registry, rest)) = named else {
        return Ok((DEFAULT_REGISTRY.to_owned(), text));
    };
    if registry.len() > MAX_REGISTRY {
        let reason = format!("is longer than {MAX_REGISTRY} characters");
        return Err((ReferencePart::Registry, reason));
    }
    host::check(registry).map_err(|reason| (ReferencePart::Registry, reason.to_owned()))?;
    let registry = match registry.to_ascii_lowercase() {
        // The name that Docker's own index had before it had this one.
        old if old == "index.docker.io" => DEFAULT_REGISTRY.to_owned(),
        registry => registry,
    };
    Ok((registry, rest))
}

fn check_repository(path: &str) -> Result<(), Wrong> {
    let wrong = |reason: &str| Err((ReferencePart::Repository, reason.to_owned()));
    if path.is_empty() {
        return wrong("is missing");
    }
    if path.len() > MAX_REPOSITORY {
        return wrong(&format!("is longer than {MAX_REPOSITORY} characters"));
    }
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return wrong("has upper-case letters: only lower-case ones are allowed");
    }
    for component in path.split('/') {
        if component.is_empty() {
            return wrong("has an empty component");
        }
        if !is_path_component(component) {
            return wrong(&format!(
                "has the component {component:?}: letters and digits are allowed, and between \
                 them one of \".\", \"_\", \"__\" or any number of \"-\""
            ));
        }
    }
    Ok(())
}

/// Alphanumeric runs with one separator between each two of them.
fn is_path_component(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends_in_words = bytes.first().is_some_and(|&byte| is_word(byte))
        && bytes.last().is_some_and(|&byte| is_word(byte));
    let is_separator =
        |run: &[u8]| matches!(run, b"." | b"_" | b"__") || run.iter().all(|&byte| byte == b'-');
    ends_in_words
        && bytes
            .split(|&byte| is_word(byte))
            .filter(|run| !run.is_empty())
            .all(is_separator)
}

fn check_tag(tag: &str) -> Result<&str, Wrong> {
    let wrong = |reason: String| Err((ReferencePart::Tag, reason));
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match tag.as_bytes() {
        [] => wrong("is empty".to_owned()),
        bytes if bytes.len() > MAX_TAG => wrong(format!("is longer than {MAX_TAG} characters")),
        [first, ..] if !is_word(*first) => {
            wrong("starts with something other than a letter, a digit or \"_\"".to_owned())
        }
        bytes if !bytes.iter().all(|&b| is_word(b) || b == b'.' || b == b'-') => {
            wrong("has something other than letters, digits, \"_\", \".\" and \"-\"".to_owned())
        }
        _ => Ok(tag),
    }
}

fn parse_digest(text: &str) -> Result<Digest, Wrong> {
    text.parse()
        .map_err(|error| (ReferencePart::Digest, format!("is wrong: {error}")))
}

#[cfg(test)]
mod tests;
