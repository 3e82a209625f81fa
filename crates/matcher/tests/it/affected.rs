//! The reverse question agrees with the reports.

use std::collections::{BTreeMap, BTreeSet};

use clair_model::{Advisory, FixState, IndexReport, Vulnerable};
use clair_rpc::proto::matcher::v1::affected_by_advisories_request::Selection;
use clair_rpc::proto::matcher::v1::{
    AffectedByAdvisoriesRequest, AffectedManifest, Change, ListAffectedManifestsRequest,
    UpdateDifference, Vulnerabilities,
};
use clair_rpc::{Error, ErrorCode};
use clair_version::Scheme;
use futures::TryStreamExt as _;

use crate::support::{Matcher, Site, about, advisory, bookworm, debian, digest, image, package};

const IMAGES: u64 = 60;
const NAMES: u64 = 7;
const ADVISORIES: u64 = 40;

/// A fixed sequence of numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn inventory() -> Vec<IndexReport> {
    let mut numbers = Numbers(1);
    (1..=IMAGES)
        .map(|number| {
            let release = match numbers.below(3) {
                0 => debian("11", "bullseye"),
                1 => bookworm(),
                // Nothing is known of it.
                _ => debian("13", "trixie"),
            };
            let packages = (0..numbers.below(6)).map(|_| {
                let name = numbers.below(NAMES);
                let version = format!("1.{}", numbers.below(9));
                package(
                    &format!("bin-{name}-{}", numbers.below(2)),
                    &format!("src-{name}"),
                    &version,
                )
            });
            let mut packages: Vec<_> = packages.collect();
            packages.sort_by(|a, b| a.name.cmp(&b.name));
            packages.dedup_by(|a, b| a.name == b.name);
            image(number, release, packages)
        })
        .collect()
}

/// Several records have the same id, some say that a package is not affected after all.
fn advisories(seed: u64) -> Vec<Advisory> {
    let mut numbers = Numbers(seed);
    (0..ADVISORIES)
        .map(|number| {
            let affected = (0..=numbers.below(3)).map(|_| {
                let release = if numbers.below(2) == 0 {
                    "bookworm"
                } else {
                    "bullseye"
                };
                let name = format!("src-{}", numbers.below(NAMES));
                let fixed = format!("1.{}", numbers.below(9));
                let fixed = (numbers.below(4) > 0).then_some(fixed.as_str());
                let mut affected = about(release, &name, fixed);
                if numbers.below(5) == 0 {
                    affected.fix_state = FixState::NotAffected;
                    affected.vulnerable = Vulnerable::none(Scheme::Dpkg);
                }
                affected
            });
            let mut made = advisory(&format!("CVE-{}", number % 30), affected.collect());
            made.aliases = vec![format!("ALIAS-{}", number % 10)];
            // Two records with the same content would be one.
            made.description = format!("Record {number} of {seed}.");
            made
        })
        .collect()
}

