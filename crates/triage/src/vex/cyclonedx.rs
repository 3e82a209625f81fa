//! CycloneDX, <https://cyclonedx.org/capabilities/vex/>: the `analysis` of vulnerabilities, in a
//! document of their own or beside the components. Versions 1.4 to 1.7, in JSON.

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::product::Identity;
use super::vers::{Range, Versions};
use super::{Document, Format, Product, Statement, Status, Time, read, vulnerability_ids, wrong};
use crate::Error;
use crate::text::{quoted, said};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    spec_version: String,
    #[serde(default)]
    serial_number: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    components: Vec<Component>,
    #[serde(default)]
    vulnerabilities: Vec<Vulnerability>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    timestamp: Option<Time>,
    #[serde(default)]
    component: Option<Component>,
    #[serde(default)]
    supplier: Option<Organization>,
}

#[derive(Deserialize)]
struct Organization {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref", default)]
    bom_ref: Option<String>,
    #[serde(default)]
    purl: Option<String>,
    #[serde(default)]
    cpe: Option<String>,
    #[serde(default)]
    components: Vec<Self>,
}

#[derive(Deserialize)]
struct Vulnerability {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
    #[serde(default)]
    analysis: Option<Analysis>,
    #[serde(default)]
    affects: Vec<Affects>,
    #[serde(default)]
    published: Option<Time>,
    #[serde(default)]
    updated: Option<Time>,
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Analysis {
    #[serde(default)]
    state: Option<State>,
    #[serde(default)]
    justification: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    first_issued: Option<Time>,
    #[serde(default)]
    last_updated: Option<Time>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum State {
    Resolved,
    ResolvedWithPedigree,
    Exploitable,
    InTriage,
    FalsePositive,
    NotAffected,
}

#[derive(Deserialize)]
struct Affects {
    #[serde(rename = "ref")]
    target: String,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "version", default)]
    one: Option<String>,
    #[serde(default)]
    range: Option<String>,
    #[serde(default)]
    status: VersionStatus,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum VersionStatus {
    /// What the analysis says holds for it.
    #[default]
    Affected,
    Unaffected,
    Unknown,
}

impl State {
    const fn status(self) -> Status {
        match self {
            Self::Resolved | Self::ResolvedWithPedigree => Status::Fixed,
            Self::Exploitable => Status::Affected,
            Self::InTriage => Status::UnderInvestigation,
            Self::FalsePositive | Self::NotAffected => Status::NotAffected,
        }
    }
}

pub(super) fn parse(file: &str, json: &[u8]) -> Result<Document, Error> {
    let bom: Bom = read(file, Format::CycloneDx, json)?;
    let version = bom.spec_version.as_str();
    if !matches!(version, "1.4" | "1.5" | "1.6" | "1.7") {
        let reason = format!(
            "{} is no version that is known here: 1.4 to 1.7 are",
            quoted(version)
        );
        return Err(wrong(file, Format::CycloneDx, "specVersion", reason));
    }
    let mut notes = Vec::new();
    let components = Components::of(&bom, &mut notes);
    let mut statements = Vec::new();
    for (index, vulnerability) in bom.vulnerabilities.iter().enumerate() {
        let field = format!("vulnerabilities[{index}]");
        let Some(analysis) = &vulnerability.analysis else {
            continue;
        };
        let Some(state) = analysis.state else {
            continue;
        };
        let references = vulnerability.references.iter().map(|it| &it.id);
        let names = vulnerability.id.iter().chain(references);
        let names = vulnerability_ids(names.map(String::as_str));
        if names.is_empty() {
            return Err(wrong(
                file,
                Format::CycloneDx,
                &format!("{field}.id"),
                "it is missing",
            ));
        }
        let mut products = Vec::new();
        if vulnerability.affects.is_empty() {
            notes.push(format!("{field} affects nothing"));
        }
        for (index, affects) in vulnerability.affects.iter().enumerate() {
            let field = format!("{field}.affects[{index}]");
            let Some(product) = components.product(&affects.target) else {
                let target = quoted(&affects.target);
                notes.push(format!("{field}.ref: nothing is recognised by {target}"));
                continue;
            };
            let of_versions = affects.of_versions(&product).map_err(|(name, reason)| {
                wrong(file, Format::CycloneDx, &format!("{field}.{name}"), reason)
            })?;
            products.extend(of_versions);
        }
        let of_document = bom.metadata.as_ref().and_then(|it| it.timestamp);
        let times = [
            analysis.last_updated,
            analysis.first_issued,
            vulnerability.updated,
            vulnerability.published,
            of_document,
        ];
        statements.push(Statement {
            number: index + 1,
            vulnerabilities: names,
            products,
            status: state.status(),
            justification: said([analysis.justification.as_deref()]).or_else(|| {
                matches!(state, State::FalsePositive).then(|| "false_positive".to_owned())
            }),
            reason: said([analysis.detail.as_deref()]),
            timestamp: times.into_iter().flatten().next().map(|time| time.0),
        });
    }
    let supplier = bom.metadata.and_then(|it| it.supplier);
    Ok(Document {
        file: file.to_owned(),
        format: Format::CycloneDx,
        id: bom.serial_number,
        author: supplier.and_then(|it| it.name),
        statements,
        notes,
    })
}

impl Affects {
    /// The product once for each group of versions of which the same is said.
    fn of_versions(&self, product: &Product) -> Result<Vec<Product>, (String, String)> {
        if self.versions.is_empty() {
            return Ok(vec![product.clone()]);
        }
        let versions = self.versions.iter().enumerate();
        let each = versions.map(|(index, version)| {
            let field = |name: &str| format!("versions[{index}].{name}");
            let versions = match (&version.one, &version.range) {
                (Some(one), _) => Versions::One(one.clone()),
                (None, Some(range)) => {
                    let parsed = Range::parse(range);
                    let what = || format!("{} is no range", quoted(range));
                    let parsed = parsed.map_err(|it| (field("range"), format!("{}: {it}", what())));
                    Versions::Range(parsed?)
                }
                (None, None) => {
                    let reason = "there is neither a version nor a range".to_owned();
                    return Err((field("version"), reason));
                }
            };
            Ok(Product {
                versions: Some(versions),
                status: match version.status {
                    VersionStatus::Affected => None,
                    VersionStatus::Unaffected => Some(Status::NotAffected),
                    VersionStatus::Unknown => Some(Status::UnderInvestigation),
                },
                ..product.clone()
            })
        });
        each.collect()
    }
}

/// The components of the document.
struct Components<'b> {
    serial_number: Option<&'b str>,
    known: HashMap<&'b str, Arc<[Identity]>>,
    /// The image that the document is about, where it says so.
    image: Option<Arc<[Identity]>>,
    /// How the document calls that.
    root: Option<&'b str>,
}

