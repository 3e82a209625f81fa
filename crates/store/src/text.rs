//! Text that PostgreSQL takes.

/// The text without zero bytes, which PostgreSQL cannot store: the replacement character stands
/// for each. Texts come from images and from the network, and may have any character.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
