//! `clairctl delete`, `notification` and `admin`.

use serde_json::{Value, json};

use super::clair::Clair;
use crate::support::{Machine, Run};

const SET: &str = "6e7f3c1a-0000-4000-8000-000000000001";

fn run(clair: &Clair, arguments: &[&str]) -> Run {
    let url = clair.url();
    let mut all = vec!["--host", &url];
    all.extend(arguments);
    Machine::new().clairctl(&all)
}

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

#[test]
fn images_are_forgotten_without_a_word() {
    let clair = Clair::start();
    clair.behaviour().known.insert(digest("a"));
    for _ in 0..2 {
        let run = run(&clair, &["delete", &digest("a"), &digest("b")]);
        assert_eq!(
            (run.code, run.stdout.as_str(), run.stderr.as_str()),
            (0, "", "")
        );
    }
    assert_eq!(
        clair.behaviour().bodies[0],
        json!([digest("a"), digest("b")])
    );
    assert_eq!(
        clair.behaviour().requests[0],
        "DELETE /indexer/api/v1/index_report"
    );
    let run = run(&clair, &["delete", "sha256:x"]);
    assert_eq!(run.code, 1);
}

#[test]
fn sets_of_notifications_are_listed_to_the_last_page() {
    let clair = Clair::start();
    let text = run(&clair, &["notification", "list"]).stdout;
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("ID   UPDATER  NOTIFICATIONS  STATE"),
        "{text}"
    );
    assert!(
        lines[1].starts_with("aaa  debian") && lines[2].starts_with("bbb"),
        "{text}"
    );

    let json = run(
        &clair,
        &["notification", "list", "--state", "failed", "-o", "json"],
    )
    .stdout;
    let pages: Vec<Value> = serde_json::Deserializer::from_str(&json)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(pages.len(), 2);
    let requests = &clair.behaviour().requests;
    assert_eq!(
        requests[2],
        "GET /notifier/api/v1/notification?state=failed"
    );
    assert_eq!(
        requests[3],
        "GET /notifier/api/v1/notification?state=failed&next=two"
    );
}

#[test]
fn the_notifications_of_a_set_are_printed() {
    let clair = Clair::start();
    let text = run(&clair, &["notification", "get", SET]).stdout;
    let line = text.lines().nth(1).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    let manifest = digest("a");
    assert_eq!(
        words,
        [
            manifest.as_str(),
            "added",
            "CVE-2024-1",
            "High",
            "bash",
            "1",
            "2"
        ]
    );
    let requests = &clair.behaviour().requests;
    assert_eq!(
        *requests,
        [format!(
            "GET /notifier/api/v1/notification/{SET}?page_size=500"
        )]
    );
}

#[test]
fn a_set_is_acknowledged_and_one_that_is_not_there_is_told() {
    let clair = Clair::start();
    assert_eq!(run(&clair, &["notification", "delete", SET]).code, 0);
    let other = SET.replace("6e", "7e");
    let run = run(&clair, &["notification", "delete", &other]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr
            .contains("status 404: there is no such notification"),
        "{run:?}"
    );
    let path = format!("DELETE /notifier/api/v1/notification/{SET}");
    assert_eq!(clair.behaviour().requests[0], path);
}

#[test]
fn what_is_no_id_is_not_sent() {
    let clair = Clair::start();
    for id in ["..", "x/../../admin", ""] {
        assert_eq!(run(&clair, &["notification", "delete", id]).code, 1, "{id}");
    }
    assert!(clair.behaviour().requests.is_empty());
}

