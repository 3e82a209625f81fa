//! The history of updates.

use clair_model::Advisory;
use clair_rpc::conversion::InvalidField;
use clair_rpc::proto::matcher::v1::{
    DeleteUpdateOperationResponse, GetUpdateDiffResponse, ListUpdateOperationsResponse,
};
use clair_rpc::proto::model::v1;
use clair_rpc::{Error, ErrorCode};
use clair_service::messages;
use clair_store::{Change, ChangeKey, Deletion, Difference, Record, SourceKind, Store};
use futures::stream::{self, Stream, TryStreamExt as _};
use uuid::Uuid;

use crate::limit::Limiter;
use crate::{database, statement};

/// Advisories of one part of a difference.
const PAGE: u32 = 500;

/// Lists operations, and the newest that brought vulnerabilities.
pub(crate) async fn list(
    store: &Store,
    kind: v1::UpdateKind,
    latest: bool,
) -> Result<ListUpdateOperationsResponse, Error> {
    let kind = match kind {
        v1::UpdateKind::Unspecified | v1::UpdateKind::Vulnerability => SourceKind::Vulnerability,
        v1::UpdateKind::Enrichment => SourceKind::Enrichment,
    };
    let failed = |error| database::error(&error);
    let operations = store.operations(kind, latest).await.map_err(failed)?;
    let newest = store
        .latest_operation(SourceKind::Vulnerability)
        .await
        .map_err(failed)?;
    Ok(ListUpdateOperationsResponse {
        operations: operations.into_iter().map(messages::operation).collect(),
        latest_ref: newest
            .map(|newest| newest.reference.to_string())
            .unwrap_or_default(),
    })
}

/// Forgets an operation.
pub(crate) async fn delete(
    store: &Store,
    operation: &str,
) -> Result<DeleteUpdateOperationResponse, Error> {
    let reference = reference("ref", operation)?;
    let deletion = store.delete_operation(reference).await;
    match deletion.map_err(|error| database::error(&error))? {
        Deletion::Deleted => Ok(DeleteUpdateOperationResponse { deleted: true }),
        Deletion::Missing => Ok(DeleteUpdateOperationResponse { deleted: false }),
        Deletion::Kept => Err(Error::new(
            ErrorCode::FailedPrecondition,
            format!("update operation {reference} is the newest of its source"),
        )),
    }
}

/// Finds the two states of a source that a request names.
pub(crate) async fn difference(
    store: &Store,
    current: &str,
    previous: &str,
) -> Result<Difference, Error> {
    let newer = reference("current_ref", current)?;
    let older = match previous {
        "" => None,
        previous => Some(reference("previous_ref", previous)?),
    };
    store
        .difference(older, newer)
        .await
        .map_err(|error| database::error(&error))
}

/// The parts of a difference: the operations, what was added, what was removed.
pub(crate) fn parts(
    store: Store,
    limiter: Limiter,
    difference: Difference,
) -> impl Stream<Item = Result<GetUpdateDiffResponse, Error>> + Send + 'static {
    let head = GetUpdateDiffResponse {
        current: Some(messages::operation(difference.current.clone())),
        previous: difference.previous.clone().map(messages::operation),
        ..GetUpdateDiffResponse::default()
    };
    let source = difference.current.source.clone();
    let changes = pages(store, difference).and_then(move |(change, documents)| {
        let (source, limiter) = (source.clone(), limiter.clone());
        async move {
            let statements = limiter.run(move || statements(&source, &documents)).await?;
            Ok(match change {
                Change::Added => GetUpdateDiffResponse {
                    added: statements,
                    ..GetUpdateDiffResponse::default()
                },
                Change::Removed => GetUpdateDiffResponse {
                    removed: statements,
                    ..GetUpdateDiffResponse::default()
                },
            })
        }
    });
    futures::StreamExt::chain(stream::iter([Ok(head)]), changes)
}

/// The advisories of a difference: what was added, then what was removed, some at a time. Enrichments
/// are none: they affect nothing.
pub(crate) fn pages(
    store: Store,
    difference: Difference,
) -> impl Stream<Item = Result<(Change, Vec<Record>), Error>> + Send + 'static {
    struct Place {
        store: Store,
        difference: Difference,
        change: Change,
        after: Option<ChangeKey>,
    }
    let start = Place {
        store,
        difference,
        change: Change::Added,
        after: None,
    };
    let has_advisories = start.difference.current.kind == SourceKind::Vulnerability;
    stream::try_unfold(has_advisories.then_some(start), async |place| {
        let Some(mut place) = place else {
            return Ok(None);
        };
        loop {
            let Place {
                store,
                difference,
                change,
                after,
            } = &place;
            let page = store.changes(difference, *change, *after, PAGE).await;
            let page = page.map_err(|error| database::error(&error))?;
            let change = *change;
            if let Some((last, _)) = page.last() {
                place.after = Some(*last);
                let documents = page.into_iter().map(|(_, document)| document).collect();
                return Ok(Some(((change, documents), Some(place))));
            }
            match change {
                Change::Added => (place.change, place.after) = (Change::Removed, None),
                Change::Removed => return Ok(None),
            }
        }
    })
}

fn statements(source: &str, documents: &[Record]) -> Result<Vec<v1::Vulnerability>, Error> {
    let mut statements = Vec::new();
    for document in documents {
        let advisory: Advisory = document.decode().map_err(|error| database::error(&error))?;
        let vulnerabilities = statement::vulnerabilities(source, &advisory);
        statements.extend(vulnerabilities.into_iter().map(v1::Vulnerability::from));
    }
    Ok(statements)
}

fn reference(field: &str, text: &str) -> Result<Uuid, InvalidField> {
    text.parse()
        .map_err(|error| InvalidField::new(field, error))
}
