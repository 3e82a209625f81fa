//! What lines of Clair's updaters mean here, one or more for each of them.

use clair_feeds::Skip;
use clair_model::{Affected, FixState, PackageKind, Severity};
use clair_version::Scheme;

use crate::support::{line, read};

/// `kind namespace package arches module: versions, state`.
fn words(affected: &Affected) -> String {
    let kind = match affected.kind {
        PackageKind::Binary => "binary",
        PackageKind::Source => "source",
    };
    let ranges = affected.vulnerable.ranges.iter().map(ToString::to_string);
    let ranges: Vec<String> = ranges.collect();
    let mut text = format!("{kind} {} {}", affected.namespace, affected.package);
    for word in affected.arches.iter().chain(&affected.module) {
        text.push(' ');
        text.push_str(word);
    }
    format!("{text}: {}, {}", ranges.join(" or "), affected.fix_state)
}

#[track_caller]
fn means(updater: &str, vulnerability: &str, source: &str, id: &str, statement: &str) {
    let received = read(line(updater, vulnerability)).unwrap();
    assert_eq!(received.updates[0].source, source);
    let advisory = received.one();
    assert_eq!(advisory.id, id);
    let statements: Vec<String> = advisory.affected.iter().map(words).collect();
    assert_eq!(statements, [statement]);
}

#[test]
fn debian() {
    let bookworm = r#""distribution":{"id":"","did":"debian","name":"Debian GNU/Linux","version":"12 (bookworm)","version_code_name":"bookworm","version_id":"12","arch":"","cpe":"","pretty_name":"Debian GNU/Linux 12 (bookworm)"}"#;
    let record = |fixed: &str| {
        format!(
            r#"{{"id":"","updater":"debian/updater","name":"CVE-2024-0001","description":"A flaw.","issued":"0001-01-01T00:00:00Z","links":"https://security-tracker.debian.org/tracker/CVE-2024-0001","severity":"low","normalized_severity":"Medium","package":{{"id":"","name":"bash","version":"","kind":"source","normalized_version":"","cpe":"","detector":null}},{bookworm},"fixed_in_version":"{fixed}","Self":{{"Space":{{}},"Name":""}},"Aliases":null}}"#
        )
    };
    let means = |fixed: &str, statement: &str| {
        means(
            "debian/updater",
            &record(fixed),
            "debian",
            "CVE-2024-0001",
            statement,
        );
    };
    means("5.2-1", "source debian:bookworm bash: < 5.2-1, fixed");
    means("", "source debian:bookworm bash: any version, affected");
    means("0", "source debian:bookworm bash: , not-affected");

    let received = read(line("debian/updater", &record("5.2-1"))).unwrap();
    let advisory = received.one();
    assert_eq!(advisory.severity, "low");
    assert_eq!(advisory.normalized_severity, Severity::Medium);
    assert_eq!(advisory.description, "A flaw.");
    assert_eq!(
        advisory.links,
        ["https://security-tracker.debian.org/tracker/CVE-2024-0001"]
    );
    assert_eq!(advisory.issued, None);
    assert!(advisory.aliases.is_empty());
    assert_eq!(received.updates[0].fingerprint, "f");
}

#[test]
fn alpine() {
    let record = |version: &str, pretty: &str, fixed: &str| {
        format!(
            r#"{{"name":"CVE-2024-0001","links":"","normalized_severity":"Unknown","package":{{"name":"xen","kind":"source"}},"distribution":{{"did":"alpine","name":"Alpine Linux","version":"{version}","pretty_name":"{pretty}"}},"fixed_in_version":"{fixed}"}}"#
        )
    };
    means(
        "alpine-main-v3.18-updater",
        &record("3.18", "Alpine Linux v3.18", "1-r0"),
        "alpine/v3.18/main",
        "CVE-2024-0001",
        "source alpine:3.18 xen: < 1-r0, fixed",
    );
    means(
        "alpine-community-edge-updater",
        &record("edge", "Alpine Linux edge", "0"),
        "alpine/edge/community",
        "CVE-2024-0001",
        "source alpine:edge xen: , not-affected",
    );
}