async fn pages(matcher: &Matcher, name: &str, size: u32) -> Result<Vec<AffectedManifest>, Error> {
    let mut all = Vec::new();
    let mut request = ListAffectedManifestsRequest {
        vulnerability: name.to_owned(),
        page_size: size,
        page_token: String::new(),
    };
    loop {
        let page = matcher
            .client
            .clone()
            .list_affected_manifests(request.clone())
            .await?;
        let page = page.into_inner();
        assert!(page.manifests.len() <= size as usize);
        let used = page
            .manifests
            .iter()
            .flat_map(|manifest| &manifest.packages);
        let used: BTreeSet<u64> = used
            .flat_map(|package| package.vulnerability_ids.iter().copied())
            .collect();
        assert_eq!(used, page.vulnerabilities.keys().copied().collect());
        all.extend(page.manifests);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifests_of_a_vulnerability_are_those_whose_reports_have_it() {
    let site = Site::new().await;
    let operation = site.update(&advisories(2)).await;
    let images = inventory();
    for image in &images {
        site.index(image).await;
    }
    let matcher = site.matcher().await;
    matcher.has(&operation).await;

    // By name of the vulnerability: digest, package and version.
    let mut expected: BTreeMap<String, BTreeSet<(String, String, String)>> = BTreeMap::new();
    for image in &images {
        let (report, _) = matcher.report(&image.manifest_hash).await.unwrap();
        for (package, ids) in &report.package_vulnerabilities {
            let package = &report.packages[package];
            for found in ids.iter().map(|id| &report.vulnerabilities[id]) {
                let digest = image.manifest_hash.to_string();
                let entry = (digest, package.name.clone(), package.version.clone());
                for name in found.aliases.iter().chain([&found.name]) {
                    expected
                        .entry(name.clone())
                        .or_default()
                        .insert(entry.clone());
                }
            }
        }
    }
    assert!(expected.len() > 20, "{}", expected.len());
    let names = (0..30)
        .map(|n| format!("CVE-{n}"))
        .chain((0..10).map(|n| format!("ALIAS-{n}")));
    for name in names {
        for size in [3, 1000] {
            let manifests = pages(&matcher, &name, size).await.unwrap();
            assert!(manifests.is_sorted_by(|a, b| a.manifest_digest < b.manifest_digest));
            let found: BTreeSet<_> = manifests
                .into_iter()
                .flat_map(|manifest| {
                    let digest = manifest.manifest_digest;
                    manifest
                        .packages
                        .into_iter()
                        .map(move |package| (digest.clone(), package.name, package.version))
                })
                .collect();
            assert_eq!(
                found,
                expected.get(&name).cloned().unwrap_or_default(),
                "{name}"
            );
        }
    }
    let unknown = pages(&matcher, "CVE-none", 10).await.unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::NotFound);
    matcher.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_where_they_ended_whatever_comes_and_goes() {
    let site = Site::new().await;
    let operation = site
        .update(&[advisory("CVE-1", vec![about("bookworm", "src", None)])])
        .await;
    let of = |number| image(number, bookworm(), vec![package("bin", "src", "1")]);
    for number in [2, 4, 6, 8] {
        site.index(&of(number)).await;
    }
    let matcher = site.matcher().await;
    matcher.has(&operation).await;
    let page = async |token: &str| {
        let request = ListAffectedManifestsRequest {
            vulnerability: "cve-1".into(),
            page_size: 2,
            page_token: token.into(),
        };
        let page = matcher
            .client
            .clone()
            .list_affected_manifests(request)
            .await?
            .into_inner();
        let digests = page
            .manifests
            .into_iter()
            .map(|manifest| manifest.manifest_digest);
        Ok::<_, tonic::Status>((digests.collect::<Vec<_>>(), page.next_page_token))
    };
    let text = |numbers: [u64; 2]| numbers.map(|number| digest(number).to_string());
    let (first, token) = page("").await.unwrap();
    assert_eq!(first, text([2, 4]));
    // One before the place, one after it, and the place itself.
    site.index(&of(1)).await;
    site.index(&of(7)).await;
    site.store.delete_manifests(&[digest(4)]).await.unwrap();
    let (second, token) = page(&token).await.unwrap();
    assert_eq!(second, text([6, 7]));
    let (third, token) = page(&token).await.unwrap();
    assert_eq!(third, [digest(8).to_string()]);
    assert_eq!(token, "");
    assert_eq!(
        page("4").await.unwrap_err().code(),
        tonic::Code::InvalidArgument
    );
    matcher.stop().await;
}

type Affected = BTreeMap<(Change, String), BTreeSet<String>>;

async fn affected(matcher: &Matcher, selection: Selection) -> Affected {
    let request = AffectedByAdvisoriesRequest {
        selection: Some(selection),
    };
    let answers = matcher
        .client
        .clone()
        .affected_by_advisories(request)
        .await
        .unwrap();
    let answers: Vec<_> = answers.into_inner().try_collect().await.unwrap();
    let mut found = Affected::new();
    for answer in answers {
        let key = (answer.change(), answer.vulnerability.unwrap().name);
        found
            .entry(key)
            .or_default()
            .extend(answer.manifest_digests);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_affects_the_images_whose_reports_it_changes() {
    let site = Site::new().await;
    let of = |id: &str, package: &str| advisory(id, vec![about("bookworm", package, Some("2"))]);
    let first = site.update(&[of("CVE-1", "one"), of("CVE-2", "two")]).await;
    for (number, source, version) in [
        (1, "one", "1"),
        (2, "two", "1"),
        (3, "three", "1"),
        (4, "three", "2"),
        (5, "one", "3"),
    ] {
        site.index(&image(
            number,
            bookworm(),
            vec![package("bin", source, version)],
        ))
        .await;
    }
    let matcher = site.matcher().await;
    matcher.has(&first).await;
    let second = site
        .update(&[of("CVE-2", "two"), of("CVE-3", "three")])
        .await;

    // No event has come: the question itself makes the matcher look.
    let difference = |current: String, previous: String| {
        Selection::Difference(UpdateDifference {
            current_ref: current,
            previous_ref: previous,
        })
    };
    let (newer, older) = (second.reference.to_string(), first.reference.to_string());
    let found = affected(&matcher, difference(newer.clone(), older)).await;
    let only = |number| BTreeSet::from([digest(number).to_string()]);
    assert_eq!(
        found,
        Affected::from([
            ((Change::Added, "CVE-3".into()), only(3)),
            ((Change::Removed, "CVE-1".into()), only(1)),
        ])
    );
    let found = affected(&matcher, difference(newer, String::new())).await;
    assert_eq!(
        found,
        Affected::from([
            ((Change::Added, "CVE-2".into()), only(2)),
            ((Change::Added, "CVE-3".into()), only(3)),
        ])
    );

    let (report, _) = matcher.report(&digest(2)).await.unwrap();
    let vulnerabilities = report
        .vulnerabilities
        .into_values()
        .map(Into::into)
        .collect();
    let given = Selection::Vulnerabilities(Vulnerabilities { vulnerabilities });
    let found = affected(&matcher, given.clone()).await;
    assert_eq!(
        found,
        Affected::from([((Change::Unspecified, "CVE-2".into()), only(2))])
    );
    let third = site.update(&[of("CVE-3", "three")]).await;
    site.tell(&third).await;
    matcher.has(&third).await;
    assert_eq!(affected(&matcher, given).await, Affected::new());
    matcher.stop().await;
}
