//! `WWW-Authenticate`: what a registry asks for before it answers.
//!
//! RFC 9110, section 11.6.1. One header may hold several challenges, and the comma that separates
//! them also separates the parameters of one, so the only way to tell them apart is to look at
//! what follows a word: `=` makes it a parameter, anything else a new scheme.

/// One challenge: a scheme and its parameters, both names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
}

/// More challenges than this are not read.
const MAX_CHALLENGES: usize = 16;
/// More parameters than this, in one challenge, are not read.
const MAX_PARAMETERS: usize = 32;

impl Challenge {
    /// Reads the value of one header. What cannot be read ends the list.
    pub(crate) fn parse_all(header: &str) -> Vec<Self> {
        let mut challenges = Vec::new();
        let mut rest = Cursor(header);
        while challenges.len() < MAX_CHALLENGES {
            rest.skip(&[' ', '\t', ',']);
            let Some(scheme) = rest.word() else { break };
            challenges.push(Self {
                scheme: scheme.to_ascii_lowercase(),
                parameters: rest.parameters(),
            });
        }
        challenges
    }

    /// A parameter by its name in lower case; the first one if it is there twice.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn skip(&mut self, characters: &[char]) {
        self.0 = self.0.trim_start_matches(characters);
    }

    fn take(&mut self, character: char) -> bool {
        self.0
            .strip_prefix(character)
            .map(|rest| self.0 = rest)
            .is_some()
    }

    /// A token of RFC 9110, section 5.6.2.
    fn word(&mut self) -> Option<&'a str> {
        self.while_any(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    }

    fn while_any(&mut self, wanted: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        (!taken.is_empty()).then_some(taken)
    }

    /// The parameters up to the next scheme or the end.
    fn parameters(&mut self) -> Vec<(String, String)> {
        let mut parameters = Vec::new();
        while parameters.len() < MAX_PARAMETERS {
            let before = self.0;
            self.skip(&[' ', '\t', ',']);
            match self.parameter() {
                Some(parameter) => parameters.push(parameter),
                None if parameters.is_empty() && self.skip_token68() => break,
                None => {
                    self.0 = before;
                    break;
                }
            }
        }
        parameters
    }

    /// `name=value`, or `None` and nothing taken that matters: the caller steps back.
    fn parameter(&mut self) -> Option<(String, String)> {
        let start = self.0;
        let parameter = self.name_and_value();
        if parameter.is_none() {
            self.0 = start;
        }
        parameter
    }

    fn name_and_value(&mut self) -> Option<(String, String)> {
        let name = self.word()?.to_ascii_lowercase();
        self.skip(&[' ', '\t']);
        if !self.take('=') {
            return None;
        }
        self.skip(&[' ', '\t']);
        let value = if self.take('"') {
            self.quoted()?
        } else {
            // More than a token is taken: unquoted URLs are seen in the wild.
            self.while_any(|c| c != ',' && c != ' ' && c != '"' && c != '=')?
                .to_owned()
        };
        Some((name, value))
    }

    /// The rest of a quoted string whose first quote was taken.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.0.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(characters.next()?),
                other => value.push(other),
            }
        }
        self.0 = characters.as_str();
        Some(value)
    }

    /// The one opaque value that schemes such as Negotiate have in place of parameters.
    ///
    /// It counts only at the end of the header or before a comma, or it could be a scheme.
    fn skip_token68(&mut self) -> bool {
        let start = self.0;
        let token = self.while_any(|c| c.is_ascii_alphanumeric() || "-._~+/=".contains(c));
        let ended = self.0.is_empty() || self.0.starts_with([',', ' ']);
        let is_token = token.is_some_and(|token| token.ends_with('=') || token.len() > 32);
        if !(ended && is_token) {
            self.0 = start;
        }
        ended && is_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes challenges as `scheme{name=value;…}`, one after the other.
    fn read(header: &str) -> String {
        let show = |challenge: &Challenge| {
            let parameters: Vec<_> = challenge
                .parameters
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{}{{{}}}", challenge.scheme, parameters.join(";"))
        };
        Challenge::parse_all(header).iter().map(show).collect()
    }

    #[test]
    fn challenges_are_read() {
        for (header, expected) in [
            (
                r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push""#,
                "bearer{realm=https://auth.docker.io/token;service=registry.docker.io;scope=repository:a/b:pull,push}",
            ),
            (
                r#"Basic realm="Registry Realm""#,
                "basic{realm=Registry Realm}",
            ),
            ("BASIC", "basic{}"),
            (
                r#"Basic realm="a, b", Bearer realm="https://h/t", error="x""#,
                "basic{realm=a, b}bearer{realm=https://h/t;error=x}",
            ),
            (
                r#"Negotiate, Basic realm="x", charset="UTF-8""#,
                "negotiate{}basic{realm=x;charset=UTF-8}",
            ),
            (
                r#"Negotiate YWJjZGVmZw==, Basic realm="x""#,
                "negotiate{}basic{realm=x}",
            ),
            (
                r"Bearer realm=https://h/t,service=s",
                "bearer{realm=https://h/t;service=s}",
            ),
            (r#"Bearer REALM = "a\"b\\c""#, r#"bearer{realm=a"b\c}"#),
            (
                r#" , ,Bearer realm="x" ,, service="y" , "#,
                "bearer{realm=x;service=y}",
            ),
            (r#"Bearer realm="" "#, "bearer{realm=}"),
            (r#"Bearer realm="https://h/é""#, "bearer{realm=https://h/é}"),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
    }

    #[test]
    fn hostile_headers_end_the_list_and_nothing_else() {
        for (header, expected) in [
            ("", ""),
            (",,,", ""),
            ("\"", ""),
            ("=", ""),
            (r#"Bearer realm="unclosed"#, "bearer{}realm{}"),
            (r#"Bearer realm="x\"#, "bearer{}realm{}"),
            // By the grammar this is not a parameter but an opaque value.
            ("Bearer realm=", "bearer{}"),
            (r#"Bearer realm="x" é="y""#, "bearer{realm=x}"),
        ] {
            assert_eq!(read(header), expected, "{header}");
        }
        assert_eq!(
            Challenge::parse_all(&"a, ".repeat(10_000)).len(),
            MAX_CHALLENGES
        );
        let many = format!("Bearer {}", "a=b,".repeat(10_000));
        assert_eq!(
            Challenge::parse_all(&many)[0].parameters.len(),
            MAX_PARAMETERS
        );
    }

    #[test]
    fn the_first_of_two_parameters_counts() {
        let challenges = Challenge::parse_all("Bearer realm=a, realm=b");
        assert_eq!(challenges[0].parameter("realm"), Some("a"));
    }
}
