//! A notice in CVRF form, version 1.1: <https://www.icasi.org/the-common-vulnerability-reporting-framework-cvrf-v1-1/>.

use std::collections::BTreeSet;
use std::io::Cursor;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Vulnerable};
use clair_version::Scheme;

use crate::osv::{level, released};
use crate::xml::{Element, Xml};
use crate::{Document, FeedError, Limits, Sink, Skip, Source, cvss, date, text};

/// What comes before the name of a release in ids of products.
const PRODUCT: &str = "openEuler-";

/// What a notice says of all its vulnerabilities.
#[derive(Default)]
struct Notice {
    id: String,
    changed: String,
    links: Vec<String>,
    /// Which version of which source package is fixed in which release.
    fixed: Vec<(String, Affected)>,
}

/// Reads a notice: an advisory for each vulnerability that it fixes. What cannot be read of it is
/// told to the sink.
///
/// # Errors
///
/// When it is none, or the sink refuses.
pub(super) fn read(
    source: &Source,
    name: &str,
    xml: &[u8],
    limits: Limits,
    sink: &mut dyn Sink,
) -> Result<(), FeedError> {
    let opened = Document::from_reader(name, Cursor::new(xml.to_vec()), limits);
    let mut document = opened.map_err(|error| FeedError::from_read(&source.name, name, error))?;
    let mut xml = Xml::open(source, &mut document, "cvrfdoc")?;
    let mut notice = Notice::default();
    let mut vulnerabilities = Vec::new();
    while let Some(start) = xml.next()? {
        match start.name.as_str() {
            "DocumentTracking" => notice.tracking(&xml.element(start)?),
            "DocumentReferences" => notice.references(&xml.element(start)?),
            "ProductTree" => {
                let tree = xml.element(start)?;
                notice.products(&tree, &mut |reason, about| {
                    sink.skipped(reason, &text::line(&format!("{name} {about}")));
                });
            }
            "Vulnerability" => vulnerabilities.push(xml.element(start)?),
            _ => xml.skip()?,
        }
    }
    xml.finish()?;
    if !text::is_id(&notice.id) {
        sink.skipped(Skip::BadId, name);
        return Ok(());
    }
    if notice.fixed.is_empty() {
        sink.skipped(Skip::NoPackage, &notice.id);
        return Ok(());
    }
    for vulnerability in &vulnerabilities {
        match notice.advisory(vulnerability) {
            Ok(advisory) => source.tell(sink, advisory)?,
            Err(reason) => {
                let cve = vulnerability.text_of("CVE");
                sink.skipped(reason, &text::line(&format!("{} {cve}", notice.id)));
            }
        }
    }
    Ok(())
}

impl Notice {
    fn tracking(&mut self, tracking: &Element) {
        let identification = tracking.child("Identification");
        self.id = text::line(identification.map_or("", |it| it.text_of("ID")));
        tracking
            .text_of("CurrentReleaseDate")
            .clone_into(&mut self.changed);
    }

    fn references(&mut self, references: &Element) {
        let own = references.children("Reference");
        let own = own.filter(|reference| reference.attribute("Type") == "Self");
        self.links = text::distinct(own.filter_map(|it| text::link(it.text_of("URL"))));
    }

    /// The source packages, one for each release. The others in the tree are built from them.
    fn products(&mut self, tree: &Element, skip: &mut dyn FnMut(Skip, &str)) {
        let mut seen = BTreeSet::new();
        let sources = tree
            .children("Branch")
            .filter(|branch| branch.attribute("Name") == "src");
        for product in sources.flat_map(|branch| branch.children("FullProductName")) {
            let file = product.text.trim();
            // `cpe:/a:openEuler:openEuler:22.03-LTS-SP1`.
            let release = product
                .attribute("CPE")
                .rsplit(':')
                .next()
                .unwrap_or_default();
            match fixed(file, release) {
                Ok(affected) if seen.insert((release.to_owned(), file.to_owned())) => {
                    self.fixed.push((release.to_owned(), affected));
                }
                Ok(_) => {}
                Err(reason) => skip(reason, file),
            }
        }
    }

    fn advisory(&self, vulnerability: &Element) -> Result<Advisory, Skip> {
        let cve = vulnerability.text_of("CVE");
        if !text::is_id(cve) {
            return Err(Skip::BadId);
        }
        let statuses = vulnerability.children("ProductStatuses");
        let statuses = statuses.flat_map(|it| it.children("Status"));
        let fixed = statuses.filter(|status| status.attribute("Type") == "Fixed");
        let products: Vec<&str> = fixed
            .flat_map(|status| status.children("ProductID"))
            .map(|product| product.text.trim())
            .collect();
        let is_named = |release: &str| {
            let mut names = products
                .iter()
                .filter_map(|name| name.strip_prefix(PRODUCT));
            names.any(|name| name == release)
        };
        let affected = self.fixed.iter().filter(|(release, _)| is_named(release));
        let affected: Vec<Affected> = affected.map(|(_, affected)| affected.clone()).collect();
        if affected.is_empty() {
            return Err(Skip::NoPackage);
        }
        let notes = vulnerability
            .children("Notes")
            .flat_map(|notes| notes.children("Note"));
        let description = notes.map(|note| text::prose(&note.text)).next();
        let threat = vulnerability
            .children("Threats")
            .flat_map(|it| it.children("Threat"));
        let severity = threat
            .map(|threat| text::line(threat.text_of("Description")))
            .next();
        let severity = severity.unwrap_or_default();
        let scores = vulnerability.children("CVSSScoreSets");
        let scores = scores.flat_map(|sets| sets.children("ScoreSet"));
        Ok(Advisory {
            aliases: vec![self.id.clone()],
            description: description.unwrap_or_default(),
            issued: date::parse(vulnerability.text_of("ReleaseDate")),
            modified: date::parse(&self.changed),
            links: self.links.clone(),
            normalized_severity: level(&severity),
            severity,
            cvss: text::distinct(scores.filter_map(|set| vector(set.text_of("Vector")))),
            affected,
            ..Advisory::new(cve)
        })
    }
}

/// The vector, which is one of version 3 without the prefix that says so. That of the prefixes is
/// put before it that changes nothing: base metrics mean the same in 3.0 and 3.1.
fn vector(text: &str) -> Option<String> {
    let vector = cvss::vector(text)?;
    if vector.starts_with("AV:") && vector.contains("/PR:") {
        Some(format!("CVSS:3.1/{vector}"))
    } else {
        Some(vector)
    }
}

/// What is fixed by a source package, given by the name of its file.
fn fixed(file: &str, name: &str) -> Result<Affected, Skip> {
    let namespace: Namespace = released("openeuler", name).ok_or(Skip::UnknownRelease)?;
    let stem = file.strip_suffix(".src.rpm").ok_or(Skip::NoPackage)?;
    // `name-version-release`, of which the name may have hyphens.
    let mut parts = stem.rsplitn(3, '-');
    let (Some(build), Some(version), Some(package)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err(Skip::NoVersion);
    };
    if !text::is_name(package) {
        return Err(Skip::NoPackage);
    }
    let fixed = format!("{version}-{build}");
    if !text::can_be_version(&fixed) || Scheme::Rpm.validate(&fixed).is_err() {
        return Err(Skip::BadVersion);
    }
    Ok(Affected::of(
        namespace,
        package,
        PackageKind::Source,
        Vulnerable::before(Scheme::Rpm, fixed),
        FixState::Fixed,
    ))
}
