//! VEX documents: statements of people about whether products are affected by vulnerabilities.
//!
//! Three formats are in use, and one form of all of them is kept here. What a document says of
//! products that cannot be an image or a package is kept too, since it is to be told that it
//! matched nothing.

mod csaf;
mod cyclonedx;
mod openvex;
mod platform;
mod product;
mod vers;

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{self, DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;
use crate::text::{quoted, short};

pub(crate) use self::platform::read as read_cpe;
pub(crate) use self::product::Product;

/// A format of VEX documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// <https://github.com/openvex/spec>.
    OpenVex,
    /// <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>.
    Csaf,
    /// <https://cyclonedx.org/docs/1.6/json/#vulnerabilities>.
    CycloneDx,
}

/// What a statement says about a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There is nothing to do.
    NotAffected,
    /// Something is to be done about it.
    Affected,
    /// It has the fix.
    Fixed,
    /// Nobody knows yet.
    UnderInvestigation,
}

/// A VEX document.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) file: String,
    pub(crate) format: Format,
    pub(crate) id: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) statements: Vec<Statement>,
    pub(crate) notes: Vec<String>,
}

/// One status of one vulnerability, for some products.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Its place in the document, from one on. Several can have the same.
    pub(crate) number: usize,
    /// Names of the vulnerability, in capitals.
    pub(crate) vulnerabilities: Vec<String>,
    pub(crate) products: Vec<Product>,
    pub(crate) status: Status,
    pub(crate) justification: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) timestamp: Option<Timestamp>,
}

/// What a document has to have, to be recognised.
#[derive(Deserialize)]
struct Probe {
    #[serde(rename = "@context", default)]
    context: Option<First>,
    #[serde(rename = "bomFormat", default)]
    bom_format: Option<First>,
    #[serde(default)]
    document: Option<IgnoredAny>,
    #[serde(default)]
    statements: Option<IgnoredAny>,
    #[serde(rename = "spdxVersion", default)]
    spdx: Option<IgnoredAny>,
    #[serde(rename = "payloadType", alias = "predicateType", default)]
    attestation: Option<IgnoredAny>,
}

impl Format {
    /// The name as its makers write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenVex => "OpenVEX",
            Self::Csaf => "CSAF",
            Self::CycloneDx => "CycloneDX",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Status {
    /// The name in OpenVEX.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under_investigation",
        }
    }

    /// Whether a finding is none by this.
    pub const fn suppresses(self) -> bool {
        matches!(self, Self::NotAffected | Self::Fixed)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Document {
    /// Bytes that a document may have. The largest of vendors have a few tens of millions.
    pub const MAX_SIZE: u64 = 256 << 20;

    /// Reads a document, of the format that its content tells. `file` is what errors and traces
    /// call it.
    pub fn parse(file: &str, json: &[u8]) -> Result<Self, Error> {
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let not_vex = |reason: String| Error::NotVex {
            file: file.to_owned(),
            reason: short(reason),
        };
        if json.trim_ascii_start().starts_with(b"<") {
            return Err(not_vex(
                "it is XML: documents are read in JSON only".to_owned(),
            ));
        }
        let probe: Probe = serde_json::from_slice(json)
            .map_err(|error| not_vex(format!("it is not a JSON object as one has it: {error}")))?;
        let context = probe.context.and_then(|context| context.0);
        let bom = probe.bom_format.and_then(|name| name.0);
        if let Some(context) = context.filter(|it| it.starts_with(openvex::CONTEXT)) {
            openvex::parse(file, json, &context)
        } else if bom.is_some_and(|name| name == "CycloneDX") {
            cyclonedx::parse(file, json)
        } else if probe.document.is_some() {
            csaf::parse(file, json)
        } else if probe.statements.is_some() && probe.attestation.is_none() {
            // The first documents had no context.
            openvex::parse(file, json, openvex::CONTEXT)
        } else if probe.attestation.is_some() {
            Err(not_vex(
                "it is an attestation: take the document out of it".to_owned(),
            ))
        } else if probe.spdx.is_some() {
            Err(not_vex("it is SPDX, which has no statements".to_owned()))
        } else {
            Err(not_vex(
                "it has neither OpenVEX's @context, nor CSAF's document, nor CycloneDX's bomFormat"
                    .to_owned(),
            ))
        }
    }

    /// The file, as it was called.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its format.
    pub const fn format(&self) -> Format {
        self.format
    }

    /// What in it cannot be used, for people: products that nothing can be recognised by.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many statements it has.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }
}

/// Reads JSON, and tells the field where it is not as expected.
fn read<T: DeserializeOwned>(file: &str, format: Format, json: &[u8]) -> Result<T, Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value = read.map_err(|error| {
        let field = error.path().to_string();
        wrong(file, format, &field, error.inner().to_string())
    })?;
    deserializer
        .end()
        .map_err(|error| wrong(file, format, ".", error.to_string()))?;
    Ok(value)
}

