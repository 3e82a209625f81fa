//! Patterns of names and paths.

use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::text::quoted;

/// What a text has to be.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// This text.
    Exact(String),
    /// One of the texts that a regular expression stands for. The text is what was written.
    Expression(String, Regex),
}

/// Bytes that a pattern may have. Nobody writes a hundredth of it.
const MAX_LENGTH: usize = 10_000;

/// How large an expression may become. It takes time in proportion to the text it is tried on,
/// however it is written.
const MAX_SIZE: usize = 1 << 20;

impl Pattern {
    /// A pattern of names: `*` stands for any text, `?` for a character.
    pub(super) fn name(text: &str) -> Result<Self, String> {
        Self::glob(text, ".*", ".")
    }

    /// The same for names of vulnerabilities, which are in capitals.
    pub(super) fn id(text: &str) -> Result<Self, String> {
        Self::name(&text.trim().to_uppercase())
    }

    /// A pattern of paths: `*` and `?` stop at a slash, `**` does not.
    pub(super) fn path(text: &str) -> Result<Self, String> {
        Self::glob(text.trim_start_matches('/'), "[^/]*", "[^/]")
    }

    /// This text alone.
    pub(super) fn exact(text: &str) -> Self {
        Self::Exact(text.to_owned())
    }

    /// A regular expression for the whole of a text.
    pub(super) fn expression(text: &str) -> Result<Self, String> {
        Self::compiled(text, text)
    }

    fn glob(text: &str, many: &str, one: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a pattern is empty".to_owned());
        }
        if !text.contains(['*', '?']) {
            return Ok(Self::exact(text));
        }
        let mut expression = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?']) {
            expression.push_str(&regex::escape(&rest[..at]));
            rest = &rest[at..];
            rest = if let Some(after) = rest.strip_prefix("**/") {
                // Directories, or none.
                expression.push_str("(?:.*/)?");
                after
            } else if let Some(after) = rest.strip_prefix("**") {
                expression.push_str(".*");
                after.trim_start_matches('*')
            } else {
                expression.push_str(if rest.starts_with('*') { many } else { one });
                &rest[1..]
            };
        }
        expression.push_str(&regex::escape(rest));
        Self::compiled(text, &expression)
    }

    fn compiled(text: &str, expression: &str) -> Result<Self, String> {
        let too_large = || Err(format!("the pattern {} is too large", quoted(text)));
        if text.len() > MAX_LENGTH {
            return too_large();
        }
        let whole = format!("^(?:{expression})$");
        let built = RegexBuilder::new(&whole)
            .size_limit(MAX_SIZE)
            .dot_matches_new_line(true)
            .build();
        match built {
            Ok(expression) => Ok(Self::Expression(text.to_owned(), expression)),
            Err(regex::Error::CompiledTooBig(_)) => too_large(),
            Err(_) => Err(format!("{} is no regular expression", quoted(text))),
        }
    }

    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Exact(own) => own == text,
            Self::Expression(_, expression) => expression.is_match(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) | Self::Expression(text, _) => f.pad(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_texts() {
        for (pattern, are, are_not) in [
            (
                Pattern::id("cve-2024-*"),
                &["CVE-2024-1", "CVE-2024-"][..],
                &["CVE-2025-1", "XCVE-2024-1"][..],
            ),
            (
                Pattern::name("lib?.so"),
                &["liba.so"],
                &["lib.so", "libaXso"],
            ),
            (Pattern::name("lib*"), &["lib", "lib/x", "libx"], &["alib"]),
            (
                Pattern::path("/usr/*/app"),
                &["usr/bin/app"],
                &["usr/a/b/app", "usr/bin/app2", "x/usr/bin/app"],
            ),
            (
                Pattern::path("usr/**"),
                &["usr/a/b", "usr/"],
                &["usr", "var/usr/a"],
            ),
            (
                Pattern::path("**/app.jar"),
                &["app.jar", "a/b/app.jar"],
                &["a/xapp.jar"],
            ),
            (
                Pattern::expression("linux-.*"),
                &["linux-5"],
                &["a-linux-5"],
            ),
            (Pattern::expression("a|b"), &["a", "b"], &["ab", "xa"]),
        ] {
            let pattern = pattern.unwrap();
            for text in are {
                assert!(pattern.is(text), "{pattern} is {text}");
            }
            for text in are_not {
                assert!(!pattern.is(text), "{pattern} is not {text}");
            }
        }
        for wrong in ["(", "a{100000}{100000}", "\\p{Greek"] {
            assert!(Pattern::expression(wrong).is_err(), "{wrong}");
        }
        assert!(Pattern::name("").is_err());
        let long = "?".repeat(10_000_000);
        assert!(Pattern::name(&long).is_err());
    }
}
