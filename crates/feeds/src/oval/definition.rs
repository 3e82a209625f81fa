//! What a definition says about its vulnerabilities, apart from which packages have them.

use clair_model::{Advisory, Affected, Severity};
use jiff::Timestamp;

use super::Vendor;
use crate::xml::Element;
use crate::{cvss, date, text};

/// A definition, with what we read of it.
#[derive(Debug)]
pub(crate) struct Definition {
    /// Its identifier: `oval:com.oracle.elsa:def:20151193`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// The products it is for, in the vendor's words.
    pub(crate) platforms: Vec<String>,
    pub(crate) references: Vec<Reference>,
    /// The CPEs of the products it is for.
    pub(crate) cpes: Vec<String>,
    /// Whether the vendor says that there is a fix (`patchable`, of Azure Linux only).
    pub(crate) patchable: String,
    pub(super) criteria: Option<Element>,
    description: String,
    severity: String,
    issued: Option<Timestamp>,
    updated: Option<Timestamp>,
    vulnerabilities: Vec<Vulnerability>,
    bugs: Vec<String>,
}

/// Something to read about it: a CVE, a notice.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) source: String,
    pub(crate) id: String,
    pub(crate) url: String,
}

/// What stands beside one of the CVEs.
#[derive(Debug)]
struct Vulnerability {
    id: String,
    url: String,
    cvss: Vec<String>,
    cwes: Vec<String>,
    severity: String,
}

impl Definition {
    pub(super) fn read(mut element: Element) -> Self {
        let id = text::line(element.attribute("id"));
        let place = element
            .children
            .iter()
            .position(|child| child.name == "criteria");
        let criteria = place.map(|place| element.children.swap_remove(place));
        let empty = Element::default();
        let metadata = element.child("metadata").unwrap_or(&empty);
        // Azure Linux writes directly into the metadata what others write into an advisory.
        let advisory = metadata.child("advisory").unwrap_or(metadata);
        let day = |name: &str| {
            let element = advisory.child(name)?;
            date::parse(element.attribute("date"))
        };
        Self {
            id,
            title: text::line(metadata.text_of("title")),
            platforms: platforms(metadata),
            references: metadata
                .children("reference")
                .map(Reference::read)
                .collect(),
            cpes: advisory
                .child("affected_cpe_list")
                .into_iter()
                .flat_map(|list| list.children("cpe"))
                .map(|cpe| cpe.text.trim().to_owned())
                .collect(),
            patchable: text::line(metadata.text_of("patchable")),
            criteria,
            description: text::prose(metadata.text_of("description")),
            severity: text::line(advisory.text_of("severity")),
            issued: day("issued").or_else(|| date::parse(advisory.text_of("advisory_date"))),
            updated: day("updated"),
            vulnerabilities: advisory
                .children("cve")
                .filter_map(Vulnerability::read)
                .collect(),
            bugs: advisory
                .children("bugzilla")
                .filter_map(|bug| text::link(bug.attribute("href")))
                .collect(),
        }
    }

    /// The id of the first reference of a source, which vendors name after their notices.
    pub(crate) fn reference(&self, source: &str) -> Option<&str> {
        let is_of = |reference: &&Reference| reference.source.eq_ignore_ascii_case(source);
        let reference = self.references.iter().find(is_of)?;
        text::is_id(&reference.id).then_some(&reference.id)
    }

    /// An advisory for each vulnerability, or one by the vendor's own name if it names none.
    pub(super) fn advisories(
        &self,
        vendor: &dyn Vendor,
        notice: Option<&str>,
        affected: Vec<Affected>,
    ) -> Vec<Advisory> {
        let mut ids = self.cves();
        let is_named = !ids.is_empty();
        if !is_named {
            ids.extend(notice.filter(|id| text::is_id(id)).map(str::to_owned));
        }
        let Some(last) = ids.pop() else {
            return Vec::new();
        };
        let alias = notice.filter(|_| is_named);
        let mut advisories: Vec<Advisory> = ids
            .iter()
            .map(|id| self.advisory(vendor, id, alias, affected.clone()))
            .collect();
        advisories.push(self.advisory(vendor, &last, alias, affected));
        advisories
    }

    fn advisory(
        &self,
        vendor: &dyn Vendor,
        id: &str,
        alias: Option<&str>,
        affected: Vec<Affected>,
    ) -> Advisory {
        let mut advisory = Advisory::new(id);
        advisory.aliases = Vec::from_iter(alias.filter(|alias| *alias != id).map(str::to_owned));
        advisory.description.clone_from(&self.description);
        advisory.issued = self.issued;
        advisory.modified = self.updated;
        let own = || self.vulnerabilities.iter().filter(|it| it.id == id);
        advisory.cvss = text::distinct(own().flat_map(|it| it.cvss.iter().cloned()));
        advisory.cwes = text::distinct(own().flat_map(|it| it.cwes.iter().cloned()));
        // That of an update is that of the worst vulnerability that it fixes.
        let is_rated = |word: &&str| vendor.severity(word) != Severity::Unknown;
        let rated = own().map(|it| it.severity.as_str()).find(is_rated);
        rated
            .unwrap_or(&self.severity)
            .clone_into(&mut advisory.severity);
        advisory.normalized_severity = vendor.severity(&advisory.severity);
        advisory.links = self.links(vendor, id);
        advisory.affected = affected;
        advisory
    }

    /// The CVEs, each once.
    fn cves(&self) -> Vec<String> {
        let beside = self.vulnerabilities.iter().map(|it| it.id.clone());
        let referred = self
            .references
            .iter()
            .filter_map(|reference| text::cve_in(&reference.id))
            .map(str::to_owned);
        let titled = text::cve_in(&self.title).map(str::to_owned);
        text::distinct(beside.chain(referred).chain(titled))
    }

    /// Links about a vulnerability, and those that are not about another one.
    fn links(&self, vendor: &dyn Vendor, id: &str) -> Vec<String> {
        let is_about = |text: &str| text::cve_in(text).is_none_or(|cve| cve == id);
        let referred = self
            .references
            .iter()
            .filter(|it| is_about(&it.id) && vendor.is_link(&it.source, &it.id))
            .map(|it| it.url.as_str());
        let beside = self
            .vulnerabilities
            .iter()
            .filter(|it| it.id == id)
            .map(|it| it.url.as_str());
        let all = referred
            .chain(self.bugs.iter().map(String::as_str))
            .chain(beside);
        text::distinct(all.filter_map(text::link))
    }
}

impl Reference {
    fn read(element: &Element) -> Self {
        Self {
            source: text::line(element.attribute("source")),
            id: text::line(element.attribute("ref_id")),
            url: text::line(element.attribute("ref_url")),
        }
    }
}

impl Vulnerability {
    fn read(element: &Element) -> Option<Self> {
        let vectors = ["cvss4", "cvss3", "cvss2"].map(|version| element.attribute(version));
        let id = text::cve_in(&element.text)?.to_owned();
        Some(Self {
            id,
            url: text::line(element.attribute("href")),
            cvss: vectors.into_iter().filter_map(cvss::vector).collect(),
            // ALT Linux has them under this name.
            cwes: element
                .attribute("cve")
                .split([',', ' '])
                .filter(|word| text::is_cwe(word))
                .map(str::to_owned)
                .collect(),
            severity: text::line(element.attribute("impact")),
        })
    }
}

fn platforms(metadata: &Element) -> Vec<String> {
    metadata
        .children("affected")
        .flat_map(|affected| affected.children("platform"))
        .map(|platform| text::line(&platform.text))
        .collect()
}