#[test]
fn sources_are_listed() {
    let clair = Clair::start();
    let text = run(&clair, &["admin", "sources"]).stdout;
    let words: Vec<_> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words, ["debian", "debian", "7", "never", "no", "route"]);
    let json = run(&clair, &["admin", "sources", "-o", "json"]).stdout;
    assert!(json.starts_with(r#"{"feeds":[{"#), "{json}");
}

const STARTED: &str = r#"{"started":{"feeds":["debian"]}}"#;
const PROGRESS: &str =
    r#"{"progress":{"source":"debian","read_bytes":1,"total_bytes":2,"advisories":3}}"#;
const OUTCOME: &str =
    r#"{"outcome":{"source":"debian","result":"updated","added":2,"removed":1,"skipped":{}}}"#;
const FAILED: &str = r#"{"outcome":{"source":"alpine","result":"failed","added":0,"removed":0,"error":{"code":"unavailable","message":"no route"}}}"#;

fn finished(failed: u32) -> String {
    format!(r#"{{"finished":{{"updated":1,"unchanged":0,"failed":{failed},"busy":0}}}}"#)
}

#[test]
fn an_update_is_begun_and_left_to_the_server() {
    let clair = Clair::start();
    clair.behaviour().update = format!("{STARTED}\n");
    let run = run(&clair, &["admin", "update", "--only", "debian"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "updating debian\n"));
    let expected = json!({"only": ["debian"], "force": false, "detach": true});
    assert_eq!(clair.behaviour().bodies, [expected]);
}

#[test]
fn an_update_that_is_waited_for_tells_what_came_of_each_source() {
    let clair = Clair::start();
    clair.behaviour().update = format!("{STARTED}\n{PROGRESS}\n{OUTCOME}\n{}", finished(0));
    let run = run(&clair, &["admin", "update", "--wait", "--force"]);
    assert_eq!(run.code, 0, "{run:?}");
    let expected = "updating debian\ndebian: updated, 2 added, 1 removed\n\
                    1 updated, 0 unchanged, 0 failed, 0 busy\n";
    assert_eq!(run.stdout, expected);
    let expected = json!({"only": [], "force": true, "detach": false});
    assert_eq!(clair.behaviour().bodies, [expected]);
}

#[test]
fn an_update_in_which_a_source_fails_has_failed() {
    let clair = Clair::start();
    clair.behaviour().update = format!("{FAILED}\n{}\n", finished(1));
    let run = run(&clair, &["admin", "update", "--wait"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.starts_with("alpine: failed: no route\n"),
        "{run:?}"
    );
}

#[test]
fn an_update_that_is_broken_off_has_failed() {
    let clair = Clair::start();
    for (update, told) in [
        (
            format!("{OUTCOME}\n"),
            "broke off before the update was done",
        ),
        (
            format!(
                "{OUTCOME}\n{}\n",
                r#"{"error":{"code":"unavailable","message":"shutting down"}}"#
            ),
            "shutting down",
        ),
        ("<html>".to_owned(), "is not what Clair answers"),
    ] {
        clair.behaviour().update = update;
        let run = run(&clair, &["admin", "update", "--wait"]);
        assert_eq!(run.code, 1);
        assert!(run.stderr.contains(told), "{run:?}");
    }
}

#[test]
fn events_come_through_as_the_server_wrote_them() {
    let clair = Clair::start();
    let update = format!("{STARTED}\n{PROGRESS}\n{}\n", finished(0));
    clair.behaviour().update = update.clone();
    let run = run(&clair, &["admin", "update", "--wait", "-o", "json"]);
    assert_eq!(run.stdout, update);
}

#[test]
fn dead_letters_are_listed_and_replayed() {
    let clair = Clair::start();
    let text = run(&clair, &["admin", "dead-letters", "list"]).stdout;
    assert!(text.contains("the layer is no archive"), "{text}");

    let replayed = run(&clair, &["admin", "dead-letters", "replay", "5"]);
    assert_eq!(
        (replayed.code, replayed.stdout.as_str()),
        (0, "queued again: 1\n")
    );
    assert_eq!(
        run(&clair, &["admin", "dead-letters", "replay", "--all"]).code,
        0
    );
    let missing = run(&clair, &["admin", "dead-letters", "replay", "5", "9"]);
    assert_eq!(missing.code, 1);
    assert!(missing.stderr.contains("there is no image 9"));
    let bodies = &clair.behaviour().bodies;
    assert_eq!(
        *bodies,
        [
            json!({"ids": [5]}),
            json!({"all": true}),
            json!({"ids": [5, 9]})
        ]
    );
    for arguments in [&["replay"][..], &["replay", "5", "--all"]] {
        let mut all = vec!["admin", "dead-letters"];
        all.extend(arguments);
        assert_eq!(run(&clair, &all).code, 1, "{arguments:?}");
    }
}
