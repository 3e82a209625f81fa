//! What the vendors say comes out of a scan: statements picked by hand from their documents.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Machine, Root, corpus};

/// What the vendor says of a version of a package.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// Vulnerable, and this version has the fix.
    Fixed(&'static str),
    /// Vulnerable, and no version has a fix.
    Affected,
    /// Vulnerable, and no longer maintained in this release.
    EndOfLife,
    /// Not vulnerable.
    Fine,
}
use Says::{Affected, EndOfLife, Fine, Fixed};

/// Release, package (which is its own source), installed version, vulnerability, what the vendor
/// says, and the severity it gives.
type Case = (
    Root,
    &'static str,
    &'static str,
    &'static str,
    Says,
    &'static str,
);

fn check(machine: &Machine, cases: Vec<Case>) {
    for (number, (root, package, version, id, says, severity)) in cases.into_iter().enumerate() {
        let name = format!("root-{number}");
        let image = machine.root(&name, &root.with(package, version, package));
        let report = machine.json(&["scan", &image, "-o", "json"]);
        let vulnerabilities = report["vulnerabilities"].as_object().unwrap();
        let found: Vec<&Value> = vulnerabilities
            .values()
            .filter(|found| found["name"] == id)
            .collect();
        let case = format!("{id} in {package} {version}: {found:?}");
        let explanation = machine.json(&["scan", &image, "--explain", id, "-o", "json"]);
        match says {
            Fine => assert!(found.is_empty(), "{case}"),
            Fixed(_) | Affected | EndOfLife => {
                let [found] = found.as_slice() else {
                    panic!("{case}");
                };
                let (state, fixed) = match says {
                    Fixed(fixed) => ("fixed", fixed),
                    EndOfLife => ("end-of-life", ""),
                    _ => ("affected", ""),
                };
                assert_eq!(found["fixed_in_version"], fixed, "{case}");
                assert_eq!(found["fix_state"], state, "{case}");
                assert_eq!(found["normalized_severity"], severity, "{case}");
            }
        }
        assert_eq!(
            explanation["affected"],
            !matches!(says, Fine),
            "{explanation}"
        );
    }
}

