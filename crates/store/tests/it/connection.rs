use std::time::Duration;

use clair_store::{Error, Options, Store};
use clair_testing::{Postgres, free_port};

use crate::support::{connect, store};

#[tokio::test]
async fn migrations_can_be_applied_by_several_programs_at_once_and_again() {
    let address = Postgres::shared().database();
    let (first, second) = (connect(&address).await, connect(&address).await);
    assert!(!first.health().await.unwrap().migrated);
    let (one, other) = tokio::join!(first.migrate(), second.migrate());
    one.unwrap();
    other.unwrap();
    first.migrate().await.unwrap();
    assert!(first.health().await.unwrap().migrated);
}

#[tokio::test]
async fn an_address_in_the_form_of_clairs_configuration_works() {
    let url = Postgres::shared().database();
    let (host, database) = url
        .strip_prefix("postgres://clair@")
        .unwrap()
        .split_once('/')
        .unwrap();
    let (host, port) = host.split_once(':').unwrap();
    let address = format!(
        "host={host} port={port} user=clair dbname='{database}' sslmode=disable pool_max_conns=2"
    );
    connect(&address).await.health().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_listen_or_refuses_us_is_not_available() {
    let elsewhere = format!("postgres://clair@127.0.0.1:{}/clair", free_port());
    let missing = format!("{}_missing", Postgres::shared().database());
    for address in [elsewhere, missing] {
        let error = Store::connect(&address, &Options::default())
            .await
            .unwrap_err();
        assert!(
            error.is_connection() && error.is_transient(),
            "{address}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_pool_that_is_in_use_is_not_available_after_the_time_to_wait() {
    let address = Postgres::shared().database();
    let options = Options {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(100),
        ..Options::default()
    };
    let store = Store::connect(&address, &options).await.unwrap();
    store.migrate().await.unwrap();
    let held = store.snapshot("none").await;
    assert!(held.unwrap().is_none());
    let update = store.begin_update(&crate::support::DEBIAN).await.unwrap();
    let error = store.health().await.unwrap_err();
    assert!(error.is_connection(), "{error:?}");
    drop(update);
    store.health().await.unwrap();
}

#[tokio::test]
async fn the_store_works_again_when_the_server_is_back() {
    let server = Postgres::start();
    let options = Options {
        acquire_timeout: Duration::from_secs(1),
        ..Options::default()
    };
    let store = Store::connect(&server.database(), &options).await.unwrap();
    store.migrate().await.unwrap();
    let update = store.begin_update(&crate::support::DEBIAN).await.unwrap();
    server.kill();
    let error = update
        .commit(&crate::support::provenance(""))
        .await
        .unwrap_err();
    assert!(error.is_connection(), "{error:?}");
    let error = store.health().await.unwrap_err();
    assert!(error.is_connection(), "{error:?}");
    server.restart();
    assert!(store.health().await.unwrap().migrated);
}

#[tokio::test]
async fn a_closed_store_is_not_available() {
    let store = store().await;
    store.close().await;
    let error = store.sources().await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
}
