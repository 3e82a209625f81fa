//! Lists of updates as repositories of rpm packages have them (`updateinfo.xml`).
//!
//! There is no specification but what `createrepo_c` writes and libsolv reads,
//! <https://github.com/rpm-software-management/createrepo_c>. An update has an id, references,
//! and collections of the packages that it brought. An older version of one of them is vulnerable
//! to what the references name.

use std::collections::BTreeMap;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};

use crate::xml::{Element, Xml};
use crate::{Document, FeedError, Sink, Skip, Source, date, text};

/// What is particular about the lists of one vendor.
pub(crate) trait Vendor {
    /// Where an update holds.
    fn namespace(&self) -> Namespace;

    /// The severity that the vendor's word means.
    fn severity(&self, word: &str) -> Severity;

    /// The first version that belongs to the same line as a fix, where a repository has several
    /// lines of a package under one name.
    fn introduced(&self, _version: &str) -> Option<String> {
        None
    }

    /// The architectures that a package has been updated for, by those of the list; empty for all,
    /// and `None` for a package that another list is read for.
    fn arches(&self, listed: Vec<String>) -> Option<Vec<String>> {
        Some(listed)
    }

    /// Whether a list may well have no updates, since a repository has few packages.
    fn may_be_empty(&self) -> bool {
        false
    }

    /// Whether CVEs are also named in the description, by who is too busy to refer to them.
    fn names_in_description(&self) -> bool {
        false
    }
}

/// Reads a list.
///
/// # Errors
///
/// When it is none or ends early, a limit is passed, or the sink refuses.
pub(crate) fn read(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    vendor: &dyn Vendor,
) -> Result<(), FeedError> {
    let mut count = 0_u64;
    let mut xml = Xml::open(source, document, "updates")?;
    while let Some(start) = xml.next()? {
        if start.name != "update" {
            xml.skip()?;
            continue;
        }
        let update = xml.element(start)?;
        count += 1;
        let advisories = advisories(&update, vendor, &mut |reason, about| {
            sink.skipped(reason, &text::line(about));
        });
        for advisory in advisories {
            source.tell(sink, advisory)?;
        }
    }
    if count == 0 && !vendor.may_be_empty() {
        // Taken for true, it would say that there are no vulnerabilities.
        return Err(xml.malformed("it has no updates"));
    }
    xml.finish()
}

/// An advisory for each vulnerability that an update fixes, or one by its own name if it names
/// none.
fn advisories(
    update: &Element,
    vendor: &dyn Vendor,
    skip: &mut dyn FnMut(Skip, &str),
) -> Vec<Advisory> {
    let id = update.text_of("id");
    if !text::is_id(id) {
        skip(Skip::BadId, id);
        return Vec::new();
    }
    if !matches!(update.attribute("type"), "security" | "") {
        skip(Skip::NotSecurity, id);
        return Vec::new();
    }
    let Some(affected) = affected(update, vendor, &mut |reason, about| {
        skip(reason, &format!("{id} {about}"));
    }) else {
        skip(Skip::NoPackage, id);
        return Vec::new();
    };
    if affected.is_empty() {
        return Vec::new();
    }
    let references = References::of(update);
    let mut ids = references.cves();
    if ids.is_empty() && vendor.names_in_description() {
        let named = text::cves_in(update.text_of("description"));
        ids = text::distinct(named.map(str::to_owned));
    }
    let alias = (!ids.is_empty()).then(|| id.to_owned());
    if ids.is_empty() {
        ids.push(id.to_owned());
    }
    let severity = text::line(update.text_of("severity"));
    let day = |name: &str| date::parse(update.child(name)?.attribute("date"));
    let (issued, updated) = (day("issued"), day("updated"));
    let description = description(update);
    let advisories = ids.into_iter().map(|cve| {
        let mut advisory = Advisory::new(cve);
        advisory.aliases = Vec::from_iter(alias.clone());
        advisory.description.clone_from(&description);
        advisory.issued = issued;
        advisory.modified = updated;
        advisory.normalized_severity = vendor.severity(&severity);
        advisory.severity.clone_from(&severity);
        advisory.links = references.links(&advisory.id);
        advisory.affected.clone_from(&affected);
        advisory
    });
    advisories.collect()
}

