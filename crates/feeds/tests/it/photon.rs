//! Photon OS.

use clair_model::Severity;

use crate::corpus::read;
use crate::support::corpus;

#[test]
fn advisories_in_full_size() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/photon/com.vmware.phsa-photon3.xml.gz");
    let collected = read("photon/3", &path);
    assert!(collected.skipped.is_empty(), "{:?}", collected.reasons());
    assert_eq!(collected.advisories.len(), 660);
    let statements = collected.statements();
    assert_eq!(statements.len(), 2467);
    for (cve, package, version) in [
        ("CVE-2019-16168", "sqlite", "3.27.2-5.ph3"),
        ("CVE-2019-16168", "sqlite-devel", "3.27.2-5.ph3"),
        ("CVE-2019-16168", "sqlite-libs", "3.27.2-5.ph3"),
        ("CVE-2019-9937", "sqlite", "3.27.2-2.ph3"),
    ] {
        let expected = format!("{cve} photon:3.0 {package}: fixed < {version}");
        assert!(statements.contains(&expected), "{expected}");
    }
    let sqlite = &collected.advisories[0];
    assert_eq!(sqlite.aliases, ["PHSA-2020:00001"]);
    assert_eq!(sqlite.normalized_severity, Severity::High);
    assert_eq!(
        sqlite.links,
        [
            "https://github.com/vmware/photon/wiki/Security-Updates-3.0-0036",
            "https://nvd.nist.gov/vuln/detail?vulnId=CVE-2019-16168",
        ]
    );
}
