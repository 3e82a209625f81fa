//! Fedora: lists of updates, and pages of Bodhi.

use clair_feeds::{FetchOptions, Fetcher, Skip};
use clair_model::{PackageKind, Severity};

use crate::corpus::read;
use crate::server::{Response, Server};
use crate::support::{corpus, feed, parse, refused};

const LIST: &str = r#"<updates><update type="security"><id>FEDORA-2024-1</id>
    <severity>Moderate</severity><description>Fixes CVE-2024-1009.</description>
    <references><reference href="https://bugzilla.redhat.com/1" id="1"
        title="CVE-2024-1000 CVE-2024-1001 a: two bugs [fedora-all]" type="bugzilla"/></references>
    <pkglist><collection><package arch="x86_64" epoch="0" name="a" release="2.fc41" version="1"/>
    </collection></pkglist></update>
    <update type="security"><id>FEDORA-2024-2</id><description>Fixes CVE-2024-1009.</description>
    <pkglist><collection><package arch="x86_64" epoch="0" name="b" release="2.fc41" version="1"/>
    </collection></pkglist></update>
    <update type="enhancement"><id>FEDORA-2024-3</id></update></updates>"#;

fn page(update: &str) -> String {
    format!(
        r#"{{"updates":[{{"alias":"FEDORA-2024-1","type":"security","status":"stable",
        "severity":"urgent","notes":"Security fix for CVE-2024-1009","url":"https://a.example/1",
        "date_stable":"2024-01-02 03:04:05","release":{{"id_prefix":"FEDORA","version":"41"}},
        "builds":[{{"nvr":"a-b-1.2-3.fc41","type":"rpm","epoch":2}}],"bugs":[]{update}}}],"page":1}}"#
    )
}

#[test]
fn bugs_name_vulnerabilities_or_else_the_description_does() {
    let collected = parse("fedora/41", LIST).unwrap();
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 fedora:41 a: fixed < 1-2.fc41",
            "CVE-2024-1001 fedora:41 a: fixed < 1-2.fc41",
            "CVE-2024-1009 fedora:41 b: fixed < 1-2.fc41",
        ]
    );
    assert_eq!(collected.reasons(), ["not-security: FEDORA-2024-3"]);
    assert!(collected.advisories[0].affected[0].arches.is_empty());
    let error = refused("fedora", LIST);
    assert!(
        error.contains("its place does not tell the release"),
        "{error}"
    );
}

#[test]
fn a_page_of_bodhi_speaks_of_sources() {
    let collected = parse("fedora", page("")).unwrap();
    assert_eq!(
        collected.statements(),
        ["CVE-2024-1009 fedora:41 a-b: fixed < 2:1.2-3.fc41"]
    );
    let advisory = collected.one();
    assert_eq!(advisory.affected[0].kind, PackageKind::Source);
    assert_eq!(advisory.normalized_severity, Severity::Critical);
    assert_eq!(advisory.aliases, ["FEDORA-2024-1"]);
    assert_eq!(advisory.issued.unwrap().to_string(), "2024-01-02T03:04:05Z");
}

#[test]
fn updates_that_nobody_gets_are_left_out() {
    for (from, to, reason) in [
        ("\"stable\"", "\"unpushed\"", Skip::Withdrawn),
        ("\"stable\"", "\"testing\"", Skip::Conditional),
        ("\"stable\"", "\"new\"", Skip::UnknownStatus),
        ("\"security\"", "\"bugfix\"", Skip::NotSecurity),
        ("\"FEDORA\"", "\"FEDORA-EPEL\"", Skip::OtherProduct),
    ] {
        let collected = parse("fedora", page("").replacen(from, to, 1)).unwrap();
        assert!(collected.advisories.is_empty());
        assert_eq!(collected.skipped[0].0, reason, "{to}");
    }
    let flatpak = page("").replace("\"rpm\"", "\"flatpak\"");
    let reasons = parse("fedora", flatpak).unwrap().reasons();
    assert_eq!(
        reasons,
        [
            "other-product: FEDORA-2024-1 a-b-1.2-3.fc41",
            "no-package: FEDORA-2024-1"
        ]
    );
}

#[test]
fn releases_are_those_that_the_server_lists() {
    let listing = r#"<a href="41/">41/</a> <a href="testing/">testing/</a> <a href="9/">9/</a>"#;
    let index =
        r#"<repomd><data type="updateinfo"><location href="repodata/u.xml.zst"/></data></repomd>"#;
    let server = Server::start(move |request| match request.path() {
        "/" => Response::new(200, listing),
        "/41/Everything/x86_64/repodata/repomd.xml" => Response::new(200, index),
        _ => Response::new(404, ""),
    });
    let fetcher = Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    });
    let sources = feed("fedora")
        .sources(&fetcher.unwrap(), &server.at(""))
        .unwrap();
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].name, "fedora/41");
    assert_eq!(
        sources[0].locations,
        [server.at("41/Everything/x86_64/repodata/u.xml.zst")]
    );
}

#[test]
fn a_page_as_it_was_served() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/fedora/bodhi-F36-updates.json.gz");
    let collected = read("fedora", &path);
    assert!(collected.skipped.is_empty(), "{:?}", collected.reasons());
    // Of 100 updates, as a second reading has it.
    assert_eq!(collected.advisories.len(), 230);
    let statements = collected.statements();
    assert_eq!(statements.len(), 261);
    for expected in [
        "CVE-2022-32205 fedora:36 curl: fixed < 7.82.0-6.fc36",
        "CVE-2022-27782 fedora:36 curl: fixed < 7.82.0-5.fc36",
        "CVE-2022-22576 fedora:36 curl: fixed < 7.82.0-4.fc36",
        "CVE-2022-1720 fedora:36 vim: fixed < 2:8.2.5172-1.fc36",
        "CVE-2022-1851 fedora:36 vim: fixed < 2:8.2.5046-1.fc36",
        "CVE-2022-1674 fedora:36 vim: fixed < 2:8.2.4969-1.fc36",
        "CVE-2022-26377 fedora:36 httpd: fixed < 2.4.54-3.fc36",
        "CVE-2022-21123 fedora:36 xen: fixed < 4.16.1-4.fc36",
        "CVE-2022-21166 fedora:36 kernel: fixed < 5.18.5-200.fc36",
        "FEDORA-2022-59e474cd5c fedora:36 firefox: fixed < 102.0-1.fc36",
    ] {
        assert!(statements.iter().any(|it| it == expected), "{expected}");
    }
}
