//! Dates in the forms that vendors write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads a time with its offset, or a time or a day without one, which is taken for that of UTC.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse() {
        return Some(timestamp);
    }
    let time = match text.parse::<DateTime>() {
        Ok(time) => time,
        Err(_) => text.parse::<Date>().ok()?.at(0, 0, 0, 0),
    };
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_with_and_without_offsets_are_read() {
        for (text, expected) in [
            ("2015-06-29", "2015-06-29T00:00:00Z"),
            (" 2018-01-11 21:05 ", "2018-01-11T21:05:00Z"),
            ("2023-02-08T05:22:34", "2023-02-08T05:22:34Z"),
            ("2025-02-19T20:05:37.067Z", "2025-02-19T20:05:37.067Z"),
            ("2025-02-19T20:05:37+02:00", "2025-02-19T18:05:37Z"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
        for text in ["", "29.6.2015", "2015-13-01", "yesterday"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