#[test]
fn ubuntu() {
    let record = |fixed: &str| {
        format!(
            r#"{{"name":"CVE-2016-2781 on Ubuntu 22.04 LTS (jammy) - low","description":"chroot in GNU coreutils","issued":"2017-02-07T15:59:00Z","links":"https://cve.example/1 https://cve.example/2","severity":"","normalized_severity":"Low","package":{{"name":"coreutils","kind":"binary"}},"distribution":{{"did":"ubuntu","name":"Ubuntu","version":"22.04 (Jammy)","version_code_name":"jammy","version_id":"22.04","pretty_name":"Ubuntu 22.04"}},"fixed_in_version":"{fixed}"}}"#
        )
    };
    let means = |fixed: &str, statement: &str| {
        let updater = "ubuntu/updater/jammy";
        means(
            updater,
            &record(fixed),
            "ubuntu/jammy",
            "CVE-2016-2781",
            statement,
        );
    };
    means("8.32-1", "binary ubuntu:22.04 coreutils: < 8.32-1, fixed");
    means("", "binary ubuntu:22.04 coreutils: any version, affected");
    means("0", "binary ubuntu:22.04 coreutils: any version, affected");
    let received = read(line("ubuntu/updater/jammy", &record(""))).unwrap();
    let advisory = received.one();
    assert_eq!(advisory.links.len(), 2);
    assert_eq!(advisory.issued.unwrap().to_string(), "2017-02-07T15:59:00Z");
    assert_eq!(advisory.normalized_severity, Severity::Low);
}

#[test]
fn red_hat() {
    let record = |package: &str, cpe: &str, rest: &str| {
        format!(
            r#"{{"name":"CVE-2024-0001","severity":"CVSS:3.1/AV:N","normalized_severity":"High","package":{package},"repository":{{"name":"{cpe}","key":"rhel-cpe-repository","cpe":"{cpe}"}},{rest}}}"#
        )
    };
    let means = |package: &str, cpe: &str, rest: &str, statement: &str| {
        let record = record(package, cpe, rest);
        means("rhel-vex", &record, "rhel-vex", "CVE-2024-0001", statement);
    };
    means(
        r#"{"name":"openssl","kind":"binary","arch":"aarch64|x86_64"}"#,
        "cpe:2.3:a:redhat:enterprise_linux:9:*:appstream:*:*:*:*:*",
        r#""fixed_in_version":"1:3.0.7-27.el9","arch_op":"pattern match""#,
        "binary cpe:/a:redhat:enterprise_linux:9::appstream openssl aarch64 x86_64: < 1:3.0.7-27.el9, fixed",
    );
    means(
        r#"{"name":"nodejs","kind":"binary","module":"nodejs:18","arch":"x86_64"}"#,
        "cpe:2.3:o:redhat:enterprise_linux:8:*:*:*:*:*:*:*",
        r#""fixed_in_version":"1:18-1","arch_op":"equals""#,
        "binary cpe:/o:redhat:enterprise_linux:8 nodejs x86_64 nodejs:18: < 1:18-1, fixed",
    );
    means(
        r#"{"name":"openssl","kind":"source"}"#,
        "cpe:2.3:o:redhat:enterprise_linux:7:*:*:*:*:*:*:*",
        r#""fixed_in_version":"""#,
        "source cpe:/o:redhat:enterprise_linux:7 openssl: any version, affected",
    );
    means(
        r#"{"name":"openssl","kind":"binary"}"#,
        "cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:*:*",
        r#""fixed_in_version":"","Invert":true,"Self":{"space":"CVE","name":"CVE-2024-0001"},"Aliases":[]"#,
        "binary cpe:/o:redhat:enterprise_linux:9 openssl: , not-affected",
    );
}

#[test]
fn amazon() {
    let received = read(line(
        "aws-AL2-updater",
        r#"{"name":"ALAS2-2024-1","description":"","issued":"2024-01-02T00:00:00Z","links":"https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2024-0001 https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-2024-0002","severity":"important","normalized_severity":"High","package":{"name":"curl","kind":"binary","arch":"x86_64"},"distribution":{"did":"amzn","name":"Amazon Linux","version":"2","version_id":"2","cpe":"cpe:2.3:o:amazon:amazon_linux:2:*:*:*:*:*:*:*","pretty_name":"Amazon Linux 2"},"fixed_in_version":"0:7.1-2.amzn2","arch_op":"equals"}"#,
    ))
    .unwrap();
    assert_eq!(received.updates[0].source, "aws/2");
    let advisory = received.one();
    assert_eq!(
        words(&advisory.affected[0]),
        "binary amzn:2 curl x86_64: < 0:7.1-2.amzn2, fixed"
    );
    // What has no CVE for its name is found by those that it is about.
    assert_eq!(advisory.aliases, ["CVE-2024-0001", "CVE-2024-0002"]);
}

