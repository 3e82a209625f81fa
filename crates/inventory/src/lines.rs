//! Lines and fields of the text databases, as slices of the file.

use memchr::memchr;

/// The lines of a text, without their ends; the last one counts even if it has none.
pub(crate) fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (line, rest) = match memchr(b'\n', text) {
            Some(end) => (&text[..end], &text[end + 1..]),
            None => (text, &text[..0]),
        };
        text = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    })
}

/// The text of a field: UTF-8, with whatever is not replaced, without white space around it.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
}

/// Whether a path is `end`, or ends with it after a slash; gives what is in front.
///
/// Package databases are recognised in nested root file systems too.
pub(crate) fn root_of<'a>(path: &'a str, end: &str) -> Option<&'a str> {
    let root = path.strip_suffix(end)?;
    (root.is_empty() || root.ends_with('/')).then(|| root.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_without_an_end() {
        let found: Vec<&[u8]> = lines(b"a\r\n\nb").collect();
        assert_eq!(found, [&b"a"[..], b"", b"b"]);
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn roots_end_at_a_part_of_the_path() {
        assert_eq!(root_of("etc/os-release", "etc/os-release"), Some(""));
        assert_eq!(root_of("srv/etc/os-release", "etc/os-release"), Some("srv"));
        assert_eq!(root_of("srv/xetc/os-release", "etc/os-release"), None);
    }
}
