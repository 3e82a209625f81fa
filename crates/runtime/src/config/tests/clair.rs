//! Files as they are written for Clair v4.

use super::*;

const COMPLETE: &str = r#"
http_listen_addr: ":6060"
introspection_addr: ":8089"
log_level: info
indexer:
  connstring: host=db port=5432 user=clair dbname=clair sslmode=disable
  scanlock_retry: 10
  layer_scan_concurrency: 5
  index_report_request_concurrency: 32
  migrations: true
  airgap: false
  scanner:
    package:
      java: {disable_api: true}
    repo:
      rhel-repository-scanner: {repo2cpe_mapping_file: /data/repository-to-cpe.json}
matcher:
  connstring: host=db port=5432 user=clair dbname=clair sslmode=disable
  period: 6h
  update_retention: 10
  cache_age: 1h
  migrations: true
  disable_updaters: false
matchers:
  names: null
  config:
    rhel: {ignore_unpatched: true}
updaters:
  sets: [alpine, debian, ubuntu, rhel-vex, osv, clair.cvss]
  config:
    osv: {allowlist: [pypi, go]}
    clair.cvss: {feed_root: "https://mirror.example/nvd/"}
notifier:
  connstring: host=db port=5432 user=clair dbname=clair sslmode=disable
  poll_interval: 5m
  delivery_interval: 1m
  disable_summary: false
  migrations: true
  webhook:
    target: https://quay.example/secscan/notification
    callback: https://clair.example/notifier/api/v1/notification
    headers: {X-Env: [prod]}
auth:
  psk:
    key: c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0
    iss: [quay, clairctl]
trace:
  name: otlp
  probability: 0.1
  otlp: {http: {endpoint: "otel:4318", insecure: true}}
metrics:
  name: prometheus
"#;

#[test]
fn a_complete_file_loads_with_a_warning_for_each_key_without_meaning() {
    let config = accepted(COMPLETE, Mode::Combo);
    let warned: Vec<_> = config
        .warnings()
        .iter()
        .map(|warning| warning.path.to_string())
        .collect();
    assert_eq!(
        warned,
        [
            "indexer.scanlock_retry",
            "indexer.scanner.package",
            "indexer.scanner.repo",
            "matchers.config",
            "nats",
            "updaters.config.clair.cvss",
            "updaters.config.osv",
        ]
    );
    let places = warnings(&config);
    assert!(places.starts_with("config.yaml:7:3: indexer.scanlock_retry: has no effect"));
}

#[test]
fn a_complete_file_means_what_it_says() {
    let config = accepted(COMPLETE, Mode::Combo);
    assert_eq!(config.indexer.concurrent_layers(), 5);
    assert_eq!(config.indexer.concurrent_requests(), Some(32));
    assert_eq!(config.matcher.cache_age(), Period::hours(1));
    assert_eq!(config.updater_period(), Period::hours(6));
    assert_eq!(config.updaters.sets.as_ref().unwrap().len(), 6);
    assert_eq!(
        config.updaters.config["osv"]["allowlist"],
        serde_json::json!(["pypi", "go"])
    );
    assert_eq!(config.notifier.poll_interval, Period::minutes(5));
    assert_eq!(config.trace.probability, Some(0.1));
    assert_eq!(
        config.trace.otlp.http.as_ref().unwrap().endpoint,
        "otel:4318"
    );
    let psk = config.auth.psk.as_ref().unwrap();
    assert!(psk.accepts_issuer("quay"));
    assert!(psk.accepts_issuer("clair-intraservice"));
    assert!(!psk.accepts_issuer("mallory"));
    assert_eq!(
        config.signed_destinations(),
        [("quay.example", Some(443))],
        "tokens go nowhere else"
    );
}

#[test]
fn absent_keys_have_clairs_defaults() {
    let config = accepted(COMBO, Mode::Combo);
    assert_eq!(config.http_listen_addr.to_string(), ":6060");
    assert_eq!(config.introspection_addr.to_string(), ":8089");
    assert_eq!(config.log_level, LogLevel::Info);
    assert_eq!(config.log_format(), LogFormat::Json);
    assert_eq!(config.matcher.period, Period::hours(6));
    assert_eq!(config.matcher.cache_age(), Period::hours(6));
    assert_eq!(config.matcher.update_retention, Retention::default());
    assert_eq!(config.updaters.sets, None);
    assert_eq!(config.metrics.prometheus.endpoint, "/metrics");
    assert_eq!(config.shutdown_timeout, Period::seconds(10));
}

#[test]
fn null_is_as_good_as_absent() {
    let nulls = "indexer: null\nmatcher: {period: null, connstring: ''}\nmatchers:\nauth: {psk: }\n\
                 updaters: {sets: null, config: {x: null}}\ntls: {}\n";
    let config = accepted(&format!("{COMBO}{nulls}"), Mode::Combo);
    assert_eq!(config.effective(), accepted(COMBO, Mode::Combo).effective());
}

#[test]
fn retention_follows_clairs_rules() {
    let retention = |written: &str| {
        let text = format!("{COMBO}matcher: {{update_retention: {written}}}");
        accepted(&text, Mode::Combo).matcher.update_retention
    };
    assert_eq!(retention("0"), Retention::default());
    assert_eq!(retention("1"), Retention::default());
    assert_eq!(retention("3"), Retention::Newest(3.try_into().unwrap()));
    assert_eq!(retention("-1"), Retention::Everything);
}

