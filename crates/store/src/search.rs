//! The reverse question: which images have a package.
//!
//! It takes two steps. [`Store::find_packages`] finds the packages of a name, each once however
//! many images have it; whoever asks judges the versions, and whether the distribution is the
//! right one, which is not for SQL to know. [`Store::affected_manifests`] then finds the
//! manifests that have any of those that were chosen.

use clair_model::{Digest, Distribution, PackageKind, ReportPackage, Repository};
use futures::StreamExt as _;
use futures::stream::BoxStream;

use crate::manifests::digest;
use crate::text::storable;
use crate::{Error, Store};

/// A package as part of a distribution. It is good for one question: a package that no image has
/// any more loses its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageKey(pub i64);

/// A package of a distribution that some image has, or had until lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedPackage {
    /// Its key.
    pub key: PackageKey,
    /// The package, with its source. Ids, normalized version and CPE are empty.
    pub package: ReportPackage,
    /// The distribution that it belongs to, if one is known.
    pub distribution: Option<Distribution>,
    /// The repositories that it may come from, as far as the image tells.
    pub repositories: Vec<Repository>,
}

/// A manifest that has at least one of the packages asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AffectedManifest {
    /// Its digest.
    pub manifest: Digest,
    /// Which of the packages it has: positions in what was asked for, ascending.
    pub packages: Vec<usize>,
}

impl Store {
    /// Finds the packages that have any of the names, in the order of their keys. They come as the
    /// database sends them: there may be many.
    pub fn find_packages(
        &self,
        names: &[(PackageKind, &str)],
    ) -> BoxStream<'_, Result<IndexedPackage, Error>> {
        let of_kind = |wanted| -> Vec<String> {
            let names = names.iter().filter(|(kind, _)| *kind == wanted);
            names.map(|(_, name)| storable(name)).collect()
        };
        let packages = sqlx::query_as!(
            Row,
            r#"SELECT package.id, package.name, package.version, package.arch, package.module,
                 package.detector, package.source_name, package.source_version,
                 distribution.did AS "did?", distribution.name AS "distribution_name?",
                 distribution.version AS "distribution_version?",
                 distribution.version_code_name AS "version_code_name?",
                 distribution.version_id AS "version_id?",
                 distribution.arch AS "distribution_arch?",
                 distribution.cpe AS "cpe?", distribution.pretty_name AS "pretty_name?",
                 package.repositories
             FROM package
             LEFT JOIN distribution ON distribution.id = package.distribution
             WHERE package.name = ANY($1) OR package.source_name = ANY($2)
             ORDER BY package.id"#,
            &of_kind(PackageKind::Binary),
            &of_kind(PackageKind::Source),
        )
        .fetch(&self.pool);
        packages.map(|row| row?.try_into()).boxed()
    }

    /// Finds the manifests that have any of the packages, in the order of their digests, after a
    /// digest if one is given. At most `limit`, else all; they come as the database sends them.
    pub fn affected_manifests(
        &self,
        packages: &[PackageKey],
        after: Option<&Digest>,
        limit: Option<u32>,
    ) -> BoxStream<'_, Result<AffectedManifest, Error>> {
        let packages: Vec<i64> = packages.iter().map(|key| key.0).collect();
        // OFFSET keeps the inner question one that is asked for each package, by the index. As a
        // join the server takes it for cheap to compare every package with every array.
        let manifests = sqlx::query!(
            r#"SELECT manifest.digest, found.positions AS "positions!"
             FROM (
                 SELECT containing.manifest, array_agg(wanted.position) AS positions
                 FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (package, position)
                 CROSS JOIN LATERAL (
                     SELECT manifest FROM manifest_packages
                     WHERE packages @> ARRAY[wanted.package]
                     OFFSET 0
                 ) AS containing
                 GROUP BY containing.manifest
             ) AS found
             JOIN manifest ON manifest.id = found.manifest
             WHERE manifest.digest > $2
             ORDER BY manifest.digest
             LIMIT $3"#,
            &packages,
            after.map(Digest::to_string).unwrap_or_default(),
            limit.map(i64::from),
        )
        .fetch(&self.pool);
        manifests
            .map(|row| {
                let row = row?;
                let positions = row.positions.into_iter();
                // PostgreSQL counts from one.
                let mut packages = positions
                    .map(|position| usize::try_from(position - 1))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| Error::damaged("position of a package", error))?;
                packages.sort_unstable();
                Ok(AffectedManifest {
                    manifest: digest(&row.digest)?,
                    packages,
                })
            })
            .boxed()
    }
}

struct Row {
    id: i64,
    name: String,
    version: String,
    arch: String,
    module: String,
    detector: Option<String>,
    source_name: Option<String>,
    source_version: Option<String>,
    did: Option<String>,
    distribution_name: Option<String>,
    distribution_version: Option<String>,
    version_code_name: Option<String>,
    version_id: Option<String>,
    distribution_arch: Option<String>,
    cpe: Option<String>,
    pretty_name: Option<String>,
    repositories: String,
}

impl TryFrom<Row> for IndexedPackage {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let repositories = match row.repositories.as_str() {
            "" => Vec::new(),
            json => serde_json::from_str(json)
                .map_err(|error| Error::damaged("repositories of a package", error))?,
        };
        let distribution = row.did.map(|did| Distribution {
            did,
            name: row.distribution_name.unwrap_or_default(),
            version: row.distribution_version.unwrap_or_default(),
            version_code_name: row.version_code_name.unwrap_or_default(),
            version_id: row.version_id.unwrap_or_default(),
            arch: row.distribution_arch.unwrap_or_default(),
            cpe: row.cpe.unwrap_or_default(),
            pretty_name: row.pretty_name.unwrap_or_default(),
        });
        let source = row.source_name.map(|name| {
            Box::new(ReportPackage {
                name,
                version: row.source_version.unwrap_or_default(),
                kind: Some(PackageKind::Source),
                ..ReportPackage::default()
            })
        });
        Ok(Self {
            key: PackageKey(row.id),
            package: ReportPackage {
                name: row.name,
                version: row.version,
                kind: Some(PackageKind::Binary),
                source,
                module: row.module,
                arch: row.arch,
                detector: row.detector,
                ..ReportPackage::default()
            },
            distribution,
            repositories,
        })
    }
}
