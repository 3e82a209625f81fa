use clair_model::{Digest, PackageKind};
use clair_store::{AffectedManifest, IndexedPackage, PackageKey, Store};
use futures::TryStreamExt as _;

use crate::images::{ANALYZERS, bookworm, digest, package, report, trixie};
use crate::support::store;

/// Three images: two of bookworm with different versions of openssl, one of trixie.
async fn indexed() -> Store {
    let store = store().await;
    let bash = package("bash", "bash", "5.2");
    let (old, new) = (
        package("libssl3", "openssl", "3.0.1"),
        package("libssl3", "openssl", "3.0.2"),
    );
    for (number, distribution, packages) in [
        (3, bookworm(), vec![old.clone(), bash.clone()]),
        (1, bookworm(), vec![new, bash.clone()]),
        (2, trixie(), vec![old, bash]),
    ] {
        let manifest = digest(number);
        store.submit_manifest(&manifest, &[]).await.unwrap();
        let report = report(&manifest, &distribution, &packages);
        store.finish_manifest(&report, ANALYZERS).await.unwrap();
    }
    store
}

async fn find(store: &Store, names: &[(PackageKind, &str)]) -> Vec<IndexedPackage> {
    store.find_packages(names).try_collect().await.unwrap()
}

async fn affected(store: &Store, packages: &[PackageKey]) -> Vec<(Digest, Vec<usize>)> {
    let found: Vec<AffectedManifest> = store
        .affected_manifests(packages, None, None)
        .try_collect()
        .await
        .unwrap();
    found
        .into_iter()
        .map(|found| (found.manifest, found.packages))
        .collect()
}

fn in_words(packages: &[IndexedPackage]) -> Vec<String> {
    let words = packages.iter().map(|found| {
        let release = &found.distribution.as_ref().unwrap().version_code_name;
        let package = &found.package;
        let source = package.source.as_ref().unwrap();
        let detector = package.detector.as_deref().unwrap();
        format!(
            "{} {} {} of {} {} by {detector} in {release}",
            package.name, package.version, package.arch, source.name, source.version
        )
    });
    let mut words: Vec<String> = words.collect();
    words.sort();
    words
}

#[tokio::test]
async fn packages_are_found_by_the_name_of_their_source_or_their_own_once_for_each_distribution() {
    let store = indexed().await;
    let expected = [
        "libssl3 3.0.1 amd64 of openssl 3.0.1 by dpkg in bookworm",
        "libssl3 3.0.1 amd64 of openssl 3.0.1 by dpkg in trixie",
        "libssl3 3.0.2 amd64 of openssl 3.0.2 by dpkg in bookworm",
    ];
    let (source, binary) = (
        (PackageKind::Source, "openssl"),
        (PackageKind::Binary, "libssl3"),
    );
    assert_eq!(in_words(&find(&store, &[source]).await), expected);
    assert_eq!(in_words(&find(&store, &[source, binary]).await), expected);
    assert_eq!(find(&store, &[(PackageKind::Binary, "openssl")]).await, []);
    assert_eq!(find(&store, &[(PackageKind::Source, "open%")]).await, []);
    assert_eq!(find(&store, &[]).await, []);
}

#[tokio::test]
async fn manifests_come_in_the_order_of_their_digests_with_the_packages_that_they_have() {
    let store = indexed().await;
    let found = find(
        &store,
        &[
            (PackageKind::Binary, "libssl3"),
            (PackageKind::Binary, "bash"),
        ],
    )
    .await;
    let key = |version: &str, release: &str| {
        let matching = found.iter().find(|found| {
            found.package.version == version
                && found.distribution.as_ref().unwrap().version_code_name == release
        });
        matching.unwrap().key
    };
    let bash = key("5.2", "bookworm");
    let (old, new) = (key("3.0.1", "bookworm"), key("3.0.2", "bookworm"));
    assert_eq!(affected(&store, &[old]).await, [(digest(3), vec![0])]);
    assert_eq!(
        affected(&store, &[new, bash, old]).await,
        [(digest(1), vec![0, 1]), (digest(3), vec![1, 2])]
    );
    assert_eq!(affected(&store, &[PackageKey(-1)]).await, []);
    assert_eq!(affected(&store, &[]).await, []);
}

#[tokio::test]
async fn manifests_can_be_read_page_by_page_even_if_the_last_one_was_deleted_meanwhile() {
    let store = indexed().await;
    let bash = find(&store, &[(PackageKind::Binary, "bash")]).await;
    let keys: Vec<PackageKey> = bash.iter().map(|found| found.key).collect();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page: Vec<AffectedManifest> = store
            .affected_manifests(&keys, after.as_ref(), Some(1))
            .try_collect()
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.manifest.clone());
        store
            .delete_manifests(std::slice::from_ref(&last.manifest))
            .await
            .unwrap();
        seen.extend(page.into_iter().map(|found| found.manifest));
    }
    assert_eq!(seen, [digest(1), digest(2), digest(3)]);
}

#[tokio::test]
async fn an_image_that_is_indexed_again_is_found_by_what_it_has_now() {
    let store = indexed().await;
    let manifest = digest(3);
    let newer = report(
        &manifest,
        &bookworm(),
        &[package("libssl3", "openssl", "3.0.2")],
    );
    store.finish_manifest(&newer, "dpkg:2").await.unwrap();
    let found = find(&store, &[(PackageKind::Source, "openssl")]).await;
    let keys: Vec<PackageKey> = found.iter().map(|found| found.key).collect();
    let manifests = affected(&store, &keys).await;
    let (_, positions) = &manifests[2];
    assert_eq!(found[positions[0]].package.version, "3.0.2");
}