#[test]
fn levels_for_people_are_written_for_people() {
    let config = accepted(&format!("{COMBO}log_level: debug-color"), Mode::Combo);
    assert_eq!(config.log_format(), LogFormat::Human);
    let text = format!("{COMBO}log_level: debug-color\nlog_format: json");
    assert_eq!(accepted(&text, Mode::Combo).log_format(), LogFormat::Json);
}

#[test]
fn compression_is_read_as_documented_and_as_clair_reads_it() {
    for (written, expected) in [
        ("gzip", OtlpCompression::Gzip),
        ("2", OtlpCompression::Gzip),
        ("none", OtlpCompression::None),
        ("1", OtlpCompression::None),
        ("0", OtlpCompression::None),
    ] {
        let text = format!("{COMBO}trace: {{otlp: {{grpc: {{compression: {written}}}}}}}");
        let config = accepted(&text, Mode::Combo);
        assert_eq!(config.trace.otlp.grpc.unwrap().compression, expected);
    }
    let error = refused("trace: {otlp: {grpc: {compression: lz4}}}", Mode::Combo);
    assert!(error.contains(r#"unknown compression "lz4""#), "{error}");
}

#[test]
fn keys_of_all_of_clair_are_known() {
    let text = r"
database: {connstring: host=db}
tls: {root_ca: /ca, cert: /c, key: /k}
matcher: {max_conn_pool: 100, indexer_addr: 'http://clair-indexer:6060/', disable_enrichment: true}
matchers: {names: [alpine-matcher]}
updaters: {filter: '^$'}
indexer: {scanner: {dist: {x: {}}}}
notifier:
  indexer_addr: http://clair-indexer:6060/
  matcher_addr: http://clair-matcher:6060/
  webhook: {target: 'http://t/', callback: 'http://c/', signed: true}
  amqp:
    uris: ['amqp://guest:guest@mq:5672/']
    exchange: {name: '', type: topic, durability: true, auto_delete: false}
    routing_key: notifications
    callback: http://c/
    direct: false
    rollup: 5
    tls: {root_ca: /ca, cert: /c, key: /k}
  stomp:
    uris: ['mq:61613']
    destination: notifications
    callback: http://c/
    direct: false
    rollup: 5
    tls: {root_ca: /ca}
    user: {login: l, passcode: p}
trace:
  name: jaeger
  jaeger:
    agent: {endpoint: 'jaeger:6831'}
    collector: {endpoint: 'http://jaeger', username: u, password: p}
    service_name: clair
    tags: {a: b}
    buffer_max: 5
  sentry: {dsn: d, environment: e}
  otlp:
    http: {url_path: /v1/traces, compression: gzip, endpoint: 'o:1', headers: {a: b}, insecure: true, timeout: 10s, client_tls: {cert: /c, key: /k}}
    grpc: {reconnect: 5s, service_config: '{}', compression: none, endpoint: 'o:1'}
metrics: {name: otlp, prometheus: {endpoint: /m}, otlp: {http: {endpoint: 'o:1'}}}
";
    let config = accepted(text, Mode::Combo);
    let warned: Vec<_> = config
        .warnings()
        .iter()
        .map(|warning| warning.path.to_string())
        .collect();
    assert_eq!(
        warned,
        [
            "tls.root_ca",
            "matcher.max_conn_pool",
            "matchers.names",
            "updaters.filter",
            "notifier.webhook.signed",
            "trace.jaeger",
            "trace.sentry",
            "trace.otlp.grpc.reconnect",
            "trace.otlp.grpc.service_config",
            "metrics.otlp",
            "nats",
            "auth",
            "notifier",
            "trace.name",
            "trace.otlp.http",
            "metrics.name",
        ]
    );
}

#[test]
fn what_clair_refuses_is_refused() {
    for (text, expected, code) in [
        (
            "auth: {psk: {key: c2VjcmV0, iss: quay}}",
            "auth.psk.iss: invalid type: string",
            2,
        ),
        (
            "auth: {psk: {key: c2VjcmV0}}",
            "auth.psk: missing field `iss`",
            2,
        ),
        (
            "auth: {keyserver: {api: 'http://x'}}",
            "auth.keyserver: was removed",
            1,
        ),
        ("updater_sets: [alpine]", "updater_sets: unknown key", 2),
        (
            "notifier: {stomp: {login: x}}",
            "notifier.stomp.login: unknown key",
            2,
        ),
        (
            "notifier: {amqp: {exchange: {durable: true}}}",
            "notifier.amqp.exchange.durable: unknown key",
            2,
        ),
        ("matchers: {nams: []}", "matchers: unknown key", 2),
        (
            "indexer: {migrations: 'true'}",
            "indexer.migrations: invalid type: string",
            2,
        ),
    ] {
        let error = Config::from_yaml(&format!("{COMBO}{text}"), Mode::Combo).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.exit_code(), code, "{error}");
    }
}

#[test]
fn a_matcher_needs_to_know_where_the_indexer_is() {
    let mode = Mode::Only(Service::Matcher);
    let text = "matcher: {connstring: host=db}\ninternal: {token: x}\n";
    let error = Config::from_yaml(text, mode).unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert_eq!(
        error.to_string(),
        "config.yaml:2:1: internal.indexer.addr: is missing, as is matcher.indexer_addr"
    );
    let text = "matcher: {connstring: host=db, indexer_addr: 'http://indexer:6071/'}\n\
                internal: {token: x}\n";
    let config = accepted(text, mode);
    let remote = config.remote(Service::Indexer).unwrap();
    assert_eq!(remote.authority(), ("indexer", Some(6071)));
}
