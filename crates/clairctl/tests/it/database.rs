//! `clairctl db`.

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Machine, Root, findings, tracker};

const FACT: (&str, &str, &str, Option<&str>, &str) =
    ("bash", "CVE-2024-0003", "bookworm", Some("5.2.16-1"), "low");

fn bash() -> Root {
    Root::debian("bookworm", "12").with("bash", "5.2.15-2", "bash")
}

fn sources(machine: &Machine) -> Vec<(String, u64)> {
    let status = machine.json(&["db", "status", "-o", "json"]);
    let source = |source: &Value| {
        let name = source["name"].as_str().unwrap().to_owned();
        (name, source["advisories"].as_u64().unwrap())
    };
    status.as_array().unwrap().iter().map(source).collect()
}

fn secdb(package: &str) -> String {
    format!(
        r#"{{"distroversion":"v3.18","reponame":"main","urlprefix":"https://a.example",
            "packages":[{{"pkg":{{"name":"{package}","secfixes":{{"1.1-r0":["CVE-2024-1000"]}}}}}}]}}"#
    )
}

#[test]
fn an_update_tells_of_each_source_and_again_only_that_nothing_changed() {
    let machine = Machine::new();
    machine.write("mirror/debian/json", &tracker(&[FACT]));
    machine.write("mirror/alpine/v3.18/main.json", &secdb("zlib"));
    let update = [
        "db",
        "update",
        "--from",
        "mirror",
        "--only",
        "debian,alpine",
    ];
    let first = machine.clairctl(&update);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first.stderr.contains("debian: 1 advisories, 1 statements"),
        "{first:?}"
    );
    assert!(
        first.stderr.contains("alpine/v3.18/main: 1 advisories"),
        "{first:?}"
    );
    let second = machine.clairctl(&update);
    assert!(second.stderr.contains("debian: unchanged"), "{second:?}");
    assert!(
        second.stderr.contains("alpine/v3.18/main: unchanged"),
        "{second:?}"
    );
    let forced = machine.clairctl(&[&update[..], &["--force"]].concat());
    assert!(forced.stderr.contains("debian: 1 advisories"), "{forced:?}");
    let quiet = machine.clairctl(&[&update[..], &["--quiet"]].concat());
    assert_eq!(quiet.stderr, "");
}

#[test]
fn a_feed_that_breaks_keeps_its_data_and_the_others_go_on() {
    let machine = Machine::new();
    machine.write("mirror/debian/json", &tracker(&[FACT]));
    machine.write("mirror/alpine/v3.18/main.json", &secdb("zlib"));
    machine.update("mirror", "debian,alpine");
    let mut cut = tracker(&[FACT, ("curl", "CVE-2024-0004", "bookworm", None, "low")]);
    cut.truncate(cut.len() - 5);
    machine.write("mirror/debian/json", &cut);
    machine.write(
        "mirror/alpine/v3.18/main.json",
        &secdb("zlib").replace(
            r#"["CVE-2024-1000"]"#,
            r#"["CVE-2024-1000","CVE-2024-1001"]"#,
        ),
    );
    let run = machine.clairctl(&[
        "db",
        "update",
        "--from",
        "mirror",
        "--only",
        "debian,alpine",
    ]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("debian: failed: "), "{run:?}");
    assert!(
        run.stderr.contains("what the database had of it is kept"),
        "{run:?}"
    );
    assert_eq!(
        sources(&machine),
        [
            ("alpine/v3.18/main".to_owned(), 2),
            ("debian".to_owned(), 1)
        ]
    );
}

#[test]
fn a_feed_can_have_a_root_of_its_own() {
    let machine = Machine::new();
    machine.write("tracker.json", &tracker(&[FACT]));
    let root = "debian=file:tracker.json";
    machine.succeed(&[
        "db",
        "update",
        "--root",
        root,
        "--only",
        "debian",
        "--offline",
    ]);
    assert_eq!(sources(&machine), [("debian".to_owned(), 1)]);
    for wrong in [
        &["--only", "nix"][..],
        &["--root", "nix=/x"],
        &["--from", "ftp://a.example/"],
    ] {
        let run = machine.clairctl(&[&["db", "update", "--offline"][..], wrong].concat());
        assert_eq!(run.code, 1, "{run:?}");
    }
}

