//! What the notices of openEuler come to.

use std::fs;

use clair_feeds::{FetchOptions, Fetcher};
use clair_model::{PackageKind, Severity};

use crate::corpus::read;
use crate::support::{corpus, feed, parse, refused};

/// A notice with these source packages, `(release, file)`, fixed for one CVE in these releases.
fn notice(sources: &[(&str, &str)], fixed: &[&str]) -> String {
    let sources: Vec<String> = sources
        .iter()
        .map(|(release, file)| {
            format!(
                r#"<FullProductName ProductID="x" CPE="cpe:/a:openEuler:openEuler:{release}"
                >{file}</FullProductName>"#
            )
        })
        .collect();
    let fixed: Vec<String> = fixed
        .iter()
        .map(|release| format!("<ProductID>openEuler-{release}</ProductID>"))
        .collect();
    format!(
        r#"<?xml version="1.0"?><cvrfdoc xmlns="http://www.icasi.org/CVRF/schema/cvrf/1.1">
        <DocumentTracking><Identification><ID>openEuler-SA-2024-1</ID></Identification>
        <CurrentReleaseDate>2024-03-29</CurrentReleaseDate></DocumentTracking>
        <DocumentReferences><Reference Type="Self"><URL>https://x.example/1</URL></Reference>
        <Reference Type="Other"><URL>https://x.example/2</URL></Reference></DocumentReferences>
        <ProductTree><Branch Type="Package Arch" Name="x86_64">
        <FullProductName ProductID="y" CPE="c:1">a-libs-1-1.x86_64.rpm</FullProductName></Branch>
        <Branch Type="Package Arch" Name="src">{}</Branch></ProductTree>
        <Vulnerability><Notes><Note>About it.</Note></Notes><ReleaseDate>2024-03-28</ReleaseDate>
        <CVE>CVE-2024-1000</CVE><ProductStatuses><Status Type="Fixed">{}</Status></ProductStatuses>
        <Threats><Threat Type="Impact"><Description>High</Description></Threat></Threats>
        <CVSSScoreSets><ScoreSet><Vector>AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N</Vector></ScoreSet>
        </CVSSScoreSets></Vulnerability></cvrfdoc>"#,
        sources.concat(),
        fixed.concat()
    )
}

#[test]
fn a_notice_is_about_a_source_package_in_each_of_its_releases() {
    let both = ["22.03-LTS-SP1", "22.03-LTS-SP2"];
    let sources = [
        (both[0], "a-b-1.2-3.oe2203sp1.src.rpm"),
        (both[1], "a-b-1.2-4.oe2203sp2.src.rpm"),
    ];
    let collected = parse("openeuler/cvrf", notice(&sources, &both)).unwrap();
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 openeuler:22.03-lts-sp1 a-b: fixed < 1.2-3.oe2203sp1",
            "CVE-2024-1000 openeuler:22.03-lts-sp2 a-b: fixed < 1.2-4.oe2203sp2",
        ]
    );
    let advisory = collected.one();
    assert_eq!(advisory.affected[0].kind, PackageKind::Source);
    assert_eq!(advisory.aliases, ["openEuler-SA-2024-1"]);
    assert_eq!(advisory.links, ["https://x.example/1"]);
    assert_eq!(advisory.description, "About it.");
    assert_eq!(advisory.normalized_severity, Severity::High);
    assert_eq!(
        advisory.cvss,
        ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"]
    );
    assert_eq!(advisory.issued.unwrap().to_string(), "2024-03-28T00:00:00Z");
    assert_eq!(
        advisory.modified.unwrap().to_string(),
        "2024-03-29T00:00:00Z"
    );

    let one = parse("openeuler/cvrf", notice(&sources, &both[..1])).unwrap();
    assert_eq!(one.one().affected.len(), 1);
}

#[test]
fn what_is_no_source_package_of_a_release_is_left_out() {
    let sources = [
        ("22.03-LTS", "a-1-1.x86_64.rpm"),
        ("22.03-LTS", "a-1.src.rpm"),
        ("next release", "a-1-1.src.rpm"),
        ("22.03-LTS", "b-1-1.src.rpm"),
    ];
    let collected = parse("openeuler/cvrf", notice(&sources, &["22.03-LTS"])).unwrap();
    assert_eq!(
        collected.reasons(),
        [
            "no-package: test a-1-1.x86_64.rpm",
            "no-version: test a-1.src.rpm",
            "unknown-release: test a-1-1.src.rpm",
        ]
    );
    let none = parse("openeuler/cvrf", notice(&sources[3..], &["20.03-LTS"])).unwrap();
    assert_eq!(
        none.reasons(),
        ["no-package: openEuler-SA-2024-1 CVE-2024-1000"]
    );
    let nothing = parse("openeuler/cvrf", notice(&[], &[])).unwrap();
    assert_eq!(nothing.reasons(), ["no-package: openEuler-SA-2024-1"]);
}

