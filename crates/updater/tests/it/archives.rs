//! Archives over an air gap.

use clair_rpc::ErrorCode;
use clair_rpc::proto::updater::v1::{
    ExportDatabaseRequest, ImportDatabaseRequest, ImportDatabaseResponse, SourceResult,
};
use clair_store::Record;
use clair_vulndb::Database;
use futures::TryStreamExt as _;
use tonic::Status;

use crate::support::{Updater, World};

async fn export(updater: &Updater) -> Vec<u8> {
    let request = ExportDatabaseRequest::default();
    let stream = updater
        .client
        .clone()
        .export_database(request)
        .await
        .unwrap()
        .into_inner();
    let parts: Vec<_> = stream.try_collect().await.unwrap();
    parts.into_iter().flat_map(|part| part.chunk).collect()
}

async fn import(updater: &Updater, archive: &[u8]) -> Result<ImportDatabaseResponse, Status> {
    let chunks = archive.chunks(10_000);
    let requests = chunks.map(|chunk| ImportDatabaseRequest {
        chunk: chunk.to_vec().into(),
    });
    let requests: Vec<_> = requests.collect();
    let response = updater
        .client
        .clone()
        .import_database(tokio_stream::iter(requests))
        .await?;
    Ok(response.into_inner())
}

async fn documents(world: &World) -> Vec<Record> {
    let mut snapshot = world.store.snapshot("debian").await.unwrap().unwrap();
    snapshot.records().try_collect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_the_same_where_it_is_imported() {
    let (here, there) = (World::new().await, World::new().await);
    here.publish(&["1", "2", "3"]);
    let updater = here.updater().await;
    updater.update().await;
    let archive = export(&updater).await;
    updater.stop().await;

    let mut config = there.config();
    config.feeds.get_mut("debian").unwrap().enabled = false;
    let importer = Updater::start(config).await;
    let outcomes = import(&importer, &archive).await.unwrap().outcomes;
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].result(), SourceResult::Updated);
    assert_eq!(outcomes[0].operation.as_ref().unwrap().added, 3);
    assert_eq!(documents(&here).await, documents(&there).await);
    let again = import(&importer, &archive).await.unwrap().outcomes;
    assert_eq!(again[0].result(), SourceResult::Unchanged);
    let (old, new) = (
        here.store.source("debian").await.unwrap().unwrap(),
        there.store.source("debian").await.unwrap().unwrap(),
    );
    assert_eq!(
        (old.fingerprint, old.location),
        (new.fingerprint, new.location)
    );
    importer.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_is_what_a_local_database_imports() {
    let world = World::new().await;
    world.publish(&["1", "2"]);
    let updater = world.updater().await;
    updater.update().await;
    let archive = export(&updater).await;
    let dir = tempfile::tempdir().unwrap();
    clair_vulndb::import(dir.path(), &mut &*archive).unwrap();
    let database = Database::open(dir.path()).unwrap();
    assert_eq!(database.advisories("debian").unwrap().count(), 2);
    let mut exported = Vec::new();
    clair_vulndb::export(dir.path(), &mut exported).unwrap();
    let outcomes = import(&updater, &exported).await.unwrap().outcomes;
    assert_eq!(outcomes[0].result(), SourceResult::Unchanged);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_changes_nothing() {
    let world = World::new().await;
    world.publish(&["1", "2"]);
    let updater = world.updater().await;
    updater.update().await;
    let mut archive = export(&updater).await;
    let before = documents(&world).await;
    let middle = archive.len() / 2;
    archive[middle] ^= 1;
    for broken in [&archive[..], &archive[..middle], b"no archive", b""] {
        let error = clair_rpc::Error::from(import(&updater, broken).await.unwrap_err());
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
        assert!(error.message().contains("the export is damaged"), "{error}");
    }
    assert_eq!(documents(&world).await, before);
    updater.stop().await;
}
