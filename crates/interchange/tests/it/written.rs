//! What is written: lines that Clair understands, whole and in its order.

use clair_interchange::{Loss, Packing};
use clair_model::{Advisory, Affected, FixState, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use serde_json::{Value, json};

use crate::support::{read, write};

fn about(namespace: &str, vulnerable: Vulnerable, fix_state: FixState) -> Affected {
    Affected::of(
        namespace.parse().unwrap(),
        "a",
        PackageKind::Binary,
        vulnerable,
        fix_state,
    )
}

fn fixed(namespace: &str, scheme: Scheme) -> Affected {
    about(
        namespace,
        Vulnerable::before(scheme, "1-2"),
        FixState::Fixed,
    )
}

fn advisory(affected: Vec<Affected>) -> Advisory {
    Advisory {
        description: "A <flaw> & more.".to_owned(),
        issued: Some("2024-01-02T03:04:05Z".parse().unwrap()),
        links: vec![
            "https://a.example/1".to_owned(),
            "https://a.example/2".to_owned(),
        ],
        severity: "important".to_owned(),
        normalized_severity: Severity::High,
        affected,
        ..Advisory::new("CVE-2024-0001")
    }
}

fn lines(source: &str, affected: Vec<Affected>) -> Vec<Value> {
    let (file, _) = write(Packing::None, &[(source, vec![advisory(affected)])]);
    let text = String::from_utf8(file).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_line_is_one_of_clairs() {
    let lines = lines("photon/4", vec![fixed("photon:4.0", Scheme::Rpm)]);
    let mut line = lines[0].clone();
    assert!(line["Fingerprint"].as_str().unwrap().starts_with("xxh3:"));
    assert_eq!(line["Ref"].as_str().unwrap().len(), 36);
    for key in ["Fingerprint", "Ref"] {
        line.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(
        line,
        json!({
            "Updater": "photon-updater-4.0",
            "Date": "2026-06-01T00:00:00Z",
            "Kind": "vulnerability",
            "Vuln": {
                "id": "",
                "updater": "photon-updater-4.0",
                "name": "CVE-2024-0001",
                "description": "A <flaw> & more.",
                "issued": "2024-01-02T03:04:05Z",
                "links": "https://a.example/1 https://a.example/2",
                "severity": "important",
                "normalized_severity": "High",
                "package": {
                    "id": "", "name": "a", "version": "", "kind": "binary",
                    "normalized_version": "", "cpe": ""
                },
                "distribution": {
                    "id": "", "did": "photon", "name": "VMware Photon OS", "version": "4.0",
                    "version_code_name": "", "version_id": "4.0", "arch": "", "cpe": "",
                    "pretty_name": "VMware Photon OS/Linux"
                },
                "fixed_in_version": "1-2"
            }
        })
    );
}

#[test]
fn distributions_are_as_clairs_scanners_find_them() {
    // The fields that its matchers compare.
    for (source, namespace, scheme, expected) in [
        (
            "debian",
            "debian:bookworm",
            Scheme::Dpkg,
            json!({"did": "debian", "name": "Debian GNU/Linux", "version_id": "12"}),
        ),
        (
            "ubuntu",
            "ubuntu:22.04",
            Scheme::Dpkg,
            json!({"did": "ubuntu", "name": "Ubuntu", "version_id": "22.04"}),
        ),
        (
            "alpine/v3.18/main",
            "alpine:3.18",
            Scheme::Apk,
            json!({"did": "alpine", "name": "Alpine Linux", "pretty_name": "Alpine Linux v3.18"}),
        ),
        (
            "alpine/edge/main",
            "alpine:edge",
            Scheme::Apk,
            json!({"did": "alpine", "name": "Alpine Linux", "pretty_name": "Alpine Linux edge"}),
        ),
        (
            "aws/2023",
            "amzn:2023",
            Scheme::Rpm,
            json!({"did": "amzn", "version_id": "2023"}),
        ),
        (
            "oracle/2024",
            "ol:8",
            Scheme::Rpm,
            json!({"did": "ol", "name": "Oracle Linux Server", "version": "8"}),
        ),
        (
            "suse/x",
            "sles:15.5",
            Scheme::Rpm,
            json!({"did": "sles", "name": "SLES", "version": "15"}),
        ),
        (
            "suse/x",
            "opensuse-leap:15.5",
            Scheme::Rpm,
            json!({"did": "opensuse-leap", "name": "openSUSE Leap", "version": "15.5"}),
        ),
    ] {
        let lines = lines(source, vec![fixed(namespace, scheme)]);
        let distribution = &lines[0]["Vuln"]["distribution"];
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&distribution[key], value, "{namespace} {key}");
        }
    }
    let lines = lines(
        "rhel-vex",
        vec![fixed("cpe:/o:redhat:enterprise_linux:9", Scheme::Rpm)],
    );
    let repository = &lines[0]["Vuln"]["repository"];
    assert_eq!(repository["key"], "rhel-cpe-repository");
    assert_eq!(
        repository["name"],
        "cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:*:*"
    );
}

#[test]
fn what_clair_would_misunderstand_stands_where_it_does_not_look() {
    let none = about(
        "ubuntu:22.04",
        Vulnerable::none(Scheme::Dpkg),
        FixState::NotAffected,
    );
    let fips = fixed("ubuntu:22.04:pro:fips", Scheme::Dpkg);
    for line in lines("ubuntu", vec![none, fips]) {
        let distribution = &line["Vuln"]["distribution"];
        let version = distribution["version_id"].as_str().unwrap();
        assert!(version.starts_with("ubuntu:22.04"), "{version}");
        assert_eq!(line["Updater"], "ubuntu/updater/jammy");
    }
}

#[test]
fn versions_are_those_that_clair_would_say() {
    let range = |introduced: Option<&str>, fixed: Option<&str>, last: Option<&str>| Range {
        introduced: introduced.map(str::to_owned),
        fixed: fixed.map(str::to_owned),
        last_affected: last.map(str::to_owned),
    };
    let rpm = |ranges| Vulnerable {
        scheme: Scheme::Rpm,
        ranges,
    };
    for (vulnerable, state, fixed, last) in [
        (Vulnerable::all(Scheme::Rpm), FixState::WillNotFix, "", ""),
        (
            Vulnerable::none(Scheme::Rpm),
            FixState::NotAffected,
            "0",
            "",
        ),
        // Fixed elsewhere, which is of no use to those who have this release.
        (
            Vulnerable::before(Scheme::Rpm, "2"),
            FixState::Affected,
            "",
            "",
        ),
        (
            rpm(vec![range(None, None, Some("2"))]),
            FixState::Affected,
            "",
            "2",
        ),
        (
            rpm(vec![
                range(Some("1"), Some("2"), None),
                range(Some("3"), Some("4"), None),
            ]),
            FixState::Fixed,
            "4",
            "",
        ),
        (
            rpm(vec![
                range(Some("1"), Some("2"), None),
                range(Some("3"), None, None),
            ]),
            FixState::Fixed,
            "",
            "",
        ),
    ] {
        let lines = lines("photon/4", vec![about("photon:4.0", vulnerable, state)]);
        let vulnerability = &lines[0]["Vuln"];
        assert_eq!(vulnerability["fixed_in_version"], fixed);
        assert_eq!(vulnerability["package"]["version"], last);
    }
}

#[test]
fn what_clair_has_no_field_for_is_counted_and_kept() {
    let mut affected = about(
        "debian:bookworm",
        Vulnerable::all(Scheme::Dpkg),
        FixState::WillNotFix,
    );
    affected.note = Some("Minor issue".to_owned());
    let plain = fixed("debian:bookworm", Scheme::Dpkg);
    let mut advisory = advisory(vec![affected, plain]);
    advisory.aliases = vec!["GHSA-1".to_owned()];
    let (file, summary) = write(Packing::None, &[("debian", vec![advisory.clone()])]);
    assert_eq!((summary.advisories, summary.statements), (1, 2));
    assert_eq!(
        summary.losses,
        [(Loss::FixState, 1), (Loss::Names, 2), (Loss::Details, 1)].into()
    );
    assert_eq!(*read(file).unwrap().one(), advisory);
}

#[test]
fn ubuntu_is_divided_by_releases_and_each_is_one_block() {
    let advisory = |number: u32| Advisory {
        id: format!("CVE-2024-{number:04}"),
        ..advisory(vec![
            fixed("ubuntu:22.04", Scheme::Dpkg),
            fixed("ubuntu:24.04", Scheme::Dpkg),
        ])
    };
    let (file, _) = write(Packing::None, &[("ubuntu", vec![advisory(1), advisory(2)])]);
    let received = read(file).unwrap();
    let updaters: Vec<&str> = received
        .updates
        .iter()
        .map(|update| &*update.updater)
        .collect();
    assert_eq!(updaters, ["ubuntu/updater/jammy", "ubuntu/updater/noble"]);
    assert_eq!(received.advisories["ubuntu/noble"].len(), 2);
}

#[test]
fn a_fingerprint_is_that_of_the_records() {
    let fingerprint =
        |affected: Vec<Affected>| lines("photon/4", affected)[0]["Fingerprint"].clone();
    let one = || vec![fixed("photon:4.0", Scheme::Rpm)];
    assert_eq!(fingerprint(one()), fingerprint(one()));
    let other = vec![fixed("photon:5.0", Scheme::Rpm)];
    assert_ne!(fingerprint(one()), fingerprint(other));
}

#[test]
fn files_are_compressed_as_they_are_asked_to_be() {
    let sources = [(
        "debian",
        vec![advisory(vec![fixed("debian:bookworm", Scheme::Dpkg)])],
    )];
    for (packing, start) in [
        (Packing::None, &b"{\"Updater\""[..]),
        (Packing::Gzip, b"\x1f\x8b"),
        (Packing::Zstd, b"\x28\xb5\x2f\xfd"),
    ] {
        let (file, _) = write(packing, &sources);
        assert!(file.starts_with(start));
        assert_eq!(read(&file).unwrap().one().id, "CVE-2024-0001");
    }
    for (name, packing) in [
        ("a.json", Packing::None),
        ("a.json.gz", Packing::Gzip),
        ("a.zst", Packing::Zstd),
    ] {
        assert_eq!(Packing::of_name(name.as_ref()), packing);
    }
}
