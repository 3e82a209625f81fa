//! OpenVEX, <https://github.com/openvex/spec>: version 0.2.0, and what there was before it, where
//! vulnerabilities and products were texts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::product::Identity;
use super::{Document, Format, Product, Statement, Status, Time, read, vulnerability_ids, wrong};
use crate::Error;
use crate::text::{quoted, said};

/// What the context of every document begins with.
pub(super) const CONTEXT: &str = "https://openvex.dev/ns";

#[derive(Deserialize)]
struct OpenVex {
    #[serde(rename = "@id", default)]
    id: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    timestamp: Option<Time>,
    statements: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    vulnerability: Named,
    #[serde(default)]
    timestamp: Option<Time>,
    #[serde(default)]
    products: Option<Vec<Thing>>,
    /// Before 0.2.0, for all products.
    #[serde(default)]
    subcomponents: Option<Vec<Thing>>,
    status: Status,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    impact_statement: Option<String>,
    #[serde(default)]
    action_statement: Option<String>,
    #[serde(default)]
    status_notes: Option<String>,
}

/// A vulnerability: an object, or its name.
struct Named {
    names: Vec<String>,
}

/// A product or a part of one: an object, or its name.
#[derive(Default)]
struct Thing {
    fields: ThingFields,
}

#[derive(Deserialize, Default)]
struct ThingFields {
    #[serde(rename = "@id", default)]
    id: Option<String>,
    #[serde(default)]
    identifiers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    hashes: Option<BTreeMap<String, String>>,
    #[serde(default)]
    subcomponents: Option<Vec<Thing>>,
}

pub(super) fn parse(file: &str, json: &[u8], context: &str) -> Result<Document, Error> {
    let version = context.strip_prefix(CONTEXT).unwrap_or_default();
    let version = version.trim_matches('/');
    let is_known =
        version.is_empty() || version.starts_with("v0.0.") || version.starts_with("v0.2.");
    if !is_known {
        let reason = format!(
            "{} is no version that is known here: 0.0.x and 0.2.0 are",
            quoted(version)
        );
        return Err(wrong(file, Format::OpenVex, "@context", reason));
    }
    let document: OpenVex = read(file, Format::OpenVex, json)?;
    let mut notes = Vec::new();
    let statements = document
        .statements
        .into_iter()
        .enumerate()
        .map(|(index, said)| {
            let field = format!("statements[{index}]");
            let mut statement = said.statement(index + 1, &field, &mut notes);
            let of_document = document.timestamp.map(|time| time.0);
            statement.timestamp = statement.timestamp.or(of_document);
            statement
        })
        .collect();
    Ok(Document {
        file: file.to_owned(),
        format: Format::OpenVex,
        id: document.id,
        author: document.author,
        statements,
        notes,
    })
}

impl Said {
    fn statement(self, number: usize, field: &str, notes: &mut Vec<String>) -> Statement {
        let common = self.subcomponents.filter(|list| !list.is_empty());
        let common = common.map(|list| parts(&list, &format!("{field}.subcomponents"), notes));
        let mut products = Vec::new();
        for (index, thing) in self.products.iter().flatten().enumerate() {
            let field = format!("{field}.products[{index}]");
            products.extend(thing.product(&field, common.as_ref(), notes));
        }
        if self.products.is_none_or(|list| list.is_empty()) {
            notes.push(format!("{field} names no product"));
        }
        let mut reasons = [
            &self.impact_statement,
            &self.status_notes,
            &self.action_statement,
        ];
        if self.status == Status::Affected {
            reasons.reverse();
        }
        Statement {
            number,
            vulnerabilities: vulnerability_ids(self.vulnerability.names.iter().map(String::as_str)),
            products,
            status: self.status,
            justification: said([self.justification.as_deref()]),
            reason: said(reasons.map(Option::as_deref)),
            timestamp: self.timestamp.map(|time| time.0),
        }
    }
}

