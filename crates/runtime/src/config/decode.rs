//! Decodes a [`Node`] into the types of the configuration, and finds everything that is wrong.
//!
//! Null is as good as absent, as in Go's decoder, which existing files rely on. Keys that a type
//! does not have are errors. A number or truth value is taken for the text it was written as where
//! a text is wanted.

use std::cell::RefCell;
use std::collections::btree_map;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::node::{Node, Value};
use super::origin::{KeyPath, Origin};
use super::problem::Problem;

/// Decodes a tree. Where a value does not do, the problem is noted and the value treated as
/// absent, so that the problems behind it are found too.
///
/// # Errors
///
/// All problems, in the order of the type's fields.
pub(crate) fn decode<T: DeserializeOwned>(mut root: Node) -> Result<T, Vec<Problem>> {
    let mut problems: Vec<Problem> = Vec::new();
    let mut taken = Vec::new();
    loop {
        let keys = Keys::default();
        let outcome = T::deserialize(NodeDeserializer::root(&root, &keys));
        for unknown in keys.unknown.into_inner() {
            if !problems.contains(&unknown) {
                problems.push(unknown);
            }
        }
        let failure = match outcome {
            Ok(value) if problems.is_empty() => return Ok(value),
            Ok(_) => return Err(problems),
            Err(failure) => failure,
        };
        let problem = failure.into_problem();
        let is_taken = root
            .take(&problem.path)
            .is_some_and(|node| !matches!(node.value, Value::Null));
        // That a mapping lacks a value which was taken out of it is not worth telling.
        if !taken
            .iter()
            .any(|path: &KeyPath| path.is_within(&problem.path))
        {
            taken.push(problem.path.clone());
            problems.push(problem);
        }
        if !is_taken {
            return Err(problems);
        }
    }
}

/// The keys that the type `T` knows and `root` does not have, for all mappings that `root` has.
#[cfg(test)]
pub(crate) fn absent_keys<T: DeserializeOwned>(root: &Node) -> Vec<KeyPath> {
    let keys = Keys::default();
    let decoded = T::deserialize(NodeDeserializer::root(root, &keys));
    if let Err(failure) = decoded {
        panic!("{}", failure.into_problem());
    }
    keys.absent.into_inner()
}

/// What is found about keys while values are decoded.
#[derive(Default)]
struct Keys {
    unknown: RefCell<Vec<Problem>>,
    #[cfg(test)]
    absent: RefCell<Vec<KeyPath>>,
}

/// A value that does not do, and where it is once that is known.
#[derive(Debug)]
struct Failure {
    place: Option<(KeyPath, Origin)>,
    message: String,
}

impl Failure {
    fn at(mut self, path: &KeyPath, origin: &Origin) -> Self {
        self.place
            .get_or_insert_with(|| (path.clone(), origin.clone()));
        self
    }

    fn into_problem(self) -> Problem {
        let (path, origin) = self.place.unzip();
        Problem {
            origin,
            path: path.unwrap_or_default(),
            message: self.message,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl serde::de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            place: None,
            message: message.to_string(),
        }
    }
}

struct NodeDeserializer<'a> {
    node: &'a Node,
    path: KeyPath,
    keys: &'a Keys,
}

impl<'a> NodeDeserializer<'a> {
    fn root(node: &'a Node, keys: &'a Keys) -> Self {
        Self {
            node,
            path: KeyPath::default(),
            keys,
        }
    }

    /// Runs `decode`, which knows nothing of places, and adds this one to its failure.
    fn placed<T>(self, decode: impl FnOnce(Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let (path, origin) = (self.path.clone(), &self.node.origin);
        decode(self).map_err(|failure| failure.at(&path, origin))
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Plain(text) => visit_plain(text, visitor),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(list) => visitor.visit_seq(Elements {
                list: list.iter().enumerate(),
                path: self.path,
                keys: self.keys,
            }),
            Value::Map(map) => visitor.visit_map(Entries {
                remaining: map.iter(),
                value: None,
                fields: None,
                path: self.path,
                keys: self.keys,
            }),
        }
    }
}

