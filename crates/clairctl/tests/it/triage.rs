//! VEX documents and ignore files: `scan` with them.

use serde_json::{Value, json};

use crate::support::{Machine, Root, findings, tracker};

/// A machine whose database knows openssl and bash in bookworm, with an image that has them.
fn machine() -> (Machine, String) {
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
    let root = Root::debian("bookworm", "12")
        .with("libssl3", "3.0.11-1", "openssl")
        .with("bash", "5.2.15-2", "bash");
    let image = machine.docker_archive("app.tar", &root);
    (machine, image)
}

fn openvex(statements: &Value) -> String {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": "https://example.com/vex",
        "author": "Example",
        "timestamp": "2024-06-01T00:00:00Z",
        "version": 1,
        "statements": statements,
    })
    .to_string()
}

fn not_affected(id: &str, product: &str) -> Value {
    json!({
        "vulnerability": {"name": id},
        "products": [{"@id": product}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_present",
        "impact_statement": "It is patched.\u{1b}[2J",
    })
}

#[test]
fn what_is_suppressed_is_counted_and_listed_if_asked_for() {
    let (machine, image) = machine();
    let statements = json!([
        not_affected("CVE-2024-0001", "pkg:oci/demo?repository_url=docker.io/library/demo"),
        {
            "vulnerability": {"name": "CVE-2024-0003"},
            "products": [{"@id": "pkg:deb/debian/bash?distro=debian-12"}],
            "status": "affected",
            "action_statement": "Update it.",
        },
    ]);
    machine.write("vex.json", &openvex(&statements));
    let rules = "ignore:\n  - id: CVE-2024-0002\n    package: lib*\n    reason: accepted\n";
    machine.write(".clairignore.yaml", rules);
    let arguments = ["scan", &image, "--vex", "vex.json", "-o", "table"];
    let run = machine.clairctl(&arguments);
    let table = "\
PACKAGE  INSTALLED  RISK  SEVERITY  VULNERABILITY  FIX
bash     5.2.15-2     10  Low       CVE-2024-0003  5.2.16-1

docker-archive:app.tar: 1 vulnerability in 1 of 2 packages (1 low), 1 with a fix; 2 findings are suppressed
vex: CVE-2024-0003 in bash: vex.json, statement 2: affected: Update it.
";
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (table, ""));
    let mut arguments = arguments.to_vec();
    arguments.push("--show-suppressed");
    let expected = format!(
        "{table}
SUPPRESSED  INSTALLED  SEVERITY    VULNERABILITY  BY
libssl3     3.0.11-1   High        CVE-2024-0001  \
vex.json, statement 1: not_affected (vulnerable_code_not_present): It is patched.\u{fffd}[2J
libssl3     3.0.11-1   Negligible  CVE-2024-0002  .clairignore.yaml:2: accepted
"
    );
    assert_eq!(machine.succeed(&arguments), expected);
}

#[test]
fn json_has_what_is_suppressed_behind_clairs_own_fields() {
    let (machine, image) = machine();
    let statement = not_affected("CVE-2024-0001", "pkg:deb/debian/libssl3");
    machine.write("vex/a.json", &openvex(&json!([statement])));
    let report = machine.json(&["scan", &image, "--vex", "vex"]);
    let names: Vec<String> = findings(&report)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["CVE-2024-0002", "CVE-2024-0003"]);
    let [suppressed] = report["suppressed"].as_array().unwrap().as_slice() else {
        panic!("{report}");
    };
    assert_eq!(suppressed["package"], "libssl3");
    assert_eq!(suppressed["vulnerability"]["name"], "CVE-2024-0001");
    assert_eq!(suppressed["by"][0]["kind"], "vex");
    assert_eq!(suppressed["by"][0]["file"], "vex/a.json");
    assert_eq!(report["annotations"], json!([]));
    // Without rules there is nothing to tell.
    let report = machine.json(&["scan", &image]);
    assert_eq!(report.get("suppressed"), None);
    assert_eq!(findings(&report).len(), 3);
}

#[test]
fn the_exit_status_is_that_of_what_is_left() {
    let (machine, image) = machine();
    machine.write("list", "CVE-2024-0001\n");
    machine.write(
        "rules.yaml",
        "ignore:\n  - {id: CVE-2024-0001, reason: x}\n  - {id: CVE-1, reason: x}\n",
    );
    for (arguments, code) in [
        (&["--fail-on", "high"][..], 2),
        (&["--fail-on", "high", "--ignore-file", "list"], 0),
        (&["--fail-on", "low", "--ignore-file", "list"], 2),
        (
            &[
                "--fail-on",
                "low",
                "--ignore-file",
                "list",
                "--ignore-file",
                "rules.yaml",
                "--ignore-unfixed",
            ],
            2,
        ),
        (
            &[
                "--fail-on",
                "medium",
                "--only-fixed",
                "--ignore-file",
                "list",
            ],
            0,
        ),
        (&["--fail-on-unused"], 0),
        (&["--fail-on-unused", "--ignore-file", "list"], 0),
        (&["--fail-on-unused", "--ignore-file", "rules.yaml"], 4),
        (
            &[
                "--fail-on-unused",
                "--ignore-file",
                "rules.yaml",
                "--fail-on",
                "low",
            ],
            2,
        ),
        (&["--ignore-file", "missing"], 1),
        (&["--vex", "missing"], 1),
        (&["--vex", "list"], 1),
        (&["--vex-product", "pkg:oci/app"], 1),
        (&["--ignore-file", "list", "--no-ignore"], 1),
    ] {
        let mut all = vec!["scan", image.as_str()];
        all.extend(arguments);
        let run = machine.clairctl(&all);
        assert_eq!(run.code, code, "{arguments:?}: {run:?}");
    }
}

