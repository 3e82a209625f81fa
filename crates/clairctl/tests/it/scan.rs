//! `clairctl scan` and `index`.

use std::fs;

use crate::support::{Machine, Root, findings, tracker};

/// A machine whose database knows openssl and bash in bookworm.
fn machine() -> Machine {
    let machine = Machine::new();
    let facts = [
        (
            "openssl",
            "CVE-2024-0001",
            "bookworm",
            Some("3.0.13-1"),
            "high",
        ),
        ("openssl", "CVE-2024-0002", "bookworm", None, "unimportant"),
        ("bash", "CVE-2024-0003", "bookworm", Some("5.2.16-1"), "low"),
    ];
    machine.write("mirror/debian/json", &tracker(&facts));
    machine.update("mirror", "debian");
    machine
}

fn bookworm() -> Root {
    Root::debian("bookworm", "12")
        .with("libssl3", "3.0.11-1", "openssl")
        .with("openssl", "3.0.11-1", "openssl")
        .with("bash", "5.2.15-2", "bash")
        .with("coreutils", "9.1-1", "coreutils")
}

#[test]
fn the_table_is_grouped_by_package_and_the_worst_comes_first() {
    let machine = machine();
    let image = machine.root("root", &bookworm());
    assert_eq!(
        machine.succeed(&["scan", &image, "-o", "table"]),
        "\
PACKAGE  INSTALLED  RISK  SEVERITY    VULNERABILITY  FIX
libssl3  3.0.11-1     40  High        CVE-2024-0001  3.0.13-1
                       3  Negligible  CVE-2024-0002  (none yet)
openssl  3.0.11-1     40  High        CVE-2024-0001  3.0.13-1
                       3  Negligible  CVE-2024-0002  (none yet)
bash     5.2.15-2     10  Low         CVE-2024-0003  5.2.16-1

dir:root: 3 vulnerabilities in 3 of 4 packages (1 high, 1 low, 1 negligible), 2 with a fix
"
    );
}

#[test]
fn the_json_is_clairs_vulnerability_report() {
    let machine = machine();
    let image = machine.root("root", &bookworm());
    // It is also what comes out where nobody looks at a terminal.
    let report = machine.json(&["scan", &image]);
    for field in [
        "manifest_hash",
        "packages",
        "distributions",
        "repository",
        "environments",
        "vulnerabilities",
        "package_vulnerabilities",
        "enrichments",
    ] {
        assert!(!report[field].is_null(), "{field}");
    }
    let packages = report["packages"].as_object().unwrap();
    assert_eq!(packages.len(), 4);
    for (id, package) in packages {
        assert_eq!(package["id"], id.as_str());
        let environments = report["environments"][id].as_array().unwrap();
        assert_eq!(environments[0]["package_db"], "var/lib/dpkg/status");
        let distribution = environments[0]["distribution_id"].as_str().unwrap();
        assert_eq!(report["distributions"][distribution]["did"], "debian");
    }
    for (id, vulnerability) in report["vulnerabilities"].as_object().unwrap() {
        assert_eq!(vulnerability["id"], id.as_str());
        assert_eq!(vulnerability["updater"], "debian");
        assert_eq!(
            vulnerability["distribution"]["version_code_name"],
            "bookworm"
        );
        assert!(!vulnerability["links"].as_str().unwrap().is_empty());
    }
    let (_, ids) = report["package_vulnerabilities"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(package, _)| report["packages"][*package]["name"] == "openssl")
        .unwrap();
    let names: Vec<_> = ids
        .as_array()
        .unwrap()
        .iter()
        .map(|id| &report["vulnerabilities"][id.as_str().unwrap()]["name"])
        .collect();
    assert_eq!(names, ["CVE-2024-0001", "CVE-2024-0002"]);
}

#[test]
fn several_outputs_are_written_at_once_and_equal_input_gives_equal_bytes() {
    let machine = machine();
    let image = machine.docker_archive("image.tar", &bookworm());
    let mut documents = Vec::new();
    for run in ["cold", "warm", "without"] {
        let file = format!("{run}.json");
        let output = format!("json={file}");
        let mut arguments = vec!["scan", &image, "-o", "table", "--format", &output];
        if run == "without" {
            arguments.push("--no-layer-cache");
        }
        let table = machine.succeed(&arguments);
        assert!(table.starts_with("PACKAGE"), "{table}");
        documents.push(fs::read(machine.path(&file)).unwrap());
    }
    assert_eq!(documents[0], documents[1]);
    assert_eq!(documents[0], documents[2]);
}