impl<'b> Components<'b> {
    fn of(bom: &'b Bom, notes: &mut Vec<String>) -> Self {
        let root = bom.metadata.as_ref().and_then(|it| it.component.as_ref());
        let mut known = HashMap::new();
        let mut left: Vec<&Component> = root.into_iter().chain(&bom.components).collect();
        while let Some(component) = left.pop() {
            if let Some(bom_ref) = &component.bom_ref {
                known.insert(bom_ref.as_str(), component.identities(notes));
            }
            left.extend(&component.components);
        }
        let image = root.and_then(|root| root.purl.as_deref()?.parse().ok());
        let image = image.filter(|purl| Identity::is_of_image(purl));
        Self {
            serial_number: bom.serial_number.as_deref(),
            known,
            image: image.map(|purl| Arc::from([Identity::AnyBuild(Box::new(purl))])),
            root: root.and_then(|root| root.bom_ref.as_deref()),
        }
    }

    /// What a reference means: a component of this document, one of another by a BOM-Link
    /// (`urn:cdx:serial/version#ref`) whose reference is a package URL, or a package URL.
    fn product(&self, target: &str) -> Option<Product> {
        let (reference, is_own) = match target.strip_prefix("urn:cdx:") {
            Some(link) => {
                let (document, reference) = link.split_once('#')?;
                let serial = document.split('/').next().unwrap_or_default();
                let own = self
                    .serial_number
                    .map(|own| own.trim_start_matches("urn:uuid:"));
                (reference, own == Some(serial))
            }
            None => (target, true),
        };
        let decoded = percent_decode_str(reference).decode_utf8().ok();
        let named = [Some(reference), decoded.as_deref()];
        let mut named = named.into_iter().flatten().filter(|_| is_own);
        let known = named.find_map(|name| Some((name, self.known.get(name)?)));
        if let Some((name, identities)) = known
            && !identities.is_empty()
        {
            let mut product = Product::anywhere(target, Arc::clone(identities));
            if self.root != Some(name) {
                product.contexts.extend(self.image.clone());
            }
            return Some(product);
        }
        let purl = [Some(reference), decoded.as_deref()]
            .into_iter()
            .flatten()
            .find_map(|text| text.parse().ok())?;
        Some(Product::anywhere(
            target,
            Arc::new([Identity::Purl(Box::new(purl))]),
        ))
    }
}

impl Component {
    fn identities(&self, notes: &mut Vec<String>) -> Arc<[Identity]> {
        let mut identities = Vec::new();
        if let Some(text) = &self.purl {
            match text.parse() {
                Ok(purl) => identities.push(Identity::Purl(Box::new(purl))),
                Err(error) => notes.push(format!("{} is no package URL: {error}", quoted(text))),
            }
        }
        let cpe = self.cpe.as_deref().filter(|_| identities.is_empty());
        identities.extend(cpe.and_then(Identity::of_cpe));
        identities.into()
    }
}
