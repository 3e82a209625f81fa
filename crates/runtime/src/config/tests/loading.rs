use std::fs;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::decode::decode;
use crate::config::node::merge;

/// A directory with files.
fn files(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

fn load(
    directory: &TempDir,
    name: &str,
    variables: &[(&str, &str)],
) -> Result<Config, ConfigError> {
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load_with(&directory.path().join(name), Mode::Combo, variables)
}

/// What is printed, without the directory's name.
fn message(directory: &TempDir, error: &ConfigError) -> String {
    let prefix = format!("{}/", directory.path().display());
    error.to_string().replace(&prefix, "")
}

#[test]
fn the_same_document_may_be_split_into_drop_ins() {
    let whole = files(&[(
        "config.yaml",
        "indexer: {connstring: host=db dbname=indexer, migrations: true}\n\
         matcher: {connstring: host=db, period: 2h}\n\
         auth: {psk: {key: c2VjcmV0, iss: [quay, clairctl]}}\n\
         updaters: {sets: [debian, osv]}\n",
    )]);
    let split = files(&[
        (
            "config.yaml",
            "indexer: {connstring: host=elsewhere dbname=indexer}\n\
             matcher: {connstring: host=db, period: 6h, cache_age: 1h}\n\
             updaters: {sets: [ubuntu, debian]}\n",
        ),
        (
            "config.yaml.d/10-auth.yaml",
            "auth: {psk: {key: c2VjcmV0, iss: [quay]}}",
        ),
        (
            "config.yaml.d/20-more.yaml",
            "indexer: {connstring: host=db dbname=indexer, migrations: true}\n\
             matcher: {period: 2h, cache_age: null}\n",
        ),
        (
            "config.yaml.d/30-sets.yaml-patch",
            "- {op: remove, path: /updaters/sets/0}\n\
             - {op: add, path: /updaters/sets/-, value: osv}\n\
             - {op: add, path: /auth/psk/iss/-, value: clairctl}\n",
        ),
        ("config.yaml.d/40.json", "this is not looked at"),
        ("config.yaml.d/50.json-patch", "nor is this"),
        ("config.yaml.d/README", "nor this"),
        ("config.yaml.d/60.yaml/config.yaml", "nor: this"),
    ]);
    let whole = load(&whole, "config.yaml", &[]).unwrap();
    let split = load(&split, "config.yaml", &[]).unwrap();
    assert_eq!(split.effective(), whole.effective());
}

#[test]
fn drop_ins_are_laid_over_in_the_order_of_their_bytes() {
    let directory = files(&[
        (
            "config.json",
            r#"{"database": {"connstring": "host=db"}, "log_level": "info"}"#,
        ),
        ("config.json.d/a.json", r#"{"log_level": "warn"}"#),
        ("config.json.d/B.json", r#"{"log_level": "error"}"#),
        ("config.json.d/10.json", r#"{"log_level": "debug"}"#),
        ("config.json.d/9.json", r#"{"log_level": "panic"}"#),
    ]);
    let config = load(&directory, "config.json", &[]).unwrap();
    assert_eq!(config.log_level, LogLevel::Warn);
}

#[test]
fn an_empty_file_is_an_empty_document() {
    for text in ["", "# nothing\n", "---\n", "{}"] {
        let directory = files(&[("config.yaml", text)]);
        let variables = [("CLAIR_DATABASE__CONNSTRING", "host=db")];
        load(&directory, "config.yaml", &variables).unwrap();
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = files(&[
        ("config.yml", "{}"),
        ("config.toml", ""),
        ("tabs.yaml", "indexer:\n\tmigrations: true\n"),
        ("list.yaml", "- 1\n"),
        (
            "twice.yaml",
            "log_level: info\nindexer: {}\nlog_level: warn\n",
        ),
        ("broken.json", "{\n  \"log_level\": \"info\",\n}"),
        ("yaml.json", "log_level: info\n"),
        ("patched.json", "{}"),
        (
            "patched.json.d/x.json-patch",
            "[\n {\"op\": \"remove\", \"path\": \"/nowhere\"}]",
        ),
    ]);
    fs::write(directory.path().join("latin1.yaml"), b"a: 1\nb: \xe9\n").unwrap();
    for (name, expected) in [
        ("absent.yaml", "absent.yaml"),
        (
            "config.yml",
            "config.yml: a configuration must be called *.yaml or *.json",
        ),
        ("config.toml", "config.toml: a configuration must be called"),
        ("tabs.yaml", "tabs.yaml:2:"),
        ("list.yaml", "list.yaml:1:1: must be a mapping"),
        ("twice.yaml", "twice.yaml:3:1: "),
        ("broken.json", "broken.json:3:1: key must be a string"),
        ("yaml.json", "yaml.json:1:1: expected value"),
        (
            "patched.json",
            "patched.json.d/x.json-patch:2:2: there is no /nowhere",
        ),
        ("latin1.yaml", "latin1.yaml:2:1: not UTF-8"),
    ] {
        let error = load(&directory, name, &[]).unwrap_err();
        let message = message(&directory, &error);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(error.exit_code(), 2, "{message}");
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_place() {
    let directory = files(&[
        (
            "config.yaml",
            "log_level: loud\n\
             indexer:\n  connstring: host=db\n  migrtions: true\n  layer_scan_concurrency: many\n\
             matcher:\n  period: often\n\
             gateway:\n  jwt:\n    keys:\n    - type: jwks\n      url: nowhere\n",
        ),
        (
            "config.yaml.d/x.yaml",
            "\nauth: {psk: {key: '?', iss: [a]}}\n",
        ),
    ]);
    let variables = [
        ("CLAIR_MATCHER__UPDATE_RETENTION", "some"),
        ("CLAIR_NATS__URL", "nats://x"),
    ];
    let error = load(&directory, "config.yaml", &variables).unwrap_err();
    let message = message(&directory, &error);
    let mut lines: Vec<&str> = message.lines().collect();
    lines.sort_unstable();
    let starts = [
        "$CLAIR_MATCHER__UPDATE_RETENTION: matcher.update_retention: invalid type: string",
        "$CLAIR_NATS__URL: nats.url: unknown key; known here: urls, credentials_file, ",
        "$CLAIR_NATS__URL: nats: missing field `urls`",
        "config.yaml.d/x.yaml:2:14: auth.psk.key: not in base64",
        "config.yaml:12:7: gateway.jwt.keys[0].url: not a URL",
        "config.yaml:1:1: log_level: unknown variant `loud`, expected one of `debug-color`",
        "config.yaml:4:3: indexer.migrtions: unknown key; known here: connstring, migrations, ",
        "config.yaml:5:3: indexer.layer_scan_concurrency: invalid type: string \"many\"",
        "config.yaml:7:3: matcher.period: \"often\" is no length of time",
    ];
    assert_eq!(lines.len(), starts.len(), "{message}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}\nexpected {start}");
    }
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn places_survive_merging_and_aliases() {
    let text = "x-database: &database\n  connstring: host=db\n  max_connections: few\n\
                database: *database\n";
    let error = refused(text, Mode::Combo);
    let message = error.lines().find(|line| line.contains("max_connections"));
    let expected = "config.yaml:3:3: database.max_connections: ";
    assert!(message.unwrap().starts_with(expected), "{error}");
}

#[test]
fn variables_count_more_than_files() {
    let directory = files(&[(
        "config.yaml",
        "indexer: {connstring: host=db password=old}\ndatabase: {connstring: host=db}\n\
         updaters: {sets: [debian]}\nlog_level: info\n",
    )]);
    let variables = [
        ("CLAIR_LOG_LEVEL", "warn"),
        (
            "CLAIR_INDEXER__CONNSTRING",
            "host=other password=12345 dbname='[x'",
        ),
        ("CLAIR_INDEXER__MIGRATIONS", "true"),
        ("CLAIR_INDEXER__LAYER_SCAN_CONCURRENCY", "7"),
        (
            "CLAIR_INDEXER__EGRESS__ALLOW_NETWORKS",
            "[10.0.0.0/8, fd00::/8]",
        ),
        ("CLAIR_INTERNAL__TOKEN", "0123"),
        ("CLAIR_UPDATERS__SETS", "[]"),
        ("CLAIR_FEEDS__DEBIAN__PERIOD", "1h"),
        (
            "CLAIR_NOTIFIER__WEBHOOK",
            "{target: 'http://a/', callback: 'http://b/'}",
        ),
    ];
    let config = load(&directory, "config.yaml", &variables).unwrap();
    assert_eq!(config.log_level, LogLevel::Warn);
    let connstring = config.indexer.connstring.unwrap();
    assert_eq!(connstring.to_string(), "dbname=[x host=other password=***");
    assert!(config.indexer.migrations);
    assert_eq!(config.indexer.layer_scan_concurrency, 7);
    assert_eq!(config.indexer.egress.allow_networks.len(), 2);
    assert_eq!(config.internal.token, Some(Secret::new("0123")));
    assert_eq!(config.updaters.sets, Some(Vec::new()));
    assert_eq!(config.feeds["debian"].period, Some(Period::hours(1)));
    assert_eq!(
        config.notifier.webhook.unwrap().target.to_string(),
        "http://a/"
    );
}

#[test]
fn variables_of_others_are_left_alone() {
    let directory = files(&[("config.yaml", COMBO)]);
    let variables = [
        ("CLAIR_CONF", "/config/config.yaml"),
        ("CLAIR_MODE", "combo"),
        ("CLAIR_PORT", "tcp://10.0.0.1:6060"),
        ("CLAIR_PORT_6060_TCP_ADDR", "10.0.0.1"),
        ("CLAIR_GATEWAY_SERVICE_HOST", "10.0.0.1"),
        ("CLAIR_INDEXER", "x"),
        ("CLAIR_INDEXER__LAYER_SCAN_CONCURRENCY", ""),
        ("clair_log_level", "loud"),
    ];
    let config = load(&directory, "config.yaml", &variables).unwrap();
    assert_eq!(config.effective(), accepted(COMBO, Mode::Combo).effective());
}

#[test]
fn variables_that_set_nothing_known_are_errors() {
    let directory = files(&[("config.yaml", COMBO)]);
    for (name, value, expected) in [
        (
            "CLAIR_INDEXR__MIGRATIONS",
            "true",
            "$CLAIR_INDEXR__MIGRATIONS: indexr: unknown key",
        ),
        ("CLAIR_UPDATERS__SETS", "[debian", "$CLAIR_UPDATERS__SETS: "),
        (
            "CLAIR_LOG_LEVEL__X",
            "y",
            "$CLAIR_LOG_LEVEL__X: log_level: ",
        ),
    ] {
        let error = load(&directory, "config.yaml", &[(name, value)]).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

#[test]
fn secrets_may_lie_in_files() {
    let directory = files(&[
        ("token", "hunter2\n"),
        ("db", "host=db password=hunter2\r\n"),
    ]);
    let path = |name: &str| directory.path().join(name).display().to_string();
    let text = format!(
        "database: {{connstring: 'file:{}'}}\ninternal: {{token: 'file:{}'}}",
        path("db"),
        path("token")
    );
    let config = accepted(&text, Mode::Combo);
    assert_eq!(config.internal.token.as_ref().unwrap().expose(), "hunter2");
    assert!(
        config
            .database
            .connstring
            .as_ref()
            .unwrap()
            .url()
            .as_str()
            .contains("hunter2")
    );
    let error = refused("internal: {token: file:/nowhere/at/all}", Mode::Combo);
    let expected = "config.yaml:1:12: internal.token: /nowhere/at/all: ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn secrets_are_never_printed() {
    let text = "
database: {connstring: 'postgres://u:hunter2@db/x'}
internal: {token: hunter2}
auth: {psk: {key: aHVudGVyMg==, iss: [quay]}}
nats: {urls: ['nats://u:hunter2@n:4222'], token: hunter2}
notifier:
  webhook: {target: 'http://u:hunter2@x/', callback: 'http://y/', headers: {A: [hunter2]}}
  amqp: {uris: ['amqp://u:hunter2@x/'], exchange: {type: direct}, routing_key: r, direct: true}
  stomp: {uris: ['x:1'], destination: d, direct: true, user: {login: l, passcode: hunter2}}
trace: {otlp: {grpc: {headers: {A: hunter2}}}}
feeds: {debian: {root: 'https://u:hunter2@m/?sig=hunter2'}}
";
    let config = accepted(text, Mode::Combo);
    let shown = format!("{}{config:?}", config.effective());
    assert!(shown.contains("***"));
    for secret in ["hunter2", "aHVudGVyMg"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn secrets_are_not_printed_when_they_are_wrong() {
    for text in [
        "internal: {token: [hunter2]}",
        "auth: {psk: {key: hunter2!, iss: [quay]}}",
        "database: {connstring: hunter2}",
        "nats: {urls: ['nats:hunter2']}",
        "nats: {urls: [n], token: 'hunter2",
    ] {
        let error = refused(text, Mode::Combo);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn the_effective_configuration_reads_back_where_nothing_is_secret() {
    let text = "
database: {connstring: host=db}
log_level: debug-color
tls: {cert: /c, key: /k}
matcher: {update_retention: -1, period: 90m}
gateway:
  jwt: {audience: ['https://x'], keys: [{type: jwks, url: 'https://y/', issuers: [z]}]}
  signer: {issuer: s, private_key: {type: preshared, key_id: k, private_key_path: /p}}
  scopes: {routes: {GET /x: admin}}
updaters: {config: {clair.cvss: {feed_root: 'https://mirror/', years: [2024, 2025]}}}
";
    let config = accepted(text, Mode::Combo);
    let effective = config.effective();
    let again = accepted(&effective, Mode::Combo);
    assert_eq!(again.effective(), effective);
    assert_eq!(again.gateway, config.gateway);
    assert_eq!(again.matcher.update_retention, Retention::Everything);
    assert_eq!(again.updaters, config.updaters);
}

#[test]
fn json_is_read_with_all_its_escapes() {
    let directory = files(&[(
        "config.json",
        r#"{"database": {"connstring": "host=db"},
            "updaters": {"config": {"x": {"a": "\u00e9\n\/\ud83d\ude00", "b": 1.50, "c": null}}}}"#,
    )]);
    let config = load(&directory, "config.json", &[]).unwrap();
    let value = serde_json::to_value(&config.updaters.config["x"]).unwrap();
    assert_eq!(value, serde_json::json!({"a": "é\n/😀", "b": 1.5}));
}

fn node(text: &str) -> Node {
    let path: Arc<Path> = Path::new("x.yaml").into();
    syntax::parse(text, Syntax::Yaml, &path).unwrap()
}

/// The cases of RFC 7386, appendix A, between mappings; null is absent after decoding.
#[test]
fn merge_patches_do_what_the_standard_says() {
    for (document, patch, expected) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        (r#"{"a":"x"}"#, r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#),
    ] {
        let mut root = node(document);
        merge(&mut root, node(patch));
        let merged: serde_json::Value = decode(root).unwrap();
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(merged, expected, "{document} {patch}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_loading_panic(text in "[-a-z0-9:{}\\[\\],'\"&*!|>#%@ \n\t.~]{0,80}") {
        let _ = Config::from_yaml(&text, Mode::Combo);
    }

    #[test]
    fn no_value_of_a_known_key_makes_loading_panic(
        key in prop::sample::select(vec![
            "http_listen_addr", "tls", "database", "nats", "gateway", "auth", "matcher", "feeds",
            "clair", "jwtproxy", "trace", "notifier", "matchers",
        ]),
        value in "[-a-z0-9:{}\\[\\],'\". ]{0,60}",
    ) {
        let _ = Config::from_yaml(&format!("{key}: {value}"), Mode::Combo);
    }
}
