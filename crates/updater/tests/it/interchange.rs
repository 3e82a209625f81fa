//! Files of Clair's format over an air gap.

use std::io::Cursor;

use clair_feeds::{Document, Limits};
use clair_interchange::{Packing, SourceWriter};
use clair_model::{Advisory, Affected, FixState, PackageKind, Vulnerable};
use clair_rpc::ErrorCode;
use clair_rpc::proto::updater::v1::{ImportDatabaseRequest, ImportDatabaseResponse, SourceResult};
use clair_updater::{ImportResult, ImportedSource, import_document};
use clair_version::Scheme;
use futures::TryStreamExt as _;
use tonic::Status;

use crate::support::{Updater, World};

/// What a source states, in a stable order.
async fn advisories(world: &World, source: &str) -> Vec<Advisory> {
    let Some(mut snapshot) = world.store.snapshot(source).await.unwrap() else {
        return Vec::new();
    };
    let documents: Vec<_> = snapshot.records().try_collect().await.unwrap();
    documents
        .iter()
        .map(|document| document.decode().unwrap())
        .collect()
}

fn file(packing: Packing, sources: &[(&str, &[Advisory])]) -> Vec<u8> {
    let spool = tempfile::tempdir().unwrap();
    let written = sources.iter().map(|(source, advisories)| {
        let mut writer = SourceWriter::new(spool.path(), source);
        for advisory in *advisories {
            writer.add(advisory).unwrap();
        }
        writer.finish().unwrap()
    });
    let mut file = Vec::new();
    let now = jiff::Timestamp::now();
    clair_interchange::write(&mut file, packing, now, written.collect()).unwrap();
    file
}

async fn send(updater: &Updater, file: &[u8]) -> Result<ImportDatabaseResponse, Status> {
    let requests = file.chunks(10_000).map(|chunk| ImportDatabaseRequest {
        chunk: chunk.to_vec().into(),
    });
    let requests: Vec<_> = requests.collect();
    let mut client = updater.client.clone();
    let response = client.import_database(tokio_stream::iter(requests)).await?;
    Ok(response.into_inner())
}

async fn import(world: &World, file: &[u8]) -> Vec<ImportedSource> {
    let reader = Cursor::new(file.to_vec());
    let document = Document::from_reader("updates", reader, Limits::default()).unwrap();
    import_document(&world.config(), document).await.unwrap()
}

