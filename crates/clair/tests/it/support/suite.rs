//! The suite as processes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use clair_testing::{Nats, Postgres, free_port};
use tempfile::TempDir;

use super::{Api, Outside, eventually};
use crate::support::api::KEY;

/// The services, each in a process of its own.
pub(crate) const FIVE: [&str; 5] = ["indexer", "matcher", "updater", "notifier", "gateway"];

/// What a suite is made of.
#[derive(Debug, Default)]
pub(crate) struct Options<'a> {
    /// The database, which is shared with other suites.
    pub(crate) database: String,
    /// NATS, if there is one.
    pub(crate) nats: Option<&'a Nats>,
    /// A mirror on disk, of which all feeds are read; otherwise the one outside, which
    /// has two.
    pub(crate) mirror: Option<&'a Path>,
    /// Further lines of the configuration.
    pub(crate) more: &'a str,
}

/// A suite: processes that are killed at the end.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) api: Api,
    directory: TempDir,
    processes: BTreeMap<String, Process>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    ready: String,
}

impl Suite {
    /// One process for each service, with servers of their own.
    pub(crate) async fn five(postgres: &Postgres, nats: &Nats, outside: &Outside) -> Self {
        let options = Options {
            database: postgres.database(),
            nats: Some(nats),
            ..Options::default()
        };
        let mut suite = Self::prepare(&options, outside);
        for service in FIVE {
            suite.begin(service);
        }
        suite.ready().await;
        suite
    }

    /// A configuration, and no process yet.
    pub(crate) fn prepare(options: &Options<'_>, outside: &Outside) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let gateway = free_port();
        let mut services = String::new();
        for service in ["indexer", "matcher", "updater", "notifier"] {
            let port = free_port();
            writeln!(
                services,
                "  {service}: {{listen_addr: '127.0.0.1:{port}', addr: 'http://127.0.0.1:{port}'}}"
            )
            .unwrap();
        }
        let nats = options.nats.map_or_else(String::new, |nats| {
            format!("nats: {{urls: ['{}']}}\n", nats.url())
        });
        let text = format!(
            "http_listen_addr: '127.0.0.1:{gateway}'
log_level: info
shutdown_timeout: 5s
database: {{connstring: '{database}'}}
{nats}internal:
  token: 0123456789abcdef0123456789abcdef
{services}auth: {{psk: {{key: '{KEY}', iss: [quay]}}}}
indexer: {{egress: {{allow_loopback: true}}}}
matcher: {{data_dir: '{data}', poll_interval: 1s}}
{updaters}updater: {{mirror: '{mirror}', jitter: 0s}}
notifier:
  poll_interval: 1s
  delivery_interval: 1s
  webhook:
    target: '{receiver}'
    callback: 'http://127.0.0.1:{gateway}/notifier/api/v1/notification'
{more}",
            database = options.database,
            data = directory.path().join("data").display(),
            updaters = options
                .mirror
                .map_or("updaters: {sets: [debian, kev]}\n", |_| ""),
            mirror = options
                .mirror
                .map_or_else(|| outside.mirror(), |path| path.display().to_string()),
            receiver = outside.receiver(),
            more = options.more,
        );
        fs::write(directory.path().join("config.yaml"), text).unwrap();
        Self {
            api: Api::new(format!("http://127.0.0.1:{gateway}")),
            directory,
            processes: BTreeMap::new(),
        }
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("config.yaml")
    }

    /// Starts a process in a mode, such as `indexer` or `combo`.
    pub(crate) fn begin(&mut self, mode: &str) {
        let port = free_port();
        let log = self.log(mode);
        let log = File::options().create(true).append(true).open(log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_clair"))
            .args([mode, "--conf"])
            .arg(self.config())
            .env("CLAIR_INTROSPECTION_ADDR", format!("127.0.0.1:{port}"))
            .env_remove("CLAIR_MODE")
            .stderr(log)
            .spawn()
            .unwrap();
        let ready = format!("http://127.0.0.1:{port}/readyz");
        self.processes
            .insert(mode.to_owned(), Process { child, ready });
    }

    /// Waits until all processes are ready.
    pub(crate) async fn ready(&mut self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for (mode, process) in &mut self.processes {
            let ready = eventually(&format!("the {mode} is ready"), async || {
                let ended = process.child.try_wait().unwrap();
                if ended.is_some() {
                    return Some(false);
                }
                let response = client.get(&process.ready).send().await.ok()?;
                response.status().is_success().then_some(true)
            })
            .await;
            assert!(ready, "the {mode} has ended");
        }
    }

    /// Where a process tells whether it is ready.
    pub(crate) fn readiness(&self, mode: &str) -> &str {
        &self.processes[mode].ready
    }

    /// Kills a process with SIGKILL.
    pub(crate) fn kill(&mut self, mode: &str) {
        let mut process = self.processes.remove(mode).unwrap();
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// Starts a process again that was killed, and waits until it is ready.
    pub(crate) async fn begin_again(&mut self, mode: &str) {
        self.begin(mode);
        self.ready().await;
    }

    /// Tells a process to end, and gives its exit status.
    pub(crate) fn terminate(&mut self, mode: &str) -> Option<i32> {
        let mut process = self.processes.remove(mode).unwrap();
        let id = process.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
        process.child.wait().unwrap().code()
    }

    /// What a process is writing its log to.
    pub(crate) fn log(&self, mode: &str) -> PathBuf {
        self.directory.path().join(format!("{mode}.log"))
    }
}

impl Drop for Suite {
    fn drop(&mut self) {
        for process in self.processes.values_mut() {
            let _ = process.child.kill();
            let _ = process.child.wait();
        }
        if std::thread::panicking() {
            for entry in fs::read_dir(self.directory.path())
                .into_iter()
                .flatten()
                .flatten()
            {
                if entry
                    .path()
                    .extension()
                    .is_some_and(|extension| extension == "log")
                {
                    let text = fs::read_to_string(entry.path()).unwrap_or_default();
                    println!("--- {}\n{text}", entry.path().display());
                }
            }
        }
    }
}
