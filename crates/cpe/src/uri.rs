//! URIs: `cpe:/a:redhat:quay:3::el8`. What is left out at the end is any.

use std::fmt::Write as _;

use crate::attribute::{Attribute, Builder};
use crate::{ATTRIBUTES, ParseCpeError};

/// Part, vendor, product, version, update, edition and language.
const COMPONENTS: usize = 7;
const EDITION: usize = 5;
/// The attributes that are packed into the edition: itself, edition of the software, software and
/// hardware it is for, and other.
const PACKED: [usize; 5] = [5, 7, 8, 9, 10];

/// Reads what follows `cpe:/`.
pub(crate) fn unbind(text: &str) -> Result<[Attribute; ATTRIBUTES], ParseCpeError> {
    let mut attributes = [const { Attribute::Any }; ATTRIBUTES];
    for (index, component) in text.split(':').enumerate() {
        if index >= COMPONENTS {
            return Err(ParseCpeError::Attributes);
        }
        match component.strip_prefix('~').filter(|_| index == EDITION) {
            Some(packed) => {
                let mut parts = packed.split('~');
                for place in PACKED {
                    let part = parts.next().ok_or(ParseCpeError::Attributes)?;
                    attributes[place] = attribute(part)?;
                }
                if parts.next().is_some() {
                    return Err(ParseCpeError::Attributes);
                }
            }
            None => attributes[index] = attribute(component)?,
        }
    }
    Ok(attributes)
}

fn attribute(text: &str) -> Result<Attribute, ParseCpeError> {
    if text == "-" {
        return Ok(Attribute::NotApplicable);
    }
    // Red Hat leaves what stands for any end of a version unescaped: `4.*`.
    let body = text.strip_suffix('*').filter(|body| !body.is_empty());
    let mut builder = Builder::default();
    let mut characters = body.unwrap_or(text).chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            builder.literal(character)?;
            continue;
        }
        let mut digit = || characters.next().and_then(|digit| digit.to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(ParseCpeError::Character);
        };
        match high * 16 + low {
            1 => builder.wildcard('?'),
            2 => builder.wildcard('*'),
            code => {
                let character = char::from_u32(code).ok_or(ParseCpeError::Character)?;
                builder.literal(character.to_ascii_lowercase())?;
            }
        }
    }
    if body.is_some() {
        builder.wildcard('*');
    }
    Ok(builder.finish())
}

/// Writes what follows `cpe:/`.
pub(crate) fn bind(attributes: &[Attribute; ATTRIBUTES]) -> String {
    let mut components: Vec<String> = attributes[..COMPONENTS].iter().map(component).collect();
    let mut beside_edition = PACKED[1..].iter().map(|&place| &attributes[place]);
    if beside_edition.any(|attribute| *attribute != Attribute::Any) {
        let packed = PACKED.map(|place| component(&attributes[place]));
        components[EDITION] = format!("~{}", packed.join("~"));
    }
    while components.last().is_some_and(String::is_empty) {
        components.pop();
    }
    components.join(":")
}

fn component(attribute: &Attribute) -> String {
    let value = match attribute {
        Attribute::Any => return String::new(),
        Attribute::NotApplicable => return "-".to_owned(),
        // Unquoted it would be another attribute.
        Attribute::Value(value) if value == "-" => return "%2d".to_owned(),
        Attribute::Value(value) => value,
    };
    let mut component = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '?' => component.push_str("%01"),
            '*' => component.push_str("%02"),
            '\\' => {
                let quoted = characters.next().map_or(0, u32::from);
                // Writing to a string does not fail.
                let _ = write!(component, "%{quoted:02x}");
            }
            plain => component.push(plain),
        }
    }
    component
}
