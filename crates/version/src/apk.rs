//! Versions of apk packages: `1.2.3a_rc1~hash-r4`.
//!
//! The rules are those of apk-package(5) ("pkgver") and of apk-tools 3: numbers joined by dots, a
//! letter, suffixes that may have a number, the hash of a commit, the revision of the package. All
//! but the numbers may be missing. The first number compares by value; of the later ones those
//! that begin with a zero compare as decimal fractions do, digit by digit.
//!
//! Advisories hold versions that apk-tools 3 calls invalid, and apk-tools still compares them: by
//! all it can read, and what has an unreadable rest is older than what ends there. So does this
//! module, which refuses only what does not start with a number, where there is nothing to
//! compare. Two things that apk-tools 2 read are read as it did: a number after the letter
//! (`1.9.5p2-r1`, as Alpine's advisories have it) and `-r` without a number, which is revision 0.
//!
//! Two unreadable rests in the same place are equal to apk-tools. Here they compare as text,
//! because two releases whose difference one cannot read are not therefore the same; only rests
//! that begin with a hyphen, where the upstream version is over, stay equal.

use std::cmp::Ordering;

use crate::digits::{Number, split_digits, split_while};
use crate::error::Reason;

/// A version, borrowed from the string, known to start with a digit.
pub(crate) struct Version<'v>(&'v [u8]);

/// Reads a version; see the module for why nearly everything that starts with a digit is one.
pub(crate) fn parse(version: &str) -> Result<Version<'_>, Reason> {
    match version.as_bytes() {
        [] => Err("it is empty"),
        bytes @ [b'0'..=b'9', ..] => Ok(Version(bytes)),
        _ => Err("it does not start with a digit"),
    }
}

/// Compares token by token from the left; the first difference decides.
pub(crate) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    tokens(a).cmp(tokens(b))
}

fn tokens<'v>(version: &Version<'v>) -> Tokens<'v> {
    Tokens {
        rest: version.0,
        last: Last::Nothing,
    }
}

/// What a version consists of. The order of the variants is what sorts first where two versions
/// differ in kind: `1_rc` < `1?` < `1` < `1-r0` < `1~f` < `1_p` < `1a` < `1.0`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Token<'v> {
    PreRelease(PreRelease),
    /// The rest that cannot be read; the last token. Empty where its text does not count.
    Unreadable(&'v [u8]),
    /// Everything was read; the last token.
    End,
    Revision(Number<'v>),
    Commit(&'v [u8]),
    SuffixNumber(Number<'v>),
    PostRelease(PostRelease),
    Letter(u8),
    /// A number after a dot that begins with a zero, compared like the digits of a fraction.
    Fraction(&'v [u8]),
    Number(Number<'v>),
}

/// The suffixes before a release, oldest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum PreRelease {
    Alpha,
    Beta,
    Pre,
    Rc,
}

/// The suffixes after a release, oldest first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum PostRelease {
    Cvs,
    Svn,
    Git,
    Hg,
    P,
}

/// The tokens of a version, left to right.
struct Tokens<'v> {
    rest: &'v [u8],
    last: Last,
}

/// What was read last, which decides what may follow. The order is that of a version's parts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Last {
    Nothing,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Commit,
    Revision,
    /// An end of either kind.
    End,
}

impl<'v> Iterator for Tokens<'v> {
    type Item = Token<'v>;

    fn next(&mut self) -> Option<Token<'v>> {
        if self.last == Last::End {
            return None;
        }
        let (token, last, rest) = self.read().unwrap_or_else(|| {
            let counts = self.rest.first() != Some(&b'-');
            let text = if counts { self.rest } else { &[] };
            (Token::Unreadable(text), Last::End, &[])
        });
        self.last = last;
        self.rest = rest;
        Some(token)
    }
}

impl<'v> Tokens<'v> {
    /// The next token and what follows it; `None` if nothing that may stand here can be read.
    fn read(&self) -> Option<(Token<'v>, Last, &'v [u8])> {
        let Some((first, rest)) = self.rest.split_first() else {
            return Some((Token::End, Last::End, self.rest));
        };
        match (first, self.last) {
            (b'0'..=b'9', Last::Nothing | Last::Letter) => {
                let (number, rest) = read_number(self.rest);
                Some((Token::Number(number), Last::Number, rest))
            }
            (b'0'..=b'9', Last::Suffix) => {
                let (number, rest) = read_number(self.rest);
                Some((Token::SuffixNumber(number), Last::SuffixNumber, rest))
            }
            (b'.', Last::Number) => read_component(rest),
            (b'a'..=b'z', Last::Number) => Some((Token::Letter(*first), Last::Letter, rest)),
            (b'_', last) if last <= Last::SuffixNumber => read_suffix(rest),
            (b'~', last) if last <= Last::SuffixNumber => read_commit(rest),
            (b'-', last) if last <= Last::Commit => read_revision(rest),
            _ => None,
        }
    }
}

fn read_number(bytes: &[u8]) -> (Number<'_>, &[u8]) {
    let (digits, rest) = split_digits(bytes);
    (Number::new(digits), rest)
}

/// Reads on after a dot.
fn read_component(bytes: &[u8]) -> Option<(Token<'_>, Last, &[u8])> {
    let (digits, rest) = split_digits(bytes);
    let token = match digits {
        [] => return None,
        [b'0', ..] => Token::Fraction(digits),
        _ => Token::Number(Number::new(digits)),
    };
    Some((token, Last::Number, rest))
}

