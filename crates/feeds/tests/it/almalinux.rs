//! What the errata of AlmaLinux come to.

use std::fs;

use clair_feeds::{FetchOptions, Fetcher, Skip};
use clair_model::{PackageKind, Severity};

use crate::corpus::read;
use crate::support::{Collected, corpus, feed, parse, refused, words};

/// A document of the recommended form with one erratum of these packages: name, version,
/// release, architecture, module.
fn document(id: &str, kind: &str, cves: &[&str], packages: &[[&str; 5]]) -> String {
    let references: Vec<String> = cves
        .iter()
        .map(|cve| format!(r#"{{"href":"https://x.example/{cve}","id":"{cve}","type":"cve"}}"#))
        .collect();
    let packages: Vec<String> = packages
        .iter()
        .map(|[name, version, release, arch, module]| {
            format!(
                r#"{{"name":"{name}","epoch":"0","version":"{version}","release":"{release}",
                "arch":"{arch}","module":"{module}"}}"#
            )
        })
        .collect();
    format!(
        r#"{{"schema_version":"1.1","data":[{{"id":"{id}","type":"{kind}","severity":"Moderate",
        "title":"Moderate: it","description":"About it.","issued_date":1572983623,
        "updated_date":1651142818,"modules":[],"references":[{}],"packages":[{}]}}]}}"#,
        references.join(","),
        packages.join(",")
    )
}

/// The statements with what they are limited to.
fn limited(collected: &Collected) -> Vec<String> {
    let affected = collected.advisories.iter().flat_map(|it| &it.affected);
    let limited = affected.map(|it| {
        let module = it.module.as_deref().unwrap_or("-");
        format!("{} {} {module}", words(it), it.arches.join("|"))
    });
    limited.collect()
}

#[test]
fn a_package_is_fixed_on_its_architectures_and_in_its_module() {
    let json = document(
        "ALSA-2019:3708",
        "security",
        &["CVE-2019-2510", "CVE-2019-2537"],
        &[
            [
                "Judy",
                "1.0.5",
                "18.module_el8.5.0+1",
                "x86_64",
                "mariadb:10.3:8:c:x86_64",
            ],
            [
                "Judy",
                "1.0.5",
                "18.module_el8.6.0+2",
                "aarch64",
                "mariadb:10.5:8:c:aarch64",
            ],
            ["bash", "5.1", "6.el8", "x86_64", ""],
            ["bash", "5.1", "6.el8", "aarch64", ""],
        ],
    );
    let collected = parse("almalinux/8", json).unwrap();
    let each = [
        "almalinux:8 Judy: fixed < 1.0.5-18.module_el8.5.0+1 x86_64 mariadb:10.3",
        "almalinux:8 Judy: fixed < 1.0.5-18.module_el8.6.0+2 aarch64 mariadb:10.5",
        "almalinux:8 bash: fixed < 5.1-6.el8 aarch64|x86_64 -",
    ];
    assert_eq!(limited(&collected), [each, each].concat());
    let ids: Vec<&str> = collected
        .advisories
        .iter()
        .map(|it| it.id.as_str())
        .collect();
    assert_eq!(ids, ["CVE-2019-2510", "CVE-2019-2537"]);
    let advisory = &collected.advisories[0];
    assert_eq!(advisory.aliases, ["ALSA-2019:3708"]);
    assert_eq!(
        advisory.links,
        ["https://errata.almalinux.org/8/ALSA-2019-3708.html"]
    );
    assert_eq!(advisory.normalized_severity, Severity::Medium);
    assert_eq!(advisory.issued.unwrap().to_string(), "2019-11-05T19:53:43Z");
    assert_eq!(advisory.affected[0].kind, PackageKind::Binary);
}

