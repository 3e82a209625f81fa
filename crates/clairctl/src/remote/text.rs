//! Texts from elsewhere, as they may go to a terminal.

/// The text without control characters: what an image or a server says must not move cursors or
/// colour lines.
pub(crate) fn clean(text: &str) -> String {
    let visible = |character: char| {
        if character.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        }
    };
    text.chars().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_control_terminals() {
        assert_eq!(
            clean("a\u{1b}[31mb\r\nc"),
            "a\u{fffd}[31mb\u{fffd}\u{fffd}c"
        );
        assert_eq!(clean("libc6 (größer)"), "libc6 (größer)");
    }
}
