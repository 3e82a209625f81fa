//! The inventory in the form of Clair's API.

use std::collections::BTreeMap;

use clair_model::{
    Digest, Environment, Id, IndexReport, IndexState, Package, PackageKind, PackageManager,
    ReportDistribution, ReportPackage, ReportRepository,
};

use crate::{Inventory, Located};

/// Writes an inventory as the index report of a manifest.
///
/// The same inventory gives the same report: ids are counted through in the order of packages.
pub fn report(manifest: Digest, inventory: Inventory) -> IndexReport {
    let mut packages: BTreeMap<Package, Vec<Located>> = BTreeMap::new();
    for located in inventory.packages {
        let places = packages.entry(located.package.clone()).or_default();
        places.push(located);
    }
    let mut sources = Sources {
        ids: BTreeMap::new(),
        next: packages.len() as u64 + 1,
    };
    let mut report = IndexReport {
        manifest_hash: manifest,
        state: IndexState::IndexFinished,
        packages: BTreeMap::new(),
        distributions: BTreeMap::new(),
        repository: BTreeMap::new(),
        environments: BTreeMap::new(),
        success: true,
        err: String::new(),
        coverage: inventory.gaps,
    };
    for (index, (package, places)) in packages.into_iter().enumerate() {
        let id = Id(index as u64 + 1);
        let normalized = normalized(&package, places.iter().all(|located| located.is_of_base));
        let environments = places.into_iter().map(|located| Environment {
            package_db: located.package_db,
            introduced_in: located.introduced_in,
            distribution_id: located.distribution.map(numbered).unwrap_or_default(),
            repository_ids: (!located.repositories.is_empty())
                .then(|| located.repositories.into_iter().map(numbered).collect()),
        });
        report.environments.insert(id, environments.collect());
        let package = written(id, package, normalized, &mut sources);
        report.packages.insert(id, package);
    }
    for (index, repository) in inventory.repositories.into_iter().enumerate() {
        let entry = ReportRepository::of(numbered(index), repository);
        report.repository.insert(Id(index as u64 + 1), entry);
    }
    for (index, distribution) in inventory.distributions.into_iter().enumerate() {
        let id = numbered(index);
        report.distributions.insert(
            Id(index as u64 + 1),
            ReportDistribution { id, distribution },
        );
    }
    report
}

fn numbered(index: usize) -> String {
    (index + 1).to_string()
}

/// What Clair's clients compare Red Hat's images by: the kind and ten numbers. Those of the images
/// that an image was built on compare with nothing.
fn normalized(package: &Package, is_of_base: bool) -> String {
    let scheme = package.manager.scheme();
    let (kind, numbers) = match package.manager {
        PackageManager::Rhcc if is_of_base => ("unmatchable", (0, 0)),
        PackageManager::Rhcc => match scheme.stream(&package.version) {
            Some(numbers) => (scheme.name(), numbers),
            None => return String::new(),
        },
        _ => return String::new(),
    };
    let (major, minor) = numbers;
    format!("{kind}:{major}.{minor}.0.0.0.0.0.0.0.0")
}

/// Source packages have ids of their own, one for each name and version.
struct Sources {
    ids: BTreeMap<(String, String), u64>,
    next: u64,
}

fn written(
    id: Id,
    package: Package,
    normalized_version: String,
    sources: &mut Sources,
) -> ReportPackage {
    let detector = package.manager.name().to_owned();
    let source = package.source.map(|source| {
        let key = (source.name.clone(), source.version.clone());
        let id = *sources.ids.entry(key).or_insert_with(|| {
            sources.next += 1;
            sources.next - 1
        });
        Box::new(ReportPackage {
            id: id.to_string(),
            name: source.name,
            version: source.version,
            kind: Some(PackageKind::Source),
            ..ReportPackage::default()
        })
    });
    ReportPackage {
        id: id.to_string(),
        name: package.name,
        version: package.version,
        kind: Some(PackageKind::Binary),
        source,
        normalized_version,
        module: package.module.unwrap_or_default(),
        arch: package.arch,
        cpe: String::new(),
        detector: Some(detector),
    }
}
