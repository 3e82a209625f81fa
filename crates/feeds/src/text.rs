//! Foreign text made fit to be stored and shown: bounded, and without what a terminal obeys.

/// Lengths in bytes.
const ID: usize = 128;
const NAME: usize = 256;
const VERSION: usize = 256;
const LINK: usize = 2048;
const LINE: usize = 1024;
const PROSE: usize = 64 * 1024;

/// How many texts of a list count.
const LIST: usize = 1000;

/// A text of one line: notes, severities.
pub fn line(text: &str) -> String {
    let flat = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_hidden(*c));
    bounded(flat, LINE).trim().to_owned()
}

/// A text of several lines: descriptions.
pub fn prose(text: &str) -> String {
    let kept = text
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| *c == '\n' || !is_hidden(*c));
    bounded(kept, PROSE).trim().to_owned()
}

/// Whether it can name a vulnerability.
pub fn is_id(text: &str) -> bool {
    (1..=ID).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

/// Whether it is an identifier of the CVE list.
pub fn is_cve(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, number)| {
            year.len() == 4 && digits(year) && (4..=19).contains(&number.len()) && digits(number)
        })
}

/// The first identifier of the CVE list in a text.
pub fn cve_in(text: &str) -> Option<&str> {
    cves_in(text).next()
}

/// The identifiers of the CVE list in a text.
pub fn cves_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("CVE-").filter_map(|(start, _)| {
        let rest = &text[start..];
        let end = rest
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || b == b'-'));
        let word = &rest[..end.unwrap_or(rest.len())];
        is_cve(word).then_some(word)
    })
}

/// Whether it is an identifier of the CWE list: `CWE-79`.
pub(crate) fn is_cwe(text: &str) -> bool {
    text.strip_prefix("CWE-").is_some_and(|number| {
        (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether it can name a package or a release: printable ASCII without spaces.
pub fn is_name(text: &str) -> bool {
    (1..=NAME).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Whether it can be a version: printable ASCII without spaces. Its scheme knows the rest.
pub fn can_be_version(text: &str) -> bool {
    (1..=VERSION).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Each of some texts once, in their order. Lists of foreign make may be endless, so only the
/// first thousand are looked at.
pub fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut found = Vec::new();
    for text in texts.take(LIST) {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// A link to the web, if it is one.
pub fn link(text: &str) -> Option<String> {
    let text = text.trim();
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic());
    (is_web && is_plain && text.len() <= LINK).then(|| text.to_owned())
}

/// Control characters, and those that change the direction of what follows them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn bounded(chars: impl Iterator<Item = char>, limit: usize) -> String {
    let mut text = String::new();
    for c in chars {
        if text.len() + c.len_utf8() > limit {
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_taken_out() {
        assert_eq!(line("  a\u{1b}[31mb\r\nc\u{202e}d\u{9b}\t"), "a[31mb  cd");
        assert_eq!(prose("one\r\n\ttwo\u{7}\u{0}\n"), "one\n two");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let cut = prose(&"é".repeat(PROSE));
        assert_eq!(cut.len(), PROSE);
        assert_eq!(line(&format!("a{}", "é".repeat(LINE))).len(), LINE - 1);
    }

    #[test]
    fn ids_are_words() {
        for good in [
            "CVE-2024-1234",
            "TEMP-0290435-0B57B5",
            "GHSA-jfh8-c2jp-5v3q",
            "XSA-1",
        ] {
            assert!(is_id(good), "{good}");
        }
        for bad in [
            "",
            "-x",
            "a b",
            "a\n",
            "CVE-2024-1\u{1b}",
            "é",
            &"x".repeat(129),
        ] {
            assert!(!is_id(bad), "{bad}");
        }
    }

    #[test]
    fn cves_have_a_year_and_four_digits_or_more() {
        for (text, is) in [
            ("CVE-2024-1234", true),
            ("CVE-2024-123456", true),
            ("CVE-2024-123", false),
            ("CVE-24-1234", false),
            ("CVE-2024-1234-1", false),
            ("cve-2024-1234", false),
            ("CVE-????-?????", false),
        ] {
            assert_eq!(is_cve(text), is, "{text}");
        }
    }

    #[test]
    fn a_cve_is_found_in_what_is_written_around_it() {
        for (text, cve) in [
            ("CVE-2024-1234", Some("CVE-2024-1234")),
            ("CVE:00001:CVE-2019-16168", Some("CVE-2019-16168")),
            ("CVE-2024-1 CVE-2024-1234 at SUSE", Some("CVE-2024-1234")),
            ("CVE-2024-1234x", None),
            ("ELSA-2024-1234", None),
            ("CVE-é", None),
        ] {
            assert_eq!(cve_in(text), cve, "{text}");
        }
    }

    #[test]
    fn a_list_has_each_text_once_and_an_end() {
        let texts = ["b", "a", "b"].map(str::to_owned);
        assert_eq!(distinct(texts.into_iter()), ["b", "a"]);
        assert_eq!(distinct((0..).map(|n: u64| n.to_string())).len(), LIST);
    }

    #[test]
    fn only_links_to_the_web_pass() {
        assert!(link(" https://a.example/x?y=z ").is_some());
        for bad in [
            "javascript:alert(1)",
            "ftp://a",
            "https://a b",
            "https://a\u{1b}",
            "",
        ] {
            assert_eq!(link(bad), None);
        }
    }
}