#[test]
fn what_is_no_notice_is_refused() {
    for (name, text, reason) in [
        (
            "openeuler/cvrf",
            "EOF",
            "neither a tar nor a zip archive, nor a record in XML",
        ),
        (
            "openeuler/cvrf",
            "<html></html>",
            "no notices that can be read",
        ),
        ("openeuler/cvrf", "<cvrfdoc>", "no notices that can be read"),
        ("openeuler", "<cvrfdoc>", "nor a record in JSON"),
    ] {
        let error = refused(name, text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn records_name_the_source_package_and_the_service_pack() {
    let json = r#"{"id":"OESA-2024-2048","upstream":["CVE-2024-3049"],"summary":"booth update",
        "modified":"2025-09-03T06:20:13Z","database_specific":{"severity":"High"},
        "affected":[{"package":{"ecosystem":"openEuler:22.03-LTS-SP3","name":"booth",
        "purl":"pkg:rpm/openEuler/booth&distro=openEuler-22.03-LTS-SP3"},"ranges":[{
        "type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.0-9.oe2203sp3"}]}]},
        {"package":{"ecosystem":"openEuler","name":"booth"},"ranges":[]}]}"#;
    let collected = parse("openeuler", json).unwrap();
    assert_eq!(
        collected.statements(),
        ["CVE-2024-3049 openeuler:22.03-lts-sp3 booth: fixed < 1.0-9.oe2203sp3"]
    );
    assert_eq!(collected.one().aliases, ["OESA-2024-2048"]);
    assert_eq!(collected.one().normalized_severity, Severity::High);
    assert_eq!(
        collected.reasons(),
        ["unknown-release: OESA-2024-2048 booth"]
    );
}

#[test]
fn the_form_is_told_by_what_lies_below_the_root() {
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap().parse().unwrap();
    let name = || {
        feed("openeuler")
            .sources(&fetcher, &root)
            .unwrap()
            .remove(0)
            .name
    };
    assert_eq!(name(), "openeuler");
    fs::create_dir(directory.path().join("cvrf")).unwrap();
    assert_eq!(name(), "openeuler/cvrf");
    let single = directory.path().join("cvrf-openEuler-SA-2024-1.xml");
    fs::write(&single, "").unwrap();
    let single = single.to_str().unwrap().parse().unwrap();
    let sources = feed("openeuler").sources(&fetcher, &single).unwrap();
    assert_eq!(sources[0].name, "openeuler/cvrf");
}

#[test]
fn the_notices_of_openeuler() {
    let Some(corpus) = corpus() else { return };
    let collected = read("openeuler/cvrf", &corpus.join("feeds/openeuler/cvrf"));
    assert_eq!(collected.reasons(), ["malformed: broken-cvrf.xml"]);
    assert_eq!(collected.advisories.len(), 1 + 1 + 2 + 9);
    let statements = collected.statements();
    for statement in [
        "CVE-2020-12867 openeuler:20.03-lts sane-backends: fixed < 1.0.28-9.oe1",
        "CVE-2020-12867 openeuler:20.03-lts-sp1 sane-backends: fixed < 1.0.28-9.oe1",
        "CVE-2021-41183 openeuler:20.03-lts-sp3 python-XStatic-jquery-ui: fixed < 1.12.1.1-2.oe1",
        "CVE-2023-2952 openeuler:22.03-lts-sp1 wireshark: fixed < 3.6.14-1.oe2203sp1",
        "CVE-2023-0667 openeuler:22.03-lts-sp1 wireshark: fixed < 3.6.14-1.oe2203sp1",
        "CVE-2021-47014 openeuler:22.03-lts-sp2 kernel: fixed < 5.10.0-153.48.0.126.oe2203sp2",
        "CVE-2021-47036 openeuler:22.03-lts-sp2 kernel: fixed < 5.10.0-153.48.0.126.oe2203sp2",
        "CVE-2023-52445 openeuler:22.03-lts-sp2 kernel: fixed < 5.10.0-153.48.0.126.oe2203sp2",
        "CVE-2023-52593 openeuler:22.03-lts-sp2 kernel: fixed < 5.10.0-153.48.0.126.oe2203sp2",
        "CVE-2023-52604 openeuler:22.03-lts-sp2 kernel: fixed < 5.10.0-153.48.0.126.oe2203sp2",
    ] {
        assert!(statements.iter().any(|it| it == statement), "{statement}");
    }
    let wireshark = collected
        .advisories
        .iter()
        .find(|it| it.id == "CVE-2023-2952")
        .unwrap();
    assert_eq!(wireshark.normalized_severity, Severity::Medium);
    assert_eq!(
        wireshark.cvss,
        ["CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H"]
    );
    assert_eq!(wireshark.aliases, ["openEuler-SA-2023-1374"]);
}
