//! One attribute of a name.

use std::fmt;

use crate::ParseCpeError;

/// What a name says of one attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Attribute {
    /// Any value.
    Any,
    /// There is no value: the attribute does not apply.
    NotApplicable,
    /// A value as the formatted string has it: in lower case, `*` and `?` at its ends for unknown
    /// parts, and a backslash before all punctuation but `-`, `.` and `_`.
    Value(String),
}

impl Attribute {
    pub(crate) fn value(&self) -> Option<&str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Any | Self::NotApplicable => None,
        }
    }

    /// Whether it means all that the other one does.
    ///
    /// What two values with unknown parts have in common is undefined, NIST IR 7696, table 6-2: it
    /// counts as nothing.
    pub(crate) fn is_superset_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (Self::NotApplicable, Self::NotApplicable) => true,
            (Self::NotApplicable | Self::Value(_), Self::Any | Self::NotApplicable)
            | (Self::NotApplicable, Self::Value(_)) => false,
            (Self::Value(mine), Self::Value(theirs)) => {
                mine == theirs || (!has_wildcard(theirs) && is_matched(mine, theirs))
            }
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::NotApplicable => "-",
            // Unquoted it would be another attribute.
            Self::Value(value) if value == "-" => "\\-",
            Self::Value(value) => value,
        })
    }
}

/// Collects a value, character by character.
#[derive(Default)]
pub(crate) struct Builder {
    value: String,
    /// Characters that were given, wildcards included.
    trailing: bool,
    body: bool,
}

impl Builder {
    /// Adds a character that stands for itself.
    pub(crate) fn literal(&mut self, character: char) -> Result<(), ParseCpeError> {
        if self.trailing || !character.is_ascii_graphic() {
            return Err(ParseCpeError::Character);
        }
        if !(character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_')) {
            self.value.push('\\');
        }
        self.value.push(character);
        self.body = true;
        Ok(())
    }

    /// Adds `*` or `?`, which stand at the ends of a value only.
    pub(crate) fn wildcard(&mut self, character: char) {
        self.trailing = self.body;
        self.value.push(character);
    }

    pub(crate) fn finish(self) -> Attribute {
        match self.value.as_str() {
            "" | "*" => Attribute::Any,
            _ => Attribute::Value(self.value),
        }
    }
}

/// Whether a value has parts that are not known.
fn has_wildcard(value: &str) -> bool {
    let mut is_quoted = false;
    value.chars().any(|character| {
        let is_wildcard = !is_quoted && matches!(character, '*' | '?');
        is_quoted = !is_quoted && character == '\\';
        is_wildcard
    })
}

/// Whether a pattern fits a value without unknown parts.
fn is_matched(pattern: &str, value: &str) -> bool {
    let leading = pattern.len() - pattern.trim_start_matches(['*', '?']).len();
    let (before, rest) = pattern.split_at(leading);
    let trimmed = rest.trim_end_matches(['*', '?']);
    // A quoted character at the end is none that was trimmed wrongly.
    let quoted = trimmed.ends_with('\\') && rest.len() > trimmed.len();
    let body = if quoted {
        &rest[..=trimmed.len()]
    } else {
        trimmed
    };
    let after = &rest[body.len()..];
    if before.is_empty() && after.is_empty() {
        return false;
    }
    let fits = |wildcards: &str, missing: &str| {
        let characters = missing.chars().filter(|&c| c != '\\').count();
        wildcards.contains('*') || characters <= wildcards.len()
    };
    if body.is_empty() {
        return fits(&format!("{before}{after}"), value);
    }
    value
        .match_indices(body)
        .any(|(at, _)| fits(before, &value[..at]) && fits(after, &value[at + body.len()..]))
}
