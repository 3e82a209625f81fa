//! Which indexed images an update affects.
//!
//! What an update added is judged by the security data in use, which must have got that far. What
//! it removed is not there any more, so a database is made of it for the time of the question.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clair_model::{Advisory, Digest};
use clair_rpc::Error;
use clair_rpc::proto::matcher::v1::{AffectedByAdvisoriesResponse, Change as ChangeMessage};
use clair_rpc::proto::model::v1;
use clair_store::{Change, Difference, PackageKey, Record, Store};
use clair_vulndb::{Database, Provenance};
use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::search::{Found, search};
use super::selection::Selection;
use super::{key, message};
use crate::limit::Limiter;
use crate::{database, operations};

/// Manifests of one part of an answer. The database finds all that are left for each part, so
/// there should be few.
const PART: u32 = 20_000;

/// Which statements.
#[derive(Debug)]
pub(crate) enum Question {
    /// Those in which two states of a source differ.
    Difference(Box<Difference>),
    /// These, as an earlier answer had them.
    Vulnerabilities(Vec<v1::Vulnerability>),
}

/// What answers are made with.
#[derive(Debug, Clone)]
struct Means {
    store: Store,
    limiter: Limiter,
    /// The security data in use.
    database: Arc<Database>,
    scratch: Arc<Path>,
}

/// Statements to be judged, and the database that has them.
struct Batch {
    change: ChangeMessage,
    database: Arc<Database>,
    selection: Arc<Selection>,
}

/// The statements that affect indexed images, with those images.
pub(crate) fn answers(
    store: Store,
    limiter: Limiter,
    database: Arc<Database>,
    scratch: Arc<Path>,
    question: Question,
) -> impl Stream<Item = Result<AffectedByAdvisoriesResponse, Error>> + Send + 'static {
    let means = Means {
        store,
        limiter,
        database,
        scratch,
    };
    let batches = means.clone().batches(question);
    batches
        .and_then(move |batch| {
            let means = means.clone();
            async move {
                let Batch {
                    change,
                    database,
                    selection,
                } = batch;
                let found = search(&means.store, &means.limiter, database, selection).await?;
                Ok(manifests(means.store, change, found))
            }
        })
        .try_flatten()
}

impl Means {
    fn batches(self, question: Question) -> BoxStream<'static, Result<Batch, Error>> {
        match question {
            Question::Vulnerabilities(vulnerabilities) => {
                stream::once(self.given(vulnerabilities)).boxed()
            }
            Question::Difference(difference) => {
                let source: Arc<str> = difference.current.source.as_str().into();
                operations::pages(self.store.clone(), *difference)
                    .and_then(move |(change, documents)| {
                        self.clone().changed(Arc::clone(&source), change, documents)
                    })
                    .boxed()
            }
        }
    }

    async fn given(self, vulnerabilities: Vec<v1::Vulnerability>) -> Result<Batch, Error> {
        let read = move || {
            let vulnerabilities = vulnerabilities.into_iter().enumerate();
            let vulnerabilities = vulnerabilities
                .map(|(index, message)| {
                    let within = format!("vulnerabilities.vulnerabilities[{index}]");
                    message
                        .try_into()
                        .map_err(|error: clair_rpc::conversion::InvalidField| error.within(within))
                })
                .collect::<Result<Vec<_>, _>>()?;
            Ok(Selection::of_vulnerabilities(&vulnerabilities))
        };
        let selection = Arc::new(self.limiter.run(read).await?);
        Ok(Batch {
            change: ChangeMessage::Unspecified,
            database: self.database,
            selection,
        })
    }

    async fn changed(
        self,
        source: Arc<str>,
        change: Change,
        documents: Vec<Record>,
    ) -> Result<Batch, Error> {
        let Self {
            limiter,
            database,
            scratch,
            ..
        } = self;
        let read = move || {
            let advisories: Vec<Advisory> = documents
                .iter()
                .map(Record::decode::<Advisory>)
                .collect::<Result<_, _>>()
                .map_err(|error| database::error(&error))?;
            let selection = Arc::new(Selection::of_advisories(&source, &advisories));
            Ok(match change {
                Change::Added => Batch {
                    change: ChangeMessage::Added,
                    database,
                    selection,
                },
                Change::Removed => {
                    let database = database_of(&scratch, &source, &advisories);
                    let database = Arc::new(database.map_err(|error| Error::internal(&error))?);
                    Batch {
                        change: ChangeMessage::Removed,
                        database,
                        selection,
                    }
                }
            })
        };
        limiter.run(read).await
    }
}

/// A database of these advisories. Its files are gone when it is closed.
fn database_of(
    scratch: &Path,
    source: &str,
    advisories: &[Advisory],
) -> Result<Database, clair_vulndb::Error> {
    let directory = tempfile::tempdir_in(scratch).map_err(|source| clair_vulndb::Error::Io {
        path: scratch.to_owned(),
        action: "cannot make a temporary directory",
        source,
    })?;
    let mut update = clair_vulndb::Store::open(directory.path())?.lock()?;
    let mut writer = update.writer(source)?;
    for advisory in advisories {
        writer.add(advisory)?;
    }
    update.replace(writer.finish(Provenance {
        feed: String::new(),
        url: String::new(),
        fetched: Timestamp::now(),
        upstream: None,
        fingerprint: String::new(),
        skipped: BTreeMap::new(),
        parser_version: 0,
    })?);
    update.commit()?;
    // What is mapped stays when its name goes with the directory.
    Database::open(directory.path())
}

/// The manifests that have any of the packages, statement by statement.
fn manifests(
    store: Store,
    change: ChangeMessage,
    mut found: Found,
) -> impl Stream<Item = Result<AffectedByAdvisoriesResponse, Error>> + Send + 'static {
    let mut packages: Vec<Vec<PackageKey>> = vec![Vec::new(); found.vulnerabilities.len()];
    for package in &found.packages {
        for &place in &package.vulnerabilities {
            packages[place].push(package.key);
        }
    }
    let vulnerabilities = std::mem::take(&mut found.vulnerabilities)
        .into_iter()
        .enumerate();
    let statements = vulnerabilities
        .zip(packages)
        .map(move |((place, found), packages)| {
            let vulnerability = message(key(place), found);
            let parts = parts(store.clone(), packages);
            Ok::<_, Error>(parts.map_ok(move |manifests| AffectedByAdvisoriesResponse {
                change: change.into(),
                vulnerability: Some(vulnerability.clone()),
                manifest_digests: manifests.iter().map(Digest::to_string).collect(),
            }))
        });
    stream::iter(statements).try_flatten()
}

/// The manifests that have any of the packages, some at a time.
fn parts(
    store: Store,
    packages: Vec<PackageKey>,
) -> impl Stream<Item = Result<Vec<Digest>, Error>> + Send + 'static {
    let start = Some((store, packages, None::<Digest>));
    stream::try_unfold(start, async |place| {
        let Some((store, packages, after)) = place else {
            return Ok(None);
        };
        let part: Vec<Digest> = store
            .affected_manifests(&packages, after.as_ref(), Some(PART))
            .map_ok(|affected| affected.manifest)
            .try_collect()
            .await
            .map_err(|error| database::error(&error))?;
        let Some(last) = part.last().cloned() else {
            return Ok(None);
        };
        let is_full = part.len() == PART as usize;
        Ok(Some((
            part,
            is_full.then_some((store, packages, Some(last))),
        )))
    })
}
