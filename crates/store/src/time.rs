//! Times: jiff's with us, chrono's with sqlx.

use jiff::Timestamp;
use sqlx::types::chrono::{DateTime, Utc};

use crate::Error;

/// To what the driver takes. PostgreSQL keeps microseconds.
pub(crate) fn to_database(time: Timestamp) -> Result<DateTime<Utc>, Error> {
    DateTime::from_timestamp_micros(time.as_microsecond())
        .ok_or_else(|| Error::damaged("time", format!("{time} is out of range")))
}

/// From what the driver gives.
pub(crate) fn from_database(time: DateTime<Utc>) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(time.timestamp_micros())
        .map_err(|error| Error::damaged("time", error))
}

/// From what the driver gives, where there may be none.
pub(crate) fn from_optional(time: Option<DateTime<Utc>>) -> Result<Option<Timestamp>, Error> {
    time.map(from_database).transpose()
}