/// Makes a mirror of one feed out of files of the corpus.
fn mirror(machine: &Machine, files: &[(&Path, &str)]) {
    for (from, to) in files {
        let to = machine.path(&format!("mirror/{to}"));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

#[test]
fn debian_says_what_is_fixed_where() {
    let Some(corpus) = corpus() else { return };
    let feeds = corpus.join("feeds/debian");
    let machine = Machine::new();
    mirror(
        &machine,
        &[(&feeds.join("tracker-from-DSA.json.gz"), "debian/json.gz")],
    );
    machine.update("mirror", "debian");
    let wheezy = || Root::debian("wheezy", "7");
    let jessie = || Root::debian("jessie", "8");
    check(
        &machine,
        vec![
            (
                wheezy(),
                "sudo",
                "1.8.5p2-1+nmu3",
                "CVE-2015-5602",
                Fixed("1.8.5p2-1+nmu3+deb7u1"),
                "Unknown",
            ),
            (
                wheezy(),
                "sudo",
                "1.8.5p2-1+nmu3+deb7u1",
                "CVE-2015-5602",
                Fine,
                "",
            ),
            // The same package in the next release has another fix.
            (
                jessie(),
                "sudo",
                "1.8.10p3-1+deb8u2",
                "CVE-2015-5602",
                Fixed("1.8.10p3-1+deb8u3"),
                "Unknown",
            ),
            (
                jessie(),
                "atril",
                "1.8.1+dfsg1-4",
                "CVE-2017-1000083",
                Fixed("1.8.1+dfsg1-4+deb8u1"),
                "Unknown",
            ),
            (
                jessie(),
                "atril",
                "1.8.1+dfsg1-4+deb8u1",
                "CVE-2017-1000083",
                Fine,
                "",
            ),
            // Fixed in wheezy, of which jessie's record does not speak.
            (jessie(), "sudo", "1.8.5p2-1", "CVE-2014-9680", Fine, ""),
        ],
    );
}

#[test]
fn debian_says_what_is_open_and_what_was_never_there() {
    let Some(corpus) = corpus() else { return };
    let machine = Machine::new();
    let tracker = corpus.join("feeds/debian/tracker-slice.json");
    mirror(&machine, &[(&tracker, "debian/json")]);
    machine.update("mirror", "debian");
    let jessie = || Root::debian("jessie", "8");
    let buster = || Root::debian("buster", "10");
    check(
        &machine,
        vec![
            (
                buster(),
                "prototypejs",
                "1.6.0.1-1",
                "CVE-2008-7220",
                Fixed("1.6.0.2-1"),
                "High",
            ),
            (
                buster(),
                "prototypejs",
                "1.7.1-3",
                "CVE-2008-7220",
                Fine,
                "",
            ),
            // "fixed_version": "0", which is: never affected.
            (buster(), "prototypejs", "0.1-1", "CVE-2007-2383", Fine, ""),
            (
                jessie(),
                "txt2man",
                "1.5.5-4",
                "CVE-2013-1444",
                Fixed("1.5.5-4.1"),
                "Low",
            ),
            // Open in buster, fixed in bullseye and bookworm.
            (
                buster(),
                "chromium",
                "90.0.4430.212-1~deb10u1",
                "CVE-2022-0456",
                EndOfLife,
                "Unknown",
            ),
            (
                Root::debian("bullseye", "11"),
                "chromium",
                "90.0.4430.212-1",
                "CVE-2022-0456",
                Fixed("98.0.4758.80-1~deb11u1"),
                "Unknown",
            ),
            (
                Root::debian("bookworm", "12"),
                "chromium",
                "98.0.4758.102-1",
                "CVE-2022-0456",
                Fine,
                "",
            ),
        ],
    );
}

#[test]
fn alpine_says_so_in_its_secdb() {
    let Some(corpus) = corpus() else { return };
    let secdb = corpus.join("feeds/alpine-secdb/json");
    let machine = Machine::new();
    let names = ["v3.5", "v3.8", "v3.10"].map(|branch| {
        ["main", "community"].map(|repository| format!("{branch}/{repository}.json"))
    });
    for name in names.as_flattened() {
        mirror(&machine, &[(&secdb.join(name), &format!("alpine/{name}"))]);
    }
    machine.update("mirror", "alpine");
    let v3_10 = || Root::alpine("3.10.3");
    let v3_5 = || Root::alpine("3.5.3");
    check(
        &machine,
        vec![
            (
                v3_10(),
                "busybox",
                "1.27.2-r3",
                "CVE-2017-16544",
                Fixed("1.27.2-r4"),
                "Unknown",
            ),
            (v3_10(), "busybox", "1.27.2-r4", "CVE-2017-16544", Fine, ""),
            (
                v3_10(),
                "curl",
                "7.61.1-r0",
                "CVE-2018-16839",
                Fixed("7.62.0-r0"),
                "Unknown",
            ),
            // A suffix: _p1 is before _p4.
            (
                v3_10(),
                "bind",
                "9.12.3_p1-r0",
                "CVE-2019-6465",
                Fixed("9.12.3_p4-r0"),
                "Unknown",
            ),
            (v3_10(), "bind", "9.12.3_p4-r2", "CVE-2019-6465", Fine, ""),
            // From community.
            (
                v3_10(),
                "botan",
                "2.8.0-r0",
                "CVE-2018-20187",
                Fixed("2.9.0-r0"),
                "Unknown",
            ),
            // "0": Alpine's package was never affected, in whatever version.
            (v3_5(), "db", "5.3.28-r0", "CVE-2016-0682", Fine, ""),
        ],
    );
}

#[test]
fn canonical_says_so_in_its_osv_records() {
    let Some(corpus) = corpus() else { return };
    let feeds = corpus.join("feeds/ubuntu");
    let machine = Machine::new();
    for (folder, name) in [
        ("osv", "2020/UBUNTU-CVE-2020-36325"),
        ("osv", "2026/UBUNTU-CVE-2026-1403"),
        ("osv", "2013/UBUNTU-CVE-2013-2208"),
        ("osv", "2016/UBUNTU-CVE-2016-20013"),
        ("osv", "2021/UBUNTU-CVE-2021-3782"),
        ("osv-esm", "2014/UBUNTU-CVE-2014-9913"),
        ("osv-esm", "2022/UBUNTU-CVE-2022-24823"),
    ] {
        let name = format!("cve/{name}.json");
        let from = feeds.join(folder).join(&name);
        mirror(&machine, &[(&from, &format!("ubuntu/{name}"))]);
    }
    machine.update("mirror", "ubuntu");
    let trusty = || Root::ubuntu("trusty", "14.04");
    let xenial = || Root::ubuntu("xenial", "16.04");
    let focal = || Root::ubuntu("focal", "20.04");
    check(
        &machine,
        vec![
            (
                focal(),
                "wayland",
                "1.17.0-1",
                "CVE-2021-3782",
                Fixed("1.18.0-1ubuntu0.1"),
                "Medium",
            ),
            (
                focal(),
                "wayland",
                "1.18.0-1ubuntu0.1",
                "CVE-2021-3782",
                Fine,
                "",
            ),
            // Only subscribers get the fix, but everybody is vulnerable.
            (
                xenial(),
                "wayland",
                "1.12.0-1~ubuntu16.04.3",
                "CVE-2021-3782",
                Fixed("1.12.0-1~ubuntu16.04.3+esm1"),
                "Medium",
            ),
            (
                xenial(),
                "unzip",
                "6.0-20ubuntu1",
                "CVE-2014-9913",
                Fixed("6.0-20ubuntu1.1"),
                "Negligible",
            ),
            (
                trusty(),
                "unzip",
                "6.0-9ubuntu1.5",
                "CVE-2014-9913",
                Fixed("6.0-9ubuntu1.6"),
                "Negligible",
            ),
            (
                xenial(),
                "netty",
                "1:4.0.34-1",
                "CVE-2022-24823",
                Fixed("1:4.0.34-1ubuntu0.1~esm2"),
                "Low",
            ),
            (
                trusty(),
                "netty",
                "1:3.2.6.Final-2",
                "CVE-2022-24823",
                Affected,
                "Low",
            ),
            (
                xenial(),
                "gitlab",
                "8.5.8+dfsg-5",
                "CVE-2026-1403",
                Affected,
                "Medium",
            ),
            // Withdrawn records say nothing.
            (trusty(), "tpp", "1.3.1-2", "CVE-2013-2208", Fine, ""),
        ],
    );
}
