//! What a configuration may say, and what is said about it.

mod clair;
mod clair_jwt;
mod example;
mod loading;
mod validation;

use super::*;

/// What is printed when a configuration is refused.
fn refused(text: &str, mode: Mode) -> String {
    match Config::from_yaml(text, mode) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    }
}

fn accepted(text: &str, mode: Mode) -> Config {
    match Config::from_yaml(text, mode) {
        Ok(config) => config,
        Err(error) => panic!("{error}"),
    }
}

/// The warnings, one on a line.
fn warnings(config: &Config) -> String {
    let lines: Vec<_> = config.warnings().iter().map(Problem::to_string).collect();
    lines.join("\n")
}

const COMBO: &str = "database: {connstring: host=db}\n";
