//! Reading documents of enrichments: a JSON object with a list of records and a few words about all
//! of them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use clair_model::{Enrichment, JsonText};
use serde::Serialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::{self, List, Output};
use crate::{Document, FeedError, Sink, Source, text};

/// How many words about all records are kept.
const WORDS: usize = 16;

/// Makes an enrichment of the text of a record, if there is one in it.
pub(crate) type ReadRecord<'r> = json::ReadRecord<'r, Option<Enrichment>>;

/// The texts that a document has beside its records, by key.
pub(crate) type Words = BTreeMap<String, String>;

/// A fact about a thing.
///
/// # Errors
///
/// When it has a number that JSON does not have.
pub(crate) fn fact(tag: &str, value: &impl Serialize) -> Result<Enrichment, serde_json::Error> {
    JsonText::of(value).map(|value| Enrichment::new(tag, value))
}

/// Hands a fact to the sink.
///
/// # Errors
///
/// When the sink refuses.
pub(crate) fn hand_over(
    source: &Source,
    sink: &mut dyn Sink,
    tag: &str,
    value: &impl Serialize,
) -> Result<(), FeedError> {
    let taken = fact(tag, value)
        .map_err(io::Error::from)
        .and_then(|enrichment| sink.enrichment(enrichment));
    source.stored(taken)
}

/// Reads a document whose records are the list `field` of an object. A record of another shape is an
/// error of its own only.
///
/// # Errors
///
/// When it is no such document, has no record or ends early, a limit is passed, or the sink refuses.
pub(crate) fn each_record(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    field: &'static str,
    read_record: &ReadRecord<'_>,
) -> Result<Words, FeedError> {
    let location = document.location().to_owned();
    let mut output = Output::new(document, sink);
    let object = Object {
        output: &mut output,
        field,
        read_record,
    };
    let result = json::read(document, object);
    output.finish(source, &location, result)
}

struct Object<'o, 's> {
    output: &'o mut Output<'s>,
    field: &'static str,
    read_record: &'o ReadRecord<'o>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = Words;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Words, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = Words;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with a list {:?}", self.field)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Words, A::Error> {
        let mut words = Words::new();
        let mut count = 0_u64;
        while let Some(key) = fields.next_key::<String>()? {
            if key == self.field {
                count += fields.next_value_seed(List {
                    output: &mut *self.output,
                    read_record: self.read_record,
                })?;
            } else if words.len() < WORDS {
                if let Word(Some(word)) = fields.next_value()? {
                    words.insert(text::line(&key), word);
                }
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        if count == 0 {
            // Taken for true, it would say that nothing is known of anything.
            return Err(de::Error::custom(format_args!(
                "it has no records in {:?}",
                self.field
            )));
        }
        Ok(words)
    }
}

/// A text, if the value is one. Anything else is read over.
struct Word(Option<String>);

impl<'de> de::Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordVisitor).map(Self)
    }
}

struct WordVisitor;

impl<'de> Visitor<'de> for WordVisitor {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Self::Value, E> {
        Ok(Some(text::line(word)))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
