//! The fields that we read of a document in the Common Security Advisory Framework 2.0,
//! <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>. Text is borrowed from the JSON
//! where that has no escapes in it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Csaf<'a> {
    #[serde(borrow)]
    pub(super) document: Header<'a>,
    #[serde(borrow, default)]
    pub(super) product_tree: Tree<'a>,
    #[serde(borrow, default)]
    pub(super) vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub(super) tracking: Tracking<'a>,
    #[serde(borrow, default)]
    pub(super) aggregate_severity: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(super) references: Vec<Reference<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Tracking<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) status: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) current_release_date: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Text<'a> {
    #[serde(borrow, default)]
    pub(super) text: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Reference<'a> {
    #[serde(borrow, default)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) url: Cow<'a, str>,
}

#[derive(Deserialize, Default)]
pub(super) struct Tree<'a> {
    #[serde(borrow, default)]
    pub(super) branches: Vec<Branch<'a>>,
    #[serde(borrow, default)]
    pub(super) relationships: Vec<Relationship<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Branch<'a> {
    #[serde(borrow, default)]
    pub(super) branches: Vec<Self>,
    #[serde(borrow, default)]
    pub(super) product: Option<Product<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Product<'a> {
    #[serde(borrow)]
    pub(super) product_id: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) product_identification_helper: Helper<'a>,
}

#[derive(Deserialize, Default)]
pub(super) struct Helper<'a> {
    #[serde(borrow, default)]
    pub(super) cpe: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) purl: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
pub(super) struct Relationship<'a> {
    #[serde(borrow)]
    pub(super) full_product_name: Product<'a>,
    #[serde(borrow)]
    pub(super) product_reference: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) relates_to_product_reference: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability<'a> {
    #[serde(borrow, default)]
    pub(super) cve: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) cwe: Option<Cwe<'a>>,
    #[serde(borrow, default)]
    pub(super) notes: Vec<Note<'a>>,
    /// Identifiers of products by their status.
    #[serde(borrow, default)]
    pub(super) product_status: BTreeMap<Cow<'a, str>, Vec<Id<'a>>>,
    #[serde(borrow, default)]
    pub(super) references: Vec<Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) release_date: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) discovery_date: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) remediations: Vec<About<'a>>,
    #[serde(borrow, default)]
    pub(super) scores: Vec<Score<'a>>,
    #[serde(borrow, default)]
    pub(super) threats: Vec<About<'a>>,
}

/// An identifier in a list, where serde does not borrow by itself.
#[derive(Deserialize)]
pub(super) struct Id<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

#[derive(Deserialize)]
pub(super) struct Cwe<'a> {
    #[serde(borrow, default)]
    pub(super) id: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct Note<'a> {
    #[serde(borrow, default)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) text: Cow<'a, str>,
}

/// Something that is said about some products: a remediation, a threat.
#[derive(Deserialize)]
pub(super) struct About<'a> {
    #[serde(borrow, default)]
    pub(super) category: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) details: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) product_ids: Vec<Id<'a>>,
}

/// Scores by the version of CVSS.
#[derive(Deserialize)]
pub(super) struct Score<'a> {
    #[serde(rename = "cvss_v4", borrow, default)]
    pub(super) fourth: Option<Cvss<'a>>,
    #[serde(rename = "cvss_v3", borrow, default)]
    pub(super) third: Option<Cvss<'a>>,
    #[serde(rename = "cvss_v2", borrow, default)]
    pub(super) second: Option<Cvss<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Cvss<'a> {
    #[serde(rename = "vectorString", borrow, default)]
    pub(super) vector: Cow<'a, str>,
}

impl<'a> Csaf<'a> {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When it is not JSON in UTF-8, or a field of it has a wrong type.
    pub(super) fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }
}