#[test]
fn a_layer_that_is_known_is_not_read_again_and_a_directory_always_is() {
    let machine = machine();
    let archive = machine.docker_archive("image.tar", &bookworm());
    machine.succeed(&["scan", &archive]);
    let kept = fs::read_dir(machine.path("cache/clair/layers")).unwrap();
    assert_eq!(kept.count(), 1);

    let root = machine.root("root", &bookworm());
    assert_eq!(findings(&machine.json(&["scan", &root])).len(), 3);
    let root = machine.root(
        "root",
        &Root::debian("bookworm", "12").with("bash", "6", "bash"),
    );
    assert_eq!(findings(&machine.json(&["scan", &root])), []);
}

#[test]
fn archive_and_directory_give_the_same_findings() {
    let machine = machine();
    let root = machine.root("root", &bookworm());
    let archive = machine.docker_archive("image.tar", &bookworm());
    let from_root = machine.json(&["scan", &root]);
    let from_archive = machine.json(&["scan", &archive]);
    for field in [
        "packages",
        "distributions",
        "vulnerabilities",
        "package_vulnerabilities",
    ] {
        assert_eq!(from_root[field], from_archive[field], "{field}");
    }
    // A bare path is recognised.
    assert_eq!(
        machine.json(&["scan", "image.tar"])["vulnerabilities"],
        from_archive["vulnerabilities"]
    );
}

#[test]
fn the_exit_status_tells_what_fail_on_asks_for() {
    let machine = machine();
    let bad = machine.root("bad", &bookworm());
    let good = machine.root(
        "good",
        &Root::debian("bookworm", "12").with("coreutils", "9.1-1", "coreutils"),
    );
    let unknown = machine.root("unknown", &Root::unknown().with("bash", "5", "bash"));
    let other = machine.root("other", &Root::debian("sid", "").with("bash", "5", "bash"));
    let empty = machine.root("empty", &Root::empty());
    for (image, arguments, code) in [
        (&bad, &[][..], 0),
        (&bad, &["--fail-on", "high"][..], 2),
        (&bad, &["--fail-on", "critical"][..], 0),
        (&good, &["--fail-on", "negligible"][..], 0),
        // No feed, no distribution, no packages: not the same as no vulnerabilities.
        (&unknown, &["--fail-on", "low"][..], 3),
        (&other, &["--fail-on", "low"][..], 3),
        (&empty, &["--fail-on", "low"][..], 3),
        (&unknown, &[][..], 0),
        (&"dir:missing".to_owned(), &[][..], 1),
        (&bad, &["--fail-on", "severity=high and fixable"][..], 2),
        (&bad, &["--fail-on", "kev or risk>=70"][..], 0),
        (&bad, &["--fail-on", "package=bash and not high"][..], 2),
        (&bad, &["--fail-on", "bad"][..], 1),
        (&bad, &["--fail-on", "cvss>"][..], 1),
        (&bad, &["-o", "xml"][..], 1),
    ] {
        let mut all = vec!["scan", image.as_str()];
        all.extend(arguments);
        let run = machine.clairctl(&all);
        assert_eq!(run.code, code, "{all:?}: {run:?}");
        assert_eq!(run.stderr.is_empty(), code != 1, "{all:?}: {run:?}");
    }
}

#[test]
fn what_could_not_be_looked_at_is_told_below_the_table() {
    let machine = machine();
    let image = machine.root("root", &Root::unknown().with("bash", "5", "bash"));
    let table = machine.succeed(&["scan", &image, "-o", "table"]);
    assert!(
        table.starts_with("dir:root: no known vulnerabilities in 1 packages, but not all could be"),
        "{table}"
    );
    assert!(table.contains("no-feed: Nobody's Linux: "), "{table}");
}

#[test]
fn an_explanation_takes_the_place_of_the_report() {
    let machine = machine();
    let image = machine.root("root", &bookworm());
    let text = machine.succeed(&["scan", &image, "--explain", "cve-2024-0003", "-o", "table"]);
    assert_eq!(
        text,
        "\
cve-2024-0003: the image is affected
  bash 5.2.15-2 amd64: affected
    CVE-2024-0003 of debian says: source package bash in debian:bookworm: < 5.2.16-1 vulnerable, \
         fixed
    5.2.15-2 is in < 5.2.16-1
  debian: risk 10: impact 0.20 (severity Low), threat 0.00 (nothing is known)
"
    );
}

#[test]
fn without_a_database_the_way_to_one_is_told() {
    let machine = Machine::new();
    let image = machine.root("root", &bookworm());
    let run = machine.clairctl(&["scan", &image]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("clairctl db update"), "{}", run.stderr);
    // An index report needs none.
    let report = machine.json(&["index", &image]);
    assert_eq!(report["packages"].as_object().unwrap().len(), 4);
    assert_eq!(report["success"], true);
}
