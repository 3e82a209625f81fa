//! Which of the forms of an answer the client wants (RFC 9110, section 12.5.1).

use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};

use crate::failure::Failure;

/// JSON of no further kind.
pub(crate) const JSON: &str = "application/json";
/// JSON documents, one on each line.
pub(crate) const JSON_LINES: &str = "application/x-ndjson";

/// The form that the client likes best; the first one if it does not say, or likes several the
/// same.
///
/// # Errors
///
/// 400 for a header that is no list of media types. 415 if none will do: it should be 406, but
/// clients know Clair's answer.
pub(crate) fn negotiate(
    headers: &HeaderMap,
    offered: &[&'static str],
) -> Result<&'static str, Failure> {
    let ranges = ranges(headers)?;
    let first = offered.first().copied().unwrap_or(JSON);
    if ranges.is_empty() {
        return Ok(first);
    }
    let mut best: Option<(&'static str, u16)> = None;
    for &form in offered {
        let quality = quality(&ranges, form);
        if quality > best.map_or(0, |(_, quality)| quality) {
            best = Some((form, quality));
        }
    }
    best.map(|(form, _)| form).ok_or_else(|| {
        Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!(
                "none of the accepted media types is one of {}",
                offered.join(", ")
            ),
        )
    })
}

/// As [`negotiate`], for what was never negotiated by Clair: without a form that will do, it is the
/// first.
pub(crate) fn prefer(headers: &HeaderMap, offered: &[&'static str]) -> &'static str {
    negotiate(headers, offered).unwrap_or_else(|_| offered.first().copied().unwrap_or(JSON))
}

/// A media range of an `Accept` header.
struct Range {
    kind: String,
    subtype: String,
    /// From 0 to 1000.
    quality: u16,
}

fn ranges(headers: &HeaderMap) -> Result<Vec<Range>, Failure> {
    let malformed = || Failure::bad_request("header Accept is no list of media types");
    let mut ranges = Vec::new();
    for value in headers.get_all(ACCEPT) {
        let value = value.to_str().map_err(|_| malformed())?;
        for element in value.split(',') {
            // Empty elements count for nothing (RFC 9110, section 5.6.1).
            if !element.trim().is_empty() {
                ranges.push(range(element).ok_or_else(malformed)?);
            }
        }
    }
    Ok(ranges)
}

fn range(element: &str) -> Option<Range> {
    let mut parts = element.split(';');
    let (kind, subtype) = parts.next()?.trim().split_once('/')?;
    let is_range = is_token(kind) && is_token(subtype) && (kind != "*" || subtype == "*");
    let mut quality = 1000;
    for parameter in parts {
        let (name, value) = parameter.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("q") {
            quality = thousandths(value)?;
        }
    }
    is_range.then(|| Range {
        kind: kind.to_ascii_lowercase(),
        subtype: subtype.to_ascii_lowercase(),
        quality,
    })
}

fn is_token(text: &str) -> bool {
    let is_token_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// A `qvalue`, in thousandths.
fn thousandths(text: &str) -> Option<u16> {
    let quality: f32 = text.parse().ok()?;
    let is_plain = text.len() <= 5
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and 1000"
    )]
    let thousandths =
        (is_plain && (0.0..=1.0).contains(&quality)).then(|| (quality * 1000.0).round() as u16);
    thousandths
}

/// How much a form is liked: what the range that is closest to it says.
fn quality(ranges: &[Range], form: &str) -> u16 {
    let (kind, subtype) = form.split_once('/').unwrap_or((form, ""));
    let closeness = |range: &Range| match (range.kind.as_str(), range.subtype.as_str()) {
        ("*", _) => Some(0),
        (of, "*") if of == kind => Some(1),
        (of, sub) if of == kind && sub == subtype => Some(2),
        _ => None,
    };
    let matching = ranges
        .iter()
        .filter_map(|range| Some((closeness(range)?, range.quality)));
    matching.max().map_or(0, |(_, quality)| quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "application/vnd.clair.index_report.v1+json";

    fn choose(accept: &[&str]) -> Result<&'static str, u16> {
        let mut headers = HeaderMap::new();
        for line in accept {
            headers.append(ACCEPT, line.parse().unwrap());
        }
        negotiate(&headers, &[REPORT, JSON]).map_err(|failure| failure.status().as_u16())
    }

    #[test]
    fn the_first_form_is_for_clients_that_do_not_mind() {
        for accept in [
            &[][..],
            &["*/*"],
            &["application/*"],
            &[""],
            &["text/html, */*;q=0.1"],
        ] {
            assert_eq!(choose(accept), Ok(REPORT), "{accept:?}");
        }
    }

    #[test]
    fn clients_choose() {
        assert_eq!(choose(&["application/json"]), Ok(JSON));
        assert_eq!(choose(&["APPLICATION/JSON"]), Ok(JSON));
        assert_eq!(choose(&["text/html", "application/json"]), Ok(JSON));
        assert_eq!(choose(&["application/json;q=0.5, */*;q=0.1"]), Ok(JSON));
        assert_eq!(
            choose(&["*/*, application/vnd.clair.index_report.v1+json;q=0"]),
            Ok(JSON)
        );
    }

    #[test]
    fn what_nobody_offers_is_an_unsupported_media_type() {
        for accept in ["text/html", "application/json;q=0", "text/*", "*/*;q=0"] {
            assert_eq!(choose(&[accept]), Err(415), "{accept:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_media_types_is_a_bad_request() {
        for accept in [
            "json",
            "*/json",
            "/",
            "a/b;q",
            "a/b;q=2",
            "a/b;q=-1",
            "a/b;q=NaN",
            "a b/c",
        ] {
            assert_eq!(choose(&[accept]), Err(400), "{accept:?}");
        }
    }
}
