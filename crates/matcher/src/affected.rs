//! The reverse question: which indexed images a vulnerability, or a change of the security data,
//! affects.

mod changes;
mod search;
mod selection;

use std::collections::BTreeSet;
use std::sync::Arc;

use clair_model::{Digest, ReportVulnerability};
use clair_rpc::conversion::InvalidField;
use clair_rpc::proto::matcher::v1::{
    AffectedManifest, AffectedPackage, ListAffectedManifestsRequest, ListAffectedManifestsResponse,
};
use clair_rpc::proto::model::v1;
use clair_rpc::{Error, ErrorCode};
use clair_store::{PackageKey, Store};
use clair_vulndb::Database;
use futures::TryStreamExt as _;

use self::search::{Found, search};
use self::selection::Selection;
use crate::database;
use crate::limit::Limiter;

pub(crate) use self::changes::{Question, answers};

const DEFAULT_PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 1_000;

/// A page of the manifests that a vulnerability affects.
///
/// A page begins after the digest with which the one before it ended, so manifests that come and go
/// between two pages move no other.
pub(crate) async fn list(
    store: &Store,
    limiter: &Limiter,
    database: Arc<Database>,
    request: ListAffectedManifestsRequest,
) -> Result<ListAffectedManifestsResponse, Error> {
    let after = match request.page_token.as_str() {
        "" => None,
        token => Some(token.parse::<Digest>().map_err(|_| {
            InvalidField::new("page_token", "is not the `next_page_token` of a page")
        })?),
    };
    let size = match request.page_size {
        0 => DEFAULT_PAGE,
        size => size.min(LARGEST_PAGE),
    };
    let selection = select(limiter, &database, request.vulnerability).await?;
    let found = search(store, limiter, database, Arc::new(selection)).await?;
    let keys: Vec<PackageKey> = found.packages.iter().map(|package| package.key).collect();
    let mut manifests: Vec<_> = store
        .affected_manifests(&keys, after.as_ref(), Some(size + 1))
        .try_collect()
        .await
        .map_err(|error| database::error(&error))?;
    let has_more = manifests.len() > size as usize;
    manifests.truncate(size as usize);
    let last = manifests.last().map(|last| last.manifest.to_string());
    Ok(page(found, manifests, last.filter(|_| has_more)))
}

async fn select(
    limiter: &Limiter,
    database: &Arc<Database>,
    name: String,
) -> Result<Selection, Error> {
    if name.is_empty() {
        return Err(InvalidField::missing("vulnerability").into());
    }
    let database = Arc::clone(database);
    let select = move || {
        let selection = Selection::of_name(&database, &name);
        selection
            .map_err(|error| Error::internal(&error))?
            .ok_or_else(|| {
                Error::new(
                    ErrorCode::NotFound,
                    format!("no source knows vulnerability {name:?}"),
                )
            })
    };
    limiter.run(select).await
}

fn page(
    found: Found,
    manifests: Vec<clair_store::AffectedManifest>,
    next: Option<String>,
) -> ListAffectedManifestsResponse {
    let mut used = BTreeSet::new();
    let manifests = manifests
        .into_iter()
        .map(|manifest| {
            let packages = manifest.packages.into_iter().map(|index| {
                let package = &found.packages[index];
                for &place in &package.vulnerabilities {
                    used.insert(place);
                }
                AffectedPackage {
                    name: package.package.name.clone(),
                    version: package.package.version.clone(),
                    arch: package.package.arch.clone(),
                    vulnerability_ids: package.vulnerabilities.iter().copied().map(key).collect(),
                }
            });
            AffectedManifest {
                packages: packages.collect(),
                manifest_digest: manifest.manifest.to_string(),
            }
        })
        .collect();
    let vulnerabilities = found.vulnerabilities.into_iter().enumerate();
    ListAffectedManifestsResponse {
        manifests,
        vulnerabilities: vulnerabilities
            .filter(|(place, _)| used.contains(place))
            .map(|(place, vulnerability)| (key(place), message(key(place), vulnerability)))
            .collect(),
        next_page_token: next.unwrap_or_default(),
    }
}

/// The key of a vulnerability in an answer.
fn key(place: usize) -> u64 {
    place as u64 + 1
}

fn message(key: u64, vulnerability: ReportVulnerability) -> v1::Vulnerability {
    ReportVulnerability {
        id: key.to_string(),
        ..vulnerability
    }
    .into()
}