#[test]
fn offline_means_without_network() {
    let machine = Machine::new();
    let run = machine.clairctl(&["db", "update", "--offline", "--only", "debian"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("this run is offline"), "{run:?}");
}

#[test]
fn an_export_carries_the_database_to_another_machine() {
    let here = Machine::new();
    here.write("mirror/debian/json", &tracker(&[FACT]));
    here.update("mirror", "debian");
    here.succeed(&["db", "export", "feeds.db"]);
    let there = Machine::new();
    fs::copy(here.path("feeds.db"), there.path("feeds.db")).unwrap();
    there.succeed(&["db", "import", "feeds.db"]);
    let scan = |machine: &Machine| {
        let image = machine.docker_archive("image.tar", &bash());
        machine.succeed(&["scan", &image])
    };
    assert_eq!(scan(&here), scan(&there));
}

#[test]
fn a_damaged_export_is_refused_and_the_database_stays() {
    let machine = Machine::new();
    machine.write("mirror/debian/json", &tracker(&[FACT]));
    machine.update("mirror", "debian");
    machine.succeed(&["db", "export", "feeds.db"]);
    let whole = fs::read(machine.path("feeds.db")).unwrap();
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        fs::write(machine.path("cut.db"), &whole[..cut]).unwrap();
        let run = machine.clairctl(&["db", "import", "cut.db"]);
        assert_eq!(run.code, 1, "{cut} bytes: {run:?}");
        assert!(run.stderr.contains("cannot import cut.db"), "{run:?}");
    }
    assert_eq!(sources(&machine), [("debian".to_owned(), 1)]);
}

#[test]
fn scans_go_on_while_the_database_is_replaced() {
    let machine = Machine::new();
    let image = machine.docker_archive("image.tar", &bash());
    let facts = [FACT, ("bash", "CVE-2024-0009", "bookworm", None, "high")];
    machine.write("one/debian/json", &tracker(&facts[..1]));
    machine.write("two/debian/json", &tracker(&facts));
    machine.update("one", "debian");
    std::thread::scope(|scope| {
        let scanning = scope.spawn(|| {
            let mut seen = [false; 2];
            for _ in 0..40 {
                let found = findings(&machine.json(&["scan", &image]));
                assert!(matches!(found.len(), 1 | 2), "{found:?}");
                seen[found.len() - 1] = true;
            }
            seen
        });
        let mut rounds = 0;
        while !scanning.is_finished() {
            machine.update(["two", "one"][rounds % 2], "debian");
            rounds += 1;
        }
        assert_eq!(scanning.join().unwrap(), [true, true], "{rounds} rounds");
    });
}

#[test]
fn the_status_is_a_table_for_people() {
    let machine = Machine::new();
    machine.write("mirror/debian/json", &tracker(&[FACT]));
    machine.update("mirror", "debian");
    let status = machine.succeed(&["db", "status"]);
    let [header, row] = status.lines().collect::<Vec<_>>()[..] else {
        panic!("{status}");
    };
    assert!(
        header.starts_with("SOURCE  ADVISORIES  STATEMENTS  ENRICHMENTS  SKIPPED  FETCHED"),
        "{status}"
    );
    assert!(
        row.starts_with("debian           1           1            0        0  "),
        "{status}"
    );
    assert!(row.contains(" ago "), "{status}");
}

/// A document that takes a while to read: that many vulnerabilities of one package.
fn long(count: usize) -> String {
    let ids: Vec<String> = (0..count)
        .map(|n| format!("CVE-2024-{}", 10_000 + n))
        .collect();
    let facts = ids
        .iter()
        .map(|id| ("curl", &**id, "bookworm", None, "low"));
    tracker(&facts.chain([FACT]).collect::<Vec<_>>())
}

#[test]
fn an_update_that_is_killed_leaves_what_was_there_and_the_next_one_is_whole() {
    let machine = Machine::new();
    machine.write("mirror/debian/json", &tracker(&[FACT]));
    machine.update("mirror", "debian");
    let image = machine.root("root", &bash());
    let before = findings(&machine.json(&["scan", &image, "-o", "json"]));
    assert_eq!(before.len(), 1);
    machine.write("mirror/debian/json", &long(20_000));
    let update = [
        "db",
        "update",
        "--offline",
        "--from",
        "mirror",
        "--only",
        "debian",
    ];
    let mut killed = 0;
    for milliseconds in [5, 20, 50, 100, 200] {
        let mut running = machine.command(&update).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        running.kill().unwrap();
        if running.wait().unwrap().success() {
            break;
        }
        killed += 1;
        assert_eq!(sources(&machine), [("debian".to_owned(), 1)]);
        assert_eq!(
            findings(&machine.json(&["scan", &image, "-o", "json"])),
            before
        );
    }
    assert!(killed > 0, "it is too fast to be killed");
    machine.update("mirror", "debian");
    assert_eq!(sources(&machine), [("debian".to_owned(), 20_001)]);
    assert_eq!(
        findings(&machine.json(&["scan", &image, "-o", "json"])),
        before
    );
}
