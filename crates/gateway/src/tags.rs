//! Entity tags (RFC 9110, section 8.8.3).

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};

/// What stands for the state of something, as the header `Etag` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(HeaderValue);

impl Tag {
    /// The tag of an opaque text. None for one that no header can have.
    pub(crate) fn new(opaque: &str) -> Option<Self> {
        let is_opaque = !opaque.is_empty()
            && opaque
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"');
        let value = is_opaque.then(|| HeaderValue::from_str(&format!("\"{opaque}\"")))?;
        value.ok().map(Self)
    }

    /// The value of the header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Whether the client has it already. `*` stands for no tag here, as in Clair: that something
    /// exists does not mean that it is up to date.
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        let lines = headers.get_all(IF_NONE_MATCH).into_iter();
        lines.filter_map(|line| line.to_str().ok()).any(|line| {
            let tags = line.split(',').map(str::trim);
            tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
                .any(|tag| tag.as_bytes() == self.0.as_bytes())
        })
    }
}

/// Whether the client asks with a condition.
pub(crate) fn has_condition(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_NONE_MATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_known_by_any_line_that_has_it() {
        let tag = Tag::new("6c2b").unwrap();
        let is_known = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(IF_NONE_MATCH, line.parse().unwrap());
            }
            tag.is_known(&headers)
        };
        assert!(is_known(&["\"6c2b\""]));
        assert!(is_known(&["\"x\"", "\"6c2b\""]));
        assert!(is_known(&["\"x\", W/\"6c2b\""]));
        for other in ["", "6c2b", "*", "\"6C2B\"", "\"6c2\""] {
            assert!(!is_known(&[other]), "{other:?}");
        }
        assert!(!is_known(&[]));
    }

    #[test]
    fn a_text_that_would_break_the_header_is_no_tag() {
        for text in ["", "a\"b", "a\nb", "a b", "é"] {
            assert_eq!(Tag::new(text), None, "{text:?}");
        }
    }
}
