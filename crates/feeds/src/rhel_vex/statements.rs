//! From a document to advisories.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use clair_model::{Advisory, Affected, FixState, PackageKind, Vulnerable};
use clair_version::Scheme;

use super::builds::{self, Build, Builds};
use super::csaf::{About, Csaf, Vulnerability};
use super::product::{Kind, Products};
use super::severity;
use crate::{Skip, cvss, date, text};

/// Who is told of what is left out, and what it is about.
type Skipped<'s> = dyn FnMut(Skip, &str) + 's;

/// The reasons that have been told. What is left out by design is in nearly every document, for
/// hundreds of products, and is told once.
type Told = HashSet<Skip>;

/// The advisories of a document: one for each vulnerability, of which Red Hat's documents have one.
pub(super) fn advisories(csaf: &Csaf<'_>, skip: &mut Skipped<'_>) -> Vec<Advisory> {
    let id = csaf.document.tracking.id.as_ref();
    if csaf.document.tracking.status == "deleted" {
        skip(Skip::Withdrawn, id);
        return Vec::new();
    }
    let products = Products::of(&csaf.product_tree);
    let mut advisories = Vec::new();
    for vulnerability in &csaf.vulnerabilities {
        let id = vulnerability.cve.as_deref().unwrap_or(id);
        if !text::is_id(id) {
            skip(Skip::BadId, id);
            continue;
        }
        let mut told = Told::new();
        let affected = affected(vulnerability, &products, &mut |reason, about| {
            if reason.is_defect() || told.insert(reason) {
                skip(reason, &format!("{id} {about}"));
            }
        });
        if affected.is_empty() {
            continue;
        }
        advisories.push(advisory(csaf, vulnerability, id, affected));
    }
    advisories
}

fn advisory(
    csaf: &Csaf<'_>,
    vulnerability: &Vulnerability<'_>,
    id: &str,
    mut affected: Vec<Affected>,
) -> Advisory {
    let mut advisory = Advisory::new(id);
    let note = |note: &&super::csaf::Note<'_>| note.category == "description";
    advisory.description = vulnerability
        .notes
        .iter()
        .find(note)
        .map(|note| text::prose(&note.text))
        .unwrap_or_default();
    // Documents of the newer form have one of the two, which are the same day.
    let dates = [&vulnerability.release_date, &vulnerability.discovery_date];
    advisory.issued = dates.into_iter().find_map(|date| date::parse(date));
    advisory.modified = date::parse(&csaf.document.tracking.current_release_date);
    let of_document = csaf.document.aggregate_severity.as_ref();
    advisory.severity = text::line(of_document.map_or("", |it| &it.text));
    advisory.normalized_severity = severity(&advisory.severity);
    // What all statements have in common is said once.
    for statement in &mut affected {
        if statement.severity.as_ref() == Some(&advisory.severity) {
            statement.severity = None;
            statement.normalized_severity = None;
        }
    }
    let vectors = vulnerability
        .scores
        .iter()
        .flat_map(|score| [&score.fourth, &score.third, &score.second])
        .flatten();
    advisory.cvss = text::distinct(vectors.filter_map(|cvss| cvss::vector(&cvss.vector)));
    let cwe = vulnerability.cwe.as_ref().map(|cwe| cwe.id.to_string());
    advisory.cwes = Vec::from_iter(cwe.filter(|cwe| text::is_cwe(cwe)));
    let own = csaf.document.references.iter();
    let own = own.filter(|reference| reference.category == "self");
    let links = vulnerability.references.iter().chain(own);
    advisory.links = text::distinct(links.filter_map(|it| text::link(&it.url)));
    advisory.affected = affected;
    advisory
}

fn affected(
    vulnerability: &Vulnerability<'_>,
    products: &Products<'_>,
    skip: &mut Skipped<'_>,
) -> Vec<Affected> {
    let impacts = by_product(&vulnerability.threats, |threat| threat.category == "impact");
    let remedies = by_product(&vulnerability.remediations, |remedy| {
        matches!(
            remedy.category.as_ref(),
            "no_fix_planned" | "none_available"
        )
    });
    let mut builds = Builds::new();
    for (status, ids) in &vulnerability.product_status {
        for id in ids {
            let id: &str = &id.0;
            let remedy = remedies.get(id).copied();
            let found = state(status, remedy).and_then(|state| Ok((state, products.package(id)?)));
            let (state, mut package) = match found {
                Ok(found) => found,
                Err(reason) => {
                    skip(reason, id);
                    continue;
                }
            };
            let arch = package.arch.take();
            if state != FixState::Fixed {
                package.version = None;
            } else if package.version.is_none() {
                skip(Skip::NoVersion, id);
                continue;
            }
            let severity = impacts.get(id).map(|impact| text::line(impact));
            let build = Build {
                package,
                state,
                severity,
            };
            builds.entry(build).or_default().extend(arch);
        }
    }
    let builds = builds::settled(builds);
    let streams = Streams::of(builds.keys());
    let pairs = builds.into_iter();
    pairs
        .map(|(build, arches)| statement(build, arches, &streams))
        .collect()
}

