//! No bytes make a parser panic or give what is not clean, whether they are noise, damaged
//! documents, or documents of odd values.

use std::fmt::Write as _;

use clair_feeds::Limits;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::archives::{record, tar, zip};
use crate::support::{Collected, parse_within, words};

const LIMITS: Limits = Limits {
    document: 1 << 20,
    record: 1 << 17,
    records: 1000,
};
const SOURCES: [&str; 28] = [
    "almalinux/9",
    "almalinux/osv",
    "alpine/v3.18/main",
    "alt/p10",
    "arch",
    "aws/2",
    "aws/2/extras/kernel-5.10",
    "azurelinux/azurelinux-3.0",
    "bitnami",
    "chainguard",
    "chainguard/secdb",
    "debian",
    "epss",
    "fedora/41",
    "kev",
    "nvd/2024",
    "openeuler",
    "openeuler/cvrf",
    "oracle/2024",
    "osv",
    "photon/5",
    "rhel-vex",
    "rocky",
    "suse/suse.linux.enterprise.server.15",
    "suse/opensuse.tumbleweed",
    "ubuntu",
    "vulnrichment",
    "wolfi",
];

/// A good document of each feed.
fn documents() -> Vec<Vec<u8>> {
    let alpine = r#"{"distroversion":"v3.18","packages":[{"pkg":{"name":"xen","secfixes":{
        "4.9.1-r3":["CVE-2017-5753 CVE-2017-5715 XSA-254 XPTI (all)"],"0":["XSA-207"]}}}]}"#;
    let debian = r#"{"bash":{"CVE-2024-1000":{"scope":"local","debianbug":1,"description":"a \u00e9",
        "releases":{"bookworm":{"status":"open","repositories":{"bookworm":"5.2-1"},
            "urgency":"low**","nodsa":"Minor issue","nodsa_reason":"postponed"},
        "sid":{"status":"resolved","fixed_version":"5.3-1","urgency":"low**"}}}}}"#;
    let oval = r#"<oval_definitions><definitions><definition id="d"><metadata><title>CVE-2024-1000
        PHSA-1</title><affected><platform>ALT Linux branch p10</platform></affected><reference
        source="elsa" ref_id="ELSA-1" ref_url="https://a.example/"/><advisory><cve cvss3="9/CVSS:3.1/"
        cve="CWE-1">CVE-2024-1000</cve></advisory></metadata><criteria operator="OR"><criterion
        test_ref="t" comment="a is earlier"/></criteria></definition></definitions><tests><rpminfo_test
        id="t"><object object_ref="o"/><state state_ref="s"/></rpminfo_test></tests><objects>
        <rpminfo_object id="o"><name>a</name></rpminfo_object></objects><states><rpminfo_state id="s">
        <evr operation="less than">0:1-2</evr><arch>(x86_64|aarch64)</arch></rpminfo_state></states>
        </oval_definitions>"#;
    let updates = r#"<updates><update type="security"><id>ALAS-1</id><description>&lt;</description>
        <references><reference href="https://a.example/" id="CVE-2024-1000"/></references><pkglist>
        <collection><package name="a" epoch="1" version="5.10.1" release="2" arch="noarch"/>
        </collection></pkglist></update></updates>"#;
    let bodhi = r#"{"updates":[{"alias":"FEDORA-1","type":"security","status":"stable","notes":"x",
        "release":{"id_prefix":"FEDORA","version":"41"},"builds":[{"nvr":"a-1-2","type":"rpm"}],
        "bugs":[{"bug_id":1,"title":"CVE-2024-1000 a"}]}]}"#;
    let errata_json = r#"{"data":[{"id":"ALSA-2024:1","type":"security","severity":"Moderate",
        "issued_date":1572983623,"modules":[{"name":"m","stream":"1"}],"references":[{"href":
        "https://a.example/","id":"CVE-2024-1000"}],"packages":[{"name":"a","epoch":"1","version":"1",
        "release":"2.module_el9+1","arch":"noarch","module":"m:1:2:3:noarch"}]}]}"#;
    let groups = r#"[{"name":"AVG-1","packages":["a"],"status":"Testing","fixed":"1:2-3","type":"x",
        "severity":"High","issues":["CVE-2024-1000"],"advisories":["ASA-1"]}]"#;
    let notice = r#"<cvrfdoc><DocumentTracking><Identification><ID>openEuler-SA-1</ID></Identification>
        </DocumentTracking><ProductTree><Branch Name="src"><FullProductName
        CPE="cpe:/a:openEuler:openEuler:22.03-LTS">a-1-2.src.rpm</FullProductName></Branch>
        </ProductTree><Vulnerability><CVE>CVE-2024-1000</CVE><ProductStatuses><Status Type="Fixed">
        <ProductID>openEuler-22.03-LTS</ProductID></Status></ProductStatuses><CVSSScoreSets><ScoreSet>
        <Vector>AV:N/PR:N</Vector></ScoreSet></CVSSScoreSets></Vulnerability></cvrfdoc>"#;
    let many = r#"{"id":"X-1","upstream":["CVE-2024-1000"],"summary":"Low: m:1 update","affected":[
        {"package":{"ecosystem":"AlmaLinux:9","name":"a"},"versions":["1-2"]},
        {"package":{"ecosystem":"Rocky Linux:9","name":"a"},"versions":["1-2"]},
        {"package":{"ecosystem":"openEuler:22.03-LTS","name":"a"},"versions":["1-2"]},
        {"package":{"ecosystem":"Bitnami","name":"a"},"versions":["1.2.3-4"]},
        {"package":{"ecosystem":"Mageia:9","name":"a"},"versions":["1-2"]},
        {"package":{"ecosystem":"Wolfi","name":"a","purl":"pkg:apk/wolfi/a?arch=x86_64"},"versions":
        ["1-r2"],"ecosystem_specific":{"components":[{"component_name":"c","note":"n"}]}},
        {"package":{"ecosystem":"Chainguard","name":"a"},"versions":["1-r2"]}],
        "database_specific":{"severity":"HIGH","cwe_ids":["CWE-1"]}}"#;
    let records = [record("CVE-2024-1001"), record("CVE-2024-1002")];
    let members = [("a.json", records[0].as_str()), ("b.json", &records[1])];
    let errata = zip(&[("a.xml", oval)]);
    let (tar, zip) = (tar(&members), zip(&members));
    let [json, other] = records.map(String::into_bytes);
    vec![
        alpine.into(),
        debian.into(),
        oval.into(),
        updates.into(),
        bodhi.into(),
        errata_json.into(),
        groups.into(),
        notice.into(),
        many.into(),
        crate::enrichments::NVD.into(),
        crate::enrichments::EPSS.into(),
        crate::enrichments::KEV.into(),
        crate::enrichments::CISA.into(),
        errata,
        json,
        other,
        zstd::encode_all(&tar[..], 1).unwrap(),
        tar,
        zip,
    ]
}