/// All that parts can be recognised by.
fn parts(list: &[Thing], field: &str, notes: &mut Vec<String>) -> Arc<[Identity]> {
    let mut identities = Vec::new();
    for (index, thing) in list.iter().enumerate() {
        identities.extend(thing.identities(&format!("{field}[{index}]"), notes));
    }
    identities.into()
}

impl Thing {
    fn product(
        &self,
        field: &str,
        common: Option<&Arc<[Identity]>>,
        notes: &mut Vec<String>,
    ) -> Option<Product> {
        let identities: Arc<[Identity]> = self.identities(field, notes).into();
        let name = self.name();
        if identities.is_empty() {
            notes.push(format!(
                "{field}: nothing is recognised by {}",
                quoted(&name)
            ));
            return None;
        }
        let own = self
            .fields
            .subcomponents
            .as_ref()
            .filter(|list| !list.is_empty());
        let own = own.map(|list| parts(list, &format!("{field}.subcomponents"), notes));
        let mut product = Product::anywhere(name, Arc::clone(&identities));
        if let Some(parts) = own.or_else(|| common.map(Arc::clone)) {
            product.contexts = vec![identities];
            product.component = Some(parts);
        }
        Some(product)
    }

    fn name(&self) -> String {
        let identifiers = self.fields.identifiers.iter().flat_map(|map| map.values());
        let mut names = self.fields.id.iter().chain(identifiers);
        names.next().cloned().unwrap_or_default()
    }

    fn identities(&self, field: &str, notes: &mut Vec<String>) -> Vec<Identity> {
        let mut identities: Vec<Identity> = Vec::new();
        let identifiers = self.fields.identifiers.iter().flatten();
        let identifiers = identifiers.map(|(kind, text)| (format!("identifiers.{kind}"), text));
        let named = self.fields.id.iter().map(|text| ("@id".to_owned(), text));
        for (key, text) in named.chain(identifiers) {
            let identity = if text.starts_with("pkg:") {
                match text.parse() {
                    Ok(purl) => Some(Identity::Purl(Box::new(purl))),
                    Err(error) => {
                        let text = quoted(text);
                        notes.push(format!("{field}.{key}: {text} is no package URL: {error}"));
                        None
                    }
                }
            } else if text.starts_with("cpe:") {
                Identity::of_cpe(text)
            } else {
                // What is none is none of an image either.
                (key == "@id" && !text.is_empty()).then(|| Identity::Reference(text.clone()))
            };
            identities.extend(identity.filter(|it| !identities.contains(it)));
        }
        let hashes = self.fields.hashes.iter().flat_map(|map| map.values());
        identities.extend(hashes.map(|hash| Identity::Digest(hash.clone())));
        identities
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            #[serde(rename = "@id", default)]
            id: Option<String>,
            #[serde(default)]
            name: Option<String>,
            #[serde(default)]
            aliases: Option<Vec<String>>,
        }

        struct Wanted;

        impl<'de> Visitor<'de> for Wanted {
            type Value = Named;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vulnerability: an object or a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Named, E> {
                Ok(Named {
                    names: vec![text.to_owned()],
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Named, A::Error> {
                let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
                let names = fields.name.into_iter().chain(fields.id);
                let names: Vec<String> =
                    names.chain(fields.aliases.into_iter().flatten()).collect();
                if names.iter().all(|name| name.trim().is_empty()) {
                    return Err(de::Error::custom("it has neither name nor @id"));
                }
                Ok(Named { names })
            }
        }

        deserializer.deserialize_any(Wanted)
    }
}

impl<'de> Deserialize<'de> for Thing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;

        impl<'de> Visitor<'de> for Wanted {
            type Value = Thing;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a product: an object or a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Thing, E> {
                let mut thing = Thing::default();
                thing.fields.id = Some(text.to_owned());
                Ok(thing)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Thing, A::Error> {
                let fields = ThingFields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Thing { fields })
            }
        }

        deserializer.deserialize_any(Wanted)
    }
}
