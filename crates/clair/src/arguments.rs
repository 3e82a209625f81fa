//! The command line: a command for each mode, and the flags of Clair, which has no commands.

use std::ffi::OsString;
use std::path::PathBuf;

use clair_runtime::{Mode, Service};
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

/// Runs the services that analyse container images.
///
/// Without a command, what --mode or `CLAIR_MODE` names is run.
#[derive(Debug, Parser)]
#[command(name = "clair", version, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// The configuration: a file named *.yaml or *.json, with drop-ins in the directory FILE.d.
    #[arg(
        long = "conf",
        short = 'c',
        alias = "config",
        env = "CLAIR_CONF",
        value_name = "FILE",
        global = true,
        default_value = "config.yaml"
    )]
    pub(crate) config: PathBuf,
    /// What to run: combo, gateway, indexer, matcher, updater, notifier or migrate.
    #[arg(long, env = "CLAIR_MODE", value_name = "MODE", global = true)]
    mode: Option<Mode>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run all services in this process.
    Combo,
    /// Run the gateway, which serves the API.
    Gateway,
    /// Run the indexer, which finds out what images contain.
    Indexer,
    /// Run the matcher, which finds out which vulnerabilities that has.
    Matcher,
    /// Run the updater, which follows the feeds of vulnerabilities.
    Updater,
    /// Run the notifier, which tells of images that became vulnerable.
    Notifier,
    /// Bring the schema of the database up to date, and end.
    Migrate,
    /// Print what a configuration means in the end, with secrets masked, or what is wrong in it.
    CheckConfig(CheckConfig),
    /// Administer the server of the configuration: update, sources, dead-letters. As `clairctl
    /// admin`, which says more with --help.
    #[command(disable_help_flag = true)]
    Admin(Admin),
    /// Ask whether a process is ready, for probes in containers that have no shell.
    Health(Health),
}

/// Arguments of `check-config`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckConfig {
    /// The configurations; that of --conf if none is named.
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The form in which they are printed.
    #[arg(long, short, value_enum, default_value_t = Form::Yaml)]
    pub(crate) out: Form,
}

/// A form in which a configuration is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Yaml,
    Json,
}

/// Arguments of `admin`.
#[derive(Debug, clap::Args)]
pub(crate) struct Admin {
    /// What `clairctl admin` is told.
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<OsString>,
}

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(crate) struct Health {
    /// The URL to ask; if absent, `/readyz` at the introspection port of the configuration.
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// What to do.
#[derive(Debug)]
pub(crate) enum Action {
    /// Run this.
    Run(Mode),
    /// Check configurations for this mode.
    CheckConfig(CheckConfig, Mode),
    /// Administer the server of this mode.
    Admin(Admin, Mode),
    /// Ask a process of this mode.
    Health(Health, Mode),
}

impl Arguments {
    /// Reads the command line. Flags in the way of Go programs, with one dash, are understood.
    ///
    /// # Errors
    ///
    /// What clap has to say when it is wrong, or when help was asked for.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::try_parse_from(words.into_iter().map(with_two_dashes))
    }

    /// What to do. A command counts more than a mode, which may come from the environment of a
    /// container.
    ///
    /// # Errors
    ///
    /// When nothing says so.
    pub(crate) fn action(&mut self) -> Result<Action, clap::Error> {
        let mode = match self.command.take() {
            Some(Command::CheckConfig(arguments)) => {
                let mode = self.mode.unwrap_or(Mode::Combo);
                return Ok(Action::CheckConfig(arguments, mode));
            }
            Some(Command::Admin(arguments)) => {
                let mode = self.mode.unwrap_or(Mode::Combo);
                return Ok(Action::Admin(arguments, mode));
            }
            Some(Command::Health(arguments)) => {
                let mode = self.mode.unwrap_or(Mode::Combo);
                return Ok(Action::Health(arguments, mode));
            }
            Some(Command::Combo) => Some(Mode::Combo),
            Some(Command::Gateway) => Some(Mode::Only(Service::Gateway)),
            Some(Command::Indexer) => Some(Mode::Only(Service::Indexer)),
            Some(Command::Matcher) => Some(Mode::Only(Service::Matcher)),
            Some(Command::Updater) => Some(Mode::Only(Service::Updater)),
            Some(Command::Notifier) => Some(Mode::Only(Service::Notifier)),
            Some(Command::Migrate) => Some(Mode::Migrate),
            None => self.mode,
        };
        mode.map(Action::Run).ok_or_else(|| {
            let message = "what is to be run? name a command such as `combo`, or set CLAIR_MODE";
            Self::command().error(ErrorKind::MissingSubcommand, message)
        })
    }
}

/// `-conf` and `-mode=combo` are what Clair takes; what has one letter is ours.
fn with_two_dashes(word: OsString) -> OsString {
    let is_long = word.to_str().is_some_and(|word| {
        let name = word.strip_prefix('-').unwrap_or_default();
        let name = name.split_once('=').map_or(name, |(name, _)| name);
        name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    if !is_long {
        return word;
    }
    let mut longer = OsString::from("-");
    longer.push(word);
    longer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(words: &[&str]) -> Result<(PathBuf, Action), clap::Error> {
        let words = ["clair"].iter().chain(words).map(OsString::from);
        let mut arguments = Arguments::read(words)?;
        let action = arguments.action()?;
        Ok((arguments.config, action))
    }

    fn mode(words: &[&str]) -> Mode {
        match action(words).unwrap() {
            (path, Action::Run(mode)) if path.to_str() == Some("/c.yaml") => mode,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_names_what_runs() {
        assert_eq!(mode(&["combo", "--conf", "/c.yaml"]), Mode::Combo);
        let matcher = Mode::Only(Service::Matcher);
        assert_eq!(mode(&["--conf=/c.yaml", "matcher"]), matcher);
        assert_eq!(mode(&["migrate", "-c", "/c.yaml"]), Mode::Migrate);
        assert_eq!(mode(&["-c/c.yaml", "--mode", "combo", "matcher"]), matcher);
    }

    #[test]
    fn clairs_own_flags_are_understood() {
        assert_eq!(mode(&["-conf", "/c.yaml", "-mode", "combo"]), Mode::Combo);
        let indexer = Mode::Only(Service::Indexer);
        assert_eq!(mode(&["-conf=/c.yaml", "-mode=Indexer"]), indexer);
    }

    #[test]
    fn what_is_wrong_is_said_with_status_two() {
        for words in [
            &["-mode=none"][..],
            &["-memprofile=x"],
            &["serve"],
            &["--conf"],
        ] {
            let error = action(words).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{words:?}");
        }
        assert_eq!(action(&["--help"]).unwrap_err().exit_code(), 0);
    }

    #[test]
    fn something_must_be_run() {
        if std::env::var_os("CLAIR_MODE").is_none() {
            assert_eq!(action(&[]).unwrap_err().exit_code(), 2);
        }
    }
}