/// Parses as every feed. What comes out has to be fit to be shown.
fn check(bytes: &[u8]) {
    for source in SOURCES {
        let Ok(collected) = parse_within(source, bytes, LIMITS) else {
            continue;
        };
        check_clean(&collected);
    }
}

fn check_clean(collected: &Collected) {
    for enrichment in &collected.enrichments {
        assert!(
            !enrichment.tags.iter().any(String::is_empty),
            "{enrichment:?}"
        );
        let value: serde_json::Value = serde_json::from_str(enrichment.value.get()).unwrap();
        assert!(!value.to_string().contains("\\u001b"), "{enrichment:?}");
    }
    for advisory in &collected.advisories {
        assert!(!advisory.affected.is_empty(), "{advisory:?}");
        let mut shown: Vec<String> = advisory.affected.iter().map(words).collect();
        shown.extend([advisory.id.clone(), advisory.severity.clone()]);
        shown.extend(
            advisory
                .aliases
                .iter()
                .chain(&advisory.links)
                .chain(&advisory.cvss)
                .cloned(),
        );
        shown.push(advisory.description.replace('\n', ""));
        shown.extend(collected.skipped.iter().map(|(_, subject)| subject.clone()));
        for text in shown {
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
}

/// JSON whose keys and words are those that the feeds look for, in places where they do not.
fn odd_json() -> impl Strategy<Value = String> {
    let word = || {
        select(vec![
            "packages",
            "pkg",
            "name",
            "secfixes",
            "distroversion",
            "v3.18",
            "releases",
            "sid",
            "status",
            "open",
            "resolved",
            "fixed_version",
            "urgency",
            "repositories",
            "id",
            "affected",
            "package",
            "ecosystem",
            "Ubuntu:22.04:LTS",
            "ranges",
            "type",
            "ECOSYSTEM",
            "events",
            "introduced",
            "fixed",
            "last_affected",
            "limit",
            "versions",
            "severity",
            "score",
            "vulnerabilities",
            "cve",
            "cveID",
            "metrics",
            "cvssMetricV31",
            "cvssData",
            "vectorString",
            "baseScore",
            "containers",
            "adp",
            "other",
            "content",
            "options",
            "CVE-2024-1000",
            "UBUNTU-CVE-2024-1000",
            "0",
            "1:2~3-4",
            "*",
            "",
            "\\u0000",
            "\\ud800",
            "\\u001b[31m",
            "é",
        ])
        .prop_map(|word| format!("\"{word}\""))
    };
    let leaf = prop_oneof![
        word(),
        Just("null".to_owned()),
        Just("7".to_owned()),
        Just("true".to_owned())
    ];
    leaf.prop_recursive(6, 64, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            vec((word(), inner), 0..5).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .into_iter()
                    .map(|(key, value)| format!("{key}:{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// XML whose names and texts are those that the feeds look for, in places where they do not.
fn odd_xml() -> impl Strategy<Value = String> {
    let name = || {
        select(vec![
            "definitions",
            "definition",
            "metadata",
            "title",
            "affected",
            "platform",
            "reference",
            "advisory",
            "cve",
            "criteria",
            "criterion",
            "tests",
            "rpminfo_test",
            "object",
            "state",
            "objects",
            "rpminfo_object",
            "name",
            "states",
            "rpminfo_state",
            "evr",
            "arch",
            "version",
            "release",
            "signature_keyid",
            "update",
            "id",
            "references",
            "pkglist",
            "collection",
            "package",
            "module",
            "severity",
        ])
    };
    let text = || {
        select(vec![
            "",
            "CVE-2024-1000",
            "a",
            "0:1-2",
            "(x86_64|noarch)",
            "^8",
            "less than",
            "equals",
            "0",
            "AND",
            "OR",
            "security",
            "Oracle Linux 8 is installed",
            "Photon OS 5 is installed",
            "SUSE Linux Enterprise Server 15 SP5 is installed",
            "Module a:1 is enabled",
            "oraclelinux-release",
            "&#27;[31m",
            "&amp;",
            "é",
        ])
    };
    let attribute = select(vec![
        "id",
        "comment",
        "test_ref",
        "object_ref",
        "state_ref",
        "operation",
        "operator",
        "check",
        "negate",
        "type",
        "name",
        "version",
        "release",
        "epoch",
        "arch",
        "href",
        "source",
        "ref_id",
    ]);
    let attributes = vec((attribute, text()), 0..4);
    let leaf = text().prop_map(str::to_owned);
    leaf.prop_recursive(7, 64, 5, move |inner| {
        (name(), attributes.clone(), vec(inner, 0..5)).prop_map(|(name, attributes, children)| {
            let mut start = name.to_owned();
            for (key, value) in attributes {
                write!(start, " {key}=\"{value}\"").unwrap();
            }
            format!("<{start}>{}</{name}>", children.concat())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn noise_is_survived(bytes in vec(any::<u8>(), 0..2000), start in select(vec![
        &b""[..], b"{", b"<updates><update><id>", b"<oval_definitions>", b"{\"bash\":{", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd",
    ])) {
        check(&[start, &bytes].concat());
    }

    #[test]
    fn damage_is_survived(
        which in any::<Index>(),
        flips in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in any::<Index>(),
    ) {
        let mut bytes = which.get(&documents()).clone();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        check(&bytes);
        bytes.truncate(cut.index(bytes.len() + 1));
        check(&bytes);
    }

    #[test]
    fn odd_elements_are_survived(xml in vec(odd_xml(), 1..8)) {
        let xml = xml.concat();
        check(format!("<oval_definitions>{xml}</oval_definitions>").as_bytes());
        check(format!("<updates>{xml}</updates>").as_bytes());
    }

    #[test]
    fn odd_values_are_survived(json in odd_json()) {
        check(json.as_bytes());
        check(format!(r#"{{"bash":{{"CVE-2024-1000":{json}}}}}"#).as_bytes());
        check(format!(r#"{{"packages":[{json}]}}"#).as_bytes());
        check(format!(r#"{{"vulnerabilities":[{json}]}}"#).as_bytes());
        check(format!(r#"{{"vulnerabilities":[{{"cve":{{"id":"CVE-2024-1000","metrics":{json}}}}}]}}"#).as_bytes());
        check(format!(r#"{{"id":"UBUNTU-CVE-2024-1000","affected":[{json}]}}"#).as_bytes());
    }
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        check(deep.as_bytes());
        check(format!(r#"{{"bash":{{"CVE-2024-1000":{deep}}}}}"#).as_bytes());
        check(format!(r#"{{"packages":[{deep}]}}"#).as_bytes());
        check(format!(r#"{{"id":"UBUNTU-CVE-2024-1000","database_specific":{deep}}}"#).as_bytes());
        check(format!(r#"{{"updates":[{deep}]}}"#).as_bytes());
    }
}

#[test]
fn deep_elements_do_not_overflow_the_stack() {
    for name in ["criteria", "update", "oval_definitions"] {
        let deep = format!("<{name}>").repeat(20_000);
        check(deep.as_bytes());
        check(format!("<oval_definitions><definitions><definition>{deep}").as_bytes());
        check(format!("<updates><update>{deep}").as_bytes());
    }
}
