//! The inverted index: from packages to the manifests that have them.
//!
//! A package counts as part of a distribution, and of the repositories that it comes from, since
//! only there its name and version have a meaning; what two images have in common is stored once. A manifest has the keys of its packages
//! in one array, and a GIN index over the arrays leads back.

use std::collections::{BTreeMap, HashMap};

use clair_model::{Distribution, IndexReport, ReportPackage, Repository};
use uuid::Uuid;

use crate::text::storable;
use crate::{Error, Store, hash};

/// A longer name is no package's. An index could not hold it.
const MAX_NAME: usize = 1024;

/// What the normalized version begins with that compares with nothing.
const UNMATCHABLE: &str = "unmatchable:";

/// Rows of one statement.
const CHUNK: usize = 5_000;

impl Store {
    /// Stores the packages of a report, and gives their keys, ascending.
    pub(crate) async fn store_packages(&self, report: &IndexReport) -> Result<Vec<i64>, Error> {
        let distributions: BTreeMap<Uuid, &Distribution> = report
            .distributions
            .values()
            .map(|entry| (distribution_hash(&entry.distribution), &entry.distribution))
            .collect();
        let keys = self.store_distributions(&distributions).await?;
        let packages: Vec<(Uuid, Row<'_>)> = rows(report, &keys).into_iter().collect();
        let mut ids = Vec::with_capacity(packages.len());
        for chunk in packages.chunks(CHUNK) {
            ids.extend(self.store_chunk(chunk).await?);
        }
        ids.sort_unstable();
        Ok(ids)
    }

    async fn store_distributions(
        &self,
        distributions: &BTreeMap<Uuid, &Distribution>,
    ) -> Result<HashMap<Uuid, i64>, Error> {
        let hashes: Vec<Uuid> = distributions.keys().copied().collect();
        let known = sqlx::query!(
            "SELECT hash, id FROM distribution
             WHERE hash = ANY($1) AND touched_at > now() - interval '12 hours'",
            &hashes,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut keys: HashMap<Uuid, i64> =
            known.into_iter().map(|row| (row.hash, row.id)).collect();
        for (hash, distribution) in distributions {
            if keys.contains_key(hash) {
                continue;
            }
            let id = sqlx::query_scalar!(
                "INSERT INTO distribution (
                     hash, did, name, version, version_code_name, version_id, arch, cpe, pretty_name
                 )
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (hash) DO UPDATE SET touched_at = now()
                 RETURNING id",
                hash,
                storable(&distribution.did),
                storable(&distribution.name),
                storable(&distribution.version),
                storable(&distribution.version_code_name),
                storable(&distribution.version_id),
                storable(&distribution.arch),
                storable(&distribution.cpe),
                storable(&distribution.pretty_name),
            )
            .fetch_one(&self.pool)
            .await?;
            keys.insert(*hash, id);
        }
        Ok(keys)
    }

    /// Most packages of an image are in the database already, so they are asked for first. Only
    /// what is missing, or was not touched for long, is written.
    async fn store_chunk(&self, packages: &[(Uuid, Row<'_>)]) -> Result<Vec<i64>, Error> {
        let hashes: Vec<Uuid> = packages.iter().map(|(hash, _)| *hash).collect();
        let known = sqlx::query!(
            "SELECT hash, id FROM package
             WHERE hash = ANY($1) AND touched_at > now() - interval '12 hours'",
            &hashes,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut ids: HashMap<Uuid, i64> = known.into_iter().map(|row| (row.hash, row.id)).collect();
        let mut new = Columns::default();
        for (hash, row) in packages.iter().filter(|(hash, _)| !ids.contains_key(hash)) {
            new.push(*hash, row);
        }
        if !new.hash.is_empty() {
            ids.extend(self.insert_packages(&new).await?);
        }
        Ok(ids.into_values().collect())
    }

    async fn insert_packages(&self, new: &Columns) -> Result<Vec<(Uuid, i64)>, Error> {
        let inserted = sqlx::query!(
            "INSERT INTO package (
                 hash, name, version, arch, module, detector, source_name, source_version,
                 distribution, repositories
             )
             SELECT * FROM unnest(
                 $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                 $7::text[], $8::text[], $9::bigint[], $10::text[]
             )
             ON CONFLICT (hash) DO UPDATE SET touched_at = now()
             RETURNING hash, id",
            &new.hash,
            &new.name,
            &new.version,
            &new.arch,
            &new.module,
            &new.detector as &[Option<String>],
            &new.source_name as &[Option<String>],
            &new.source_version as &[Option<String>],
            &new.distribution as &[Option<i64>],
            &new.repositories,
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(inserted.into_iter().map(|row| (row.hash, row.id)).collect())
    }
}

/// A package in a distribution.
struct Row<'r> {
    package: &'r ReportPackage,
    distribution: Option<i64>,
    repositories: String,
}

#[derive(Default)]
struct Columns {
    hash: Vec<Uuid>,
    name: Vec<String>,
    version: Vec<String>,
    arch: Vec<String>,
    module: Vec<String>,
    detector: Vec<Option<String>>,
    source_name: Vec<Option<String>>,
    source_version: Vec<Option<String>>,
    distribution: Vec<Option<i64>>,
    repositories: Vec<String>,
}

impl Columns {
    fn push(&mut self, hash: Uuid, row: &Row<'_>) {
        let Row {
            package,
            distribution,
            repositories,
        } = row;
        let source = package.source.as_deref();
        self.hash.push(hash);
        self.name.push(storable(&package.name));
        self.version.push(storable(&package.version));
        self.arch.push(storable(&package.arch));
        self.module.push(storable(&package.module));
        self.detector
            .push(package.detector.as_deref().map(storable));
        self.source_name
            .push(source.map(|source| storable(&source.name)));
        self.source_version
            .push(source.map(|source| storable(&source.version)));
        self.distribution.push(*distribution);
        self.repositories.push(storable(repositories));
    }
}

/// The packages of a report, once for each distribution they belong to and each set of repositories
/// they come from, in the order of their hashes.
fn rows<'r>(report: &'r IndexReport, keys: &HashMap<Uuid, i64>) -> BTreeMap<Uuid, Row<'r>> {
    let distributions: HashMap<&str, Uuid> = report
        .distributions
        .values()
        .map(|entry| (entry.id.as_str(), distribution_hash(&entry.distribution)))
        .collect();
    let repositories: HashMap<&str, Repository> = report
        .repository
        .values()
        .map(|entry| (entry.id.as_str(), entry.repository()))
        .collect();
    let mut rows = BTreeMap::new();
    for (id, package) in &report.packages {
        if package.normalized_version.starts_with(UNMATCHABLE) {
            continue;
        }
        if !can_be_asked_for(package) {
            let manifest = &report.manifest_hash;
            tracing::warn!(%manifest, length = package.name.len(), "no package has such a name");
            continue;
        }
        let environments = report.environments.get(id).into_iter().flatten();
        for environment in environments {
            let distribution = distributions
                .get(environment.distribution_id.as_str())
                .copied();
            let key = distribution.and_then(|hash| keys.get(&hash).copied());
            let ids = environment.repository_ids.iter().flatten();
            let mut origins: Vec<&Repository> =
                ids.filter_map(|id| repositories.get(id.as_str())).collect();
            origins.sort_unstable();
            origins.dedup();
            let repositories = text_of(&origins);
            let hash = package_hash(package, distribution, &repositories);
            rows.insert(
                hash,
                Row {
                    package,
                    distribution: key,
                    repositories,
                },
            );
        }
    }
    rows
}

/// Repositories as they are stored.
fn text_of(repositories: &[&Repository]) -> String {
    if repositories.is_empty() {
        return String::new();
    }
    // Texts alone are always JSON.
    serde_json::to_string(repositories).unwrap_or_default()
}

fn can_be_asked_for(package: &ReportPackage) -> bool {
    let source = package
        .source
        .as_deref()
        .map_or(0, |source| source.name.len());
    package.name.len() <= MAX_NAME && source <= MAX_NAME
}

fn distribution_hash(distribution: &Distribution) -> Uuid {
    let Distribution {
        did,
        name,
        version,
        version_code_name,
        version_id,
        arch,
        cpe,
        pretty_name,
    } = distribution;
    let parts = [
        did,
        name,
        version,
        version_code_name,
        version_id,
        arch,
        cpe,
        pretty_name,
    ];
    hash::of_parts(&parts.map(|part| Some(part.as_str())))
}

fn package_hash(package: &ReportPackage, distribution: Option<Uuid>, repositories: &str) -> Uuid {
    let source = package.source.as_deref();
    let distribution = distribution.map(|hash| hash.to_string());
    let mut parts = vec![
        Some(package.name.as_str()),
        Some(package.version.as_str()),
        Some(package.arch.as_str()),
        Some(package.module.as_str()),
        package.detector.as_deref(),
        source.map(|source| source.name.as_str()),
        source.map(|source| source.version.as_str()),
        distribution.as_deref(),
    ];
    // Those that have none keep the hash that they had before there were any.
    parts.extend((!repositories.is_empty()).then_some(Some(repositories)));
    hash::of_parts(&parts)
}
