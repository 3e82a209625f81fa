use std::time::{Duration, Instant};

use clair_model::PackageKind;
use clair_store::{Change, PackageKey};
use futures::TryStreamExt as _;

use crate::support::{DEBIAN, advisory, change, psql, store_and_address};

#[tokio::test]
async fn every_table_is_described() {
    let (_store, address) = store_and_address().await;
    let silent = psql(
        &address,
        "SELECT relname FROM pg_class
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
         AND relname <> '_sqlx_migrations' AND obj_description(oid) IS NULL",
    );
    assert_eq!(silent, "");
}

#[tokio::test]
async fn questions_in_bulk_are_answered_by_indexes_once_tables_are_large() {
    let (store, address) = store_and_address().await;
    psql(
        &address,
        "INSERT INTO manifest (digest, state)
             SELECT 'sha256:' || lpad(to_hex(n), 64, '0'), 'IndexFinished'
             FROM generate_series(1, 5000) AS n;
         INSERT INTO manifest_packages
             SELECT id, ARRAY(SELECT id * 7 % 9973 + step FROM generate_series(1, 50) AS step)
             FROM manifest;
         INSERT INTO package (hash, name, version, arch, module)
             SELECT md5(n::text)::uuid, 'name-' || n, '1', '', '' FROM generate_series(1, 10000) AS n",
    );
    let many: Vec<_> = (0..5000)
        .map(|n| advisory(&format!("CVE-{n}"), "bash", "1"))
        .collect();
    let first = change(&store, DEBIAN, &many).await.reference;
    let second = change(&store, DEBIAN, &many[..4950]).await.reference;
    psql(&address, "ANALYZE");
    let scans = "SELECT sum(seq_scan) FROM pg_stat_user_tables
        WHERE relname IN ('manifest_packages', 'package', 'advisory')";
    let before = psql(&address, scans);

    let keys: Vec<PackageKey> = (1..200).map(|n| PackageKey(n * 50)).collect();
    let found: Vec<_> = store
        .affected_manifests(&keys, None, None)
        .try_collect()
        .await
        .unwrap();
    assert!(found.len() > 1000, "{}", found.len());
    let names = [
        (PackageKind::Binary, "name-7"),
        (PackageKind::Source, "name-7"),
    ];
    let found: Vec<_> = store.find_packages(&names).try_collect().await.unwrap();
    assert_eq!(found.len(), 1);
    let difference = store.difference(Some(first), second).await.unwrap();
    let removed = store
        .changes(&difference, Change::Removed, None, 100)
        .await
        .unwrap();
    assert_eq!(removed.len(), 50);
    let added = store
        .changes(&difference, Change::Added, None, 100)
        .await
        .unwrap();
    assert!(added.is_empty());

    // Sessions report what they did when they have been idle for a while.
    store.close().await;
    let used = "SELECT count(*) FROM pg_stat_user_indexes WHERE idx_scan > 0 AND indexrelname IN (
        'manifest_packages_packages', 'package_name', 'advisory_removed', 'advisory_added'
    )";
    let deadline = Instant::now() + Duration::from_secs(20);
    while psql(&address, used) != "4" {
        assert!(Instant::now() < deadline, "{}", psql(&address, used));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(psql(&address, scans), before);
}
