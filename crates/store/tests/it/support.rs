//! A database for each test, and things to put into it.

use std::process::Command;
use std::time::Duration;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Vulnerable};
use clair_store::{
    Error, Operation, Options, Outcome, Provenance, Record, Source, SourceKind, Store, Update,
};
use clair_testing::Postgres;
use clair_version::Scheme;

/// A store on a new database, with the schema.
pub(crate) async fn store() -> Store {
    let (store, _) = store_and_address().await;
    store
}

pub(crate) async fn store_and_address() -> (Store, String) {
    let address = Postgres::shared().database();
    let store = connect(&address).await;
    store.migrate().await.unwrap();
    (store, address)
}

pub(crate) async fn connect(address: &str) -> Store {
    Store::connect(address, &Options::default()).await.unwrap()
}

/// Runs a statement as an operator would, for what the store has no method for, such as letting
/// time pass. Gives what it gives.
pub(crate) fn psql(address: &str, statement: &str) -> String {
    let output = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--set",
            "ON_ERROR_STOP=1",
        ])
        .args(["--command", statement, address])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn advisory(id: &str, package: &str, fixed: &str) -> Advisory {
    Advisory {
        description: format!("{package} is vulnerable before {fixed}"),
        affected: vec![Affected::of(
            Namespace::debian("bookworm"),
            package,
            PackageKind::Source,
            Vulnerable::before(Scheme::Dpkg, fixed),
            FixState::Fixed,
        )],
        ..Advisory::new(id)
    }
}

pub(crate) const DEBIAN: Source<'_> = Source {
    name: "debian",
    feed: "debian",
    kind: SourceKind::Vulnerability,
};

pub(crate) fn provenance(fingerprint: &str) -> Provenance {
    Provenance {
        fingerprint: fingerprint.to_owned(),
        ..Provenance::default()
    }
}

pub(crate) fn documents(advisories: &[Advisory]) -> Vec<Record> {
    advisories
        .iter()
        .map(|advisory| Record::encode(advisory).unwrap())
        .collect()
}

/// Begins an update, once the one before it is over: the server hears of an update that was
/// dropped only when its connection is next used.
async fn begin(store: &Store, source: &Source<'_>) -> Update {
    for _ in 0..200 {
        match store.begin_update(source).await {
            Err(Error::SourceBusy { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            result => return result.unwrap(),
        }
    }
    panic!("{} is being updated for ten seconds", source.name)
}

/// Updates a source to have just these advisories.
pub(crate) async fn update(store: &Store, source: Source<'_>, advisories: &[Advisory]) -> Outcome {
    let mut update = begin(store, &source).await;
    update.add(documents(advisories)).await.unwrap();
    update.commit(&provenance("fingerprint")).await.unwrap()
}

/// The same, where there is a difference.
pub(crate) async fn change(
    store: &Store,
    source: Source<'_>,
    advisories: &[Advisory],
) -> Operation {
    match update(store, source, advisories).await {
        Outcome::Changed(operation) => operation,
        Outcome::Unchanged => panic!("nothing changed"),
    }
}