/// Reads on after an underscore.
fn read_suffix(bytes: &[u8]) -> Option<(Token<'_>, Last, &[u8])> {
    let (name, rest) = split_while(bytes, u8::is_ascii_lowercase);
    let token = match name {
        b"alpha" => Token::PreRelease(PreRelease::Alpha),
        b"beta" => Token::PreRelease(PreRelease::Beta),
        b"pre" => Token::PreRelease(PreRelease::Pre),
        b"rc" => Token::PreRelease(PreRelease::Rc),
        b"cvs" => Token::PostRelease(PostRelease::Cvs),
        b"svn" => Token::PostRelease(PostRelease::Svn),
        b"git" => Token::PostRelease(PostRelease::Git),
        b"hg" => Token::PostRelease(PostRelease::Hg),
        b"p" => Token::PostRelease(PostRelease::P),
        _ => return None,
    };
    Some((token, Last::Suffix, rest))
}

/// Reads on after a tilde.
fn read_commit(bytes: &[u8]) -> Option<(Token<'_>, Last, &[u8])> {
    let (hash, rest) = split_while(bytes, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (!hash.is_empty()).then_some((Token::Commit(hash), Last::Commit, rest))
}

/// Reads on after a hyphen.
fn read_revision(bytes: &[u8]) -> Option<(Token<'_>, Last, &[u8])> {
    let (number, rest) = read_number(bytes.strip_prefix(b"r")?);
    // Without a number it is a revision only if it does not begin some word, as in `1-ruff`.
    let has_number = bytes.get(1).is_some_and(u8::is_ascii_digit);
    let is_bare = matches!(rest, [] | [b'-', ..]);
    (has_number || is_bare).then_some((Token::Revision(number), Last::Revision, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(a: &str, b: &str) -> Ordering {
        compare(&parse(a).unwrap(), &parse(b).unwrap())
    }

    #[test]
    fn older_versions_sort_before_newer_ones() {
        let chains: [&[&str]; 9] = [
            // Numbers by value, whatever their length.
            &[
                "0",
                "1",
                "9",
                "10",
                "99999999999999999999",
                "100000000000000000000",
            ],
            &["1", "1.2", "1.2.1", "1.10", "02"],
            // After a dot a leading zero makes a fraction.
            &["1.0", "1.00", "1.001", "1.0015", "1.002", "1.01", "1.1"],
            // One letter, and what may follow the numbers in the order it sorts.
            &["1_rc1", "1", "1-r0", "1~f", "1_p", "1a", "1b", "1.0"],
            &[
                "1_alpha", "1_alpha1", "1_beta", "1_pre", "1_rc", "1_rc1", "1_rc2", "1_rc10", "1",
                "1_cvs", "1_svn", "1_git", "1_hg", "1_p", "1_p0", "1_p1",
            ],
            // Suffixes can follow each other.
            &["1_alpha_pre2", "1_alpha", "1_alpha_p1", "1_beta"],
            // Hashes compare as text, and after them the revision counts.
            &["1~1234-r0", "1~1234-r1", "1~2345-r0", "1~f"],
            // apk-tools 2 read a number after the letter.
            &[
                "1.9.5_p2",
                "1.9.5p-r0",
                "1.9.5p1-r9",
                "1.9.5p2",
                "1.9.5p2-r0",
                "1.9.5p10-r0",
            ],
            // What cannot be read is older than what ends there, and newer than a pre-release.
            &[
                "1.0_rc1", "1.0.x1", "1.0.x2", "1.0", "1.0-r0", "1.0bc", "1.0b",
            ],
        ];
        for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
            assert_eq!(compared(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compared(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn one_version_can_be_written_in_several_ways() {
        for (a, b) in [
            ("006", "6"),
            ("1-r1", "1-r01"),
            ("1_p1", "1_p01"),
            // Without a number the revision is 0.
            ("1-r", "1-r0"),
            // An unreadable rest after a hyphen says nothing about the version.
            ("1-2", "1-ruff"),
            ("1-r0-1", "1-r0-2"),
        ] {
            assert_eq!(compared(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn parts_out_of_their_place_cannot_be_read() {
        for version in [
            "1..2", "1.", "1_p.2", "1_foo", "1~", "1~F", "1-r1~f", "1-r1-r2", "1-x", "1A",
        ] {
            let tokens = tokens(&parse(version).unwrap());
            assert!(
                matches!(tokens.last(), Some(Token::Unreadable(_))),
                "{version}"
            );
        }
        for version in [
            "1",
            "1.2.3",
            "1a",
            "1a_p1",
            "1_rc1_p2~0f-r1",
            "1.2~f",
            "1.9.5p2-r0",
        ] {
            let tokens = tokens(&parse(version).unwrap());
            assert!(matches!(tokens.last(), Some(Token::End)), "{version}");
        }
    }

    #[test]
    fn what_does_not_start_with_a_digit_is_not_a_version() {
        assert_eq!(parse("").err(), Some("it is empty"));
        for version in ["a", ".1", "-r1", "v1", " 1", "é", "\0"] {
            assert_eq!(
                parse(version).err(),
                Some("it does not start with a digit"),
                "{version:?}"
            );
        }
    }
}
