//! What can be wrong with a version or with the name of a scheme.

use std::fmt;

use crate::Scheme;

/// A string that is not a version in the scheme it was read with.
///
/// The message cuts long strings, the field `version` keeps all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a {scheme} version: {reason}", Cut(.version))]
#[non_exhaustive]
pub struct ParseVersionError {
    /// The scheme whose rules the string breaks.
    pub scheme: Scheme,
    /// The string as it was given.
    pub version: String,
    /// The rule it breaks, in words.
    pub reason: &'static str,
}

/// A name that no [`Scheme`] has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a version scheme, the known ones are {}", Cut(.name), Known)]
#[non_exhaustive]
pub struct UnknownScheme {
    /// The name as it was given.
    pub name: String,
}

/// The rule a string breaks, as the module of a scheme reports it: it reads on from
/// "… is not a dpkg version: ".
pub(crate) type Reason = &'static str;

/// How many characters of a foreign string a message shows.
const SHOWN_CHARS: usize = 100;

/// Shows a foreign string quoted and escaped, and only its beginning if it is long.
struct Cut<'a>(&'a str);

impl fmt::Display for Cut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(SHOWN_CHARS) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// Shows the names of all schemes.
struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, scheme) in Scheme::ALL.iter().enumerate() {
            let separator = if nth == 0 { "" } else { ", " };
            write!(f, "{separator}{scheme}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_string_scheme_and_reason() {
        let error = Scheme::Dpkg.validate("x:1").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""x:1" is not a dpkg version: epoch is not a number"#
        );
    }

    #[test]
    fn the_message_escapes_what_a_terminal_must_not_see() {
        let error = Scheme::Apk.validate("\u{1b}[2J\0").unwrap_err();
        assert!(
            error.to_string().starts_with(r#""\u{1b}[2J\0" is not"#),
            "{error}"
        );
    }

    #[test]
    fn the_message_cuts_a_long_string_and_the_error_keeps_it() {
        let version = "é".repeat(5000);
        let error = Scheme::Apk.validate(&version).unwrap_err();
        assert_eq!(error.to_string().matches('é').count(), SHOWN_CHARS);
        assert_eq!(error.version, version);
    }

    #[test]
    fn an_unknown_scheme_is_told_which_there_are() {
        let error = "deb".parse::<Scheme>().unwrap_err();
        assert_eq!(error.name, "deb");
        assert_eq!(
            error.to_string(),
            "\"deb\" is not a version scheme, the known ones are dpkg, rpm, apk, pacman, bitnami, \
             gentoo, rhctag"
        );
    }
}
