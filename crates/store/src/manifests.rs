//! Manifests: what was submitted, and how far its indexing has come.

use clair_model::{Digest, IndexReport, IndexState};
use jiff::Timestamp;
use sqlx::{Postgres, Transaction};

use crate::text::storable;
use crate::{Error, Store, document, time};

const REPORT: &str = "index report";

/// How far the indexing of a manifest has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestStatus {
    /// The state of the last attempt.
    pub state: IndexState,
    /// Why the last attempt failed; empty if it did not.
    pub error: String,
    /// When the state last changed.
    pub changed: Timestamp,
    /// The analyzers that made the report, if there is one. A report of an earlier attempt stays
    /// until a later one succeeds.
    pub analyzers: Option<String>,
}

/// An index report as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReport {
    /// The analyzers that made it.
    pub analyzers: String,
    /// When it was made.
    pub indexed: Timestamp,
    /// Its JSON, ready to be served.
    pub json: Vec<u8>,
}

impl StoredReport {
    /// The report.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when it is none.
    pub fn report(&self) -> Result<IndexReport, Error> {
        serde_json::from_slice(&self.json).map_err(|error| Error::damaged(REPORT, error))
    }
}

impl Store {
    /// Notes that a manifest is to be indexed. A report that it has already stays.
    ///
    /// The layers, bottom first, replace those of an earlier submission.
    pub async fn submit_manifest(&self, manifest: &Digest, layers: &[Digest]) -> Result<(), Error> {
        let layers: Vec<String> = layers.iter().map(Digest::to_string).collect();
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "INSERT INTO layer (digest)
             SELECT DISTINCT digest FROM unnest($1::text[]) AS digest ORDER BY digest
             ON CONFLICT (digest) DO UPDATE SET touched_at = now()
             WHERE layer.touched_at < now() - interval '1 hour'",
            &layers,
        )
        .execute(&mut *transaction)
        .await?;
        let id = sqlx::query_scalar!(
            "INSERT INTO manifest (digest, state) VALUES ($1, $2)
             ON CONFLICT (digest) DO UPDATE
             SET state = excluded.state, error = '', submitted_at = now(), changed_at = now()
             RETURNING id",
            manifest.to_string(),
            state_name(IndexState::CheckManifest),
        )
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query!("DELETE FROM manifest_layer WHERE manifest = $1", id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query!(
            "INSERT INTO manifest_layer (manifest, position, layer)
             SELECT $1, given.position::int - 1, layer.id
             FROM unnest($2::text[]) WITH ORDINALITY AS given (digest, position)
             JOIN layer USING (digest)",
            id,
            &layers,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// How far the indexing of a manifest has come; `None` if nobody has submitted it.
    pub async fn manifest_status(
        &self,
        manifest: &Digest,
    ) -> Result<Option<ManifestStatus>, Error> {
        let row = sqlx::query!(
            "SELECT state, error, changed_at, analyzers FROM manifest WHERE digest = $1",
            manifest.to_string(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let status = row.map(|row| {
            Ok(ManifestStatus {
                state: state_of_name(&row.state)?,
                error: row.error,
                changed: time::from_database(row.changed_at)?,
                analyzers: row.analyzers,
            })
        });
        status.transpose()
    }

    /// The layers of a manifest, bottom first; none if nobody has submitted it.
    pub async fn manifest_layers(&self, manifest: &Digest) -> Result<Vec<Digest>, Error> {
        let layers = sqlx::query_scalar!(
            "SELECT layer.digest
             FROM manifest
             JOIN manifest_layer ON manifest_layer.manifest = manifest.id
             JOIN layer ON layer.id = manifest_layer.layer
             WHERE manifest.digest = $1
             ORDER BY manifest_layer.position",
            manifest.to_string(),
        )
        .fetch_all(&self.pool)
        .await?;
        layers.iter().map(|text| digest(text)).collect()
    }

    /// Notes how far an attempt has come.
    ///
    /// # Errors
    ///
    /// [`Error::NoManifest`] when it was deleted meanwhile.
    pub async fn set_manifest_state(
        &self,
        manifest: &Digest,
        state: IndexState,
    ) -> Result<(), Error> {
        self.change_state(manifest, state, "").await
    }

    /// Notes that an attempt failed, and why.
    ///
    /// # Errors
    ///
    /// [`Error::NoManifest`] when it was deleted meanwhile.
    pub async fn fail_manifest(&self, manifest: &Digest, error: &str) -> Result<(), Error> {
        self.change_state(manifest, IndexState::IndexError, error)
            .await
    }

    async fn change_state(
        &self,
        manifest: &Digest,
        state: IndexState,
        error: &str,
    ) -> Result<(), Error> {
        let changed = sqlx::query!(
            "UPDATE manifest SET state = $2, error = $3, changed_at = now() WHERE digest = $1",
            manifest.to_string(),
            state_name(state),
            storable(error),
        )
        .execute(&self.pool)
        .await?;
        match changed.rows_affected() {
            0 => Err(Error::NoManifest {
                digest: manifest.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Stores the report of a manifest that was submitted, with its packages, in one transaction.
    ///
    /// `analyzers` is the fingerprint of the analyzers that made it.
    ///
    /// # Errors
    ///
    /// [`Error::NoManifest`] when it was deleted meanwhile.
    pub async fn finish_manifest(
        &self,
        report: &IndexReport,
        analyzers: &str,
    ) -> Result<(), Error> {
        let json = serde_json::to_vec(report).map_err(|error| Error::damaged(REPORT, error))?;
        let packed = document::pack(REPORT, &json)?;
        // Before the transaction: packages that all images have are not kept locked by it.
        let packages = self.store_packages(report).await?;
        let mut transaction = self.pool.begin().await?;
        let id = finish(&mut transaction, &report.manifest_hash, analyzers, &packed).await?;
        sqlx::query!(
            "INSERT INTO manifest_packages (manifest, packages) VALUES ($1, $2)
             ON CONFLICT (manifest) DO UPDATE SET packages = excluded.packages
             WHERE manifest_packages.packages <> excluded.packages",
            id,
            &packages,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The report of the last attempt that succeeded.
    pub async fn index_report(&self, manifest: &Digest) -> Result<Option<StoredReport>, Error> {
        let row = sqlx::query!(
            r#"SELECT analyzers AS "analyzers!", indexed_at AS "indexed_at!", report AS "report!"
             FROM manifest WHERE digest = $1 AND report IS NOT NULL"#,
            manifest.to_string(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let report = row.map(|row| {
            Ok(StoredReport {
                analyzers: row.analyzers,
                indexed: time::from_database(row.indexed_at)?,
                json: document::unpack(REPORT, &row.report)?,
            })
        });
        report.transpose()
    }

    /// Forgets manifests, each in a transaction of its own, and gives those that existed. Layers
    /// and packages that no other manifest has are left to garbage collection.
    pub async fn delete_manifests(&self, manifests: &[Digest]) -> Result<Vec<Digest>, Error> {
        let mut deleted = Vec::new();
        for manifest in manifests {
            let result = sqlx::query!(
                "DELETE FROM manifest WHERE digest = $1",
                manifest.to_string()
            )
            .execute(&self.pool)
            .await?;
            if result.rows_affected() > 0 {
                deleted.push(manifest.clone());
            }
        }
        Ok(deleted)
    }
}

async fn finish(
    transaction: &mut Transaction<'static, Postgres>,
    manifest: &Digest,
    analyzers: &str,
    report: &[u8],
) -> Result<i64, Error> {
    let id = sqlx::query_scalar!(
        "UPDATE manifest
         SET state = $2, error = '', changed_at = now(), analyzers = $3, indexed_at = now(),
             report = $4
         WHERE digest = $1
         RETURNING id",
        manifest.to_string(),
        state_name(IndexState::IndexFinished),
        analyzers,
        report,
    )
    .fetch_optional(&mut **transaction)
    .await?;
    id.ok_or_else(|| Error::NoManifest {
        digest: manifest.clone(),
    })
}

/// A digest that we have stored.
pub(crate) fn digest(text: &str) -> Result<Digest, Error> {
    text.parse()
        .map_err(|error| Error::damaged("digest", error))
}

const fn state_name(state: IndexState) -> &'static str {
    match state {
        IndexState::CheckManifest => "CheckManifest",
        IndexState::FetchLayers => "FetchLayers",
        IndexState::ScanLayers => "ScanLayers",
        IndexState::Coalesce => "Coalesce",
        IndexState::IndexManifest => "IndexManifest",
        IndexState::IndexError => "IndexError",
        IndexState::IndexFinished => "IndexFinished",
    }
}

fn state_of_name(name: &str) -> Result<IndexState, Error> {
    const ALL: [IndexState; 7] = [
        IndexState::CheckManifest,
        IndexState::FetchLayers,
        IndexState::ScanLayers,
        IndexState::Coalesce,
        IndexState::IndexManifest,
        IndexState::IndexError,
        IndexState::IndexFinished,
    ];
    ALL.into_iter()
        .find(|state| state_name(*state) == name)
        .ok_or_else(|| Error::damaged("index state", format!("{name:?} is unknown")))
}
