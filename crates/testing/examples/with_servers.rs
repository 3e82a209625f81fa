//! Runs a command with throw-away servers: `with_servers postgres nats -- COMMAND…`
//!
//! The command finds an empty database at `DATABASE_URL`, a server with JetStream at `NATS_URL`,
//! and numbers of ports that nobody listens on in `FREE_PORTS`. The servers are gone when it ends.

use std::env;
use std::process::{Command, ExitCode};

use clair_testing::{Nats, Postgres, free_port};

/// How many free ports the command is told.
const PORTS: usize = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let mut parts = arguments.splitn(2, |argument| argument == "--");
    let (Some(servers), Some([program, rest @ ..])) = (parts.next(), parts.next()) else {
        panic!("usage: with_servers [postgres] [nats] -- COMMAND [ARGUMENT]…");
    };
    let mut command = Command::new(program);
    command.args(rest);
    let postgres = servers
        .iter()
        .any(|name| name == "postgres")
        .then(Postgres::start);
    if let Some(postgres) = &postgres {
        command.env("DATABASE_URL", postgres.database());
    }
    let nats = servers.iter().any(|name| name == "nats").then(Nats::start);
    if let Some(nats) = &nats {
        command.env("NATS_URL", nats.url());
    }
    let numbers: Vec<String> = (0..PORTS).map(|_| free_port().to_string()).collect();
    command.env("FREE_PORTS", numbers.join(" "));
    let status = command
        .status()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from)
}
