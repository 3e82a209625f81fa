//! What the YAML of all forms has in common.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::{Rule, wrong};
use crate::Error;

/// Reads a document; one without content counts as empty.
pub(super) fn read<T: DeserializeOwned + Default>(file: &str, text: &str) -> Result<T, Error> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        emit_comments: false,
    };
    let read: Result<Option<T>, _> = serde_saphyr::from_str_with_options(text, options);
    match read {
        Ok(content) => Ok(content.unwrap_or_default()),
        Err(error) => {
            let error = error.without_snippet();
            let line = error.location().map_or(1, |at| at.line());
            let message = error.to_string();
            let place = message.rfind(" at line ").unwrap_or(message.len());
            Err(wrong(file, line, &message[..place]))
        }
    }
}

/// The rules of a list, each made of what is written there, which is told its line.
pub(super) fn rules<T>(
    file: &str,
    list: Option<Vec<Spanned<T>>>,
    rule: impl Fn(T, u64) -> Result<Rule, String>,
) -> Result<Vec<Rule>, Error> {
    let rules = list.into_iter().flatten().map(|written| {
        let line = written.referenced.line();
        rule(written.value, line).map_err(|reason| wrong(file, line, reason))
    });
    rules.collect()
}

/// A text, or a list of texts.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;

        impl<'de> Visitor<'de> for Wanted {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts (numbers in quotes)")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                if texts.is_empty() {
                    return Err(A::Error::custom("a list without content"));
                }
                Ok(Texts(texts))
            }
        }

        deserializer.deserialize_any(Wanted)
    }
}

impl Texts {
    /// Each of them, made into something.
    pub(super) fn each<T>(
        &self,
        make: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.0.iter().map(|text| make(text)).collect()
    }
}