/// Interprets a scalar as what it looks like.
fn visit_plain<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Failure> {
    if let Ok(number) = text.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = text.parse::<i64>() {
        visitor.visit_i64(number)
    } else if text.eq_ignore_ascii_case("true") {
        visitor.visit_bool(true)
    } else if text.eq_ignore_ascii_case("false") {
        visitor.visit_bool(false)
    } else if text.starts_with(|c: char| matches!(c, '0'..='9' | '-' | '+' | '.'))
        && let Ok(number) = text.parse::<f64>()
    {
        visitor.visit_f64(number)
    } else {
        visitor.visit_str(text)
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.placed(|this| this.visit(visitor))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.placed(|this| match this.node.text() {
            Some(text) => visitor.visit_str(text),
            None => this.visit(visitor),
        })
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => self.placed(|this| visitor.visit_some(this)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.placed(|this| visitor.visit_newtype_struct(this))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.placed(|this| {
            let Value::Map(map) = &this.node.value else {
                return Err(Failure::custom("must be a mapping"));
            };
            #[cfg(test)]
            this.keys.absent.borrow_mut().extend(
                fields
                    .iter()
                    .filter(|field| !map.contains_key(**field))
                    .map(|field| this.path.key(field)),
            );
            visitor.visit_map(Entries {
                remaining: map.iter(),
                value: None,
                fields: Some(fields),
                path: this.path,
                keys: this.keys,
            })
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.placed(|this| match this.node.text() {
            Some(text) => visitor.visit_enum(Name(text)),
            None => this.visit(visitor),
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

/// The elements of a list.
struct Elements<'a> {
    list: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    path: KeyPath,
    keys: &'a Keys,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Failure;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        let is_null = |node: &Node| matches!(node.value, Value::Null);
        let Some((index, node)) = self.list.find(|(_, node)| !is_null(node)) else {
            return Ok(None);
        };
        let path = self.path.index(index);
        let element = NodeDeserializer {
            node,
            path: path.clone(),
            keys: self.keys,
        };
        seed.deserialize(element)
            .map(Some)
            .map_err(|failure| failure.at(&path, &node.origin))
    }
}

/// The entries of a mapping, without those that are null. With `fields`, those of other keys are
/// noted as unknown and left out.
struct Entries<'a> {
    remaining: btree_map::Iter<'a, String, Node>,
    value: Option<NodeDeserializer<'a>>,
    fields: Option<&'static [&'static str]>,
    path: KeyPath,
    keys: &'a Keys,
}

impl Entries<'_> {
    fn note_unknown(&self, key: &str, node: &Node, fields: &[&str]) {
        self.keys.unknown.borrow_mut().push(Problem {
            origin: Some(node.origin.clone()),
            path: self.path.key(key),
            message: format!("unknown key; known here: {}", fields.join(", ")),
        });
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Failure;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Failure> {
        while let Some((key, node)) = self.remaining.next() {
            if let Some(fields) = self.fields
                && !fields.contains(&key.as_str())
            {
                self.note_unknown(key, node, fields);
                continue;
            }
            if matches!(node.value, Value::Null) {
                continue;
            }
            let path = self.path.key(key);
            let deserializer: StrDeserializer<'_, Failure> = key.as_str().into_deserializer();
            let decoded = seed
                .deserialize(deserializer)
                .map_err(|failure| failure.at(&path, &node.origin))?;
            self.value = Some(NodeDeserializer {
                node,
                path,
                keys: self.keys,
            });
            return Ok(Some(decoded));
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Failure> {
        match self.value.take() {
            Some(value) => {
                let (path, origin) = (value.path.clone(), &value.node.origin);
                seed.deserialize(value)
                    .map_err(|failure| failure.at(&path, origin))
            }
            None => Err(Failure::custom("a value was asked for before its key")),
        }
    }
}

/// The name of an enumeration's variant that holds nothing.
struct Name<'a>(&'a str);

impl<'de> EnumAccess<'de> for Name<'_> {
    type Error = Failure;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Failure> {
        let deserializer: StrDeserializer<'_, Failure> = self.0.into_deserializer();
        Ok((seed.deserialize(deserializer)?, self))
    }
}

impl<'de> VariantAccess<'de> for Name<'_> {
    type Error = Failure;

    fn unit_variant(self) -> Result<(), Failure> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _seed: S) -> Result<S::Value, Failure> {
        Err(Failure::custom("expected a mapping"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _: V) -> Result<V::Value, Failure> {
        Err(Failure::custom("expected a list"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Failure> {
        Err(Failure::custom("expected a mapping"))
    }
}