#[test]
fn the_ignore_file_of_the_directory_is_used_unless_another_or_none_is_named() {
    let (machine, image) = machine();
    machine.write(
        ".clairignore.yaml",
        "ignore:\n  - {id: CVE-2024-0001, reason: x}\n",
    );
    machine.write(
        "other.yaml",
        "ignore:\n  - {id: CVE-2024-0003, reason: x}\n",
    );
    for (arguments, left) in [
        (&[][..], ["CVE-2024-0002", "CVE-2024-0003"].as_slice()),
        (
            &["--ignore-file", "other.yaml"],
            &["CVE-2024-0001", "CVE-2024-0002"],
        ),
        (
            &["--no-ignore"],
            &["CVE-2024-0001", "CVE-2024-0002", "CVE-2024-0003"],
        ),
    ] {
        let mut all = vec!["scan", image.as_str()];
        all.extend(arguments);
        let names = findings(&machine.json(&all))
            .into_iter()
            .map(|(name, _)| name);
        assert_eq!(names.collect::<Vec<_>>(), left, "{arguments:?}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let (machine, image) = machine();
    machine.write("bad.yaml", "ignore:\n  - id: CVE-1\n    reasons: x\n");
    machine.write(
        "bad.json",
        &openvex(&json!([{"vulnerability": "CVE-1", "status": "good"}])),
    );
    for (option, file, expected) in [
        (
            "--ignore-file",
            "bad.yaml",
            "clairctl: bad.yaml:3: unknown field `reasons`",
        ),
        (
            "--vex",
            "bad.json",
            "clairctl: bad.json: OpenVEX: statements[0].status: unknown variant `good`",
        ),
        (
            "--vex",
            "app.tar",
            "clairctl: app.tar is no VEX document: it is not a JSON object",
        ),
    ] {
        let run = machine.clairctl(&["scan", &image, option, file]);
        assert_eq!(run.code, 1);
        assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    }
}

#[test]
fn rules_without_effect_are_told() {
    let (machine, image) = machine();
    let statements: Vec<Value> = (1..=7)
        .map(|number| not_affected(&format!("CVE-2020-{number}"), "pkg:oci/demo"))
        .collect();
    machine.write("vex.json", &openvex(&json!(statements)));
    let rules = "\
ignore:
  - {id: CVE-2020-1, reason: x}
  - {id: CVE-2024-0001, expires: 2024-01-31, reason: x}
";
    machine.write("rules.yaml", rules);
    let arguments = [
        "scan",
        &image,
        "--vex",
        "vex.json",
        "--ignore-file",
        "rules.yaml",
    ];
    let run = machine.clairctl(&arguments);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "\
clairctl: warning: rules.yaml:2: nothing was found for: CVE-2020-1
clairctl: warning: rules.yaml:3: expired on 2024-01-31: CVE-2024-0001
clairctl: warning: vex.json, statement 1: nothing was found for: CVE-2020-1
clairctl: warning: vex.json, statement 2: nothing was found for: CVE-2020-2
clairctl: warning: vex.json, statement 3: nothing was found for: CVE-2020-3
clairctl: warning: vex.json, statement 4: nothing was found for: CVE-2020-4
clairctl: warning: vex.json, statement 5: nothing was found for: CVE-2020-5
clairctl: warning: vex.json: statements without effect: and 2 more
"
    );
}

#[test]
fn an_explanation_tells_what_was_decided() {
    let (machine, image) = machine();
    let statements = json!([not_affected("CVE-2024-0001", "pkg:generic/our-app")]);
    machine.write("vex.json", &openvex(&statements));
    let arguments = [
        "scan",
        &image,
        "--explain",
        "CVE-2024-0001",
        "--vex",
        "vex.json",
        "--vex-product",
        "pkg:generic/our-app@1",
    ];
    let mut as_table = arguments.to_vec();
    as_table.extend(["-o", "table"]);
    let text = machine.succeed(&as_table);
    let expected = "  libssl3 3.0.11-1: suppressed by vex.json, statement 1: not_affected \
                    (vulnerable_code_not_present): It is patched.\u{fffd}[2J\n";
    assert!(
        text.starts_with("CVE-2024-0001: the image is affected\n"),
        "{text}"
    );
    assert!(text.ends_with(expected), "{text}");
    let json = machine.json(&arguments);
    assert_eq!(json["suppressed"].as_array().unwrap().len(), 1);
    // What was decided about others is not what was asked for.
    let json = machine.json(&[
        "scan",
        &image,
        "--explain",
        "CVE-2024-0003",
        "--ignore-unfixed",
    ]);
    assert_eq!(json["suppressed"], json!([]));
}