#[test]
fn of_several_builds_with_the_fix_the_oldest_is_the_first_that_has_it() {
    let json = document(
        "ALSA-2020:0279",
        "security",
        &["CVE-2019-11135"],
        &[
            ["netcf", "0.2.8", "12.el8_4", "x86_64", ""],
            ["netcf", "0.2.8", "12.el8_3", "x86_64", ""],
            ["netcf", "0.2.8", "12.el8_4", "aarch64", ""],
        ],
    );
    assert_eq!(
        limited(&parse("almalinux/8", json).unwrap()),
        [
            "almalinux:8 netcf: fixed < 0.2.8-12.el8_3 x86_64 -",
            "almalinux:8 netcf: fixed < 0.2.8-12.el8_4 aarch64 -",
        ]
    );
}

#[test]
fn the_release_is_that_of_the_place_or_that_of_the_packages() {
    let json = |release: &str| {
        let package = [["bash", "5.1", release, "x86_64", ""]];
        document("ALSA-2024:1", "security", &[], &package)
    };
    let of = |name: &str, release: &str| parse(name, json(release)).unwrap();
    assert_eq!(
        of("almalinux", "6.el9_4.1").statements(),
        ["ALSA-2024:1 almalinux:9 bash: fixed < 5.1-6.el9_4.1"]
    );
    assert_eq!(
        of("almalinux", "6").reasons(),
        ["unknown-release: ALSA-2024:1 bash"]
    );
    assert_eq!(
        of("almalinux/10", "6").statements(),
        ["ALSA-2024:1 almalinux:10 bash: fixed < 5.1-6"]
    );
}

#[test]
fn what_cannot_be_told_is_left_out_and_counted() {
    let modular = [["ruby", "3.3", "2.module_el9.4.0+1", "x86_64", ""]];
    let json = document("ALSA-2024:1", "security", &["CVE-2024-1000"], &modular);
    assert_eq!(
        parse("almalinux/9", json).unwrap().reasons(),
        ["no-module: ALSA-2024:1 ruby"]
    );

    let bug = document(
        "ALBA-2024:1",
        "bugfix",
        &[],
        &[["a", "1", "1.el9", "x86_64", ""]],
    );
    assert_eq!(
        parse("almalinux/9", bug).unwrap().reasons(),
        ["not-security: ALBA-2024:1"]
    );

    let bad = document(
        "ALSA-2024:1",
        "security",
        &[],
        &[["a b", "1", "1.el9", "x86_64", ""]],
    );
    assert_eq!(
        parse("almalinux/9", bad).unwrap().reasons(),
        ["no-package: ALSA-2024:1 a b"]
    );

    let none = document("ALSA-2024:1", "security", &[], &[]);
    assert_eq!(
        parse("almalinux/9", none).unwrap().reasons(),
        ["no-package: ALSA-2024:1"]
    );

    let odd = r#"{"data":[{"id":7},{"id":"a b","type":"security"}]}"#;
    let odd = parse("almalinux/9", odd).unwrap();
    assert_eq!(odd.reasons(), ["malformed: an erratum", "bad-id: a b"]);
}

