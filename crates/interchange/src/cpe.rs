//! Names of products in the two forms that are in use: those that vendors write,
//! `cpe:/a:redhat:rhel_eus:9.2::appstream`, and those that Clair does,
//! `cpe:2.3:a:redhat:rhel_eus:9.2:*:appstream:*:*:*:*:*`. Their rules are those of
//! [NIST IR 7695](https://doi.org/10.6028/NIST.IR.7695), sections 6.1 and 6.2.

use std::fmt::Write as _;

/// Attributes of a name.
const ATTRIBUTES: usize = 11;

/// Those that the older form puts into one part, if there are any.
const PACKED: std::ops::Range<usize> = 7..ATTRIBUTES;

/// The older form of a name in the newer one. `None` if it is none, or says what the older one
/// cannot.
pub(crate) fn to_uri(formatted: &str) -> Option<String> {
    let attributes = split(formatted.strip_prefix("cpe:2.3:")?);
    if attributes.len() != ATTRIBUTES {
        return None;
    }
    let mut parts = Vec::new();
    for value in &attributes[..5] {
        parts.push(to_component(value)?);
    }
    let mut edition = to_component(attributes[5])?;
    if attributes[PACKED].iter().any(|value| *value != "*") {
        edition.insert(0, '~');
        for value in &attributes[PACKED] {
            edition.push('~');
            edition.push_str(&to_component(value)?);
        }
    }
    parts.push(edition);
    parts.push(to_component(attributes[6])?);
    while parts.last().is_some_and(String::is_empty) {
        parts.pop();
    }
    Some(format!("cpe:/{}", parts.join(":")))
}

/// The newer form of a name in the older one.
pub(crate) fn to_formatted(uri: &str) -> Option<String> {
    let parts: Vec<&str> = uri.strip_prefix("cpe:/")?.split(':').collect();
    if parts.len() > 7 {
        return None;
    }
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    let mut attributes: Vec<&str> = (0..5).map(part).collect();
    let edition = part(5);
    match edition.strip_prefix('~') {
        None => attributes.extend([edition, part(6), "", "", "", ""]),
        Some(packed) => {
            let packed: Vec<&str> = packed.split('~').collect();
            let [edition, software, target, hardware, other] = packed[..] else {
                return None;
            };
            attributes.extend([edition, part(6), software, target, hardware, other]);
        }
    }
    let mut text = "cpe:2.3".to_owned();
    for attribute in attributes {
        text.push(':');
        text.push_str(&to_attribute(attribute)?);
    }
    Some(text)
}

/// Divides at colons that are not quoted.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_quoted) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_quoted => is_quoted = false,
            b'\\' => is_quoted = true,
            b':' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// A value of the newer form as a part of the older one.
fn to_component(value: &str) -> Option<String> {
    if value == "*" {
        return Some(String::new());
    }
    let mut component = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => chars.next()?,
            // Wildcards within a value.
            '*' => {
                component.push_str("%02");
                continue;
            }
            '?' => {
                component.push_str("%01");
                continue;
            }
            c => c,
        };
        if is_plain(c) {
            component.push(c);
        } else if c.is_ascii_graphic() {
            write!(component, "%{:02x}", u32::from(c)).ok()?;
        } else {
            return None;
        }
    }
    (!component.is_empty()).then_some(component)
}

/// A part of the older form as a value of the newer one.
fn to_attribute(component: &str) -> Option<String> {
    if component.is_empty() {
        return Some("*".to_owned());
    }
    let mut value = String::new();
    let mut chars = component.chars();
    while let Some(c) = chars.next() {
        let c = if c == '%' {
            let digits: String = chars.by_ref().take(2).collect();
            match u8::from_str_radix(&digits, 16).ok()? {
                1 => {
                    value.push('?');
                    continue;
                }
                2 => {
                    value.push('*');
                    continue;
                }
                byte => char::from(byte),
            }
        } else {
            c
        };
        if !c.is_ascii_graphic() {
            return None;
        }
        if !is_plain(c) {
            value.push('\\');
        }
        value.push(c);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        for (uri, formatted) in [
            (
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
                "cpe:2.3:a:redhat:rhel_eus:9.2:*:appstream:*:*:*:*:*",
            ),
            (
                "cpe:/o:redhat:enterprise_linux:7",
                "cpe:2.3:o:redhat:enterprise_linux:7:*:*:*:*:*:*:*",
            ),
            (
                "cpe:/a:redhat:a%2bb:1:-:~~~x64~~",
                "cpe:2.3:a:redhat:a\\+b:1:-:*:*:*:x64:*:*",
            ),
            (
                "cpe:/a:redhat:openshift:4.%02::el8:en",
                "cpe:2.3:a:redhat:openshift:4.*:*:el8:en:*:*:*:*",
            ),
        ] {
            assert_eq!(to_formatted(uri).as_deref(), Some(formatted));
            assert_eq!(to_uri(formatted).as_deref(), Some(uri));
        }
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in ["", "cpe:/", "cpe:2.3:a:b", "cpe:2.3:", "x", "cpe:2.3:a\\"] {
            assert_eq!(to_uri(text), None, "{text}");
        }
        for text in [
            "",
            "cpe:2.3:a",
            "cpe:/a:b:c:d:e:f:g:h",
            "cpe:/a:%zz",
            "cpe:/a:b::::~x",
        ] {
            assert_eq!(to_formatted(text), None, "{text}");
        }
    }
}
