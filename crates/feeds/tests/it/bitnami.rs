//! What Bitnami's vulnerability database comes to.

use std::collections::BTreeMap;

use clair_feeds::Skip;
use clair_model::{FixState, PackageKind, Severity};
use clair_version::Scheme;

use crate::corpus::read;
use crate::support::{corpus, parse};

fn record(ecosystem: &str, events: &str) -> String {
    format!(
        r#"{{"id":"BIT-redis-2022-1000","aliases":["CVE-2022-1000"],"details":"About it.",
        "affected":[{{"package":{{"ecosystem":"{ecosystem}","name":"redis"}},
        "severity":[{{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
        "ranges":[{{"type":"SEMVER","events":[{events}]}}]}}],
        "database_specific":{{"severity":"High","cpes":[]}}}}"#
    )
}

#[test]
fn a_record_is_about_a_component_in_bitnamis_versions() {
    let events = r#"{"introduced":"6.2.0"},{"fixed":"6.2.7"},{"introduced":"7.0.0"},
        {"last_affected":"7.0.1-2"}"#;
    let collected = parse("bitnami", record("Bitnami", events)).unwrap();
    assert_eq!(
        collected.statements(),
        [
            "CVE-2022-1000 bitnami redis: fixed >= 6.2.0, < 6.2.7",
            "CVE-2022-1000 bitnami redis: affected >= 7.0.0, <= 7.0.1-2",
        ]
    );
    let advisory = collected.one();
    assert_eq!(advisory.aliases, ["BIT-redis-2022-1000"]);
    assert_eq!(advisory.severity, "High");
    assert_eq!(advisory.normalized_severity, Severity::High);
    assert_eq!(
        advisory.cvss,
        ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]
    );
    let fixed = &advisory.affected[0];
    assert_eq!(
        (fixed.kind, fixed.vulnerable.scheme),
        (PackageKind::Binary, Scheme::Bitnami)
    );
    // The third build of the fixed version.
    assert_eq!(
        fixed.vulnerable.ranges[0].contains(Scheme::Bitnami, "6.2.7-3"),
        Ok(false)
    );
}

#[test]
fn what_is_of_another_ecosystem_or_has_no_version_is_left_out() {
    let fixed = r#"{"introduced":"0"},{"fixed":"6.2.7"}"#;
    let other = parse("bitnami", record("npm", fixed)).unwrap();
    assert_eq!(other.reasons(), ["foreign: BIT-redis-2022-1000 redis"]);
    let nightly = r#"{"introduced":"nightly.2026-03-10.0"}"#;
    let nightly = parse("bitnami", record("Bitnami", nightly)).unwrap();
    assert_eq!(
        nightly.reasons(),
        ["bad-version: BIT-redis-2022-1000 redis"]
    );
}

#[test]
fn the_vulnerability_database_of_bitnami() {
    let Some(corpus) = corpus() else { return };
    let collected = read("bitnami", &corpus.join("feeds/osv/Bitnami/all.zip"));
    assert_eq!(collected.advisories.len() + 1, 5228);
    assert_eq!(collected.skips(), BTreeMap::from([(Skip::BadVersion, 1)]));
    assert!(
        collected
            .advisories
            .iter()
            .all(|it| it.id.starts_with("CVE-"))
    );
    let of = |level| {
        let of_it = collected
            .advisories
            .iter()
            .filter(|it| it.normalized_severity == level);
        of_it.count()
    };
    assert_eq!(of(Severity::Critical), 377);
    let activemq = collected
        .advisories
        .iter()
        .find(|it| it.id == "CVE-2020-11998")
        .unwrap();
    assert_eq!(activemq.affected[0].fix_state, FixState::Affected);
    let statements = collected.statements();
    for statement in [
        "CVE-2020-11998 bitnami activemq: affected >= 5.15.12, <= 5.15.12",
        "CVE-2020-7972 bitnami gitlab: fixed >= 12.0.0, < 12.5.9 or >= 12.6.0, < 12.6.6 \
         or >= 12.7.0, < 12.7.4",
        "CVE-2024-38360 bitnami discourse: fixed < 3.2.3",
        "CVE-2026-56149 bitnami elasticsearch: fixed >= 8.0.0, < 8.19.17 or >= 9.0.0, < 9.3.6 \
         or >= 9.4.0, < 9.4.3",
        "CVE-2021-22249 bitnami gitlab: fixed >= 12.2.0, < 13.12.9 or >= 14.0.0, < 14.0.7 \
         or >= 14.1.0, < 14.1.2",
        "CVE-2024-8641 bitnami gitlab: fixed >= 13.7.0, < 17.1.7 or >= 17.2.0, < 17.2.5 \
         or >= 17.3.0, < 17.3.2",
        "CVE-2025-6197 bitnami grafana: fixed >= 11.3.0, < 11.6.3 or >= 12.0.0, < 12.0.2",
        "CVE-2024-52974 bitnami kibana: fixed >= 7.17.0, < 7.17.23 or >= 8.0.0, < 8.15.1",
        "CVE-2024-34535 bitnami mastodon: fixed < 4.2.9",
        "CVE-2026-23865 bitnami java-min: fixed >= 9.0.0, < 11.0.31 or >= 12.0.0, < 17.0.19 \
         or >= 18.0.0, < 21.0.11 or >= 22.0.0, < 25.0.3",
    ] {
        // Each fix is a statement of its own.
        let (about, ranges) = statement.split_once(": ").unwrap();
        let (state, ranges) = ranges.split_once(' ').unwrap();
        for range in ranges.split(" or ") {
            let expected = format!("{about}: {state} {range}");
            let is_there = statements.iter().any(|it| it.starts_with(&expected));
            assert!(is_there, "{expected}");
        }
    }
}