#[test]
fn a_document_of_another_form_is_refused() {
    for (text, reason) in [
        ("{}", "missing field `data`"),
        ("[]", "it has no records"),
        ("7", "expected the errata of a release of AlmaLinux"),
        (r#"{"data":[{"id":"#, "EOF while parsing"),
    ] {
        let error = refused("almalinux/9", text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn releases_are_found_with_the_best_document_of_each() {
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap().parse().unwrap();
    let sources = || feed("almalinux").sources(&fetcher, &root).unwrap();
    assert_eq!(sources()[0].name, "almalinux/osv");
    for path in [
        "8/errata.json",
        "9/errata.full.json.gz",
        "10/errata.full.json",
        "9/errata.json",
    ] {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let names: Vec<String> = sources().into_iter().map(|source| source.name).collect();
    assert_eq!(names, ["almalinux/8", "almalinux/9", "almalinux/10"]);
    let document = directory.path().join("9/errata.json");
    let document = document.to_str().unwrap().parse().unwrap();
    assert_eq!(
        feed("almalinux").sources(&fetcher, &document).unwrap()[0].name,
        "almalinux/9"
    );
}

#[test]
fn the_errata_of_almalinux_in_their_older_form() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/almalinux/errata/errata.json");
    let collected = read("almalinux/8", &path);
    assert_eq!(collected.reasons(), ["not-security: ALBA-2021:3240"]);
    assert_eq!(collected.advisories.len(), 3);
    let limited = limited(&collected);
    for statement in [
        "almalinux:8 libsndfile: fixed < 1.0.28-10.el8_4.1 i686|x86_64 -",
        "almalinux:8 exiv2: fixed < 0.27.3-3.el8_4 x86_64 -",
        "almalinux:8 libiscsi: fixed < 1.18.0-8.module_el8.3.0+2048+e7a0a3ea i686|x86_64 virt:rhel",
    ] {
        assert!(
            limited.iter().any(|it| it == statement),
            "{statement} of {limited:#?}"
        );
    }
    let virt = collected
        .advisories
        .iter()
        .find(|it| it.id == "CVE-2019-11135")
        .unwrap();
    assert!(
        virt.affected
            .iter()
            .all(|it| it.module.as_deref() == Some("virt:rhel"))
    );
    assert_eq!(virt.issued.unwrap().to_string(), "2020-01-29T13:42:54Z");

    let bytes = fs::read(corpus.join("feeds/almalinux/errata/invalid.json")).unwrap();
    assert!(refused("almalinux/8", bytes).contains("expected value"));
}

#[test]
fn records_may_list_builds_of_several_releases_and_name_a_package_of_the_module() {
    let affected = |name: &str, fixed: &str| {
        format!(
            r#"{{"package":{{"ecosystem":"AlmaLinux:8","name":"{name}"}},"ranges":[{{"type":"ECOSYSTEM",
            "events":[{{"introduced":"0"}},{{"fixed":"{fixed}"}}]}}]}}"#
        )
    };
    let json = format!(
        r#"{{"id":"ALSA-2024:1786","related":["CVE-2024-27316"],"affected":[{}],
        "summary":"Important: httpd:2.4/mod_http2 security update"}}"#,
        [
            affected("java", "1:21-3.el9.alma.1"),
            affected("java", "1:21-3.el8.alma.1"),
            affected("httpd", "2.4-1.module_el8.9.0+2"),
            affected("httpd", "2.4-1.module_el8.9.0+1"),
        ]
        .join(",")
    );
    assert_eq!(
        limited(&parse("almalinux/osv", json).unwrap()),
        [
            "almalinux:8 java: fixed < 1:21-3.el8.alma.1  -",
            "almalinux:8 httpd: fixed < 2.4-1.module_el8.9.0+1  httpd:2.4",
        ]
    );
}

#[test]
fn all_errata_of_almalinux_in_osv_form() {
    let Some(corpus) = corpus() else { return };
    for (release, advisories, skips, expected) in [
        (
            "AlmaLinux-8",
            8032,
            &[(Skip::NotSecurity, 1194), (Skip::NoModule, 129)][..],
            [
                "CVE-2021-3246 almalinux:8 libsndfile: fixed < 1.0.28-10.el8_4.1",
                "CVE-2024-10978 almalinux:8 postgresql: fixed < 16.6-1.module_el8.10.0+3930+ecf33554",
                "CVE-2024-10979 almalinux:8 pg_repack: fixed < 1.5.1-1.module_el8.10.0+3930+ecf33554",
            ],
        ),
        (
            "AlmaLinux-9",
            6254,
            &[(Skip::NotSecurity, 3)],
            [
                "CVE-2023-3019 almalinux:9 qemu-guest-agent: fixed < 17:8.2.0-11.el9_4",
                "CVE-2025-2487 almalinux:9 389-ds-base: fixed < 2.6.1-8.el9_6",
                "CVE-2023-42467 almalinux:9 qemu-img: fixed < 17:8.2.0-11.el9_4",
            ],
        ),
    ] {
        let path = corpus.join(format!("feeds/osv/{release}/all.zip"));
        let collected = read("almalinux/osv", &path);
        let expected_skips = skips.iter().copied().collect();
        assert_eq!(collected.skips(), expected_skips, "{release}");
        let statements = collected.statements();
        for statement in expected {
            assert!(statements.iter().any(|it| it == statement), "{statement}");
        }
        assert_eq!(collected.advisories.len(), advisories);
    }
}
