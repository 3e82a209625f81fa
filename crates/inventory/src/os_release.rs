//! The os-release file (freedesktop.org, os-release(5)) and files written like it.

use std::collections::BTreeMap;

/// The assignments of an os-release file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OsRelease {
    values: BTreeMap<String, String>,
}

impl OsRelease {
    /// Reads assignments. Lines that are none are passed over: a file with one bad line still
    /// tells the distribution.
    pub fn parse(text: &str) -> Self {
        let values = text
            .trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim().to_owned(), unquote(value.trim())))
            .collect();
        Self { values }
    }

    /// A value; empty and missing are the same.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    /// All assignments.
    pub fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

/// Takes off the quotes of a shell word: nothing is special in single quotes; in double quotes a
/// backslash keeps `\`, `"`, `$` and the backquote.
fn unquote(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    let mut quote = None;
    while let Some(char) = chars.next() {
        match (quote, char) {
            (None, '"' | '\'') => quote = Some(char),
            (Some(open), close) if open == close => quote = None,
            (None | Some('"'), '\\') => match chars.peek() {
                Some(next @ ('\\' | '"' | '$' | '`' | '\'')) => {
                    out.push(*next);
                    chars.next();
                }
                _ => out.push('\\'),
            },
            _ => out.push(char),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shell_words() {
        let file = OsRelease::parse(concat!(
            "\u{feff}# a comment\n\nPLAIN=alpine\n",
            "DOUBLE=\"Debian GNU/Linux 12 (bookworm)\"\r\n",
            "SINGLE='with \"quotes\"'\n",
            "ESCAPED=\"a \\\"b\\\" \\$c \\\\ \\n\"\n",
            "JOINED='it'\\''s'\n",
            "no assignment\nEMPTY=\nUNCLOSED=\"half",
        ));
        for (key, value) in [
            ("PLAIN", "alpine"),
            ("DOUBLE", "Debian GNU/Linux 12 (bookworm)"),
            ("SINGLE", "with \"quotes\""),
            ("ESCAPED", "a \"b\" $c \\ \\n"),
            ("JOINED", "it's"),
            ("EMPTY", ""),
            ("UNCLOSED", "half"),
            ("MISSING", ""),
        ] {
            assert_eq!(file.get(key), value, "{key}");
        }
        assert_eq!(file.values().len(), 7);
    }
}
