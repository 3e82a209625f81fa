//! `clair`: the services of the suite, all in one process or one in each.
//!
//! Exit status, as Clair's: 0 done; 1 a configuration that is wrong, or a service that failed;
//! 2 wrong arguments, or a configuration that cannot be read.

mod admin;
mod arguments;
mod check_config;
mod events;
mod health;
mod internal;
mod migrate;
mod nats;
mod serve;

use std::process::ExitCode;

use anyhow::Context as _;
use clair_runtime::config::ConfigError;
use clair_runtime::{Config, Mode};

use arguments::{Action, Arguments};

fn main() -> ExitCode {
    let read = Arguments::read(std::env::args_os());
    let read = read.and_then(|mut arguments| Ok((arguments.action()?, arguments.config)));
    let (action, config) = match read {
        Ok(read) => read,
        Err(error) => error.exit(),
    };
    clair_runtime::tls::install_crypto_provider();
    let done = tokio::runtime::Runtime::new()
        .context("the runtime cannot be started")
        .and_then(|runtime| runtime.block_on(run(action, &config)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(status_of(&error))
        }
    }
}

async fn run(action: Action, config: &std::path::Path) -> anyhow::Result<()> {
    match action {
        Action::CheckConfig(arguments, mode) => check_config::run(&arguments, config, mode),
        Action::Admin(arguments, mode) => admin::run(&arguments.words, config, mode),
        Action::Health(arguments, mode) => health::run(&arguments, config, mode).await,
        Action::Run(Mode::Migrate) => migrate::run(&Config::load(config, Mode::Migrate)?).await,
        Action::Run(mode) => serve::run(&Config::load(config, mode)?, mode).await,
    }
}

fn status_of(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::Invalid(_)) | None => 1,
        Some(_) => 2,
    }
}

#[allow(clippy::print_stderr)] // this is where people read errors
fn report(error: &anyhow::Error) {
    eprintln!("clair: {error:#}");
}
