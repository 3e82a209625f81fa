//! What is asked about manifests later.

use clair_rpc::proto::indexer::v1::get_index_report_response::Report;
use clair_rpc::proto::indexer::v1::{
    AffectedManifestsRequest, DeleteManifestsRequest, FindPackagesRequest, GetIndexReportRequest,
    GetIndexStateRequest, PackageName,
};
use clair_rpc::proto::model::v1;
use clair_rpc::{Error, ErrorCode};

use crate::layers::{base, upper};
use crate::support::{Blobs, Indexer, manifest};

fn report_request(digest: &clair_model::Digest, format: v1::ReportFormat) -> GetIndexReportRequest {
    GetIndexReportRequest {
        manifest_digest: digest.to_string(),
        format: format.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_given_as_a_message_and_as_json() {
    let (blobs, mut indexer) = (Blobs::start().await, Indexer::start().await);
    let image = manifest("a", vec![blobs.serve(&base())]);
    let expected = indexer.index(&image).await.unwrap().report();
    let request = report_request(&image.hash, v1::ReportFormat::Message);
    let answer = indexer
        .client
        .get_index_report(request)
        .await
        .unwrap()
        .into_inner();
    let Some(Report::Message(message)) = answer.report else {
        panic!("a message")
    };
    assert_eq!(
        clair_model::IndexReport::try_from(message).unwrap(),
        expected
    );
    assert!(answer.current);
    let state = indexer
        .client
        .get_index_state(GetIndexStateRequest {})
        .await
        .unwrap();
    let state = state.into_inner();
    assert_eq!(answer.indexer_state, state.indexer_state);
    assert!(!state.analyzers.is_empty());

    let request = report_request(&image.hash, v1::ReportFormat::Json);
    let answer = indexer
        .client
        .get_index_report(request)
        .await
        .unwrap()
        .into_inner();
    let Some(Report::Json(json)) = answer.report else {
        panic!("JSON")
    };
    assert_eq!(
        serde_json::from_slice::<clair_model::IndexReport>(&json).unwrap(),
        expected
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_nobody_submitted_is_not_found() {
    let mut indexer = Indexer::start().await;
    let request = report_request(&base().digest, v1::ReportFormat::Json);
    let error = Error::from(indexer.client.get_index_report(request).await.unwrap_err());
    assert_eq!(error.code(), ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_gone_and_told_and_can_be_indexed_again_without_fetching() {
    let (blobs, mut indexer) = (Blobs::start().await, Indexer::start().await);
    let image = manifest("a", vec![blobs.serve(&base())]);
    indexer.index(&image).await.unwrap();
    let unknown = base().digest;
    let digests = [image.hash.to_string(), unknown.to_string()];
    let request = DeleteManifestsRequest {
        manifest_digests: digests.to_vec(),
    };
    let deleted = indexer
        .client
        .delete_manifests(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(deleted.deleted_digests, digests[..1]);
    let gone = report_request(&image.hash, v1::ReportFormat::Json);
    assert!(indexer.client.get_index_report(gone).await.is_err());
    let again = indexer
        .client
        .delete_manifests(request)
        .await
        .unwrap()
        .into_inner();
    assert!(again.deleted_digests.is_empty());
    indexer.index(&image).await.unwrap();
    assert_eq!(blobs.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_found_by_the_packages_they_have() {
    let (blobs, mut indexer) = (Blobs::start().await, Indexer::start().await);
    let bottom = blobs.serve(&base());
    let with = manifest("with", vec![bottom.clone(), blobs.serve(&upper("curl"))]);
    let without = manifest("without", vec![bottom]);
    for image in [&with, &without] {
        indexer.index(image).await.unwrap();
    }
    for (kind, name, expected) in [
        (v1::PackageKind::Binary, "curl", vec![&with]),
        (v1::PackageKind::Source, "curl-src", vec![&with]),
        (v1::PackageKind::Binary, "base-files", vec![&with, &without]),
        (v1::PackageKind::Binary, "curl-src", vec![]),
    ] {
        let names = vec![PackageName {
            kind: kind.into(),
            name: name.to_owned(),
        }];
        let request = FindPackagesRequest { names };
        let mut parts = indexer
            .client
            .find_packages(request)
            .await
            .unwrap()
            .into_inner();
        let mut packages = Vec::new();
        while let Some(part) = parts.message().await.unwrap() {
            packages.extend(part.packages.into_iter().filter_map(|package| package.key));
        }
        let request = AffectedManifestsRequest {
            packages,
            ..AffectedManifestsRequest::default()
        };
        let mut parts = indexer
            .client
            .affected_manifests(request)
            .await
            .unwrap()
            .into_inner();
        let mut found = Vec::new();
        while let Some(part) = parts.message().await.unwrap() {
            found.extend(part.manifests.into_iter().map(|one| one.manifest_digest));
        }
        let mut expected: Vec<_> = expected.iter().map(|one| one.hash.to_string()).collect();
        expected.sort();
        assert_eq!(found, expected, "{name}");
    }
}
