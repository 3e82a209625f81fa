use std::collections::HashSet;

use clair_model::IndexState;
use clair_store::Error;

use crate::images::{ANALYZERS, bookworm, digest, package, report};
use crate::support::{psql, store, store_and_address};

#[tokio::test]
async fn a_manifest_that_nobody_submitted_has_no_state_and_no_report() {
    let store = store().await;
    let unknown = digest(1);
    assert_eq!(store.manifest_status(&unknown).await.unwrap(), None);
    assert_eq!(store.index_report(&unknown).await.unwrap(), None);
    assert_eq!(store.manifest_layers(&unknown).await.unwrap(), []);
    let error = store
        .set_manifest_state(&unknown, IndexState::FetchLayers)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoManifest { digest } if digest == unknown));
}

#[tokio::test]
async fn a_manifest_goes_through_its_states_to_a_report() {
    let store = store().await;
    let manifest = digest(1);
    // A layer may come twice.
    let layers = [digest(11), digest(12), digest(11)];
    store.submit_manifest(&manifest, &layers).await.unwrap();
    assert_eq!(store.manifest_layers(&manifest).await.unwrap(), layers);
    let status = store.manifest_status(&manifest).await.unwrap().unwrap();
    assert_eq!(
        (status.state, status.analyzers),
        (IndexState::CheckManifest, None)
    );

    store
        .set_manifest_state(&manifest, IndexState::ScanLayers)
        .await
        .unwrap();
    let status = store.manifest_status(&manifest).await.unwrap().unwrap();
    assert_eq!(status.state, IndexState::ScanLayers);

    let made = report(&manifest, &bookworm(), &[package("bash", "bash", "5.2")]);
    store.finish_manifest(&made, ANALYZERS).await.unwrap();
    let stored = store.index_report(&manifest).await.unwrap().unwrap();
    assert_eq!(stored.report().unwrap(), made);
    assert_eq!(stored.analyzers, ANALYZERS);
    let status = store.manifest_status(&manifest).await.unwrap().unwrap();
    assert_eq!(status.state, IndexState::IndexFinished);
    assert_eq!(status.analyzers.as_deref(), Some(ANALYZERS));
}

#[tokio::test]
async fn a_failed_attempt_tells_why_and_leaves_the_earlier_report() {
    let store = store().await;
    let manifest = digest(1);
    store
        .submit_manifest(&manifest, &[digest(11)])
        .await
        .unwrap();
    let made = report(&manifest, &bookworm(), &[]);
    store.finish_manifest(&made, ANALYZERS).await.unwrap();

    store
        .submit_manifest(&manifest, &[digest(12)])
        .await
        .unwrap();
    store
        .fail_manifest(&manifest, "layer has a name with \0 in it")
        .await
        .unwrap();
    let status = store.manifest_status(&manifest).await.unwrap().unwrap();
    assert_eq!(status.state, IndexState::IndexError);
    assert_eq!(status.error, "layer has a name with \u{fffd} in it");
    assert_eq!(
        store
            .index_report(&manifest)
            .await
            .unwrap()
            .unwrap()
            .report()
            .unwrap(),
        made
    );

    store
        .submit_manifest(&manifest, &[digest(12)])
        .await
        .unwrap();
    let status = store.manifest_status(&manifest).await.unwrap().unwrap();
    assert_eq!(
        (status.state, status.error.as_str()),
        (IndexState::CheckManifest, "")
    );
    assert_eq!(
        store.manifest_layers(&manifest).await.unwrap(),
        [digest(12)]
    );
}

