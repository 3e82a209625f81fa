//! Points in time, as JSON has them.

use clair_rpc::conversion::from_timestamp;
use jiff::Timestamp;

/// What Go writes for no time at all.
pub(super) const NEVER: &str = "0001-01-01T00:00:00Z";

/// A point in time; none where there is none, or none that can be written.
pub(super) fn point(message: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    from_timestamp("time", message?).ok()
}
