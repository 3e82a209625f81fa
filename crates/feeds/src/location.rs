//! Where documents lie.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;
use url::Url;

/// What a document may have appended to its name. How it is compressed is read from its bytes.
pub(crate) const SUFFIXES: [&str; 5] = ["", ".gz", ".zst", ".xz", ".bz2"];

/// A document, or a directory of them.
///
/// It is read from `http:`, `https:` and `file:` URLs and from plain paths, and printed without
/// password and query, which may be secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// On a web server. A directory's path ends in a slash.
    Http(Url),
    /// In the file system.
    Path(PathBuf),
}

/// A text that is no location.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParseLocationError {
    /// Nothing at all.
    #[error("a location may not be empty")]
    Empty,
    /// A URL that is broken.
    #[error("not a URL")]
    Url(#[from] url::ParseError),
    /// A URL of a kind that we do not fetch.
    #[error("cannot fetch {0}: URLs, expected http:, https:, file: or a path")]
    Scheme(String),
    /// A `file:` URL with a host.
    #[error("a file: URL cannot name another host")]
    Host,
}

impl Location {
    /// What `relative` names below this directory. Parts that lead out of it are ignored.
    #[must_use]
    pub fn join(&self, relative: &str) -> Self {
        let parts = || {
            relative
                .split('/')
                .filter(|part| !matches!(*part, "." | ".."))
        };
        match self {
            Self::Http(url) => {
                let mut url = url.clone();
                // Only URLs without a path, such as `mailto:`, have no segments.
                if let Ok(mut segments) = url.path_segments_mut() {
                    segments.pop_if_empty().extend(parts());
                }
                Self::Http(url)
            }
            Self::Path(path) => {
                let mut path = path.clone();
                path.extend(parts().filter(|part| !part.is_empty()));
                Self::Path(path)
            }
        }
    }

    /// What has another name in the same directory.
    pub(crate) fn sibling(&self, name: &str) -> Option<Self> {
        match self {
            Self::Http(url) => {
                let mut url = url.clone();
                url.path_segments_mut().ok()?.pop().push(name);
                Some(Self::Http(url))
            }
            Self::Path(path) => Some(Self::Path(path.with_file_name(name))),
        }
    }

    /// What `relative` names in the directory that this document is in.
    pub(crate) fn beside(&self, relative: &str) -> Self {
        let mut directory = self.clone();
        match &mut directory {
            Self::Http(url) => {
                if let Ok(mut segments) = url.path_segments_mut() {
                    segments.pop();
                }
            }
            Self::Path(path) => {
                path.pop();
            }
        }
        directory.join(relative)
    }

    /// Whether it is, by its name or by what lies there, a document and no directory.
    pub fn is_document(&self) -> bool {
        match self {
            Self::Http(url) => !url.path().ends_with('/'),
            Self::Path(path) => path.is_file(),
        }
    }

    /// The places where the document `relative` may lie if this is the root of its feed: the
    /// root itself if that is a document, else below it under the name and its compressed forms.
    pub fn candidates(&self, relative: &str) -> Vec<Self> {
        if self.is_document() {
            return vec![self.clone()];
        }
        SUFFIXES
            .iter()
            .map(|suffix| self.join(&format!("{relative}{suffix}")))
            .collect()
    }

    /// The last parts of its path, the last one first.
    pub(crate) fn parts_from_end(&self) -> Vec<String> {
        let mut parts: Vec<String> = match self {
            Self::Http(url) => url.path().split('/').map(str::to_owned).collect(),
            Self::Path(path) => path
                .iter()
                .map(|part| part.to_string_lossy().into_owned())
                .collect(),
        };
        parts.reverse();
        parts
    }
}

impl FromStr for Location {
    type Err = ParseLocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseLocationError::Empty);
        }
        let Some((scheme, rest)) = text.split_once(':') else {
            return Ok(Self::Path(text.into()));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Ok(Self::Http(Url::parse(text)?)),
            "file" if rest.starts_with('/') => Url::parse(text)?
                .to_file_path()
                .map(Self::Path)
                .map_err(|()| ParseLocationError::Host),
            // Not a URL by the book, but what people write.
            "file" => Ok(Self::Path(rest.into())),
            _ if rest.starts_with("//") => Err(ParseLocationError::Scheme(scheme.to_owned())),
            // A colon is fine in a path.
            _ => Ok(Self::Path(text.into())),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(url) => {
                write!(f, "{}://", url.scheme())?;
                f.write_str(url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Location {
        text.parse().unwrap()
    }

    #[test]
    fn urls_and_paths_are_told_apart() {
        for (text, shown) in [
            ("https://a.example/x/", "https://a.example/x/"),
            ("HTTP://a.example:8080/x", "http://a.example:8080/x"),
            ("file:///srv/feed%20s/json", "/srv/feed s/json"),
            ("file:/srv/json", "/srv/json"),
            ("file:feeds/json", "feeds/json"),
            ("/srv/feeds", "/srv/feeds"),
            ("feeds:old/json", "feeds:old/json"),
        ] {
            assert_eq!(at(text).to_string(), shown, "{text}");
        }
        for text in ["", "ftp://a.example/", "http://", "file://other/x"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }

    #[test]
    fn joining_stays_below() {
        for (base, relative, joined) in [
            (
                "https://a.example/m",
                "debian/",
                "https://a.example/m/debian/",
            ),
            ("https://a.example/m/", "json", "https://a.example/m/json"),
            (
                "https://a.example",
                "v3.18/main.json",
                "https://a.example/v3.18/main.json",
            ),
            ("https://a.example/m/", "../../x", "https://a.example/m/x"),
            ("/m", "debian/", "/m/debian"),
            ("/m", "/etc/../../passwd", "/m/etc/passwd"),
        ] {
            assert_eq!(at(base).join(relative).to_string(), joined);
        }
    }

    #[test]
    fn siblings_are_in_the_same_directory() {
        for (document, relative, sibling) in [
            (
                "https://a.example/m/x.tar",
                "y.csv",
                "https://a.example/m/y.csv",
            ),
            (
                "https://a.example/x.tar",
                "2024/y",
                "https://a.example/2024/y",
            ),
            ("/m/x.tar", "2024/y", "/m/2024/y"),
            ("x.tar", "../y", "y"),
        ] {
            assert_eq!(at(document).beside(relative).to_string(), sibling);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let location = at("https://me:secret@a.example/x?sig=secret");
        assert_eq!(location.to_string(), "https://a.example/x");
        assert!(!format!("{location:?}").contains("secret"));
    }

    #[test]
    fn a_document_may_lie_there_compressed() {
        let names = |root: &str| -> Vec<String> {
            let found = at(root).candidates("json");
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            names("https://a.example/x.json"),
            ["https://a.example/x.json"]
        );
        assert_eq!(
            names("/nowhere")[..2],
            ["/nowhere/json", "/nowhere/json.gz"]
        );
    }
}