#[tokio::test]
async fn the_findings_of_a_layer_are_shared_by_all_manifests_and_kept_apart_by_analyzers() {
    let store = store().await;
    let (base, top) = (digest(11), digest(12));
    store
        .submit_manifest(&digest(1), &[base.clone(), top.clone()])
        .await
        .unwrap();
    store
        .store_layer_findings(ANALYZERS, &base, b"findings")
        .await
        .unwrap();
    // The same analyzers find the same: the first one to say so is right.
    store
        .store_layer_findings(ANALYZERS, &base, b"other")
        .await
        .unwrap();

    store
        .submit_manifest(&digest(2), std::slice::from_ref(&base))
        .await
        .unwrap();
    let both = [base.clone(), top.clone()];
    let known = store.known_layers(ANALYZERS, &both).await.unwrap();
    assert_eq!(known, HashSet::from([base.clone()]));
    let findings = store.layer_findings(ANALYZERS, &base).await.unwrap();
    assert_eq!(findings.as_deref(), Some(&b"findings"[..]));
    assert_eq!(store.layer_findings(ANALYZERS, &top).await.unwrap(), None);
    assert_eq!(store.layer_findings("dpkg:2", &base).await.unwrap(), None);
    assert!(
        store
            .known_layers("dpkg:2", &both)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn packages_that_images_have_in_common_are_stored_once() {
    let (store, address) = store_and_address().await;
    let packages = [
        package("bash", "bash", "5.2"),
        package("libc6", "glibc", "2.36"),
    ];
    for number in 1..=3 {
        store.submit_manifest(&digest(number), &[]).await.unwrap();
        let report = report(&digest(number), &bookworm(), &packages);
        store.finish_manifest(&report, ANALYZERS).await.unwrap();
        // Again, as after a crash.
        store.finish_manifest(&report, ANALYZERS).await.unwrap();
    }
    assert_eq!(psql(&address, "SELECT count(*) FROM package"), "2");
    assert_eq!(psql(&address, "SELECT count(*) FROM distribution"), "1");
}

#[tokio::test]
async fn hostile_package_names_do_not_keep_an_image_from_being_stored() {
    let (store, address) = store_and_address().await;
    let manifest = digest(1);
    let endless = "x".repeat(100_000);
    let report = report(
        &manifest,
        &bookworm(),
        &[
            package(&endless, "source", "1"),
            package("binary", &endless, "1"),
            package("zero\0byte", "source", &endless),
            package("", "", ""),
        ],
    );
    store.submit_manifest(&manifest, &[]).await.unwrap();
    store.finish_manifest(&report, ANALYZERS).await.unwrap();
    assert_eq!(
        store
            .index_report(&manifest)
            .await
            .unwrap()
            .unwrap()
            .report()
            .unwrap(),
        report
    );
    assert_eq!(psql(&address, "SELECT count(*) FROM package"), "2");
}

#[tokio::test]
async fn deleted_manifests_are_gone_and_those_that_never_were_are_not_counted() {
    let store = store().await;
    let (kept, gone) = (digest(1), digest(2));
    for manifest in [&kept, &gone] {
        store
            .submit_manifest(manifest, &[digest(11)])
            .await
            .unwrap();
        let report = report(manifest, &bookworm(), &[package("bash", "bash", "5.2")]);
        store.finish_manifest(&report, ANALYZERS).await.unwrap();
    }
    let deleted = store
        .delete_manifests(&[digest(3), gone.clone()])
        .await
        .unwrap();
    assert_eq!(deleted, std::slice::from_ref(&gone));
    assert_eq!(store.index_report(&gone).await.unwrap(), None);
    assert!(store.index_report(&kept).await.unwrap().is_some());
    let report = report(&gone, &bookworm(), &[]);
    let error = store.finish_manifest(&report, ANALYZERS).await.unwrap_err();
    assert!(matches!(error, Error::NoManifest { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_with_the_same_packages_can_be_stored_at_the_same_time() {
    let store = store().await;
    let packages: Vec<_> = (0..300)
        .map(|n| package(&format!("p{n}"), &format!("s{n}"), "1"))
        .collect();
    let tasks = (0..16).map(|number| {
        let (store, mut packages) = (store.clone(), packages.clone());
        packages.rotate_left(number as usize * 17);
        tokio::spawn(async move {
            let layers = [digest(11 + number % 3), digest(11), digest(12)];
            store.submit_manifest(&digest(number), &layers).await?;
            store
                .finish_manifest(&report(&digest(number), &bookworm(), &packages), ANALYZERS)
                .await
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
}
