//! The servers start, keep their data when killed, and never outlive the process that wanted them.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

use std::fs::Permissions;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{env, fs};

use clair_testing::{Nats, Postgres};

fn port(url: &str) -> u16 {
    let address = url.split('/').nth(2).unwrap();
    address.rsplit(':').next().unwrap().parse().unwrap()
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn psql(url: &str, statement: &str) -> String {
    let output = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            statement,
            url,
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn each_database_of_the_shared_server_is_empty_and_nobody_elses() {
    let (first, second) = (Postgres::shared().database(), Postgres::shared().database());
    assert_ne!(first, second);
    psql(&first, "CREATE TABLE t (n int)");
    assert_eq!(psql(&second, "SELECT to_regclass('t') IS NULL"), "t");
}

#[test]
fn a_database_can_be_made_as_a_copy_of_another() {
    let original = Postgres::shared().database();
    psql(&original, "CREATE TABLE t AS SELECT 7 AS n");
    let copy = Postgres::shared().database_like(original.rsplit('/').next().unwrap());
    assert_eq!(psql(&copy, "SELECT n FROM t"), "7");
}

#[test]
fn a_killed_postgres_comes_back_on_its_port_with_what_was_committed() {
    let server = Postgres::start();
    let url = server.database();
    psql(&url, "CREATE TABLE t AS SELECT 7 AS n");
    server.kill();
    assert!(!listens(port(&url)));
    server.restart();
    assert_eq!(psql(&url, "SELECT n FROM t"), "7");
}

#[test]
fn a_killed_nats_server_comes_back_on_its_port() {
    let server = Nats::start();
    let port = port(&server.url());
    server.kill();
    assert!(!listens(port));
    server.restart();
    assert!(listens(port));
    drop(server);
    assert!(!listens(port));
}

const STARTS_SERVERS: &str = "CLAIR_TESTING_START_SERVERS";

/// Not a test of its own: the process that the next test kills.
#[test]
fn starts_servers_when_told_to() {
    let Some(directory) = env::var_os(STARTS_SERVERS) else {
        return;
    };
    let nats = Nats::start();
    let ports = format!(
        "{} {}\n",
        port(&Postgres::shared().database()),
        port(&nats.url())
    );
    fs::write(Path::new(&directory).join("ports"), ports).unwrap();
    sleep(Duration::from_mins(10));
}

#[test]
fn servers_end_with_their_process_even_if_it_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    // The servers may run as another user.
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "starts_servers_when_told_to"])
        .env(STARTS_SERVERS, directory.path())
        .env("TMPDIR", directory.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ports = wait_for(|| {
        let text = fs::read_to_string(directory.path().join("ports")).ok()?;
        let (postgres, nats) = text.strip_suffix('\n')?.split_once(' ')?;
        Some([postgres.parse::<u16>().ok()?, nats.parse().ok()?])
    });
    assert!(ports.iter().all(|port| listens(*port)));
    process.kill().unwrap();
    process.wait().unwrap();
    wait_for(|| ports.iter().all(|port| !listens(*port)).then_some(()));
    wait_for(|| left_behind(directory.path()).is_empty().then_some(()));
}

fn left_behind(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

#[track_caller]
fn wait_for<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited for a minute");
        sleep(Duration::from_millis(50));
    }
}