fn description(update: &Element) -> String {
    let description = text::prose(update.text_of("description"));
    if description.is_empty() {
        text::prose(update.text_of("title"))
    } else {
        description
    }
}

/// What an update says of its packages. Those that differ by architecture only are one. `None` if
/// it lists none, which is not the same as that all are left to another list.
fn affected(
    update: &Element,
    vendor: &dyn Vendor,
    skip: &mut dyn FnMut(Skip, &str),
) -> Option<Vec<Affected>> {
    let mut arches: BTreeMap<(&str, String, Option<String>), Vec<String>> = BTreeMap::new();
    let collections = update
        .children("pkglist")
        .flat_map(|list| list.children("collection"));
    for collection in collections {
        let module = collection.child("module").map(|module| {
            let (name, stream) = (module.attribute("name"), module.attribute("stream"));
            text::line(&format!("{name}:{stream}"))
        });
        for package in collection.children("package") {
            let name = package.attribute("name");
            let arch = package.attribute("arch");
            if !text::is_name(name) {
                skip(Skip::NoPackage, name);
                continue;
            }
            // Sources are in the list beside what is built from them.
            if matches!(arch, "src" | "nosrc") {
                continue;
            }
            match version(package) {
                Ok(version) => arches
                    .entry((name, version, module.clone()))
                    .or_default()
                    .push(arch.to_owned()),
                Err(reason) => skip(reason, name),
            }
        }
    }
    let is_empty = arches.is_empty();
    let statements = arches
        .into_iter()
        .filter_map(|((name, version, module), mut arches)| {
            arches.sort_unstable();
            arches.dedup();
            if arches.iter().any(|arch| !text::is_name(arch)) {
                arches.clear();
            }
            let arches = vendor.arches(arches)?;
            Some(statement(vendor, name, version, module, arches))
        });
    let statements = statements.collect();
    (!is_empty).then_some(statements)
}

fn statement(
    vendor: &dyn Vendor,
    name: &str,
    version: String,
    module: Option<String>,
    arches: Vec<String>,
) -> Affected {
    Affected {
        arches,
        module,
        ..Affected::of(
            vendor.namespace(),
            name,
            PackageKind::Binary,
            Vulnerable {
                scheme: Scheme::Rpm,
                ranges: vec![Range {
                    introduced: vendor.introduced(&version),
                    fixed: Some(version),
                    last_affected: None,
                }],
            },
            FixState::Fixed,
        )
    }
}

/// `epoch:version-release`, without an epoch that is 0.
fn version(package: &Element) -> Result<String, Skip> {
    let part = |name| package.attribute(name);
    let (version, release) = (part("version"), part("release"));
    if version.is_empty() {
        return Err(Skip::NoVersion);
    }
    let epoch = match part("epoch") {
        "" | "0" => String::new(),
        epoch => format!("{epoch}:"),
    };
    let whole = if release.is_empty() {
        format!("{epoch}{version}")
    } else {
        format!("{epoch}{version}-{release}")
    };
    let is_version = text::can_be_version(&whole) && Scheme::Rpm.validate(&whole).is_ok();
    is_version.then_some(whole).ok_or(Skip::BadVersion)
}

/// What an update refers to.
struct References<'u>(Vec<&'u Element>);

impl<'u> References<'u> {
    fn of(update: &'u Element) -> Self {
        let lists = update.children("references");
        Self(lists.flat_map(|list| list.children("reference")).collect())
    }

    /// The CVEs that references are, or that the titles of bugs name.
    fn cves(&self) -> Vec<String> {
        let named = self.0.iter().flat_map(|reference| {
            [reference.attribute("id"), reference.attribute("title")]
                .into_iter()
                .flat_map(text::cves_in)
        });
        text::distinct(named.map(str::to_owned))
    }

    /// Links about a vulnerability, and those that are not about another one.
    fn links(&self, id: &str) -> Vec<String> {
        let about = self.0.iter().filter(|reference| {
            let mut named = [reference.attribute("id"), reference.attribute("title")]
                .into_iter()
                .flat_map(text::cves_in)
                .peekable();
            named.peek().is_none() || named.any(|cve| cve == id)
        });
        text::distinct(about.filter_map(|reference| text::link(reference.attribute("href"))))
    }
}
