//! The schemes, and what each of them can be asked.
//!
//! The table of `schemes!` is the one place that knows which schemes there are. A scheme is a
//! module with two functions: `parse(&str) -> Result<Version<'_>, Reason>` and
//! `compare(&Version, &Version) -> Ordering`, a total order in which equal means equivalent.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Reason;
use crate::{ParseVersionError, UnknownScheme};

/// Declares [`Scheme`] from lines `Variant = code, module;`. The module's name is the scheme's.
macro_rules! schemes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $module:ident;)+) => {
        /// The rules by which a package manager reads and orders versions.
        ///
        /// It is written as its lower-case name everywhere: in text, in serde and by `Display`.
        // New variants go last: formats without names, like postcard, write the position.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum Scheme {
            $($(#[$doc])* $variant,)+
        }

        impl Scheme {
            /// All schemes, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name: lower case, the same in every release.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($module),)+
                }
            }

            /// The number that stands for the scheme in binary files: the same in every release.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The scheme with this code, if there is one.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code {
                    $($code => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Whether `version` is a version in this scheme.
            ///
            /// # Errors
            ///
            /// Says which rule of the scheme the string breaks.
            pub fn validate(self, version: &str) -> Result<(), ParseVersionError> {
                match self {
                    $(Self::$variant => self.parsed(version, crate::$module::parse).map(drop),)+
                }
            }

            /// How version `a` stands to version `b`: `Less` means that `a` is the older one,
            /// `Equal` that the package manager takes them for the same version, however written.
            ///
            /// # Errors
            ///
            /// When one of the strings is not a version, see [`Scheme::validate`].
            pub fn compare(self, a: &str, b: &str) -> Result<Ordering, ParseVersionError> {
                match self {
                    $(Self::$variant => {
                        let a = self.parsed(a, crate::$module::parse)?;
                        let b = self.parsed(b, crate::$module::parse)?;
                        Ok(crate::$module::compare(&a, &b))
                    })+
                }
            }

            /// A total order over all strings, for sorting: versions as [`Scheme::compare`] has
            /// them, before them all that is not a version, by its bytes.
            pub fn order(self, a: &str, b: &str) -> Ordering {
                match self {
                    $(Self::$variant => {
                        order_with(a, b, crate::$module::parse, crate::$module::compare)
                    })+
                }
            }
        }
    };
}

schemes! {
    /// Debian, Ubuntu and their kin: `[epoch:]upstream[-revision]`.
    Dpkg = 1, dpkg;
    /// Red Hat, Fedora, SUSE and their kin: `[epoch:]version[-release]`.
    Rpm = 2, rpm;
    /// Alpine, Wolfi and their kin: `1.2.3a_rc1~hash-r4`.
    Apk = 3, apk;
    /// Arch Linux: `[epoch:]pkgver[-pkgrel]`.
    Pacman = 4, pacman;
    /// Components of Bitnami: `MAJOR.MINOR.PATCH[-REVISION]`.
    Bitnami = 5, bitnami;
    /// Gentoo: `1.2.3a_rc1_p2-r4`.
    Gentoo = 6, gentoo;
    /// Red Hat's container images: `VERSION[-RELEASE]`, or the second of the build.
    RhcTag = 7, rhctag;
}

impl Scheme {
    /// The stream of minor releases that a build was made for, where the version tells: of rpm
    /// packages `8_6` in `1.2-3.el8_6.1`, of container images `4.9` in `4.9-164.57484e3`.
    ///
    /// The builds of one stream follow each other. A vendor that maintains several at once fixes
    /// the same vulnerability in each, by a build that is no newer than what others began with.
    pub fn stream(self, version: &str) -> Option<(u64, u64)> {
        match self {
            Self::Rpm => crate::rpm::stream(version),
            Self::RhcTag => crate::rhctag::minor(version),
            _ => None,
        }
    }

    fn parsed<'v, V>(
        self,
        version: &'v str,
        parse: impl Fn(&'v str) -> Result<V, Reason>,
    ) -> Result<V, ParseVersionError> {
        parse(version).map_err(|reason| ParseVersionError {
            scheme: self,
            version: version.to_owned(),
            reason,
        })
    }
}

fn order_with<'v, V>(
    a: &'v str,
    b: &'v str,
    parse: impl Fn(&'v str) -> Result<V, Reason>,
    compare: impl Fn(&V, &V) -> Ordering,
) -> Ordering {
    match (parse(a), parse(b)) {
        (Ok(a), Ok(b)) => compare(&a, &b),
        (Ok(_), Err(_)) => Ordering::Greater,
        (Err(_), Ok(_)) => Ordering::Less,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scheme {
    type Err = UnknownScheme;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().find(|scheme| scheme.name() == name);
        known.copied().ok_or_else(|| UnknownScheme {
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_those_of_the_files_already_written() {
        let written = Scheme::ALL
            .iter()
            .map(|scheme| (scheme.code(), scheme.name()));
        assert_eq!(
            written.collect::<Vec<_>>(),
            [
                (1, "dpkg"),
                (2, "rpm"),
                (3, "apk"),
                (4, "pacman"),
                (5, "bitnami"),
                (6, "gentoo"),
                (7, "rhctag")
            ]
        );
    }

    #[test]
    fn every_form_of_a_scheme_reads_back() {
        for &scheme in Scheme::ALL {
            assert_eq!(Scheme::from_code(scheme.code()), Some(scheme));
            assert_eq!(scheme.to_string().parse(), Ok(scheme));
            let json = serde_json::to_string(&scheme).unwrap();
            assert_eq!(json, format!("{:?}", scheme.name()));
            assert_eq!(serde_json::from_str::<Scheme>(&json).unwrap(), scheme);
        }
    }

    #[test]
    fn what_is_no_scheme_does_not_read() {
        assert_eq!(Scheme::from_code(0), None);
        assert_eq!(Scheme::from_code(255), None);
        for name in ["", "Dpkg", "deb", "rpm "] {
            assert!(name.parse::<Scheme>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_version_cannot_be_compared_on_either_side() {
        for &scheme in Scheme::ALL {
            assert_eq!(scheme.compare("", "1").unwrap_err().version, "");
            assert_eq!(scheme.compare("1", "").unwrap_err().scheme, scheme);
            assert!(scheme.compare("", "").is_err());
        }
    }

    #[test]
    fn what_is_no_version_sorts_first_and_by_its_bytes() {
        let ascending = ["", ":", ":1", "a:1", "~", "0~", "0", "1"];
        for pair in ascending.windows(2) {
            assert_eq!(
                Scheme::Dpkg.order(pair[0], pair[1]),
                Ordering::Less,
                "{pair:?}"
            );
            assert_eq!(
                Scheme::Dpkg.order(pair[1], pair[0]),
                Ordering::Greater,
                "{pair:?}"
            );
        }
    }
}
