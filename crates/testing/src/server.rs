//! A server process, and the shell that ends it when the test process is gone.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::port::free_port;

/// Longer than any of the servers needs, even on a machine that is busy with builds.
const START: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

/// What distinguishes the servers from one another.
pub(crate) trait Kind: std::fmt::Debug {
    /// Name for people, and in that of the directory.
    const NAME: &'static str;

    /// The signal that ends it at once, without leaving anything behind outside its directory.
    const END: &'static str;

    /// The command that runs it in the foreground.
    fn command(&self, directory: &Path, port: u16) -> Command;

    /// Whether it answers.
    fn is_ready(&self, port: u16) -> bool;
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server<K: Kind> {
    kind: K,
    directory: PathBuf,
    port: u16,
    child: Mutex<Option<Child>>,
    cleaner: Mutex<Child>,
}

impl<K: Kind> Server<K> {
    /// Makes a directory, has it prepared, and starts the server.
    pub(crate) fn start(kind: K, prepare: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::Builder::new()
            .prefix(&format!("clair-{}-", K::NAME))
            .tempdir()
            .expect("temporary directory")
            .keep();
        if let Some(user) = unprivileged_user() {
            chown(&directory, Some(user.id), Some(user.group)).expect("chown as root");
        }
        let cleaner = Mutex::new(cleaner(&directory, K::END));
        prepare(&directory);
        // Another process may take the port before the server does.
        for _ in 0..5 {
            let port = free_port();
            if let Some(child) = run(&kind, &directory, port, &cleaner) {
                let child = Mutex::new(Some(child));
                return Self {
                    kind,
                    directory,
                    port,
                    child,
                    cleaner,
                };
            }
        }
        panic!("{} did not start: {}", K::NAME, log(&directory));
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server with SIGKILL.
    pub(crate) fn kill(&self) {
        let mut child = lock(&self.child);
        if let Some(mut child) = child.take() {
            child.kill().expect("the process is ours");
            child.wait().expect("the process is ours");
            tell(&self.cleaner, "");
        }
    }

    /// Starts the server again after [`kill`](Self::kill).
    pub(crate) fn restart(&self) {
        self.kill();
        let mut child = lock(&self.child);
        let deadline = Instant::now() + START;
        // The port, or what processes of the killed server hold, may not be free at once.
        while child.is_none() {
            *child = run(&self.kind, &self.directory, self.port, &self.cleaner);
            let waits = child.is_some() || Instant::now() < deadline;
            assert!(
                waits,
                "{} did not start again: {}",
                K::NAME,
                log(&self.directory)
            );
        }
    }
}

impl<K: Kind> Drop for Server<K> {
    fn drop(&mut self) {
        let mut cleaner = lock(&self.cleaner);
        drop(cleaner.stdin.take());
        // The shell waits until the process is gone, for which its parent has to ask.
        if let Some(mut child) = lock(&self.child).take() {
            let _ = child.wait();
        }
        let _ = cleaner.wait();
    }
}

/// Starts the server and waits until it answers. `None` when it ended instead.
fn run<K: Kind>(kind: &K, directory: &Path, port: u16, cleaner: &Mutex<Child>) -> Option<Child> {
    let log = File::create(log_path(directory)).expect("log file");
    let mut command = kind.command(directory, port);
    let mut child = as_unprivileged(&mut command)
        .current_dir(directory)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("log file"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    tell(cleaner, &child.id().to_string());
    let deadline = Instant::now() + START;
    while !kind.is_ready(port) {
        if child.try_wait().expect("the process is ours").is_some() {
            tell(cleaner, "");
            return None;
        }
        assert!(Instant::now() < deadline, "{} does not answer", K::NAME);
        sleep(POLL);
    }
    // Another server may have answered on a port that it took first.
    match child.try_wait().expect("the process is ours") {
        None => Some(child),
        Some(_) => None,
    }
}

/// A shell that is told the process to end. When it hears no more, since the other end of its
/// pipe is gone, it ends that process and removes the directory.
fn cleaner(directory: &Path, signal: &str) -> Child {
    const SCRIPT: &str = r#"
        pid=
        while read -r line; do pid=$line; done
        if [ -n "$pid" ] && kill -s "$2" "$pid" 2>/dev/null; then
            tries=0
            while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
                tries=$((tries + 1))
                sleep 0.02
            done
        fi
        exec rm -rf "$1"
    "#;
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "cleaner"])
        .arg(directory)
        .arg(signal)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("/bin/sh")
}

fn tell(cleaner: &Mutex<Child>, pid: &str) {
    let mut cleaner = lock(cleaner);
    let stdin = cleaner.stdin.as_mut().expect("taken only when dropped");
    writeln!(stdin, "{pid}").expect("the cleaning shell waits");
}

/// A test that failed while it held the lock leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log_path(directory: &Path) -> PathBuf {
    directory.join("log")
}

fn log(directory: &Path) -> String {
    fs::read_to_string(log_path(directory)).unwrap_or_default()
}

struct User {
    id: u32,
    group: u32,
}

/// PostgreSQL refuses to run as root. Then it runs as the user that its package brings.
fn unprivileged_user() -> Option<User> {
    let me = fs::metadata("/proc/self").expect("/proc");
    if std::os::unix::fs::MetadataExt::uid(&me) != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd");
    let find = |name: &str| {
        let mut fields = users
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next() == Some(name)).then_some(fields))?
            .skip(1);
        Some(User {
            id: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
        })
    };
    let user = find("postgres").or_else(|| find("nobody"));
    Some(user.expect("the user postgres or nobody, since root must not run servers"))
}

/// Has a command run as another user where this process is root's.
pub(crate) fn as_unprivileged(command: &mut Command) -> &mut Command {
    match unprivileged_user() {
        Some(user) => command.uid(user.id).gid(user.group),
        None => command,
    }
}
