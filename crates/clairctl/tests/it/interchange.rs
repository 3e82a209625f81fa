//! `clairctl export-updaters` and `import-updaters`, and the same files with `clairctl db`.

use std::fs;

use serde_json::Value;

use crate::support::{Machine, Root, tracker};

const FIXED: (&str, &str, &str, Option<&str>, &str) =
    ("bash", "CVE-2024-0003", "bookworm", Some("5.2.16-1"), "low");
const OPEN: (&str, &str, &str, Option<&str>, &str) =
    ("bash", "CVE-2024-0004", "bookworm", None, "high");

const CONFIG: &str = "
updaters: {sets: [alpine, debian]}
updater: {mirror: mirror, offline: true}
matcher: {disable_updaters: true}
";

const SECDB: &str = r#"{"distroversion":"v3.18","reponame":"main","urlprefix":"https://a.example",
    "packages":[{"pkg":{"name":"zlib","secfixes":{"1.1-r0":["CVE-2024-1000"]}}}]}"#;

/// A machine with a network: a mirror, and a configuration that names it.
fn online() -> Machine {
    let machine = Machine::new();
    machine.write("mirror/debian/json", &tracker(&[FIXED, OPEN]));
    machine.write("mirror/alpine/v3.18/main.json", SECDB);
    machine.write("config.yaml", CONFIG);
    machine
}

/// What is found in an image, without what tells when it was fetched.
fn found(machine: &Machine) -> Value {
    let root = Root::debian("bookworm", "12").with("bash", "5.2.15-2", "bash");
    let image = machine.root("image", &root);
    let mut report = machine.json(&["scan", &image, "-o", "json"]);
    report["coverage"].take();
    report
}

fn carry(from: &Machine, to: &Machine, name: &str) {
    fs::copy(from.path(name), to.path(name)).unwrap();
}

#[test]
fn a_file_of_the_feeds_finds_on_the_other_side_what_they_find_here() {
    let (here, there) = (online(), Machine::new());
    for name in ["updates.json", "updates.json.gz", "updates.json.zst"] {
        let run = here.clairctl(&["export-updaters", name]);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.stdout, "");
        assert!(
            run.stderr.contains("debian: 2 advisories, 2 statements"),
            "{run:?}"
        );
        assert!(run.stderr.contains("3 advisories, 3 statements"), "{run:?}");
        carry(&here, &there, name);
    }
    here.update("mirror", "debian,alpine");
    let run = there.clairctl(&["db", "import", "updates.json.gz"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stderr.contains("alpine/v3.18/main: 1 advisories"),
        "{run:?}"
    );
    assert!(run.stderr.contains("debian: 2 advisories"), "{run:?}");
    let expected = found(&here);
    assert_eq!(expected["vulnerabilities"].as_object().unwrap().len(), 2);
    assert_eq!(found(&there), expected);
    // The same records, however they are packed, are known.
    let again = there.clairctl(&["db", "import", "updates.json.zst"]);
    assert!(again.stderr.contains("debian: unchanged"), "{again:?}");
}

#[test]
fn the_database_is_written_as_the_feeds_are() {
    let (here, there) = (online(), Machine::new());
    here.update("mirror", "debian,alpine");
    here.succeed(&["db", "export", "--format", "clair", "updates.json.zst"]);
    carry(&here, &there, "updates.json.zst");
    there.succeed(&["db", "import", "updates.json.zst"]);
    assert_eq!(found(&there), found(&here));
    // Our own form carries everything, and is told apart by itself.
    let third = Machine::new();
    here.succeed(&["db", "export", "advisories.db"]);
    carry(&here, &third, "advisories.db");
    third.succeed(&["db", "import", "advisories.db"]);
    assert_eq!(found(&third), found(&here));
}

#[test]
fn standard_output_has_lines_of_clairs_and_nothing_else() {
    let machine = online();
    let lines = machine.succeed(&["export-updaters"]);
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let updaters: Vec<&str> = lines
        .iter()
        .map(|line| line["Updater"].as_str().unwrap())
        .collect();
    assert_eq!(
        updaters,
        [
            "alpine-main-v3.18-updater",
            "debian/updater",
            "debian/updater"
        ]
    );
    assert_eq!(lines[1]["Ref"], lines[2]["Ref"]);
    assert_ne!(lines[0]["Ref"], lines[1]["Ref"]);
}

#[test]
fn a_source_that_fails_is_left_out_unless_it_must_not_be() {
    let machine = online();
    machine.write("mirror/debian/json", "{");
    let strict = machine.clairctl(&["export-updaters", "--strict", "updates.json"]);
    assert_eq!(strict.code, 1);
    assert!(strict.stderr.contains("debian: failed: "), "{strict:?}");
    assert!(strict.stderr.contains("nothing was written"), "{strict:?}");
    assert!(!machine.path("updates.json").exists());
    let lenient = machine.clairctl(&["export-updaters", "updates.json"]);
    assert_eq!(lenient.code, 0);
    assert!(lenient.stderr.contains("debian: failed: "), "{lenient:?}");
    let text = fs::read_to_string(machine.path("updates.json")).unwrap();
    assert!(text.contains("alpine-main") && !text.contains("debian"));
}

#[test]
fn a_file_that_is_wrong_changes_nothing() {
    let machine = online();
    machine.update("mirror", "debian");
    let before = found(&machine);
    let mut text = machine.succeed(&["export-updaters"]);
    text.truncate(text.len() - 10);
    machine.write("cut.json", &text);
    let run = machine.clairctl(&["db", "import", "cut.json"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("cut.json, line 3: "), "{run:?}");
    assert_eq!(found(&machine), before);
}

#[test]
fn an_import_into_the_services_needs_to_know_their_database() {
    let machine = Machine::new();
    machine.write("updates.json", "");
    let run = machine.clairctl(&["import-updaters", "updates.json"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("a configuration is needed"), "{run:?}");
    machine.write("config.yaml", CONFIG);
    let run = machine.clairctl(&["import-updaters", "updates.json"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("connstring"), "{run:?}");
    let both = machine.clairctl(&["import-updaters", "-g", "-z", "updates.json"]);
    assert_eq!(both.code, 1);
}
