use clair_model::PackageKind;
use clair_store::{Change, NewNotification, Reason, Retention};
use futures::TryStreamExt as _;
use jiff::SignedDuration;

use crate::images::{ANALYZERS, bookworm, digest, package, report, trixie};
use crate::notifications::{notify, updated};
use crate::support::{DEBIAN, advisory, change, psql, store_and_address};

#[tokio::test]
async fn layers_that_no_manifest_has_go_with_their_findings_once_they_are_not_new() {
    let (store, address) = store_and_address().await;
    let (shared, own) = (digest(11), digest(12));
    store
        .submit_manifest(&digest(1), std::slice::from_ref(&shared))
        .await
        .unwrap();
    store
        .submit_manifest(&digest(2), &[shared.clone(), own.clone()])
        .await
        .unwrap();
    for layer in [&shared, &own] {
        store
            .store_layer_findings(ANALYZERS, layer, b"findings")
            .await
            .unwrap();
    }
    store.delete_manifests(&[digest(2)]).await.unwrap();
    assert_eq!(
        store.collect_layers(ANALYZERS).await.unwrap(),
        0,
        "all are new"
    );
    psql(
        &address,
        "UPDATE layer SET touched_at = now() - interval '2 days'",
    );
    assert_eq!(store.collect_layers(ANALYZERS).await.unwrap(), 1);
    assert_eq!(store.layer_findings(ANALYZERS, &own).await.unwrap(), None);
    assert!(
        store
            .layer_findings(ANALYZERS, &shared)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_layer_that_is_submitted_again_is_not_collected() {
    let (store, address) = store_and_address().await;
    let layer = digest(11);
    store
        .store_layer_findings(ANALYZERS, &layer, b"findings")
        .await
        .unwrap();
    psql(
        &address,
        "UPDATE layer SET touched_at = now() - interval '2 days'",
    );
    store
        .submit_manifest(&digest(1), std::slice::from_ref(&layer))
        .await
        .unwrap();
    store.delete_manifests(&[digest(1)]).await.unwrap();
    assert_eq!(store.collect_layers(ANALYZERS).await.unwrap(), 0);
}

#[tokio::test]
async fn findings_of_other_analyzers_go_once_they_are_old() {
    let (store, address) = store_and_address().await;
    let layer = digest(11);
    store
        .submit_manifest(&digest(1), std::slice::from_ref(&layer))
        .await
        .unwrap();
    for analyzers in ["dpkg:1", "dpkg:2"] {
        store
            .store_layer_findings(analyzers, &layer, b"findings")
            .await
            .unwrap();
    }
    assert_eq!(store.collect_layers("dpkg:2").await.unwrap(), 0);
    psql(
        &address,
        "UPDATE layer_findings SET made_at = now() - interval '8 days'",
    );
    assert_eq!(store.collect_layers("dpkg:2").await.unwrap(), 1);
    assert_eq!(store.layer_findings("dpkg:1", &layer).await.unwrap(), None);
    assert!(
        store
            .layer_findings("dpkg:2", &layer)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn packages_and_distributions_that_no_manifest_has_go_once_they_are_not_new() {
    let (store, address) = store_and_address().await;
    let bash = package("bash", "bash", "5.2");
    let zsh: Vec<_> = (0..1200)
        .map(|n| package("zsh", "zsh", &n.to_string()))
        .collect();
    for (number, distribution, packages) in [(1, bookworm(), vec![bash]), (2, trixie(), zsh)] {
        store.submit_manifest(&digest(number), &[]).await.unwrap();
        let report = report(&digest(number), &distribution, &packages);
        store.finish_manifest(&report, ANALYZERS).await.unwrap();
    }
    store.delete_manifests(&[digest(2)]).await.unwrap();
    assert_eq!(store.collect_packages().await.unwrap(), 0, "all are new");
    psql(
        &address,
        "UPDATE package SET touched_at = now() - interval '2 days';
         UPDATE distribution SET touched_at = now() - interval '2 days'",
    );
    assert_eq!(store.collect_packages().await.unwrap(), 1201);
    let names = [(PackageKind::Binary, "bash"), (PackageKind::Binary, "zsh")];
    let left: Vec<_> = store.find_packages(&names).try_collect().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].distribution.as_ref(), Some(&bookworm()));
}

#[tokio::test]
async fn packages_in_use_are_touched_again_after_half_a_day() {
    let (store, address) = store_and_address().await;
    let packages = [package("bash", "bash", "5.2")];
    store.submit_manifest(&digest(1), &[]).await.unwrap();
    let report = report(&digest(1), &bookworm(), &packages);
    store.finish_manifest(&report, ANALYZERS).await.unwrap();
    let key = psql(&address, "SELECT id FROM package");
    psql(
        &address,
        "UPDATE package SET touched_at = now() - interval '2 days'",
    );
    store.finish_manifest(&report, ANALYZERS).await.unwrap();
    assert_eq!(
        psql(
            &address,
            "SELECT id FROM package WHERE touched_at > now() - interval '1 hour'"
        ),
        key
    );
}

#[tokio::test]
async fn operations_go_when_they_are_old_and_others_are_newer_and_advisories_with_them() {
    let (store, address) = store_and_address().await;
    let mut operations = Vec::new();
    for number in 0..5 {
        let advisories = [advisory("CVE-1", "bash", &number.to_string())];
        operations.push(change(&store, DEBIAN, &advisories).await.reference);
    }
    let keep = |operations, days: i64| Retention {
        operations,
        age: SignedDuration::from_hours(days * 24),
    };
    assert_eq!(
        store.collect_operations(keep(1, 1)).await.unwrap(),
        0,
        "all are new"
    );
    psql(
        &address,
        "UPDATE update_operation SET created_at = now() - interval '2 days'",
    );
    assert_eq!(store.collect_operations(keep(5, 1)).await.unwrap(), 0);
    // Two operations, and the two advisories that were gone before the third.
    assert_eq!(store.collect_operations(keep(3, 1)).await.unwrap(), 4);
    assert!(
        store
            .difference(Some(operations[1]), operations[4])
            .await
            .is_err()
    );
    let difference = store
        .difference(Some(operations[2]), operations[4])
        .await
        .unwrap();
    for change in [Change::Added, Change::Removed] {
        assert_eq!(
            store
                .changes(&difference, change, None, 10)
                .await
                .unwrap()
                .len(),
            1
        );
    }
    // The newest is never collected.
    assert_eq!(store.collect_operations(keep(0, 1)).await.unwrap(), 4);
    let mut snapshot = store.snapshot("debian").await.unwrap().unwrap();
    assert_eq!(snapshot.source().operation, Some(operations[4]));
    let left: Vec<_> = snapshot.records().try_collect().await.unwrap();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn many_advisories_go_in_many_transactions() {
    let (store, address) = store_and_address().await;
    let many: Vec<_> = (0..1700)
        .map(|n| advisory(&format!("CVE-{n}"), "bash", "1"))
        .collect();
    change(&store, DEBIAN, &many).await;
    change(&store, DEBIAN, &many[..10]).await;
    let retention = Retention {
        operations: 1,
        age: SignedDuration::ZERO,
    };
    assert_eq!(store.collect_operations(retention).await.unwrap(), 1 + 1690);
    assert_eq!(psql(&address, "SELECT count(*) FROM advisory"), "10");
}

#[tokio::test]
async fn a_receipt_stays_as_long_as_its_operation() {
    let (store, address) = store_and_address().await;
    let operation = updated(&store).await;
    let id = notify(&store, &operation, 1).await;
    store.acknowledge(id).await.unwrap();
    psql(
        &address,
        "UPDATE notification_receipt SET made_at = now() - interval '1 year'",
    );
    assert_eq!(
        store
            .collect_notifications(SignedDuration::ZERO)
            .await
            .unwrap(),
        1
    );
    assert_eq!(store.pending_updates().await.unwrap(), []);
}

#[tokio::test]
async fn notifications_go_when_acknowledged_or_when_their_delivery_has_been_over_for_long() {
    let (store, address) = store_and_address().await;
    let operation = updated(&store).await;
    let week = SignedDuration::from_hours(7 * 24);
    let mut writer = store
        .begin_notifications(operation.reference, None)
        .await
        .unwrap();
    let manifest = digest(1);
    let notification = NewNotification {
        manifest: &manifest,
        reason: Reason::Added,
        vulnerability: b"CVE-2",
    };
    writer.add(&vec![notification; 1200]).await.unwrap();
    let acknowledged = writer.id();
    assert!(writer.commit().await.unwrap());
    let mut others = Vec::new();
    for number in 0..2 {
        let advisories = [advisory("CVE-9", "bash", &number.to_string())];
        others.push(notify(&store, &change(&store, DEBIAN, &advisories).await, 2).await);
    }
    let deliveries = store
        .claim_deliveries(10, std::time::Duration::from_hours(1))
        .await
        .unwrap();
    let delivered = deliveries
        .iter()
        .find(|delivery| delivery.set == others[0])
        .unwrap();
    store.delivered(delivered).await.unwrap();

    assert_eq!(store.collect_notifications(week).await.unwrap(), 0);
    store.acknowledge(acknowledged).await.unwrap();
    assert_eq!(store.collect_notifications(week).await.unwrap(), 1);
    assert_eq!(
        store.notifications(acknowledged, None, 10).await.unwrap(),
        None
    );
    assert!(!store.acknowledge(acknowledged).await.unwrap());

    // However old, what is still to be delivered stays.
    psql(
        &address,
        "UPDATE notification_set SET created_at = now() - interval '1 year'",
    );
    assert_eq!(store.collect_notifications(week).await.unwrap(), 1);
    assert_eq!(
        store.notifications(others[0], None, 10).await.unwrap(),
        None
    );
    assert!(
        store
            .notifications(others[1], None, 10)
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(psql(&address, "SELECT count(*) FROM notification"), "2");
}
