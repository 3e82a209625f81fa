//! An image that cannot be indexed is an outcome that says why.

use clair_rpc::ErrorCode;
use clair_rpc::proto::indexer::v1::GetIndexReportRequest;
use clair_rpc::proto::indexer::v1::get_index_report_response::Report;
use clair_rpc::proto::model::v1;
use http::StatusCode;

use crate::layers::{Blob, base, upper};
use crate::support::{Answer, Blobs, Indexed, Indexer, manifest};

#[tokio::test(flavor = "multi_thread")]
async fn another_layer_than_the_digest_says_is_a_bad_layer() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let (wanted, other) = (base(), upper("curl"));
    let layer = blobs.answer(&wanted.digest, Answer::ok(&other.bytes));
    let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
    let (code, message, layer) = answer.failure();
    assert_eq!(
        (code, layer),
        (ErrorCode::BadLayer, wanted.digest.to_string())
    );
    assert!(message.contains("not what its digest says"), "{message}");
    let report = answer.report();
    assert!(!report.success && report.err == message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_a_bad_layer() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let whole = base().bytes;
    for (name, bytes) in [
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("no archive", b"<html>not found</html>".repeat(100)),
    ] {
        let layer = blobs.serve(&Blob::of(bytes));
        let answer = indexer.index(&manifest(name, vec![layer])).await.unwrap();
        assert_eq!(answer.failure().0, ErrorCode::BadLayer, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_early_is_not_the_layers_fault() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let blob = base();
    let cut = Answer::ok(&blob.bytes[..blob.bytes.len() / 2]);
    let length = blob.bytes.len().to_string();
    let layer = blobs.answer(&blob.digest, cut.with("content-length", &length));
    let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
    let (code, message, _) = answer.failure();
    assert_eq!(code, ErrorCode::LayerUnavailable, "{message}");
}

/// A server that breaks off in the middle, and then has what is asked for.
async fn broken_off(blob: &Blob, then: Answer) -> (Blobs, Indexed) {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let length = blob.bytes.len().to_string();
    let cut = Answer::ok(&blob.bytes[..blob.bytes.len() / 2]).with("content-length", &length);
    let layer = blobs.answer(&blob.digest, cut);
    let image = manifest("a", vec![layer]);
    let (answer, ()) = tokio::join!(indexer.index(&image), async {
        // The first request has been answered when the second comes.
        blobs.requested(2).await;
        blobs.answer(&blob.digest, then);
    });
    (blobs, answer.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_breaks_off_is_taken_up_where_it_was() {
    let blob = base();
    let (half, length) = (blob.bytes.len() / 2, blob.bytes.len());
    let mut rest = Answer::ok(&blob.bytes[half..]);
    rest.status = StatusCode::PARTIAL_CONTENT;
    let range = format!("bytes {half}-{}/{length}", length - 1);
    let (blobs, indexed) = broken_off(&blob, rest.with("content-range", &range)).await;
    assert!(indexed.report().success);
    let asked = blobs.last_headers();
    assert_eq!(asked["range"].to_str().unwrap(), format!("bytes={half}-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_knows_no_ranges_is_heard_again_from_the_beginning() {
    let blob = base();
    let (_blobs, indexed) = broken_off(&blob, Answer::ok(&blob.bytes)).await;
    assert!(indexed.report().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_part_than_was_asked_for_is_not_the_layer() {
    let blob = base();
    let mut other = Answer::ok(&blob.bytes[1..]);
    other.status = StatusCode::PARTIAL_CONTENT;
    let (_blobs, indexed) = broken_off(&blob, other.with("content-range", "bytes 1-9/10")).await;
    assert_eq!(indexed.failure().0, ErrorCode::LayerUnavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_tells_what_the_server_said_and_no_credential() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let blob = base();
    let refusal = Answer::status(403, &format!("token expired {}", "x".repeat(1000)));
    let mut layer = blobs.answer(&blob.digest, refusal);
    layer.uri.push_str("?signature=secret");
    let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
    let (code, message, layer) = answer.failure();
    assert_eq!(
        (code, layer),
        (ErrorCode::LayerUnavailable, blob.digest.to_string())
    );
    assert!(message.contains("403 Forbidden"), "{message}");
    assert!(
        message.contains("token expired") && message.len() < 1000,
        "{message}"
    );
    assert!(!message.contains("secret"), "{message}");
    // Asking again at once would be refused again.
    assert_eq!(blobs.requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_200_is_a_layer() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let blob = base();
    for status in [204, 206, 404] {
        let mut answer = Answer::ok(&blob.bytes);
        answer.status = status.try_into().unwrap();
        let layer = blobs.answer(&blob.digest, answer);
        let answer = indexer.index(&manifest("a", vec![layer])).await.unwrap();
        assert_eq!(answer.failure().0, ErrorCode::LayerUnavailable, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_the_reason_is_kept_and_so_are_the_layers_that_were_read() {
    let (blobs, mut indexer) = (Blobs::start().await, Indexer::start().await);
    let (bottom, top) = (base(), upper("curl"));
    let good = blobs.serve(&bottom);
    // The good layer is read first, as another image's.
    indexer
        .index(&manifest("first", vec![good.clone()]))
        .await
        .unwrap();
    let refused = blobs.answer(&top.digest, Answer::status(403, "no"));
    let image = manifest("a", vec![good.clone(), refused]);
    indexer.index(&image).await.unwrap().failure();

    let request = GetIndexReportRequest {
        manifest_digest: image.hash.to_string(),
        format: v1::ReportFormat::Message.into(),
    };
    let kept = indexer
        .client
        .get_index_report(request)
        .await
        .unwrap()
        .into_inner();
    let Some(Report::Message(report)) = kept.report else {
        panic!("a message")
    };
    assert_eq!(report.state(), v1::IndexState::IndexError);
    assert!(report.error.contains("403") && !report.success && !kept.current);

    let before = blobs.requests();
    let image = manifest("a", vec![good, blobs.serve(&top)]);
    let answer = indexer.index(&image).await.unwrap();
    assert!(answer.report().success);
    assert_eq!(blobs.requests(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_good_token_is_not_failed_by_one_with_a_bad_token() {
    let (blobs, indexer) = (Blobs::start().await, Indexer::start().await);
    let blob = base();
    let bad = blobs.answer(&base().digest, Answer::status(403, "no"));
    let other = Blobs::start().await;
    let good = other.serve(&blob);
    blobs.hold();
    let (first, second) = (manifest("a", vec![bad]), manifest("a", vec![good]));
    let second = async {
        blobs.requested(1).await;
        let waiting = async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            blobs.release();
        };
        tokio::join!(indexer.index(&second), waiting).0
    };
    let (first, second) = tokio::join!(indexer.index(&first), second);
    assert_eq!(first.unwrap().failure().0, ErrorCode::LayerUnavailable);
    assert!(second.unwrap().report().success);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_makes_no_sense_is_refused_by_the_name_of_the_field() {
    let indexer = Indexer::start().await;
    let layer = |uri: &str| clair_model::ManifestLayer {
        hash: base().digest,
        uri: uri.to_owned(),
        headers: std::collections::BTreeMap::new(),
    };
    let mut bad_header = layer("http://example.com/");
    bad_header
        .headers
        .insert("a b".to_owned(), vec!["secret".to_owned()]);
    let many = vec![layer("http://example.com/"); 1001];
    for (layers, field) in [
        (vec![], "manifest.layers"),
        (vec![layer("file:///etc/passwd")], "manifest.layers[0].uri"),
        (vec![layer("/relative")], "manifest.layers[0].uri"),
        (vec![bad_header], "manifest.layers[0].headers"),
        (many, "manifest.layers"),
    ] {
        let error = indexer.index(&manifest("a", layers)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
        assert_eq!(error.fields()[0].field, field);
        assert!(!error.message().contains("secret"), "{error}");
    }
}
