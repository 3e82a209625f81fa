//! PostgreSQL.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::program;
use crate::server::{Kind, Server, as_unprivileged};

/// The superuser of the cluster.
const USER: &str = "clair";

/// A PostgreSQL server with a cluster of its own.
///
/// It does not wait for the disk, so it is fast and would not survive a power cut; a kill it does
/// survive, with everything that was committed.
#[derive(Debug)]
pub struct Postgres {
    server: Server<Program>,
    databases: AtomicU32,
}

impl Postgres {
    /// The server that all tests of this process share. Each takes a [`database`](Self::database)
    /// of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server of one's own, for a test that kills it.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start() -> Self {
        Self {
            server: Server::start(Program, initdb),
            databases: AtomicU32::new(0),
        }
    }

    /// Makes an empty database that nobody else has, and gives its address,
    /// `postgres://clair@127.0.0.1:PORT/NAME`. It stays the same over a restart.
    ///
    /// # Panics
    ///
    /// When the server does not make it.
    pub fn database(&self) -> String {
        self.database_like("template0")
    }

    /// Makes a copy of a database, by its name. No one may be connected to the original.
    ///
    /// # Panics
    ///
    /// When the server does not make it.
    pub fn database_like(&self, template: &str) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let output = Command::new(program::postgres("createdb"))
            .args(["--no-password", "--host=127.0.0.1", "--username", USER])
            .arg(format!("--port={}", self.server.port()))
            .args(["--template", template, &name])
            .output()
            .expect("createdb, which comes with the server");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        format!("postgres://{USER}@127.0.0.1:{}/{name}", self.server.port())
    }

    /// Kills the server with SIGKILL. What was committed stays.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts the server again, with its data, after killing it if it still runs.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&self) {
        self.server.restart();
    }
}

fn initdb(directory: &Path) {
    let mut command = Command::new(program::postgres("initdb"));
    let output = as_unprivileged(&mut command)
        .args([
            "--auth=trust",
            "--username",
            USER,
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ])
        .arg(directory.join("data"))
        .current_dir(directory)
        .output()
        .unwrap_or_else(|error| panic!("initdb: {error}: deploy/setup installs PostgreSQL"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[derive(Debug)]
struct Program;

impl Kind for Program {
    const NAME: &'static str = "postgres";
    /// The immediate shutdown: it ends its processes and gives back its shared memory, which
    /// SIGKILL would leave behind.
    const END: &'static str = "QUIT";

    fn command(&self, directory: &Path, port: u16) -> Command {
        let mut command = Command::new(program::postgres("postgres"));
        command
            .arg("-D")
            .arg(directory.join("data"))
            .args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "fsync=off",
            "timezone=UTC",
        ] {
            command.args(["-c", setting]);
        }
        command
    }

    fn is_ready(&self, port: u16) -> bool {
        let status = Command::new(program::postgres("pg_isready"))
            .args(["--quiet", "--host=127.0.0.1", "--dbname=postgres"])
            .args([format!("--port={port}"), format!("--username={USER}")])
            .stderr(Stdio::null())
            .status()
            .expect("pg_isready, which comes with the server");
        status.success()
    }
}
