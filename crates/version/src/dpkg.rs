//! Versions of Debian packages: `[epoch:]upstream[-revision]`.
//!
//! The rules are those of Debian policy, section 5.6.12 ("Version"), and deb-version(7). Real
//! databases and feeds hold versions that the policy forbids; where `dpkg --compare-versions`
//! warns and answers all the same (odd characters, no digit at the start) so does this module, and
//! where it refuses this module does. Behaviour at the edges was taken from dpkg 1.21 itself.

use std::cmp::Ordering;
use std::iter;

use crate::digits::{Number, split_digits, split_while};
use crate::error::Reason;

/// A version in its parts, borrowed from the string.
pub(crate) struct Version<'v> {
    epoch: u32,
    upstream: &'v [u8],
    /// Empty where there is none: policy says that no revision is the same as revision 0.
    revision: &'v [u8],
}

/// Reads a version, as strictly and as leniently as dpkg does.
pub(crate) fn parse(version: &str) -> Result<Version<'_>, Reason> {
    let is_blank = |c| c == ' ' || c == '\t';
    let version = version.trim_matches(is_blank);
    if version.is_empty() {
        return Err("it is empty");
    }
    if version.contains(is_blank) {
        return Err("it has a space inside");
    }

    // Of several colons the first ends the epoch, of several hyphens the last begins the revision.
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (parse_epoch(epoch)?, rest),
        None => (0, version),
    };
    let (upstream, revision) = match rest.rsplit_once('-') {
        Some((_, "")) => return Err("revision is empty"),
        Some(parts) => parts,
        None => (rest, ""),
    };
    if upstream.is_empty() {
        return Err("upstream version is empty");
    }
    Ok(Version {
        epoch,
        upstream: upstream.as_bytes(),
        revision: revision.as_bytes(),
    })
}

/// Epochs are what C's `strtol` takes for an `int` that is not negative, so they may have a sign.
fn parse_epoch(epoch: &str) -> Result<u32, Reason> {
    if epoch.is_empty() {
        return Err("epoch is empty");
    }
    let digits = epoch.strip_prefix(['+', '-']).unwrap_or(epoch).as_bytes();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err("epoch is not a number");
    }
    let value = Number::new(digits)
        .to_u32()
        .filter(|&value| i32::try_from(value).is_ok());
    match value {
        Some(value) if value > 0 && epoch.starts_with('-') => Err("epoch is negative"),
        Some(value) => Ok(value),
        None => Err("epoch is too large"),
    }
}

/// Epoch by value, then upstream version, then revision.
pub(crate) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    a.epoch
        .cmp(&b.epoch)
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision))
}

/// Compares text and number in turn from the left; the first difference decides.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !(a.is_empty() && b.is_empty()) {
        let (text_a, rest_a) = split_while(a, |byte| !byte.is_ascii_digit());
        let (text_b, rest_b) = split_while(b, |byte| !byte.is_ascii_digit());
        let (digits_a, rest_a) = split_digits(rest_a);
        let (digits_b, rest_b) = split_digits(rest_b);

        let difference = weights(text_a)
            .cmp(weights(text_b))
            .then_with(|| Number::new(digits_a).cmp(&Number::new(digits_b)));
        if difference.is_ne() {
            return difference;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

/// Weight of the end of a text, and of the digit that follows it.
const END_WEIGHT: i16 = 0;

fn weights(text: &[u8]) -> impl Iterator<Item = i16> {
    text.iter()
        .map(|&byte| weight(byte))
        .chain(iter::once(END_WEIGHT))
}

/// A tilde sorts before the end, and letters sort before everything else.
fn weight(byte: u8) -> i16 {
    match byte {
        b'~' => END_WEIGHT - 1,
        // dpkg adds 256 to the value of a C `char`, which is signed on amd64: what is not ASCII
        // comes out between the letters and the punctuation.
        b'A'..=b'Z' | b'a'..=b'z' | 0x80.. => i16::from(byte),
        _ => i16::from(byte) + 256,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(a: &str, b: &str) -> Ordering {
        compare(&parse(a).unwrap(), &parse(b).unwrap())
    }

    #[test]
    fn older_versions_sort_before_newer_ones() {
        let chains: [&[&str]; 8] = [
            // Numbers by value, whatever their length.
            &[
                "0",
                "1",
                "9",
                "10",
                "99999999999999999999",
                "100000000000000000000",
            ],
            &["1.2", "1.10", "1.10.0", "1.10.1"],
            // A tilde sorts before the end of the part, also before another tilde's end.
            &["1~~", "1~~a", "1~", "1~rc1", "1~rc2", "1~rc10", "1", "1.0"],
            // At one place: tilde, end, letters, everything else.
            &[
                "1~", "1", "1A", "1Z", "1a", "1aa", "1b", "1z", "1é", "1+", "1.", "1_",
            ],
            // The revision counts after the upstream version, and no revision is revision 0.
            &[
                "1.0~rc1-9",
                "1.0-0~",
                "1.0",
                "1.0-0.1",
                "1.0-1~bpo11+1",
                "1.0-1",
                "1.0-1+b1",
            ],
            &[
                "1.0-1",
                "1.0-1ubuntu1",
                "1.0-1+deb11u1",
                "1.0-1.1",
                "1.0-1-1",
                "1.0.1-1",
            ],
            // The epoch counts first.
            &["9", "1:0~", "1:0", "1:1:1", "2:0", "10:0"],
            // What the policy forbids and dpkg compares with a warning.
            &["1_0", "1_1", "a", "a1", "é", "_"],
        ];
        for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
            assert_eq!(compared(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compared(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn one_version_can_be_written_in_several_ways() {
        for (a, b) in [
            ("1.0", "0:1.0"),
            ("1.0", "1.0-0"),
            ("1.0-0", "1.0-00"),
            ("1.0", "01.00"),
            ("1.a", "1.a0"),
            ("00:1", "+0:1"),
            ("-0:1", "1"),
            (" 1.0\t", "1.0"),
        ] {
            assert_eq!(compared(a, b), Ordering::Equal, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_dpkg_refuses_is_not_a_version() {
        for (version, reason) in [
            ("", "it is empty"),
            (" ", "it is empty"),
            ("1 2", "it has a space inside"),
            (":1", "epoch is empty"),
            ("a:1", "epoch is not a number"),
            ("1-1:1", "epoch is not a number"),
            ("+:1", "epoch is not a number"),
            ("-1:1", "epoch is negative"),
            ("2147483648:1", "epoch is too large"),
            ("99999999999999999999:1", "epoch is too large"),
            ("1:", "upstream version is empty"),
            ("-1", "upstream version is empty"),
            ("1-", "revision is empty"),
            ("1-1-", "revision is empty"),
        ] {
            assert_eq!(parse(version).err(), Some(reason), "{version:?}");
        }
        assert!(parse("2147483647:1").is_ok());
    }
}
