//! The program at a shell.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use clair_testing::Postgres;

use crate::support::{Local, Options, Outside, Suite};

fn clair(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_clair"))
        .args(arguments)
        .env_remove("CLAIR_CONF")
        .env_remove("CLAIR_MODE")
        .output()
        .unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_configuration_that_cannot_be_read_is_status_two_and_a_wrong_one_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.yaml");
    let name = path.to_str().unwrap();
    let missing = clair(&["combo", "--conf", name]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(errors(&missing).contains(name), "{}", errors(&missing));
    fs::write(&path, "indexer:\n  conection: 1\n").unwrap();
    let unknown = clair(&["-conf", name, "-mode", "combo"]);
    assert_eq!(unknown.status.code(), Some(2));
    let said = errors(&unknown);
    assert!(
        said.contains("config.yaml:2") && said.contains("conection"),
        "{said}"
    );
    fs::write(&path, "log_level: info\n").unwrap();
    let alone = clair(&["matcher", "--conf", name]);
    assert_eq!(alone.status.code(), Some(1), "{}", errors(&alone));
}

#[test]
fn a_checked_configuration_is_printed_with_secrets_masked() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.yaml");
    fs::write(
        &path,
        "database: {connstring: 'host=db user=clair password=hunter2'}\n",
    )
    .unwrap();
    let name = path.to_str().unwrap();
    let yaml = clair(&["check-config", name]);
    assert_eq!(yaml.status.code(), Some(0), "{}", errors(&yaml));
    let text = String::from_utf8(yaml.stdout).unwrap();
    assert!(
        text.contains("poll_interval") && !text.contains("hunter2"),
        "{text}"
    );
    let json = clair(&["--conf", name, "check-config", "--out", "json"]);
    let document: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["http_listen_addr"], ":6060");
}

#[tokio::test]
async fn a_database_is_migrated_before_services_start() {
    let outside = Outside::start().await;
    let options = Options {
        database: Postgres::shared().database(),
        ..Options::default()
    };
    let suite = Suite::prepare(&options, &outside);
    let path = suite.config();
    let name = path.to_str().unwrap();
    for _ in 0..2 {
        let migrated = clair(&["migrate", "--conf", name]);
        assert_eq!(migrated.status.code(), Some(0), "{}", errors(&migrated));
    }
}

#[tokio::test]
async fn health_is_asked_without_a_shell() {
    let outside = Outside::start().await;
    let options = Options {
        database: Postgres::shared().database(),
        ..Options::default()
    };
    let mut suite = Suite::prepare(&options, &outside);
    suite.begin("combo");
    suite.ready().await;
    let ready = suite.readiness("combo").to_owned();
    let asked = clair(&["health", &ready]);
    assert_eq!(asked.status.code(), Some(0), "{}", errors(&asked));
    suite.kill("combo");
    let asked = clair(&["health", &ready]);
    assert_eq!(asked.status.code(), Some(1), "{}", errors(&asked));
}

// The vendor of the feed goes on while the command is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn the_server_of_a_configuration_is_administered() {
    if Local::new().is_none() {
        return;
    }
    let outside = Outside::start().await;
    let options = Options {
        database: Postgres::shared().database(),
        ..Options::default()
    };
    let mut suite = Suite::prepare(&options, &outside);
    suite.begin("combo");
    suite.ready().await;
    let path = suite.config();
    let name = path.to_str().unwrap();
    let updated = clair(&[
        "--conf", name, "admin", "update", "--only", "debian", "--wait",
    ]);
    assert_eq!(updated.status.code(), Some(0), "{}", errors(&updated));
    let sources = clair(&["--conf", name, "admin", "sources"]);
    let text = String::from_utf8(sources.stdout).unwrap();
    assert!(text.contains("debian"), "{text}");
    let unknown = clair(&["--conf", name, "admin", "update", "--only", "debain"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", errors(&unknown));
}

// Who is sent requests once it says to be ready must not refuse them.
#[tokio::test]
async fn a_process_is_not_ready_before_it_answers() {
    let outside = Outside::start().await;
    let postgres = Postgres::shared();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..3 {
        let options = Options {
            database: postgres.database(),
            ..Options::default()
        };
        let mut suite = Suite::prepare(&options, &outside);
        suite.begin("combo");
        let asked = Instant::now();
        loop {
            let answer = client.get(suite.readiness("combo")).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                break;
            }
            assert!(asked.elapsed() < Duration::from_mins(1), "it never is");
        }
        let answer = suite.api.get("/indexer/api/v1/index_state").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}
