//! Several replicas, and a database that goes away.

use clair_indexer::Limits;
use clair_testing::Postgres;

use crate::layers::{base, upper};
use crate::support::{Blobs, Indexer, loopback, manifest};

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_that_get_the_same_image_at_once_fetch_it_once() {
    let database = Postgres::shared().database();
    let first = Indexer::with(database.clone(), loopback(), Limits::default()).await;
    let second = Indexer::with(database, loopback(), Limits::default()).await;
    let blobs = Blobs::start().await;
    let manifest = manifest("a", vec![blobs.serve(&base()), blobs.serve(&upper("curl"))]);
    let (one, other) = tokio::join!(first.index(&manifest), second.index(&manifest));
    assert_eq!(one.unwrap().report(), other.unwrap().report());
    assert_eq!(blobs.requests(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_whose_indexing_a_crash_of_the_database_ended_is_indexed_when_asked_again() {
    let postgres = Postgres::start();
    let indexer = Indexer::with(postgres.database(), loopback(), Limits::default()).await;
    let blobs = Blobs::start().await;
    let manifest = manifest("a", vec![blobs.serve(&base())]);
    blobs.hold();
    let crash = async {
        blobs.requested(1).await;
        postgres.kill();
        blobs.release();
    };
    let (ended, ()) = tokio::join!(indexer.index(&manifest), crash);
    assert!(ended.is_err(), "without a database nothing is indexed");
    postgres.restart();
    let answer = indexer.index(&manifest).await.unwrap();
    assert!(answer.report().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_absence_of_the_database_is_not_noticed() {
    let postgres = Postgres::start();
    let indexer = Indexer::with(postgres.database(), loopback(), Limits::default()).await;
    let blobs = Blobs::start().await;
    let manifest = manifest("a", vec![blobs.serve(&base())]);
    blobs.hold();
    let crash = async {
        blobs.requested(1).await;
        postgres.restart();
        blobs.release();
    };
    let (answer, ()) = tokio::join!(indexer.index(&manifest), crash);
    assert!(answer.unwrap().report().success);
    assert_eq!(blobs.requests(), 1);
}
