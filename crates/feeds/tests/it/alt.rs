//! ALT Linux.

use clair_model::Severity;

use crate::corpus::read;
use crate::support::corpus;

#[test]
fn a_branch_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/alt/c9f2-oval_definitions.zip");
    let collected = read("alt/c9f2", &path);
    assert!(collected.skipped.is_empty(), "{:?}", collected.reasons());
    // Of 326 errata.
    assert_eq!(collected.advisories.len(), 1857);
    let statements = collected.statements();
    assert_eq!(statements.len(), 10_267);
    for cve in ["CVE-2021-23961", "CVE-2021-29946"] {
        for package in [
            "firefox-esr",
            "firefox-esr-config-privacy",
            "firefox-esr-wayland",
        ] {
            let expected = format!("{cve} altlinux:c9f2 {package}: fixed < 78.10.0-alt0.1.c9");
            assert!(statements.contains(&expected), "{expected}");
        }
    }
    let firefox = collected
        .advisories
        .iter()
        .find(|it| it.id == "CVE-2021-29946" && it.aliases == ["ALT-PU-2021-1428-1"])
        .unwrap();
    assert_eq!(firefox.normalized_severity, Severity::High);
    assert_eq!(firefox.cwes, ["CWE-190"]);
    assert_eq!(
        firefox.cvss,
        ["CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"]
    );
    assert_eq!(firefox.issued.unwrap().to_string(), "2021-04-26T00:00:00Z");
}
