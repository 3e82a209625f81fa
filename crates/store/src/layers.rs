//! What analyzers found in a layer, shared by all manifests that have it.

use std::collections::HashSet;

use clair_model::Digest;

use crate::manifests::digest;
use crate::{Error, Store, document};

const FINDINGS: &str = "layer findings";

impl Store {
    /// Those of the layers that these analyzers have read already.
    pub async fn known_layers(
        &self,
        analyzers: &str,
        layers: &[Digest],
    ) -> Result<HashSet<Digest>, Error> {
        let layers: Vec<String> = layers.iter().map(Digest::to_string).collect();
        let known = sqlx::query_scalar!(
            "SELECT digest FROM layer
             WHERE digest = ANY($1)
             AND EXISTS (SELECT FROM layer_findings WHERE layer = layer.id AND analyzers = $2)",
            &layers,
            analyzers,
        )
        .fetch_all(&self.pool)
        .await?;
        known.iter().map(|text| digest(text)).collect()
    }

    /// What these analyzers found in a layer, if they have read it.
    pub async fn layer_findings(
        &self,
        analyzers: &str,
        layer: &Digest,
    ) -> Result<Option<Vec<u8>>, Error> {
        let packed = sqlx::query_scalar!(
            "SELECT findings FROM layer_findings JOIN layer ON layer.id = layer
             WHERE digest = $1 AND analyzers = $2",
            layer.to_string(),
            analyzers,
        )
        .fetch_optional(&self.pool)
        .await?;
        packed
            .map(|packed| document::unpack(FINDINGS, &packed))
            .transpose()
    }

    /// Stores what these analyzers found in a layer. The same analyzers find the same, so what is
    /// there already stays.
    pub async fn store_layer_findings(
        &self,
        analyzers: &str,
        layer: &Digest,
        findings: &[u8],
    ) -> Result<(), Error> {
        let packed = document::pack(FINDINGS, findings)?;
        sqlx::query!(
            "WITH known AS (
                 INSERT INTO layer (digest) VALUES ($1)
                 ON CONFLICT (digest) DO UPDATE SET touched_at = now()
                 RETURNING id
             )
             INSERT INTO layer_findings (layer, analyzers, findings)
             SELECT id, $2, $3 FROM known
             ON CONFLICT DO NOTHING",
            layer.to_string(),
            analyzers,
            packed,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
