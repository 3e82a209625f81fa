//! Reads YAML and JSON into [`Node`]s.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::node::{Map, Node, Value};
use super::origin::Origin;
use super::problem::ConfigError;

/// Which of the two languages a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Yaml,
    Json,
}

impl Syntax {
    /// The extension of files that are written in it.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }

    /// The language of a file of this name.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        [Self::Yaml, Self::Json]
            .into_iter()
            .find(|syntax| extension == syntax.extension())
    }
}

/// Reads a document. One without content is an empty mapping.
pub(crate) fn parse(text: &str, syntax: Syntax, path: &Arc<Path>) -> Result<Node, ConfigError> {
    let at = |line, column| Origin::File {
        path: Arc::clone(path),
        line,
        column,
    };
    if syntax == Syntax::Json
        && let Err(error) = serde_json::from_str::<IgnoredAny>(text)
    {
        return Err(ConfigError::Syntax {
            origin: at(error.line() as u64, error.column() as u64),
            message: without_place(&error.to_string()),
        });
    }
    // JSON is YAML, and only the YAML parser tells where things are.
    let origin = |location: Location| at(location.line(), location.column());
    let raw = parse_spanned(text).map_err(|(location, message)| ConfigError::Syntax {
        origin: location.map_or_else(|| at(1, 1), origin),
        message,
    })?;
    let node = raw.into_node(text, &origin);
    match node.value {
        Value::Null => Ok(Node::empty(node.origin)),
        _ => Ok(node),
    }
}

/// Reads the value of an environment variable that is written as a YAML list or mapping.
pub(crate) fn parse_variable(text: &str, name: &Arc<str>) -> Result<Node, ConfigError> {
    let origin = || Origin::Environment(Arc::clone(name));
    let raw = parse_spanned(text).map_err(|(_, message)| ConfigError::Syntax {
        origin: origin(),
        message,
    })?;
    Ok(raw.into_node(text, &|_| origin()))
}

fn parse_spanned(text: &str) -> Result<Spanned<Raw>, (Option<Location>, String)> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        emit_comments: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        (error.location(), without_place(&error.to_string()))
    })
}

/// Cuts off the place that parsers put behind their messages, since ours stands in front.
fn without_place(message: &str) -> String {
    let place = message.rfind(" at line ").unwrap_or(message.len());
    message[..place].to_owned()
}

/// What the parser gives: scalars are already interpreted, so that their text is taken from the
/// document by its place.
enum Raw {
    Null,
    Number,
    Bool,
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

trait IntoNode {
    fn into_node(self, text: &str, origin: &dyn Fn(Location) -> Origin) -> Node;
}

impl IntoNode for Spanned<Raw> {
    fn into_node(self, text: &str, origin: &dyn Fn(Location) -> Origin) -> Node {
        let written = || {
            let span = self.defined.span();
            let start = usize::try_from(span.byte_offset()?).ok()?;
            let end = start + usize::try_from(span.byte_len()?).ok()?;
            text.get(start..end).map(str::trim).map(str::to_owned)
        };
        let value = match self.value {
            Raw::Null => Value::Null,
            Raw::Number | Raw::Bool => Value::Plain(written().unwrap_or_default()),
            Raw::Text(text) => Value::Text(text),
            Raw::List(list) => Value::List(
                list.into_iter()
                    .map(|element| element.into_node(text, origin))
                    .collect(),
            ),
            Raw::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    let mut node = value.into_node(text, origin);
                    node.origin = origin(key.defined);
                    map.insert(key.value, node);
                }
                Value::Map(map)
            }
        };
        Node {
            value,
            origin: origin(self.defined),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = access.next_element()? {
            list.push(element);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