/// The lowest tag in which each image is fixed.
///
/// Several minor versions of a product are maintained at once, each with images of its own. Those
/// of a version that was there before the first one that has the fix are vulnerable, and those of
/// a later one as far as its own fix; what lies between was never said to be.
struct Streams(HashMap<String, String>);

impl Streams {
    fn of<'b>(builds: impl Iterator<Item = &'b Build>) -> Self {
        let mut lowest: HashMap<String, String> = HashMap::new();
        let is_fixed_image =
            |it: &&Build| it.state == FixState::Fixed && it.package.kind == Kind::Image;
        for Build { package, .. } in builds.filter(is_fixed_image) {
            let Some(tag) = package.version.as_ref().filter(|tag| is_numbered(tag)) else {
                continue;
            };
            let known = lowest
                .entry(package.name.clone())
                .or_insert_with(|| tag.clone());
            if Scheme::RhcTag.order(tag, known).is_lt() {
                known.clone_from(tag);
            }
        }
        Self(lowest)
    }

    /// The tags of an image before the one that has the fix.
    fn before(&self, name: &str, fixed: String) -> Vulnerable {
        let lowest = self.0.get(name).and_then(|tag| Scheme::RhcTag.stream(tag));
        let own = Scheme::RhcTag
            .stream(&fixed)
            .filter(|_| is_numbered(&fixed));
        let mut vulnerable = Vulnerable::before(Scheme::RhcTag, fixed);
        if let (Some((major, minor)), Some(range)) = (
            own.filter(|own| Some(*own) != lowest),
            vulnerable.ranges.first_mut(),
        ) {
            range.introduced = Some(format!("{major}.{minor}"));
        }
        vulnerable
    }
}

/// Whether a tag has a minor version. Newer ones are the second of the build, and have none.
fn is_numbered(tag: &str) -> bool {
    tag.split('-')
        .next()
        .is_some_and(|version| version.contains('.'))
}

fn statement(build: Build, mut arches: Vec<String>, streams: &Streams) -> Affected {
    arches.sort_unstable();
    arches.dedup();
    let scheme = match build.package.kind {
        Kind::Image => Scheme::RhcTag,
        Kind::Package | Kind::Source => Scheme::Rpm,
    };
    let kind = match build.package.kind {
        Kind::Source => PackageKind::Source,
        Kind::Package | Kind::Image => PackageKind::Binary,
    };
    let vulnerable = match (build.state, build.package.version) {
        (FixState::NotAffected, _) => Vulnerable::none(scheme),
        (_, Some(fixed)) if scheme == Scheme::RhcTag => streams.before(&build.package.name, fixed),
        (_, Some(fixed)) => Vulnerable::before(scheme, fixed),
        (_, None) => Vulnerable::all(scheme),
    };
    if build.state != FixState::Fixed {
        arches.clear();
    }
    Affected {
        namespace: build.package.namespace,
        package: build.package.name,
        kind,
        arches,
        module: build.package.module,
        vulnerable,
        fix_state: build.state,
        normalized_severity: build.severity.as_deref().map(severity),
        severity: build.severity,
        note: None,
    }
}

/// What a status says, with what is to become of it.
fn state(status: &str, remedy: Option<&str>) -> Result<FixState, Skip> {
    match status {
        "fixed" => Ok(FixState::Fixed),
        "known_not_affected" => Ok(FixState::NotAffected),
        "under_investigation" => Ok(FixState::UnderInvestigation),
        "known_affected" => Ok(match remedy {
            Some("Out of support scope") => FixState::EndOfLife,
            Some("Will not fix") => FixState::WillNotFix,
            Some("Fix deferred") => FixState::Deferred,
            _ => FixState::Affected,
        }),
        _ => Err(Skip::UnknownStatus),
    }
}

/// What is said of each product in one of several lists.
fn by_product<'v>(
    list: &'v [About<'_>],
    is_wanted: impl Fn(&About<'_>) -> bool,
) -> HashMap<&'v str, &'v str> {
    let wanted = list.iter().filter(|about| is_wanted(about));
    let pairs = wanted.flat_map(|about| {
        let details: &Cow<'_, str> = &about.details;
        about
            .product_ids
            .iter()
            .map(|id| (id.0.as_ref(), details.as_ref()))
    });
    pairs.collect()
}
