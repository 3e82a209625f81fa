//! Enrichments: further facts, by the names of what they are about.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, de};
use serde_json::value::RawValue;

/// A fact that one source states about whatever bears its tags: a score about a vulnerability, say,
/// whose tag is the CVE.
///
/// Facts do not decide what is affected. They are looked up by feed and tag where they are wanted,
/// and their form is an agreement between the feed and those who look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrichment {
    /// By what it is found, in any case of ASCII letters.
    pub tags: Vec<String>,
    /// The fact.
    pub value: JsonText,
}

impl Enrichment {
    /// A fact about one thing.
    pub fn new(tag: impl Into<String>, value: JsonText) -> Self {
        Self {
            tags: vec![tag.into()],
            value,
        }
    }
}

/// A JSON document, as text that is known to be one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JsonText(Box<RawValue>);

impl JsonText {
    /// Writes a value.
    ///
    /// # Errors
    ///
    /// When the value is not one that JSON has.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// When the document is of another form.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl FromStr for JsonText {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl TryFrom<String> for JsonText {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // Space around a document would not come back from where it is stored.
        if text.trim_ascii().len() != text.len() {
            return Err(de::Error::custom("space around a document"));
        }
        RawValue::from_string(text).map(Self)
    }
}

impl fmt::Debug for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.get())
    }
}

/// By the text: documents that say the same in other words are others.
impl PartialEq for JsonText {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for JsonText {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_document_comes_back_as_it_was() {
        let value: JsonText = r#"{"epss": 0.10, "cve":"CVE-2024-1"}"#.parse().unwrap();
        let enrichment = Enrichment::new("CVE-2024-1", value);
        let json = serde_json::to_string(&enrichment).unwrap();
        assert_eq!(
            json,
            r#"{"tags":["CVE-2024-1"],"value":{"epss": 0.10, "cve":"CVE-2024-1"}}"#
        );
        assert_eq!(
            serde_json::from_str::<Enrichment>(&json).unwrap(),
            enrichment
        );
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "{", "{} {}", "nan"] {
            assert!(text.parse::<JsonText>().is_err(), "{text:?}");
            assert!(JsonText::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(JsonText::try_from(" {}".to_owned()).is_err());
        assert_eq!(" {} ".parse::<JsonText>().unwrap().get(), "{}");
    }
}