fn wrong(file: &str, format: Format, field: &str, reason: impl Into<String>) -> Error {
    Error::Vex {
        file: file.to_owned(),
        format,
        field: field.to_owned(),
        reason: short(reason.into()),
    }
}

/// Names of a vulnerability, each once and in capitals. An address stands for its last part.
fn vulnerability_ids<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for name in names {
        let name = match name.split_once("://") {
            Some((_, address)) => {
                let address = address.split(['?', '#']).next().unwrap_or_default();
                address
                    .trim_end_matches('/')
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
            }
            None => name,
        };
        let id = name.trim().to_uppercase();
        if !id.is_empty() && !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// A point in time by RFC 3339.
#[derive(Debug, Clone, Copy)]
struct Time(Timestamp);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let parsed = text.parse().map(Self);
        parsed.map_err(|_| de::Error::custom(format!("{} is no time by RFC 3339", quoted(&text))))
    }
}

/// The first text of what is one or a list of them. Anything else counts as none.
struct First(Option<String>);

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;

        impl<'de> Visitor<'de> for Wanted {
            type Value = First;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<First, E> {
                Ok(First(Some(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First, A::Error> {
                let mut first = First(None);
                while let Some(next) = list.next_element::<First>()? {
                    if first.0.is_none() {
                        first = next;
                    }
                }
                Ok(first)
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<First, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(First(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<First, E> {
                Ok(First(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<First, E> {
                Ok(First(None))
            }

            fn visit_u64<E>(self, _: u64) -> Result<First, E> {
                Ok(First(None))
            }

            fn visit_i64<E>(self, _: i64) -> Result<First, E> {
                Ok(First(None))
            }

            fn visit_unit<E>(self) -> Result<First, E> {
                Ok(First(None))
            }
        }

        deserializer.deserialize_any(Wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vulnerabilities_have_names_and_addresses() {
        let ids = vulnerability_ids([
            "cve-2024-1",
            "https://nvd.nist.gov/vuln/detail/CVE-2024-1",
            " GHSA-abcd-efgh-ijkl ",
            "https://osv.dev/GO-2024-1/?x#y",
            "",
            "https://",
        ]);
        assert_eq!(ids, ["CVE-2024-1", "GHSA-ABCD-EFGH-IJKL", "GO-2024-1"]);
    }

    #[test]
    fn what_is_no_vex_is_told_for_what_it_is() {
        for (json, expected) in [
            ("", "not a JSON object"),
            ("[]", "neither OpenVEX"),
            ("5", "not a JSON object"),
            ("{", "not a JSON object"),
            ("{}", "neither OpenVEX"),
            ("<bom/>", "XML"),
            (r#"{"spdxVersion": "SPDX-2.3"}"#, "SPDX"),
            (r#"{"payloadType": "x", "payload": ""}"#, "attestation"),
            (r#"{"predicateType": "x", "statements": []}"#, "attestation"),
            (
                r#"{"@context": ["https://example.com", 5]}"#,
                "neither OpenVEX",
            ),
            (r#"{"bomFormat": "Other"}"#, "neither OpenVEX"),
        ] {
            let error = Document::parse("a.json", json.as_bytes()).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("a.json is no VEX document: "), "{text}");
            assert!(text.contains(expected), "{json}: {text}");
        }
    }
}
