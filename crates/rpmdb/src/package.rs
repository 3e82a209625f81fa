//! What a database says about one installed package.

use std::fmt;

/// One package of an rpm database. Text that is not UTF-8 has its foreign bytes replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Package {
    /// Name without version.
    pub name: String,
    /// Epoch; absent in most packages, which compares like 0.
    pub epoch: Option<u32>,
    /// Version of the software.
    pub version: String,
    /// Release of the packaging.
    pub release: String,
    /// Architecture; public keys have none.
    pub arch: Option<String>,
    /// File name of the source package it was built from.
    pub source_rpm: Option<String>,
    /// `name:stream:version:context` of the module it was built in.
    pub modularity_label: Option<String>,
    /// Who distributes it.
    pub vendor: Option<String>,
    /// Paths of its files and directories, in the order of the header. Absolute as rpm records
    /// them.
    pub files: Vec<String>,
    /// Digest of the payload in hexadecimal, with the algorithm rpm used (SHA-256 in practice).
    pub payload_digest: Option<String>,
    /// Id of the key the package claims to be signed with: 16 lowercase hexadecimal digits.
    /// Nobody has verified the signature.
    pub signing_key: Option<String>,
    /// When it was installed, in seconds since 1970.
    pub install_time: Option<u64>,
}

impl Package {
    /// `[epoch:]version-release`, the epoch only where it is not zero.
    pub fn evr(&self) -> String {
        match self.epoch {
            None | Some(0) => format!("{}-{}", self.version, self.release),
            Some(epoch) => format!("{epoch}:{}-{}", self.version, self.release),
        }
    }

    /// The source package, taken apart. `None` where there is none or its name has another form.
    pub fn source(&self) -> Option<SourceRpm<'_>> {
        SourceRpm::parse(self.source_rpm.as_deref()?)
    }

    /// Whether this is one of the `gpg-pubkey` entries as which rpm keeps the public keys it
    /// trusts. `rpm -qa` lists them and so they are among the packages, but no software belongs
    /// to them.
    pub fn is_public_key(&self) -> bool {
        self.name == "gpg-pubkey"
    }
}

/// A source package by the parts of its file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRpm<'a> {
    /// Name of the source package.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its release.
    pub release: &'a str,
}

impl<'a> SourceRpm<'a> {
    /// Takes `name-version-release.src.rpm` apart, also with `.nosrc.rpm`. Only a name can
    /// contain hyphens, so the parts are cut off from the right.
    pub fn parse(file: &'a str) -> Option<Self> {
        let stem = file
            .strip_suffix(".src.rpm")
            .or_else(|| file.strip_suffix(".nosrc.rpm"))?;
        let (rest, release) = stem.rsplit_once('-')?;
        let (name, version) = rest.rsplit_once('-')?;
        let complete = ![name, version, release].contains(&"");
        complete.then_some(Self {
            name,
            version,
            release,
        })
    }
}

impl fmt::Display for SourceRpm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.name, self.version, self.release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_an_epoch_that_is_not_zero() {
        let mut package = Package {
            version: "1.2".into(),
            release: "3.el9".into(),
            ..Package::default()
        };
        assert_eq!(package.evr(), "1.2-3.el9");
        package.epoch = Some(0);
        assert_eq!(package.evr(), "1.2-3.el9");
        package.epoch = Some(4);
        assert_eq!(package.evr(), "4:1.2-3.el9");
    }

    #[test]
    fn takes_source_package_names_apart_from_the_right() {
        let parts = |file| SourceRpm::parse(file).map(|s| (s.name, s.version, s.release));
        assert_eq!(
            parts("util-linux-2.32.1-42.el8_8.src.rpm"),
            Some(("util-linux", "2.32.1", "42.el8_8"))
        );
        assert_eq!(parts("a-1-2.nosrc.rpm"), Some(("a", "1", "2")));
        assert_eq!(parts("a-1-2.x86_64.rpm"), None);
        assert_eq!(parts("a-1.src.rpm"), None);
        assert_eq!(parts("-1-2.src.rpm"), None);
        assert_eq!(parts("(none)"), None);
        assert_eq!(Package::default().source(), None);
    }
}
