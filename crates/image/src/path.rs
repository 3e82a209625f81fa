//! Paths inside images.

/// Cleans the path of an entry: relative to the root, `/` between parts, no empty, `.` or `..`
/// part. A `..` that would leave the root stays at the root, as it does for a process in it.
///
/// Bytes that are not UTF-8 become `\xNN`, so that a path is always text and different paths stay
/// different.
pub fn clean(raw: &[u8]) -> String {
    let text = decode(raw);
    let mut cleaned = String::with_capacity(text.len());
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                let parent = cleaned.rfind('/').unwrap_or(0);
                cleaned.truncate(parent);
            }
            part => {
                if !cleaned.is_empty() {
                    cleaned.push('/');
                }
                cleaned.push_str(part);
            }
        }
    }
    cleaned
}

fn decode(raw: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_root_and_stay_below_it() {
        for (raw, expected) in [
            (&b"./etc/os-release"[..], "etc/os-release"),
            (b"/etc//os-release/", "etc/os-release"),
            (b"../../etc/passwd", "etc/passwd"),
            (b"a/b/../c", "a/c"),
            (b"a/../../b", "b"),
            (b".", ""),
            (b"", ""),
            (b"caf\xe9/\xc3\xa9", "caf\\xe9/\u{e9}"),
        ] {
            assert_eq!(clean(raw), expected);
        }
    }
}
