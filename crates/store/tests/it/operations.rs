use clair_model::Advisory;
use clair_store::{Change, Deletion, Error, Source, SourceKind, Store};
use uuid::Uuid;

use crate::support::{DEBIAN, advisory, change, store};

const VULNERABILITY: SourceKind = SourceKind::Vulnerability;

/// The ids on both sides of a difference, read in small pages.
async fn changes(
    store: &Store,
    previous: Option<Uuid>,
    current: Uuid,
) -> (Vec<String>, Vec<String>) {
    let difference = store.difference(previous, current).await.unwrap();
    let mut sides = (Vec::new(), Vec::new());
    for (change, ids) in [
        (Change::Added, &mut sides.0),
        (Change::Removed, &mut sides.1),
    ] {
        let mut after = None;
        loop {
            let page = store.changes(&difference, change, after, 2).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            ids.extend(
                page.iter()
                    .map(|(_, document)| document.decode::<Advisory>().unwrap().id),
            );
        }
        ids.sort();
    }
    sides
}

fn advisories(ids: &[&str]) -> Vec<clair_model::Advisory> {
    ids.iter().map(|id| advisory(id, "openssl", "3")).collect()
}

#[tokio::test]
async fn the_difference_of_two_operations_is_what_only_one_of_the_states_has() {
    let store = store().await;
    let first = change(&store, DEBIAN, &advisories(&["a", "b", "c"]))
        .await
        .reference;
    let second = change(&store, DEBIAN, &advisories(&["b", "c", "d"]))
        .await
        .reference;
    let third = change(&store, DEBIAN, &advisories(&["c", "d", "e", "f", "g"]))
        .await
        .reference;

    let (added, removed) = changes(&store, Some(first), second).await;
    assert_eq!((added.join(""), removed.join("")), ("d".into(), "a".into()));
    let (added, removed) = changes(&store, Some(first), third).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        ("defg".into(), "ab".into())
    );
    let (added, removed) = changes(&store, None, second).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        ("bcd".into(), String::new())
    );
    // Backwards.
    let (added, removed) = changes(&store, Some(third), first).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        ("ab".into(), "defg".into())
    );
    let (added, removed) = changes(&store, Some(third), third).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        (String::new(), String::new())
    );
}

#[tokio::test]
async fn what_went_and_came_back_is_no_difference() {
    let store = store().await;
    let first = change(&store, DEBIAN, &advisories(&["a", "b"]))
        .await
        .reference;
    let without = change(&store, DEBIAN, &advisories(&["a"])).await.reference;
    let again = change(&store, DEBIAN, &advisories(&["a", "b", "c"]))
        .await
        .reference;
    let (added, removed) = changes(&store, Some(first), again).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        ("c".into(), String::new())
    );
    let (added, removed) = changes(&store, Some(without), again).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        ("bc".into(), String::new())
    );
    let (added, removed) = changes(&store, Some(again), first).await;
    assert_eq!(
        (added.join(""), removed.join("")),
        (String::new(), "c".into())
    );
}

#[tokio::test]
async fn sources_have_histories_of_their_own() {
    let store = store().await;
    let alpine = Source {
        name: "alpine/edge/main",
        feed: "alpine",
        ..DEBIAN
    };
    let debian = change(&store, DEBIAN, &advisories(&["a"])).await;
    let edge = change(&store, alpine, &advisories(&["a", "b"])).await;
    let (added, _) = changes(&store, None, debian.reference).await;
    assert_eq!(added, ["a"]);
    let error = store
        .difference(Some(debian.reference), edge.reference)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::UnlikeOperations { .. }), "{error:?}");
    let unknown = Uuid::new_v4();
    for (previous, current) in [(None, unknown), (Some(unknown), debian.reference)] {
        let error = store.difference(previous, current).await.unwrap_err();
        assert!(
            matches!(error, Error::NoOperation { reference } if reference == unknown),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn operations_are_listed_by_source_and_newest_first() {
    let store = store().await;
    let alpine = Source {
        name: "alpine/edge/main",
        feed: "alpine",
        ..DEBIAN
    };
    assert_eq!(store.latest_operation(VULNERABILITY).await.unwrap(), None);
    let first = change(&store, DEBIAN, &advisories(&["a"])).await;
    let edge = change(&store, alpine, &advisories(&["a"])).await;
    let second = change(&store, DEBIAN, &advisories(&["b"])).await;

    let all = store.operations(VULNERABILITY, false).await.unwrap();
    assert_eq!(all, [edge.clone(), second.clone(), first.clone()]);
    let latest = store.operations(VULNERABILITY, true).await.unwrap();
    assert_eq!(latest, [edge, second.clone()]);
    assert_eq!(
        store.latest_operation(VULNERABILITY).await.unwrap(),
        Some(second)
    );
    assert_eq!(
        store
            .operations(SourceKind::Enrichment, false)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.operation(first.reference).await.unwrap(), Some(first));
}

#[tokio::test]
async fn an_operation_can_be_deleted_unless_it_is_the_newest() {
    let store = store().await;
    let first = change(&store, DEBIAN, &advisories(&["a", "b"]))
        .await
        .reference;
    let second = change(&store, DEBIAN, &advisories(&["b"])).await.reference;
    assert_eq!(
        store.delete_operation(second).await.unwrap(),
        Deletion::Kept
    );
    let difference = store.difference(Some(first), second).await.unwrap();
    assert_eq!(
        store.delete_operation(first).await.unwrap(),
        Deletion::Deleted
    );
    assert_eq!(
        store.delete_operation(first).await.unwrap(),
        Deletion::Missing
    );
    let error = store
        .changes(&difference, Change::Removed, None, 10)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoOperation { .. }), "{error:?}");
    // What the deleted one brought is still there.
    let (added, _) = changes(&store, None, second).await;
    assert_eq!(added, ["b"]);
}
