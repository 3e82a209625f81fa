//! What a process does when it is sent signals.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of #[test]"
)]

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clair_runtime::Shutdown;

/// How long the child's task takes once it is told to end; given in milliseconds.
const TASK: &str = "SIGNALS_TEST_TASK";

/// The process that signals are sent to: no test by itself, since a signal would end all tests. The
/// tests below start this program again with it alone.
#[tokio::test]
#[ignore = "run by the tests here, in a process of its own"]
async fn child() {
    let task = env::var(TASK).unwrap().parse().unwrap();
    let shutdown = Shutdown::new(Duration::from_secs(5));
    shutdown.begin_on_signals().unwrap();
    shutdown.spawn({
        let shutdown = shutdown.clone();
        async move {
            shutdown.begun().await;
            println!("\ntold");
            tokio::time::sleep(Duration::from_millis(task)).await;
        }
    });
    println!("\nrunning");
    shutdown.drained().await.unwrap();
    println!("\ndrained");
}

struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Process {
    fn start(task: Duration) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(TASK, task.as_millis().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self { child, lines };
        process.await_line("running");
        process
    }

    fn await_line(&mut self, expected: &str) {
        let found = self.lines.any(|line| line.unwrap() == expected);
        assert!(found, "the child did not print {expected:?}");
    }

    fn send(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn work_is_finished_after_the_first_signal() {
    for signal in ["INT", "TERM"] {
        let mut process = Process::start(Duration::from_millis(100));
        process.send(signal);
        process.await_line("told");
        process.await_line("drained");
        assert!(process.child.wait().unwrap().success());
    }
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    for (first, second, status) in [("TERM", "INT", 130), ("INT", "TERM", 143)] {
        let mut process = Process::start(Duration::from_mins(1));
        process.send(first);
        process.await_line("told");
        let sent = Instant::now();
        process.send(second);
        let ended = process.child.wait().unwrap();
        assert_eq!(ended.code(), Some(status));
        assert_eq!(ended.signal(), None, "it ends by itself");
        assert!(sent.elapsed() < Duration::from_secs(4));
    }
}
