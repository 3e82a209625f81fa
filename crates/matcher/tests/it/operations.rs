//! The history of updates.

use clair_rpc::proto::matcher::v1::{
    DeleteUpdateOperationRequest, GetUpdateDiffRequest, ListUpdateOperationsRequest,
};
use clair_rpc::{Error, ErrorCode};
use futures::TryStreamExt as _;

use crate::support::{Site, about, advisory};

#[tokio::test(flavor = "multi_thread")]
async fn operations_are_listed_compared_and_forgotten() {
    let site = Site::new().await;
    let of = |id: &str, package: &str| advisory(id, vec![about("bookworm", package, Some("2"))]);
    let first = site.update(&[of("CVE-1", "one"), of("CVE-2", "two")]).await;
    let second = site
        .update(&[of("CVE-2", "two"), of("CVE-3", "three")])
        .await;
    let matcher = site.matcher().await;
    matcher.has(&second).await;
    let mut client = matcher.client.clone();

    let all = client
        .list_update_operations(ListUpdateOperationsRequest::default())
        .await
        .unwrap();
    let all = all.into_inner();
    let refs: Vec<_> = all
        .operations
        .iter()
        .map(|operation| operation.r#ref.clone())
        .collect();
    assert_eq!(
        refs,
        [second.reference.to_string(), first.reference.to_string()]
    );
    assert_eq!(all.latest_ref, second.reference.to_string());
    assert_eq!((all.operations[0].added, all.operations[0].removed), (1, 1));

    let request = GetUpdateDiffRequest {
        current_ref: second.reference.to_string(),
        previous_ref: first.reference.to_string(),
    };
    let parts = client
        .get_update_diff(request.clone())
        .await
        .unwrap()
        .into_inner();
    let parts: Vec<_> = parts.try_collect().await.unwrap();
    assert_eq!(
        parts[0].current.as_ref().unwrap().r#ref,
        request.current_ref
    );
    assert_eq!(
        parts[0].previous.as_ref().unwrap().r#ref,
        request.previous_ref
    );
    let added = |part: &clair_rpc::proto::matcher::v1::GetUpdateDiffResponse| part.added.clone();
    let removed =
        |part: &clair_rpc::proto::matcher::v1::GetUpdateDiffResponse| part.removed.clone();
    let named = |statements: Vec<clair_rpc::proto::model::v1::Vulnerability>| {
        statements
            .into_iter()
            .map(|statement| statement.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(named(parts.iter().flat_map(added).collect()), ["CVE-3"]);
    assert_eq!(named(parts.iter().flat_map(removed).collect()), ["CVE-1"]);

    let forget = async |reference: &str| {
        let request = DeleteUpdateOperationRequest {
            r#ref: reference.to_owned(),
        };
        let response = matcher
            .client
            .clone()
            .delete_update_operation(request)
            .await;
        response
            .map(|response| response.into_inner().deleted)
            .map_err(|status| Error::from(status).code())
    };
    assert_eq!(forget(&request.previous_ref).await, Ok(true));
    assert_eq!(forget(&request.previous_ref).await, Ok(false));
    assert_eq!(
        forget(&request.current_ref).await,
        Err(ErrorCode::FailedPrecondition)
    );
    assert_eq!(forget("1").await, Err(ErrorCode::InvalidArgument));
    let gone = client.get_update_diff(request).await.unwrap_err();
    assert_eq!(Error::from(gone).code(), ErrorCode::NotFound);
    matcher.stop().await;
}
