//! `clairctl`: looks into images, without any server or by one.
//!
//! Exit status: 0 done; 1 wrong use or failure. For `scan --fail-on`, 2 when there is a finding at
//! or above the severity, 3 when the image could not be understood; for `version compare
//! --table`, 2 when the table disagrees. For `--fail-on-unused`, 4 when a rule of an ignore file has no
//! effect.

mod db;
mod directories;
mod fail_on;
mod image;
mod index;
mod remote;
mod scan;
mod table;
mod triage;
mod updaters;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

/// Looks into container images.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    /// Print what is done, step by step, on standard error.
    #[arg(short = 'D', long, global = true)]
    debug: bool,
    /// Without effect: Clair's own `clairctl` has it, and this one says little anyway.
    #[arg(short, long, hide = true)]
    quiet: bool,
    #[command(flatten)]
    server: remote::ServerArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print which packages of an image are vulnerable: a table, or the vulnerability report of
    /// Clair's v4 API.
    ///
    /// Exit status: 0 when nothing meets --fail-on (by default nothing can), 1 after a failure, 2
    /// when something does, 3 when --fail-on is given and the image could not be understood,
    /// because its distribution is unknown or the database has no data for it, 4 when
    /// --fail-on-unused is given and a rule has no effect.
    Scan(scan::Arguments),
    /// Work with the advisory database.
    #[command(subcommand)]
    Db(db::Command),
    /// Print what an image contains: the index report of Clair's v4 API.
    Index(index::Arguments),
    /// Print vulnerability reports of a server, which indexes the images if it has to.
    ///
    /// Exit status: 1 when an image has no report, 2 when a finding meets --fail-on, 3 when --fail-on
    /// is given and an image could not be understood, 4 when --fail-on-unused is given and a rule has
    /// no effect. Without --fail-on what is found has no say in it.
    Report(remote::report::Arguments),
    /// Print what a server is to be told to index images: their layers, and where they are.
    Manifest(remote::manifest::Arguments),
    /// Have a server forget images.
    Delete(remote::delete::Arguments),
    /// Work with a server's notifications.
    #[command(subcommand)]
    Notification(remote::notification::Command),
    /// Look after a server.
    #[command(subcommand)]
    Admin(remote::admin::Command),
    /// Read all feeds of the configuration, and write what they say to a file of Clair's format,
    /// for a machine without network.
    ///
    /// A source that fails is left out, unless with --strict.
    ExportUpdaters(updaters::export::Arguments),
    /// Store what a file of Clair's format says in the database of the configuration.
    ///
    /// Each source in it takes the place of what was known of it; what was imported before is
    /// passed over.
    ImportUpdaters(updaters::import::Arguments),
    /// Work with version numbers.
    #[command(subcommand)]
    Version(version::Command),
    /// Print a script that completes arguments in a shell.
    Completion {
        /// The shell.
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    if arguments.debug {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_env_filter("debug,hyper_util=info,reqwest=info,rustls=info")
            .init();
    }
    let server = &arguments.server;
    let result = match arguments.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Db(command) => db::run(&command),
        Command::Index(arguments) => index::run(&arguments),
        Command::Report(command) => remote::report::run(&command, server),
        Command::Manifest(command) => remote::manifest::run(&command),
        Command::Delete(command) => remote::delete::run(&command, server),
        Command::Notification(command) => remote::notification::run(&command, server),
        Command::Admin(command) => remote::admin::run(&command, server),
        Command::ExportUpdaters(arguments) => updaters::export::run(&arguments, server),
        Command::ImportUpdaters(arguments) => updaters::import::run(&arguments, server),
        Command::Version(command) => version::run(command),
        Command::Completion { shell } => {
            let mut command = Arguments::command();
            clap_complete::generate(shell, &mut command, "clairctl", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            report_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr)] // this is where people read errors
fn report_error(error: &anyhow::Error) {
    eprintln!("clairctl: {error:#}");
}