#[test]
fn oracle_photon_and_opensuse() {
    let record = |title: &str, distribution: &str, fixed: &str| {
        format!(
            r#"{{"name":"{title}","severity":"","normalized_severity":"High","package":{{"name":"a","kind":"binary","arch":"aarch64|x86_64"}},"distribution":{distribution},"fixed_in_version":"{fixed}","arch_op":"pattern match"}}"#
        )
    };
    let ol8 = r#"{"did":"ol","name":"Oracle Linux Server","version":"8","version_code_name":"Oracle Linux 8","version_id":"8","pretty_name":"Oracle Linux Server 8"}"#;
    means(
        "oracle-2024-updater",
        &record(
            "ELSA-2024-1000:  a security update (IMPORTANT)",
            ol8,
            "0:1-2.el8",
        ),
        "oracle/2024",
        "ELSA-2024-1000",
        "binary ol:8 a aarch64 x86_64: < 0:1-2.el8, fixed",
    );
    means(
        "oracle-2024-updater",
        &record(
            "ELSA-2024-1000:  a security update",
            ol8,
            "10:1-2.ksplice1.el8",
        ),
        "oracle/2024",
        "ELSA-2024-1000",
        "binary ol:8:ksplice a aarch64 x86_64: < 10:1-2.ksplice1.el8, fixed",
    );
    means(
        "photon-updater-4.0",
        &record(
            "PHSA-2024-4.0-0001",
            r#"{"did":"photon","name":"VMware Photon OS","version":"4.0","version_id":"4.0","pretty_name":"VMware Photon OS/Linux"}"#,
            "0:1-2.ph4",
        ),
        "photon/4",
        "PHSA-2024-4.0-0001",
        "binary photon:4.0 a aarch64 x86_64: < 0:1-2.ph4, fixed",
    );
    means(
        "suse-updater-opensuse.leap.15.5",
        &record(
            "CVE-2024-0001",
            r#"{"did":"opensuse-leap","name":"openSUSE Leap","version":"15.5","pretty_name":"openSUSE Leap 15.5"}"#,
            "0:1-150500.1",
        ),
        "suse/opensuse.leap.15.5",
        "CVE-2024-0001",
        "binary opensuse-leap:15.5 a aarch64 x86_64: < 0:1-150500.1, fixed",
    );
}

#[test]
fn suse_counts_in_all_service_packs_since_clair_does_not_tell_them_apart() {
    let received = read(line(
        "suse-updater-suse.linux.enterprise.server.15",
        r#"{"name":"CVE-2024-0001","normalized_severity":"Low","package":{"name":"a","version":"","kind":"binary"},"distribution":{"did":"sles","name":"SLES","version":"15","pretty_name":"SUSE Linux Enterprise Server 15"},"fixed_in_version":"0:1-1"}"#,
    ))
    .unwrap();
    let namespaces: Vec<&str> = received
        .one()
        .affected
        .iter()
        .map(|affected| affected.namespace.as_str())
        .collect();
    assert_eq!(namespaces[..2], ["sles:15", "sles:15.1"]);
    assert_eq!(namespaces.len(), 8);
}

#[test]
fn an_rpm_package_without_a_fix_is_vulnerable_up_to_its_version() {
    means(
        "photon-updater-4.0",
        r#"{"name":"CVE-2024-0001","package":{"name":"a","version":"1-2","kind":"binary"},"distribution":{"did":"photon","version":"4.0"},"fixed_in_version":""}"#,
        "photon/4",
        "CVE-2024-0001",
        "binary photon:4.0 a: <= 1-2, affected",
    );
}

#[test]
fn an_updater_that_nobody_knows_has_a_source_of_its_own() {
    means(
        "house-rules",
        r#"{"name":"HOUSE-1","package":{"name":"bash","kind":"source"},"distribution":{"did":"debian","version_code_name":"bookworm"},"fixed_in_version":"2"}"#,
        "imported/house-rules",
        "HOUSE-1",
        "source debian:bookworm bash: < 2, fixed",
    );
}

