use super::*;

#[test]
fn each_mode_asks_for_what_it_needs() {
    let shared = "internal: {token: x, indexer: {addr: 'http://i:1'}, matcher: {addr: 'http://m:1'}, \
                  updater: {addr: 'http://u:1'}}\n\
                  notifier: {webhook: {target: 'http://t/', callback: 'http://c/'}}\n";
    for (mode, missing) in [
        (Mode::Only(Service::Indexer), Some("indexer.connstring")),
        (Mode::Only(Service::Matcher), Some("matcher.connstring")),
        (Mode::Only(Service::Updater), Some("updater.connstring")),
        (Mode::Only(Service::Notifier), Some("notifier.connstring")),
        (Mode::Migrate, Some("database.connstring")),
        (Mode::Only(Service::Gateway), None),
    ] {
        match missing {
            Some(key) => {
                let error = refused(shared, mode);
                assert!(
                    error.contains(&format!("{key}: is missing")),
                    "{mode}: {error}"
                );
                accepted(&format!("{shared}{COMBO}"), mode);
            }
            None => drop(accepted(shared, mode)),
        }
    }
    let error = refused("", Mode::Combo);
    for service in ["indexer", "matcher", "updater"] {
        assert!(
            error.contains(&format!("{service}.connstring: is missing")),
            "{error}"
        );
    }
    assert!(!error.contains("notifier"), "it is not started: {error}");
}

#[test]
fn the_environment_may_say_where_the_database_is() {
    let document = node_of("{}");
    let config = Config::default();
    let problems = |has_variables| {
        validate::validate(&config, Mode::Combo, &document, has_variables)
            .problems
            .len()
    };
    assert_eq!(problems(true), 0);
    assert_ne!(problems(false), 0);
}

fn node_of(text: &str) -> Node {
    let path: Arc<Path> = Path::new("config.yaml").into();
    syntax::parse(text, Syntax::Yaml, &path).unwrap()
}

#[test]
fn a_service_finds_its_database_in_the_nearest_section() {
    let text = "database: {connstring: host=shared}\nmatcher: {connstring: host=matcher}\n\
                indexer: {connstring: host=indexer}\n";
    let config = accepted(text, Mode::Combo);
    for (service, host) in [
        (Service::Indexer, "host=indexer"),
        (Service::Matcher, "host=matcher"),
        (Service::Updater, "host=matcher"),
        (Service::Notifier, "host=shared"),
        (Service::Gateway, "host=shared"),
    ] {
        let connstring = config.connstring(service).unwrap();
        assert_eq!(connstring.to_string(), host, "{service}");
    }
}

#[test]
fn services_that_others_reach_must_know_their_callers() {
    let mode = Mode::Only(Service::Indexer);
    let error = refused(COMBO, mode);
    assert!(
        error.contains("internal: anyone could call the indexer at :6071"),
        "{error}"
    );
    for text in [
        "internal: {token: x}",
        "internal: {tls: {cert: /c, key: /k, root_ca: /ca}}",
        "internal: {insecure: true}",
        "internal: {indexer: {listen_addr: '127.0.0.1:0'}}",
        "auth: {psk: {key: c2VjcmV0, iss: [quay]}}",
    ] {
        accepted(&format!("{COMBO}{text}"), mode);
    }
    accepted(COMBO, Mode::Combo);
}

#[test]
fn a_token_between_services_comes_from_the_preshared_key() {
    let trust = |text: &str| accepted(&format!("{COMBO}{text}"), Mode::Combo).internal_trust();
    let derived = trust("auth: {psk: {key: c2VjcmV0, iss: [quay]}}");
    let InternalTrust::Token(token) = &derived else {
        panic!("{derived:?}");
    };
    assert_eq!(token.expose().len(), 44);
    assert_eq!(trust("auth: {psk: {key: c2VjcmV0, iss: [other]}}"), derived);
    assert_ne!(trust("auth: {psk: {key: b3RoZXI=, iss: [quay]}}"), derived);
    assert_eq!(
        trust("auth: {psk: {key: c2VjcmV0, iss: [quay]}}\ninternal: {token: own}"),
        InternalTrust::Token(Secret::new("own"))
    );
    assert_eq!(trust(""), InternalTrust::Nothing);
}

