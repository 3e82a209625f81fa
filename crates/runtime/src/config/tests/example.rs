//! The example that operators start from.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::*;
use crate::config::decode::absent_keys;

/// Keys that cannot stand beside others of the example.
const ALTERNATIVES: [&str; 5] = [
    "nats.token",
    "gateway.signer.private_key.rotate_every",
    "gateway.signer.private_key.key_folder",
    "gateway.signer.private_key.registry",
    // Between the types of sources, of which the example has each.
    "gateway.jwt.keys",
];

/// The example, its secrets in files that are there.
fn example() -> (String, TempDir) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/config/config.yaml"
    );
    let text = fs::read_to_string(path).unwrap();
    let secrets = tempfile::tempdir().unwrap();
    for name in text.split("file:/run/secrets/").skip(1) {
        let name = name.split([' ', '\n', '`', '}']).next().unwrap();
        let secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n";
        fs::write(secrets.path().join(name), secret).unwrap();
    }
    let directory = format!("file:{}/", secrets.path().display());
    (text.replace("file:/run/secrets/", &directory), secrets)
}

/// The example with the settings that are commented out: `#key: value`, without a blank behind
/// the sign.
fn uncommented() -> (String, TempDir) {
    let (text, secrets) = example();
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        match line.trim_start().strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with([' ', '#']) => {
                format!("{}{setting}\n", &line[..indent])
            }
            _ => format!("{line}\n"),
        }
    });
    (lines.collect(), secrets)
}

#[test]
fn the_example_loads_in_every_mode() {
    let (example, _secrets) = example();
    for service in Service::ALL {
        accepted(&example, Mode::Only(service));
    }
    accepted(&example, Mode::Migrate);
    let config = accepted(&example, Mode::Combo);
    assert_eq!(warnings(&config), "");
}

/// What is not in the file comes from the environment of the containers.
#[test]
fn the_configuration_of_the_compose_stack_loads() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/compose/config.yaml"
    );
    let variables = [
        ("CLAIR_INTERNAL__TOKEN", "0123456789abcdef0123456789abcdef"),
        (
            "CLAIR_AUTH__PSK__KEY",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        ),
        ("CLAIR_AUTH__PSK__ISS", "[quay, clairctl]"),
        ("PGPASSWORD", "password"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let services = Service::ALL.map(Mode::Only);
    for mode in services.into_iter().chain([Mode::Migrate]) {
        let config = Config::load_with(Path::new(path), mode, variables.clone());
        let config = config.unwrap_or_else(|error| panic!("{mode}: {error}"));
        assert_eq!(warnings(&config), "", "{mode}");
    }
}

#[test]
fn everything_that_is_commented_out_loads_too() {
    let (text, _secrets) = uncommented();
    accepted(&text.replace("\n  token: ", "\n  #token: "), Mode::Combo);
}

#[test]
fn the_example_has_every_key() {
    let path: Arc<Path> = Path::new("config.yaml").into();
    let (text, _secrets) = uncommented();
    let document = syntax::parse(&text, Syntax::Yaml, &path).unwrap();
    let absent: BTreeSet<String> = absent_keys::<Config>(&document)
        .iter()
        .map(KeyPath::to_string)
        .filter(|key| !ALTERNATIVES.iter().any(|other| key.starts_with(other)))
        .collect();
    assert_eq!(absent, BTreeSet::new());
}

/// What is not commented out, but for the database, is what holds if nothing is said.
#[test]
fn the_example_shows_the_defaults() {
    let (example, _secrets) = example();
    let mut example = accepted(&example, Mode::Combo);
    let defaults = accepted("database: {connstring: host=db}", Mode::Combo);
    example
        .database
        .connstring
        .clone_from(&defaults.database.connstring);
    example.nats = None;
    example.auth = Auth::default();
    example.notifier.webhook = None;
    for endpoint in [
        &mut example.internal.indexer,
        &mut example.internal.matcher,
        &mut example.internal.updater,
        &mut example.internal.notifier,
    ] {
        *endpoint = Endpoint::default();
    }
    assert_eq!(example.effective(), defaults.effective());
}