#[test]
fn what_cannot_be_found_in_images_is_counted() {
    for (vulnerability, reason) in [
        // Ecosystems of languages, and images of a catalogue.
        (
            r#"{"name":"PYSEC-2024-1","package":{"name":"a","kind":"binary"},"repository":{"name":"pypi"},"fixed_in_version":"fixed=2"}"#,
            Skip::OtherProduct,
        ),
        (
            r#"{"name":"CVE-2024-0001","package":{"name":"openshift4/a","kind":"ancestry"},"repository":{"name":"cpe:2.3:a:redhat:openshift:4:*:el8:*:*:*:*:*","key":"rhcc-container-repository"},"fixed_in_version":""}"#,
            Skip::OtherProduct,
        ),
        (
            r#"{"name":"CVE-2024-0001","package":{"name":"a","kind":"binary"},"distribution":{"did":"plan9"},"fixed_in_version":""}"#,
            Skip::UnknownRelease,
        ),
        (
            r#"{"name":"CVE-2024-0001","package":{"name":"a","kind":"binary"},"fixed_in_version":""}"#,
            Skip::UnknownRelease,
        ),
        (
            r#"{"name":"CVE-2024-0001","package":{"name":"a","kind":"source"},"distribution":{"did":"debian","version_id":"12"},"fixed_in_version":"no version"}"#,
            Skip::BadVersion,
        ),
        (
            r#"{"name":"CVE-2024-0001","package":{"name":"a","kind":"binary","arch":"src"},"distribution":{"did":"photon","version":"4.0"},"fixed_in_version":"1","arch_op":"not equals"}"#,
            Skip::Conditional,
        ),
        (
            r#"{"name":"","package":{"name":"a","kind":"source"},"distribution":{"did":"debian","version_id":"12"}}"#,
            Skip::BadId,
        ),
        (
            r#"{"name":"CVE-2024-0001","distribution":{"did":"debian","version_id":"12"}}"#,
            Skip::NoPackage,
        ),
    ] {
        let received = read(line("x", vulnerability)).unwrap();
        assert!(received.advisories.is_empty(), "{vulnerability}");
        assert_eq!(received.skipped, [(reason, 1)].into(), "{vulnerability}");
    }
}

#[test]
fn lines_about_one_vulnerability_are_one_advisory() {
    let record = |name: &str, package: &str, severity: &str| {
        line(
            "debian/updater",
            &format!(
                r#"{{"name":"{name}","severity":"{severity}","normalized_severity":"Unknown","package":{{"name":"{package}","kind":"source"}},"distribution":{{"did":"debian","version_id":"12"}},"fixed_in_version":"1"}}"#
            ),
        )
    };
    let file = [
        record("CVE-2024-0001", "a", "low"),
        record("CVE-2024-0001", "b", "high"),
        record("CVE-2024-0002", "a", "low"),
        record("CVE-2024-0001", "c", "low"),
    ];
    let received = read(file.concat()).unwrap();
    let advisories = &received.advisories["debian"];
    let of: Vec<usize> = advisories
        .iter()
        .map(|advisory| advisory.affected.len())
        .collect();
    assert_eq!(of, [2, 1, 1]);
    assert_eq!(advisories[0].severity, "low");
    assert_eq!(advisories[0].affected[0].severity, None);
    assert_eq!(advisories[0].affected[1].severity.as_deref(), Some("high"));
    assert_eq!((received.updates.len(), received.ended), (1, 1));
}

#[test]
fn schemes_are_those_of_the_distribution() {
    for (did, scheme) in [
        ("debian", Scheme::Dpkg),
        ("alpine", Scheme::Apk),
        ("rocky", Scheme::Rpm),
        ("arch", Scheme::Pacman),
    ] {
        let vulnerability = format!(
            r#"{{"name":"CVE-2024-0001","package":{{"name":"a","kind":"source"}},"distribution":{{"did":"{did}","version":"3.18","version_id":"12"}},"fixed_in_version":""}}"#
        );
        let received = read(line("x", &vulnerability)).unwrap();
        let affected = &received.one().affected[0];
        assert_eq!(affected.vulnerable.scheme, scheme, "{did}");
        assert_eq!(affected.fix_state, FixState::Affected);
    }
}
