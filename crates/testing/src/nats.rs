//! NATS with JetStream.

use std::io::Read as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::program;
use crate::server::{Kind, Server};

/// A NATS server with JetStream, for one test.
///
/// Streams are the server's, not a client's, so each test starts its own; it takes a moment only.
#[derive(Debug)]
pub struct Nats {
    server: Server<Program>,
}

impl Nats {
    /// Starts a server that holds nothing.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start() -> Self {
        Self {
            server: Server::start(Program, |_| {}),
        }
    }

    /// Its address, `nats://127.0.0.1:PORT`. It stays the same over a restart.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.server.port())
    }

    /// Kills the server with SIGKILL. What it had stored stays.
    pub fn kill(&self) {
        self.server.kill();
    }

    /// Starts the server again, with what it had stored, after killing it if it still runs.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn restart(&self) {
        self.server.restart();
    }
}

#[derive(Debug)]
struct Program;

impl Kind for Program {
    const NAME: &'static str = "nats";
    const END: &'static str = "KILL";

    fn command(&self, directory: &Path, port: u16) -> Command {
        let mut command = Command::new(program::nats_server());
        command
            .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
            .args(["--jetstream", "--store_dir"])
            .arg(directory.join("streams"));
        command
    }

    /// The server speaks first, with a line that begins with INFO.
    fn is_ready(&self, port: u16) -> bool {
        let greeting = || {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut greeting = [0; 4];
            stream.read_exact(&mut greeting)?;
            Ok::<_, std::io::Error>(&greeting == b"INFO")
        };
        greeting().unwrap_or(false)
    }
}
