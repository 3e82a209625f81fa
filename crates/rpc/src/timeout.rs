//! The `grpc-timeout` header: how long the caller waits.
//!
//! Its form is that of the [protocol]: at most eight digits and a unit.
//!
//! [protocol]: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests

use std::time::Duration;

use http::header::{HeaderMap, HeaderValue};

use crate::conversion::InvalidField;

pub(crate) const HEADER: &str = "grpc-timeout";

/// How long the caller waits, if it says so.
pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Duration>, InvalidField> {
    let Some(value) = headers.get(HEADER) else {
        return Ok(None);
    };
    let parsed = value.to_str().ok().and_then(parse);
    let invalid = || InvalidField::new(HEADER, "is not at most eight digits and a unit");
    parsed.map(Some).ok_or_else(invalid)
}

/// Says how long this caller waits. What the form cannot say exactly is rounded down.
pub(crate) fn write(headers: &mut HeaderMap, timeout: Duration) {
    if let Ok(value) = HeaderValue::from_str(&format(timeout)) {
        headers.insert(HEADER, value);
    }
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

fn format(timeout: Duration) -> String {
    const LIMIT: u128 = 100_000_000;
    let units = [
        (timeout.as_nanos(), 'n'),
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
        (u128::from(timeout.as_secs()), 'S'),
        (u128::from(timeout.as_secs() / 60), 'M'),
        (u128::from(timeout.as_secs() / 3600), 'H'),
    ];
    let (amount, unit) = units
        .into_iter()
        .find(|&(amount, _)| amount < LIMIT)
        .unwrap_or((LIMIT - 1, 'H'));
    format!("{amount}{unit}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn timeouts_read_as_the_protocol_says() {
        for (text, expected) in [
            ("1H", Some(Duration::from_hours(1))),
            ("99999999S", Some(Duration::from_secs(99_999_999))),
            ("0n", Some(Duration::ZERO)),
            ("100m", Some(Duration::from_millis(100))),
            ("", None),
            ("S", None),
            ("1", None),
            ("1s", None),
            ("-1S", None),
            ("123456789S", None),
            ("1é", None),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_and_is_never_longer(
            timeout in any::<u64>().prop_map(Duration::from_nanos),
        ) {
            let read = parse(&format(timeout)).unwrap();
            prop_assert!(read <= timeout);
            prop_assert!(timeout.saturating_sub(read) <= timeout / 1000);
        }
    }
}
