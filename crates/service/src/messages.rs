//! What is stored, as messages of the interfaces.

use clair_rpc::conversion::to_timestamp;
use clair_rpc::proto::model::v1;
use clair_store::{Operation, SourceKind};

/// An update operation.
pub fn operation(operation: Operation) -> v1::UpdateOperation {
    let kind = match operation.kind {
        SourceKind::Vulnerability => v1::UpdateKind::Vulnerability,
        SourceKind::Enrichment => v1::UpdateKind::Enrichment,
    };
    v1::UpdateOperation {
        r#ref: operation.reference.to_string(),
        source: operation.source,
        fingerprint: operation.fingerprint,
        created_at: Some(to_timestamp(operation.created)),
        kind: kind.into(),
        added: operation.added,
        removed: operation.removed,
    }
}