fn about(id: &str, namespaces: &[&str]) -> Advisory {
    let affected = namespaces.iter().map(|namespace| {
        Affected::of(
            namespace.parse().unwrap(),
            "bash",
            PackageKind::Source,
            Vulnerable::before(Scheme::Dpkg, "2"),
            FixState::Fixed,
        )
    });
    Advisory {
        affected: affected.collect(),
        ..Advisory::new(id)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_feed_stored_and_what_was_imported_are_the_same_rows() {
    let (here, there) = (World::new().await, World::new().await);
    here.publish(&["1", "2", "3"]);
    let updater = here.updater().await;
    updater.update().await;
    updater.stop().await;
    let fetched = advisories(&here, "debian").await;
    let file = file(Packing::Zstd, &[("debian", &fetched)]);

    let imported = import(&there, &file).await;
    assert_eq!(imported.len(), 1);
    assert_eq!(imported[0].source, "debian");
    let all_new = ImportResult::Updated {
        added: 3,
        removed: 0,
    };
    assert_eq!(imported[0].result, all_new);
    assert_eq!(advisories(&there, "debian").await, fetched);
    let again = import(&there, &file).await;
    assert_eq!(again[0].result, ImportResult::Unchanged);

    // Where the feed was read, nothing changes, and the other way round.
    assert_eq!(
        import(&here, &file).await[0].result,
        ImportResult::Unchanged
    );
    there.publish(&["1", "2", "3", "4"]);
    let updater = there.updater().await;
    let run = updater.update().await;
    assert_eq!(run.difference(), (1, 0));
    // An older file that was imported before does not take the place of what is newer.
    let older = send(&updater, &file).await.unwrap().outcomes;
    assert_eq!(older[0].result(), SourceResult::Unchanged);
    assert_eq!(advisories(&there, "debian").await.len(), 4);
    updater.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_of_a_release_takes_the_place_of_what_was_fetched_of_it() {
    let world = World::new().await;
    let whole = [
        about("CVE-2024-0001", &["ubuntu:22.04", "ubuntu:24.04"]),
        about("CVE-2024-0002", &["ubuntu:22.04:pro"]),
    ];
    let target = clair_store::Source {
        name: "ubuntu",
        feed: "ubuntu",
        kind: clair_store::SourceKind::Vulnerability,
    };
    let mut update = world.store.begin_update(&target).await.unwrap();
    let documents = whole.iter().map(clair_store::Record::encode);
    update
        .add(documents.collect::<Result<_, _>>().unwrap())
        .await
        .unwrap();
    update
        .commit(&clair_store::Provenance::default())
        .await
        .unwrap();

    let jammy = [about("CVE-2024-0001", &["ubuntu:22.04"])];
    let file = file(Packing::Gzip, &[("ubuntu", &jammy)]);
    let imported = import(&world, &file).await;
    let names: Vec<&str> = imported.iter().map(|imported| &*imported.source).collect();
    assert_eq!(names, ["ubuntu/jammy", "ubuntu"]);
    assert_eq!(advisories(&world, "ubuntu/jammy").await, jammy);
    let left = [about("CVE-2024-0001", &["ubuntu:24.04"])];
    assert_eq!(advisories(&world, "ubuntu").await, left);
    let again = import(&world, &file).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].result, ImportResult::Unchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_off_or_wrong_changes_nothing() {
    let world = World::new().await;
    world.publish(&["1", "2"]);
    let updater = world.updater().await;
    updater.update().await;
    let before = advisories(&world, "debian").await;
    let other: Vec<Advisory> = (0..2000)
        .map(|number| about(&format!("CVE-2024-{number:04}"), &["debian:bookworm"]))
        .collect();
    let sources: [(&str, &[Advisory]); 2] = [("debian", &other), ("wolfi", &other)];
    let packed = file(Packing::Zstd, &sources);
    let mut plain = file(Packing::None, &sources);
    let last = plain.len() - 200;
    plain[last] = b'\n';
    let damaged = zstd_of(&plain);
    for (broken, expected) in [
        (&packed[..packed.len() - 3], "cannot be read"),
        (&packed[..packed.len() / 2], "cannot be read"),
        (&damaged[..], "line 4000"),
        (&plain[..], "without compression"),
    ] {
        let error = clair_rpc::Error::from(send(&updater, broken).await.unwrap_err());
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
        assert!(error.message().contains(expected), "{error}");
    }
    assert_eq!(advisories(&world, "debian").await, before);
    assert!(advisories(&world, "wolfi").await.is_empty());
    updater.stop().await;
}

fn zstd_of(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_interrupted_leaves_each_source_whole() {
    let world = World::new().await;
    let of = |count: usize, package: &str| {
        let advisory = |number| {
            let mut advisory = about(&format!("CVE-2024-{number:06}"), &["debian:bookworm"]);
            package.clone_into(&mut advisory.affected[0].package);
            advisory
        };
        (0..count).map(advisory).collect::<Vec<_>>()
    };
    let (old, new) = (of(50, "a"), of(4_000, "b"));
    import(
        &world,
        &file(Packing::None, &[("debian", &old), ("wolfi", &old)]),
    )
    .await;
    let newer = file(Packing::Zstd, &[("debian", &new), ("wolfi", &new)]);
    for milliseconds in [20, 200, 600] {
        let document =
            Document::from_reader("updates", Cursor::new(newer.clone()), Limits::default());
        let config = world.config();
        let importing = import_document(&config, document.unwrap());
        let limit = std::time::Duration::from_millis(milliseconds);
        let _ = tokio::time::timeout(limit, importing).await;
        for source in ["debian", "wolfi"] {
            let count = advisories(&world, source).await.len();
            assert!([old.len(), new.len()].contains(&count), "{source}: {count}");
        }
    }
    import(&world, &newer).await;
    for source in ["debian", "wolfi"] {
        assert_eq!(advisories(&world, source).await.len(), new.len());
    }
}
