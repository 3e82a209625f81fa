//! Reports, one at a time and in batches.

use clair_model::{FixState, GapKind, Namespace, PackageKind, Vulnerable};
use clair_rpc::ErrorCode;
use clair_rpc::proto::matcher::v1::BatchGetVulnerabilityReportsRequest;
use clair_rpc::proto::matcher::v1::batch_get_vulnerability_reports_response::Outcome;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_request::Image;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_response::Report;
use clair_rpc::proto::matcher::v1::{GetVulnerabilityReportRequest, ListAffectedManifestsRequest};
use clair_rpc::proto::model::v1::ReportFormat;
use clair_runtime::introspection::CheckStatus;
use clair_version::Scheme;
use futures::TryStreamExt as _;

use crate::support::{Site, about, advisory, bookworm, debian, digest, image, names, package};

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_what_affects_the_packages_of_the_image() {
    let site = Site::new().await;
    let mut never = about("bookworm", "zlib", None);
    never.fix_state = FixState::NotAffected;
    never.vulnerable = Vulnerable::none(Scheme::Dpkg);
    let operation = site
        .update(&[
            advisory("CVE-1", vec![about("bookworm", "openssl", Some("3.0.9-1"))]),
            advisory("CVE-2", vec![about("bookworm", "openssl", Some("3.0.8-1"))]),
            advisory("CVE-3", vec![about("bullseye", "openssl", None)]),
            advisory("CVE-4", vec![never]),
        ])
        .await;
    let packages = vec![
        package("libssl3", "openssl", "3.0.8-1"),
        package("zlib1g", "zlib", "1:1.2.13"),
    ];
    let index = image(1, bookworm(), packages);
    site.index(&index).await;
    let matcher = site.matcher().await;
    matcher.has(&operation).await;

    let (report, generation) = matcher.report(&index.manifest_hash).await.unwrap();
    assert_eq!(names(&report), ["CVE-1"]);
    assert_eq!(report.packages, index.packages);
    assert_eq!(generation, matcher.status().await.generation);

    let given = matcher
        .report_of(Image::IndexReport(index.clone().into()))
        .await
        .unwrap();
    assert_eq!(given, (report.clone(), generation));

    let request = GetVulnerabilityReportRequest {
        image: Some(Image::ManifestDigest(index.manifest_hash.to_string())),
        format: ReportFormat::Json.into(),
    };
    let response = matcher
        .client
        .clone()
        .get_vulnerability_report(request)
        .await
        .unwrap();
    let Some(Report::Json(json)) = response.into_inner().report else {
        panic!("no JSON")
    };
    assert_eq!(
        serde_json::from_slice::<clair_model::VulnerabilityReport>(&json).unwrap(),
        report
    );
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_report_without_data_or_without_an_index_report() {
    let site = Site::new().await;
    let matcher = site.matcher().await;
    let index = image(1, bookworm(), vec![package("libssl3", "openssl", "1")]);
    site.index(&index).await;
    let code = async |manifest| matcher.report(&manifest).await.unwrap_err().code();

    assert_eq!(code(digest(1)).await, ErrorCode::NotReady);
    assert!(!matcher.status().await.loaded);
    assert_eq!(matcher.check("matcher-data"), CheckStatus::Failed);

    let operation = site
        .update(&[advisory("CVE-1", vec![about("bookworm", "openssl", None)])])
        .await;
    site.tell(&operation).await;
    matcher.has(&operation).await;
    assert!(matcher.report(&digest(1)).await.is_ok());
    for check in ["matcher-data", "matcher-database", "matcher-events"] {
        assert_eq!(matcher.check(check), CheckStatus::Ok, "{check}");
    }
    assert_eq!(code(digest(2)).await, ErrorCode::NotFound);
    site.store
        .submit_manifest(&digest(3), &[digest(0)])
        .await
        .unwrap();
    assert_eq!(code(digest(3)).await, ErrorCode::NotFound);

    let wrong = matcher
        .report_of(Image::ManifestDigest("sha256:1".into()))
        .await
        .unwrap_err();
    assert_eq!(wrong.code(), ErrorCode::InvalidArgument);
    assert_eq!(wrong.fields()[0].field, "manifest_digest");
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_for_every_manifest_once_whatever_becomes_of_the_others() {
    let site = Site::new().await;
    let operation = site
        .update(&[advisory("CVE-1", vec![about("bookworm", "openssl", None)])])
        .await;
    for number in 1..=20 {
        let packages = vec![package("libssl3", "openssl", "1")];
        site.index(&image(number, bookworm(), packages)).await;
    }
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    // The last is unknown, and the first is asked for twice.
    let asked: Vec<_> = (1..=21)
        .chain([1])
        .map(|number| digest(number).to_string())
        .collect();
    let request = BatchGetVulnerabilityReportsRequest {
        manifest_digests: asked,
        format: ReportFormat::Message.into(),
    };
    let answers = matcher
        .client
        .clone()
        .batch_get_vulnerability_reports(request)
        .await
        .unwrap();
    let mut answers: Vec<_> = answers.into_inner().try_collect().await.unwrap();
    answers.sort_by(|a, b| a.manifest_digest.cmp(&b.manifest_digest));
    let manifests: Vec<_> = answers
        .iter()
        .map(|answer| answer.manifest_digest.clone())
        .collect();
    assert_eq!(
        manifests,
        (1..=21)
            .map(|number| digest(number).to_string())
            .collect::<Vec<_>>()
    );
    for (number, answer) in (1..).zip(answers) {
        match answer.outcome {
            Some(Outcome::Message(report)) => assert_eq!(report.vulnerabilities.len(), 1),
            Some(Outcome::Error(error)) => {
                assert_eq!(number, 21);
                assert_eq!(ErrorCode::from(error.code()), ErrorCode::NotFound);
            }
            other => panic!("{other:?}"),
        }
    }
    matcher.stop().await;
}

/// What Bitnami adds belongs to no distribution; buster is out of support since 2024.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_components_of_an_ecosystem_and_the_end_of_support() {
    let site = Site::new().await;
    let mut statement = about("buster", "redis", Some("7.2.5"));
    statement.namespace = Namespace::bitnami();
    statement.kind = PackageKind::Binary;
    statement.vulnerable = Vulnerable::before(Scheme::Bitnami, "7.2.5");
    let operation = site
        .update(&[
            advisory("CVE-1", vec![statement]),
            advisory("CVE-2", vec![about("buster", "zlib", Some("2"))]),
        ])
        .await;
    let mut redis = package("redis", "redis", "7.2.4-0");
    redis.detector = Some("bitnami".into());
    redis.source = None;
    let packages = vec![redis, package("zlib1g", "zlib", "1:1.2.13")];
    let index = image(1, debian("10", "buster"), packages);
    site.index(&index).await;
    let matcher = site.matcher().await;
    matcher.has(&operation).await;

    let (report, _) = matcher.report(&index.manifest_hash).await.unwrap();
    assert_eq!(names(&report), ["CVE-1"]);
    let kinds: Vec<GapKind> = report.coverage.iter().map(|gap| gap.kind).collect();
    assert_eq!(kinds, [GapKind::EndOfLife]);

    let request = ListAffectedManifestsRequest {
        vulnerability: "CVE-1".into(),
        ..ListAffectedManifestsRequest::default()
    };
    let affected = matcher
        .client
        .clone()
        .list_affected_manifests(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        affected.manifests[0].manifest_digest,
        index.manifest_hash.to_string()
    );
    matcher.stop().await;
}