#[test]
fn what_does_not_fit_together_is_told() {
    for (text, expected) in [
        (
            "introspection_addr: :6060",
            "introspection_addr: must differ from http_listen_addr",
        ),
        (
            "auth: {psk: {key: c2VjcmV0, iss: []}}",
            "auth.psk.iss: must name an issuer",
        ),
        (
            "gateway: {jwt: {keys: [{type: keyregistry, registry: 'http://q/keys/'}]}}",
            "gateway.jwt.audience: must say how callers name this API",
        ),
        (
            "gateway: {jwt: {audience: [x], keys: [{type: keyregistry, registry: 'http://q/keys'}]}}",
            "gateway.jwt.keys[0].registry: must end in a slash",
        ),
        (
            "gateway: {jwt: {audience: [x], keys: [{type: jwks, url: 'file://x/', issuers: []}]}}",
            "gateway.jwt.keys[0].issuers: must name an issuer",
        ),
        (
            "gateway: {scopes: {routes: {/x: admin}}}",
            r#"gateway.scopes.routes."/x": must be a method and a path"#,
        ),
        (
            "gateway: {rate_limit: {requests_per_second: 0}}",
            "must allow a request",
        ),
        (
            "gateway: {max_connections: 0}",
            "gateway.max_connections: must not be 0",
        ),
        (
            "gateway: {signer: {issuer: x, nonce_length: 3, private_key: {type: preshared, \
             key_id: k, private_key_path: /p}}}",
            "gateway.signer.nonce_length: must be 16 at least",
        ),
        (
            "matcher: {period: 0}",
            "matcher.period: must be a second at least",
        ),
        (
            "feeds: {debian: {period: 10ms}}",
            "feeds.debian.period: must be a second",
        ),
        ("nats: {urls: []}", "nats.urls: must name a server"),
        (
            "nats: {urls: ['http://x']}",
            "nats.urls: must be nats: or tls: URLs",
        ),
        (
            "nats: {urls: ['nats://x'], token: a, credentials_file: /b}",
            "nats.token: cannot be used together",
        ),
        (
            "nats: {urls: ['nats://x'], tls: {cert: /c}}",
            "nats.tls: cert and key are needed",
        ),
        (
            "notifier: {webhook: {target: 'ftp://t/', callback: 'http://c/'}}",
            "notifier.webhook.target: must be an http: or https: URL",
        ),
        (
            "notifier: {amqp: {uris: [], exchange: {type: fanout}, routing_key: r}}",
            "notifier.amqp.callback: is needed unless direct is set",
        ),
        (
            "notifier: {amqp: {uris: ['http://x'], exchange: {type: fanout}, routing_key: r}}",
            "notifier.amqp.uris: must be amqp: or amqps: URLs",
        ),
        ("trace: {name: otlp}", "trace.otlp: must have grpc or http"),
        (
            "trace: {probability: 1.5}",
            "trace.probability: must be from 0 to 1",
        ),
        (
            "trace: {otlp: {grpc: {endpoint: 'http://o:1'}}}",
            "trace.otlp.grpc.endpoint: must be host:port",
        ),
        (
            "trace: {otlp: {http: {url_path: x}}}",
            "must begin with a slash",
        ),
        (
            "metrics: {prometheus: {endpoint: /readyz}}",
            "must be a path of its own",
        ),
    ] {
        let error = Config::from_yaml(&format!("{COMBO}{text}"), Mode::Combo).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}\n{error}");
        assert_eq!(error.exit_code(), 1, "{error}");
    }
}

#[test]
fn all_that_does_not_fit_is_told_at_once() {
    let text = "matcher: {period: 0}\ntrace: {probability: 2}\nintrospection_addr: :6060\n";
    let error = Config::from_yaml(text, Mode::Combo).unwrap_err();
    // Three databases are missing too.
    assert_eq!(error.problems().len(), 6, "{error}");
}

#[test]
fn key_sources_take_the_settings_of_their_type_only() {
    let sources = |text: &str| {
        Config::from_yaml(
            &format!("{COMBO}gateway: {{jwt: {{audience: [x], keys: [{text}]}}}}"),
            Mode::Combo,
        )
    };
    let config = sources(
        "{type: jwks, url: 'https://i/jwks', issuers: [a]}, \
         {type: preshared, issuer: b, key_id: k, public_key_path: /k.pem}",
    )
    .unwrap();
    assert_eq!(config.gateway.jwt.keys.len(), 2);
    for (text, expected) in [
        (
            "{type: jwks, issuers: [a]}",
            "keys[0]: jwks has url, issuers and refresh",
        ),
        (
            "{type: keyregistry, url: 'http://x/'}",
            "keys[0]: keyregistry has registry",
        ),
        (
            "{type: preshared, issuer: b}",
            "keys[0]: preshared has issuer, key_id",
        ),
        ("{type: magic}", "keys[0].type: unknown variant `magic`"),
        ("{type: jwks, uri: x}", "keys[0].uri: unknown key"),
        ("{url: 'http://x/'}", "keys[0]: missing field `type`"),
    ] {
        let error = sources(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn addresses_of_services_agree_with_their_certificates() {
    let mode = Mode::Only(Service::Gateway);
    let tls = "tls: {cert: /c, key: /k, root_ca: /ca}";
    let text = |scheme: &str, tls: &str| {
        format!(
            "internal: {{indexer: {{addr: '{scheme}://i:1'}}, matcher: {{addr: '{scheme}://m:1'}}, \
             updater: {{addr: '{scheme}://u:1'}}, {tls}}}"
        )
    };
    accepted(&text("http", ""), mode);
    accepted(&text("https", tls), mode);
    for text in [text("https", ""), text("http", tls)] {
        let error = refused(&text, mode);
        assert!(
            error.contains("internal.indexer.addr: must be an https: URL with"),
            "{error}"
        );
    }
    let config = accepted(&text("http", ""), mode);
    assert!(warnings(&config).contains("internal.notifier.addr: is missing"));
}

#[test]
fn risks_are_warned_of() {
    let warned = |text: &str| warnings(&accepted(&format!("{COMBO}{text}"), Mode::Combo));
    assert!(warned("").contains("auth: is missing: everyone may use the API"));
    assert!(warned("auth: {psk: {key: c2VjcmV0, iss: [a]}}").contains("auth.psk.key: has less"));
    let several = "notifier:\n  webhook: {target: 'http://t/', callback: 'http://c/'}\n  \
                   stomp: {uris: ['x:1'], destination: d, direct: true}";
    assert!(warned(several).contains("notifier: has several ways to deliver"));
    let keys = "indexer: {connstring: host=db connect_timeout=5}";
    assert!(warned(keys).contains("indexer.connstring: connect_timeout has no effect"));
}
