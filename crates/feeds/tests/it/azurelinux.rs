//! Azure Linux and CBL-Mariner.

use std::collections::BTreeMap;

use clair_feeds::Skip;
use clair_model::{FixState, PackageKind, Severity};

use crate::corpus::{read, states};
use crate::support::{corpus, refused};

#[test]
fn azure_linux_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/azurelinux/azurelinux-3.0-oval.xml.gz");
    let collected = read("azurelinux/azurelinux-3.0", &path);
    assert!(collected.skipped.is_empty(), "{:?}", collected.reasons());
    assert_eq!(collected.advisories.len(), 2266);
    let statements = collected.statements();
    assert_eq!(statements.len(), 2266);
    for (cve, package, versions) in [
        ("CVE-2025-26466", "openssh", "< 9.8p1-3.azl3"),
        ("CVE-2025-26465", "openssh", "< 9.8p1-3.azl3"),
        ("CVE-2025-1094", "postgresql", "< 16.7-1.azl3"),
        ("CVE-2025-1244", "emacs", "< 29.4-2.azl3"),
        ("CVE-2023-29409", "golang", ">= 0.0.0, < 1.20.7-1.azl3"),
    ] {
        let expected = format!("{cve} azurelinux:3.0 {package}: fixed {versions}");
        assert!(statements.contains(&expected), "{expected}");
    }
    let openssh = &collected.advisories[0];
    assert_eq!(openssh.affected[0].kind, PackageKind::Source);
    assert_eq!(openssh.normalized_severity, Severity::High);
    assert_eq!(openssh.issued.unwrap().to_string(), "2025-02-18T00:00:00Z");
    assert_eq!(
        openssh.links,
        ["https://nvd.nist.gov/vuln/detail/CVE-2025-26466"]
    );
}

#[test]
fn mariner_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/azurelinux/cbl-mariner-2.0-oval.xml.gz");
    let collected = read("azurelinux/mariner-2.0", &path);
    // Two are fixed in "null".
    assert_eq!(collected.skips(), BTreeMap::from([(Skip::BadVersion, 2)]));
    assert_eq!(collected.advisories.len(), 2433);
    let states = states(&collected);
    assert_eq!(states.values().sum::<usize>(), 2433);
    assert!(states[&FixState::NotAffected] > 0 && states[&FixState::Affected] > 0);
    let statements = collected.statements();
    for (cve, package, statement) in [
        ("CVE-2023-44487", "nghttp2", "not-affected no version"),
        (
            "CVE-2023-0465",
            "kata-containers-cc",
            "not-affected no version",
        ),
        ("CVE-2023-44487", "nginx", "fixed < 1.22.1-11.cm2"),
        ("CVE-2023-35824", "kernel", "fixed < 5.15.118.1-2.cm2"),
        ("CVE-2023-2253", "helm", "fixed < 3.13.2-1.cm2"),
        ("CVE-2023-0475", "terraform", "affected <= 1.3.2-12.cm2"),
        ("CVE-2019-14249", "libdwarf", "fixed < 0.9.0"),
        ("CVE-2023-3724", "mariadb", "fixed < 10.6.9-3.cm2"),
    ] {
        let expected = format!("{cve} mariner:2.0 {package}: {statement}");
        assert!(statements.contains(&expected), "{expected}");
    }
}

#[test]
fn a_document_that_does_not_tell_its_release_is_refused() {
    let error = refused("azurelinux", "<oval_definitions/>");
    assert!(
        error.contains("its name does not tell the release"),
        "{error}"
    );
}
