//! Points in time.

use jiff::Timestamp;

use super::InvalidField;

/// The message of a point in time. Its nanoseconds count forward even before 1970.
pub fn to_timestamp(time: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    let (seconds, nanos) = if nanos < 0 {
        (seconds - 1, nanos + 1_000_000_000)
    } else {
        (seconds, nanos)
    };
    prost_types::Timestamp { seconds, nanos }
}

/// The point in time that a message means.
pub fn from_timestamp(
    field: &str,
    message: prost_types::Timestamp,
) -> Result<Timestamp, InvalidField> {
    if !(0..1_000_000_000).contains(&message.nanos) {
        return Err(InvalidField::new(
            field,
            format_args!("{} nanoseconds are not part of a second", message.nanos),
        ));
    }
    Timestamp::new(message.seconds, message.nanos).map_err(|error| InvalidField::new(field, error))
}

/// The point in time that an optional message means.
pub(super) fn optional(
    field: &str,
    message: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, InvalidField> {
    message
        .map(|message| from_timestamp(field, message))
        .transpose()
}
