//! Texts of documents and files, as people get to see them.

/// A text if it says something: on one line, and without what would control a terminal.
pub(crate) fn said<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Option<String> {
    let mut texts = texts.into_iter().flatten();
    texts.find_map(|text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ").replace(char::is_control, "\u{fffd}");
        (!text.is_empty()).then_some(text)
    })
}

/// What is wrong, no longer than a person reads: readers repeat what they do not understand.
pub(crate) fn short(reason: String) -> String {
    const LONGEST: usize = 500;
    match reason.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} and so on", &reason[..end]),
        None => reason,
    }
}

/// A text from a file, for an error about it: not longer than a person reads.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?} and so on", &text[..end]),
        None => format!("{text:?}"),
    }
}
