//! What is asked of a server: which one, and as whom.

pub(crate) mod admin;
pub(crate) mod delete;
mod images;
pub(crate) mod manifest;
pub(crate) mod notification;
pub(crate) mod report;
pub(crate) mod text;

use std::future::Future;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clair_client::Client;
use clair_jwt::Signer;
use clair_runtime::config::{Auth, CLAIRCTL_ISSUER};
use clair_runtime::{Config, Mode};
use clap::{Args, ValueEnum};
use url::Url;

/// Where the configuration lies if nobody says, as Clair's `clairctl` has it.
const DEFAULT_CONFIG: &str = "config.yaml";

/// How a server is reached. Before or after the command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArguments {
    /// The server that report, delete, notification and admin ask.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "CLAIR_API",
        hide_env_values = true,
        default_value = "http://localhost:6060/"
    )]
    host: Url,
    /// The configuration of the server, whose preshared key signs what is asked; config.yaml, if
    /// it exists.
    #[arg(short, long, global = true, value_name = "FILE", env = "CLAIR_CONF")]
    config: Option<PathBuf>,
    /// As whom it is signed.
    #[arg(
        long,
        global = true,
        visible_alias = "iss",
        value_name = "NAME",
        default_value = CLAIRCTL_ISSUER
    )]
    issuer: String,
}

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: what the server answered, as it is.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct FormatArguments {
    /// What to print.
    #[arg(
        short,
        long = "out",
        visible_alias = "output",
        value_name = "FORMAT",
        value_enum,
        default_value_t = Format::Text
    )]
    out: Format,
}

impl ServerArguments {
    /// A client of the server.
    async fn connect(&self) -> anyhow::Result<Client> {
        let signer = match self.auth()? {
            Some(auth) => Signer::new(&auth, None, &self.issuer).await?,
            None => None,
        };
        Ok(Client::new(self.host.clone(), signer)?)
    }

    fn auth(&self) -> anyhow::Result<Option<Auth>> {
        Ok(self.configuration()?.map(|(_, config)| config.auth))
    }

    /// The configuration of the services, and where it lies; `None` if nobody has named one and
    /// there is none. Where the database is does not matter, even if it does not say it.
    pub(crate) fn configuration(&self) -> anyhow::Result<Option<(&Path, Config)>> {
        self.load([("PGHOST".to_owned(), String::new())])
    }

    /// The same for what uses the database.
    pub(crate) fn database_configuration(&self) -> anyhow::Result<Option<(&Path, Config)>> {
        self.load([])
    }

    fn load(
        &self,
        more: impl IntoIterator<Item = (String, String)>,
    ) -> anyhow::Result<Option<(&Path, Config)>> {
        let path = match &self.config {
            Some(path) => path.as_path(),
            None if Path::new(DEFAULT_CONFIG).is_file() => Path::new(DEFAULT_CONFIG),
            None => return Ok(None),
        };
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .chain(more);
        let config = Config::load_with(path, Mode::Migrate, variables)
            .with_context(|| format!("cannot use the configuration {}", path.display()))?;
        Ok(Some((path, config)))
    }
}

/// Runs what waits for a server.
pub(crate) fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot wait for a server")?;
    let result = runtime.block_on(work);
    // After a failure, nobody waits for what other images are still asked for.
    runtime.shutdown_background();
    result
}

/// Writes a document as it came, and a line break after it if it has none.
fn write_json(json: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let end: &[u8] = if json.ends_with(b"\n") { b"" } else { b"\n" };
    out.write_all(json)
        .and_then(|()| out.write_all(end))
        .context("cannot write to standard output")
}

/// Writes rows as a table with headings.
fn write_table(headings: &[&str], rows: Vec<Vec<String>>) -> anyhow::Result<()> {
    let mut table = crate::table::new();
    table.set_header(headings);
    for row in rows {
        table.add_row(row.iter().map(|cell| text::clean(cell)));
    }
    crate::table::write(&mut io::stdout().lock(), table).context("cannot write to standard output")
}

/// Tells people something while they wait.
#[allow(clippy::print_stderr)]
fn tell(message: &str) {
    eprintln!("clairctl: {message}");
}
