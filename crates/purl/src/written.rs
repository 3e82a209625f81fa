//! Package URLs as others write them.

use std::borrow::Cow;
use std::str::Utf8Error;

use percent_encoding::percent_decode_str;

/// A package URL taken apart, whatever the rules of its type are.
///
/// [`PackageUrl`](crate::PackageUrl) refuses one that breaks them, which is right where a URL is to be
/// compared. Where a vendor's data is read by the million it costs, and vendors do break them: Red Hat
/// gives images a namespace. Here the URL is only divided, and what is asked for is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    kind: &'a str,
    path: &'a str,
    version: Option<&'a str>,
    qualifiers: &'a str,
}

/// A part of a URL, decoded.
pub type Decoded<'a> = Result<Cow<'a, str>, Utf8Error>;

impl<'a> Written<'a> {
    /// Divides a URL. None if it is no package URL.
    pub fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("pkg:")?.trim_start_matches('/');
        let (rest, _subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/')?;
        // One that a slash follows is of a namespace: `@babel/core`.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) if !version.contains('/') => (path, Some(version)),
            _ => (rest, None),
        };
        Some(Self {
            kind,
            path,
            version,
            qualifiers,
        })
    }

    /// The type: `rpm`.
    pub const fn kind(&self) -> &'a str {
        self.kind
    }

    /// Namespace and name: `redhat/openssl`.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn path(&self) -> Decoded<'a> {
        decoded(self.path)
    }

    /// The version, if one is named.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn version(&self) -> Result<Option<Cow<'a, str>>, Utf8Error> {
        self.version.map(decoded).transpose()
    }

    /// A qualifier such as `arch`, if it is there.
    ///
    /// # Errors
    ///
    /// When it is not UTF-8.
    pub fn qualifier(&self, key: &str) -> Result<Option<Cow<'a, str>>, Utf8Error> {
        let pairs = self.qualifiers.split('&');
        let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(name, _)| *name == key).map(|(_, value)| value);
        value.map(decoded).transpose()
    }
}

fn decoded(text: &str) -> Decoded<'_> {
    percent_decode_str(text).decode_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_divided_by_what_they_have() {
        for (url, kind, path, version, arch) in [
            (
                "pkg:rpm/redhat/a@1%2B2-3.el9?arch=x86_64&epoch=1",
                "rpm",
                "redhat/a",
                Some("1+2-3.el9"),
                Some("x86_64"),
            ),
            (
                "pkg:oci/openshift4/ose@sha256:bb?tag=1&arch=amd64#x?arch=y",
                "oci",
                "openshift4/ose",
                Some("sha256:bb"),
                Some("amd64"),
            ),
            ("pkg:npm/@babel/core", "npm", "@babel/core", None, None),
            ("pkg://deb/debian/a@", "deb", "debian/a", Some(""), None),
            ("pkg:rpm/", "rpm", "", None, None),
        ] {
            let purl = Written::parse(url).unwrap();
            assert_eq!(purl.kind(), kind, "{url}");
            assert_eq!(purl.path().unwrap(), path, "{url}");
            assert_eq!(purl.version().unwrap().as_deref(), version, "{url}");
            assert_eq!(purl.qualifier("arch").unwrap().as_deref(), arch, "{url}");
        }
        for other in ["", "pkg:", "pkg:rpm", "https://a.example/x"] {
            assert_eq!(Written::parse(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_text_is_an_error_of_its_part_alone() {
        let purl = Written::parse("pkg:rpm/a@%ff?arch=%fe&epoch=1").unwrap();
        assert!(purl.version().is_err() && purl.qualifier("arch").is_err());
        assert_eq!(purl.path().unwrap(), "a");
        assert_eq!(purl.qualifier("epoch").unwrap().unwrap(), "1");
    }
}
