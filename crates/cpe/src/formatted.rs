//! Formatted strings: `cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*`.

use crate::attribute::{Attribute, Builder};
use crate::{ATTRIBUTES, ParseCpeError};

/// Reads what follows `cpe:2.3:`.
pub(crate) fn unbind(text: &str) -> Result<[Attribute; ATTRIBUTES], ParseCpeError> {
    let mut attributes = [const { Attribute::Any }; ATTRIBUTES];
    let mut characters = text.chars().peekable();
    for (index, attribute) in attributes.iter_mut().enumerate() {
        let mut builder = Builder::default();
        let mut length = 0;
        let mut last = None;
        while let Some(character) = characters.next_if(|&character| character != ':') {
            length += 1;
            last = Some(character);
            match character {
                '\\' => {
                    let quoted = characters.next().ok_or(ParseCpeError::Character)?;
                    builder.literal(quoted)?;
                    length += 1;
                }
                '*' | '?' => builder.wildcard(character),
                _ => builder.literal(character)?,
            }
        }
        if length == 0 {
            return Err(ParseCpeError::Attributes);
        }
        *attribute = if length == 1 && last == Some('-') {
            Attribute::NotApplicable
        } else {
            builder.finish()
        };
        let is_last = index + 1 == ATTRIBUTES;
        if is_last != characters.next().is_none() {
            return Err(ParseCpeError::Attributes);
        }
    }
    Ok(attributes)
}
