//! The Common Security Advisory Framework, version 2.0:
//! <https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html>. Statuses are read of every profile,
//! the security advisories too.

mod tree;

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use self::tree::{Products, Tree};
use super::{Document, Format, Product, Statement, Status, Time, read, vulnerability_ids, wrong};
use crate::Error;
use crate::text::{quoted, said};

#[derive(Deserialize)]
struct Csaf {
    document: Header,
    #[serde(default)]
    product_tree: Tree,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Header {
    csaf_version: String,
    #[serde(default)]
    publisher: Option<Publisher>,
    tracking: Tracking,
}

#[derive(Deserialize)]
struct Publisher {
    name: String,
}

#[derive(Deserialize)]
struct Tracking {
    id: String,
    #[serde(default)]
    current_release_date: Option<Time>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    cve: Option<String>,
    #[serde(default)]
    ids: Vec<Id>,
    #[serde(default)]
    product_status: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    flags: Vec<About>,
    #[serde(default)]
    threats: Vec<About>,
    #[serde(default)]
    remediations: Vec<About>,
}

#[derive(Deserialize)]
struct Id {
    text: String,
}

/// Something that is said about some products: a flag, a threat, a remediation.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    product_ids: Vec<String>,
    #[serde(default)]
    group_ids: Vec<String>,
}

pub(super) fn parse(file: &str, json: &[u8]) -> Result<Document, Error> {
    let csaf: Csaf = read(file, Format::Csaf, json)?;
    let version = csaf.document.csaf_version.as_str();
    if !matches!(version, "2.0" | "2.1") {
        let reason = format!(
            "{} is no version that is known here: 2.0 is",
            quoted(version)
        );
        return Err(wrong(file, Format::Csaf, "document.csaf_version", reason));
    }
    let mut notes = Vec::new();
    let mut products = Products::of(&csaf.product_tree, &mut notes);
    let released = csaf.document.tracking.current_release_date;
    let mut statements = Vec::new();
    for (index, vulnerability) in csaf.vulnerabilities.iter().enumerate() {
        let field = format!("vulnerabilities[{index}]");
        let names = vulnerability.cve.iter();
        let names = names.chain(vulnerability.ids.iter().map(|id| &id.text));
        let names = vulnerability_ids(names.map(String::as_str));
        if names.is_empty() {
            notes.push(format!("{field} has neither cve nor ids"));
            continue;
        }
        for (said, list) in vulnerability
            .said(&field, &mut products, &mut notes)
            .map_err(|(field, reason)| wrong(file, Format::Csaf, &field, reason))?
        {
            statements.push(Statement {
                number: index + 1,
                vulnerabilities: names.clone(),
                products: list,
                status: said.status,
                justification: said.justification,
                reason: said.reason,
                timestamp: released.map(|time| time.0),
            });
        }
    }
    Ok(Document {
        file: file.to_owned(),
        format: Format::Csaf,
        id: Some(csaf.document.tracking.id),
        author: csaf.document.publisher.map(|it| it.name),
        statements,
        notes,
    })
}

/// What is said of some products alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Said {
    status: Status,
    justification: Option<String>,
    reason: Option<String>,
}

/// What Red Hat writes for an impact: how bad it would be, and not why there is none.
const RATINGS: [&str; 4] = ["Low", "Moderate", "Important", "Critical"];

/// The status that a list of products has.
fn status(name: &str) -> Option<Status> {
    // SUSE has published documents with spaces.
    match name.replace(' ', "_").as_str() {
        "known_not_affected" => Some(Status::NotAffected),
        "fixed" | "first_fixed" => Some(Status::Fixed),
        "known_affected" | "first_affected" | "last_affected" => Some(Status::Affected),
        "under_investigation" => Some(Status::UnderInvestigation),
        // What vendors recommend to install tells nothing about what is installed.
        _ => None,
    }
}

/// Where something is wrong, and what.
type Wrong = (String, String);

impl Vulnerability {
    fn said(
        &self,
        field: &str,
        products: &mut Products<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<(Said, Vec<Product>)>, Wrong> {
        let flags = by_product(&self.flags, products, |flag| flag.label.as_deref());
        let impacts = by_product(&self.threats, products, |threat| {
            let is_impact = threat.category.as_deref() == Some("impact");
            let details = threat.details.as_deref().filter(|_| is_impact);
            details.filter(|text| !RATINGS.contains(text))
        });
        let remedies = by_product(&self.remediations, products, |it| it.details.as_deref());
        let mut places: HashMap<Said, usize> = HashMap::new();
        let mut list: Vec<(Said, Vec<Product>)> = Vec::new();
        for (name, ids) in &self.product_status {
            let Some(status) = status(name) else {
                continue;
            };
            for (index, id) in ids.iter().enumerate() {
                let field = || format!("{field}.product_status.{name}[{index}]");
                let product = match products.product(id) {
                    Ok(product) => product,
                    Err(tree::Failure::Unusable(reason)) => {
                        notes.push(format!("{}: {reason}", field()));
                        continue;
                    }
                    Err(tree::Failure::Wrong(reason)) => return Err((field(), reason)),
                };
                let reason = match status {
                    Status::Affected => remedies.get(id.as_str()).copied(),
                    _ => impacts.get(id.as_str()).copied(),
                };
                let said = Said {
                    status,
                    justification: flags
                        .get(id.as_str())
                        .copied()
                        .filter(|_| status == Status::NotAffected)
                        .map(str::to_owned),
                    reason: said([reason]),
                };
                let place = *places.entry(said.clone()).or_insert_with(|| {
                    list.push((said, Vec::new()));
                    list.len() - 1
                });
                list[place].1.push(product);
            }
        }
        // Of what a document says at the same time the last counts: in doubt, the finding stays.
        list.sort_by_key(|(said, _)| !said.status.suppresses());
        Ok(list)
    }
}

/// What is said of each product in one of several lists: the first thing.
fn by_product<'v>(
    list: &'v [About],
    products: &Products<'v>,
    text: impl Fn(&'v About) -> Option<&'v str>,
) -> HashMap<&'v str, &'v str> {
    let mut map = HashMap::new();
    for about in list {
        let Some(text) = text(about) else {
            continue;
        };
        let groups = about.group_ids.iter().flat_map(|id| products.group(id));
        for id in about.product_ids.iter().chain(groups) {
            map.entry(id.as_str()).or_insert(text);
        }
    }
    map
}
