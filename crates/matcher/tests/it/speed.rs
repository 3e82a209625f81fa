//! How fast reports are made. It prints what it measures; what it asserts is only that a report
//! takes no longer than anybody would wait.

use std::time::Instant;

use clair_rpc::proto::matcher::v1::GetVulnerabilityReportRequest;
use clair_rpc::proto::matcher::v1::get_vulnerability_report_request::Image;
use clair_rpc::proto::model::v1::ReportFormat;
use futures::StreamExt as _;

use crate::support::{Site, about, advisory, bookworm, image, package};

const PACKAGES: usize = 600;
const PER_PACKAGE: usize = 20;
const REPORTS: u32 = 60;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_six_hundred_packages_takes_far_less_than_a_second() {
    let site = Site::new().await;
    let advisories: Vec<_> = (0..PACKAGES * PER_PACKAGE)
        .map(|number| {
            // One in twenty affects.
            let fixed = if number % PER_PACKAGE == 0 { "2" } else { "1" };
            let package = format!("source-{}", number / PER_PACKAGE);
            let statement = about("bookworm", &package, Some(fixed));
            advisory(&format!("CVE-2026-{number}"), vec![statement])
        })
        .collect();
    let operation = site.update(&advisories).await;
    let packages =
        (0..PACKAGES).map(|n| package(&format!("binary-{n}"), &format!("source-{n}"), "1"));
    let index = image(1, bookworm(), packages.collect());
    site.index(&index).await;
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    let (report, _) = matcher.report(&index.manifest_hash).await.unwrap();
    assert_eq!(report.vulnerabilities.len(), PACKAGES);

    for concurrency in [1, 32] {
        let began = Instant::now();
        let each = futures::stream::iter(0..REPORTS).map(|_| async {
            let request = GetVulnerabilityReportRequest {
                image: Some(Image::ManifestDigest(index.manifest_hash.to_string())),
                format: ReportFormat::Json.into(),
            };
            let began = Instant::now();
            matcher
                .client
                .clone()
                .get_vulnerability_report(request)
                .await
                .unwrap();
            began.elapsed()
        });
        let mut times: Vec<_> = each.buffer_unordered(concurrency).collect().await;
        times.sort_unstable();
        let (median, slow) = (times[times.len() / 2], times[times.len() * 99 / 100]);
        let rate = f64::from(REPORTS) / began.elapsed().as_secs_f64();
        println!("concurrency {concurrency}: {rate:.1} reports/s, p50 {median:?}, p99 {slow:?}");
        assert!(concurrency > 1 || median.as_secs_f64() < 1.0, "{median:?}");
    }
    matcher.stop().await;
}
