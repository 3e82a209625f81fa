//! Databases, the addresses of services, and their trust in each other.

use super::Checks;
use crate::config::{Config, Connstring, InternalTrust, Mode, Service};

pub(super) fn check(
    checks: &mut Checks<'_>,
    config: &Config,
    mode: Mode,
    has_database_variables: bool,
) {
    check_addresses_differ(checks, config);
    check_databases(checks, config, mode, has_database_variables);
    check_remotes(checks, config, mode);
    check_trust(checks, config, mode);
    check_loops(checks, config);
    check_sizes(checks, config);
    check_nats(checks, config, mode);
    check_updaters(checks, config);
}

/// Settings of Clair's updaters have no counterpart one by one.
fn check_updaters(checks: &mut Checks<'_>, config: &Config) {
    for name in config.updaters.config.keys() {
        let path = format!("updaters.config.{name}");
        checks.warn(&path, format!("has no effect: use feeds.{name}"));
    }
}

fn check_addresses_differ(checks: &mut Checks<'_>, config: &Config) {
    checks.require(
        config.http_listen_addr != config.introspection_addr,
        "introspection_addr",
        "must differ from http_listen_addr",
    );
}

fn check_databases(
    checks: &mut Checks<'_>,
    config: &Config,
    mode: Mode,
    has_database_variables: bool,
) {
    let with_database = [
        Service::Indexer,
        Service::Matcher,
        Service::Updater,
        Service::Notifier,
    ];
    let missing = |service: &Service| config.connstring(*service).is_none();
    if !has_database_variables {
        if mode == Mode::Migrate && with_database.iter().all(missing) {
            checks.error("database.connstring", "is missing");
        }
        for service in with_database {
            if mode.runs(service) && config.runs(service, mode) && missing(&service) {
                let own = format!("{service}.connstring");
                checks.error(&own, "is missing, as is database.connstring");
            }
        }
        let needs_database = config.gateway.jwt.replay_protection
            && !config.gateway.jwt.keys.is_empty()
            && mode.runs(Service::Gateway);
        if needs_database && missing(&Service::Gateway) {
            checks.error(
                "database.connstring",
                "is missing: gateway.jwt.replay_protection needs it",
            );
        }
    }
    let own = [
        ("database", &config.database.connstring),
        ("indexer", &config.indexer.connstring),
        ("matcher", &config.matcher.connstring),
        ("updater", &config.updater.connstring),
        ("notifier", &config.notifier.connstring),
    ];
    for (section, connstring) in own {
        for key in connstring.iter().flat_map(Connstring::ignored_keys) {
            let path = format!("{section}.connstring");
            checks.warn(&path, format!("{key} has no effect"));
        }
    }
}

/// The services that a service calls.
fn called_by(service: Service) -> &'static [Service] {
    match service {
        Service::Indexer | Service::Updater => &[],
        Service::Matcher => &[Service::Indexer],
        Service::Notifier => &[Service::Matcher],
        Service::Gateway => &[Service::Indexer, Service::Matcher, Service::Updater],
    }
}

fn check_remotes(checks: &mut Checks<'_>, config: &Config, mode: Mode) {
    let Mode::Only(caller) = mode else {
        return;
    };
    for service in called_by(caller) {
        if config.remote(*service).is_none() {
            let path = format!("internal.{service}.addr");
            let message = match caller {
                Service::Gateway => "is missing".to_owned(),
                _ => format!("is missing, as is {caller}.{service}_addr"),
            };
            checks.error(&path, message);
        }
    }
    for service in Service::ALL {
        let Some(remote) = config.remote(service) else {
            continue;
        };
        let path = format!("internal.{service}.addr");
        checks.require_http(remote.url(), &path);
        let is_https = remote.url().scheme() == "https";
        checks.require(
            is_https == config.internal.tls.is_some(),
            &path,
            "must be an https: URL with internal.tls, and an http: URL without",
        );
    }
    if caller == Service::Gateway && config.remote(Service::Notifier).is_none() {
        checks.warn(
            "internal.notifier.addr",
            "is missing: there are no notifications",
        );
    }
}

/// Services that others can reach must be able to tell who calls.
fn check_trust(checks: &mut Checks<'_>, config: &Config, mode: Mode) {
    let Mode::Only(service) = mode else {
        return;
    };
    let Some(address) = config.internal.listen_address(service) else {
        return;
    };
    let anyone = config.internal_trust() == InternalTrust::Nothing && !address.is_loopback();
    if anyone && !config.internal.insecure {
        checks.error(
            "internal",
            format!(
                "anyone could call the {service} at {address}: set internal.token, internal.tls \
                 or auth.psk, or internal.insecure if the network sees to it"
            ),
        );
    }
}

/// Nothing may be done again and again without a pause.
fn check_loops(checks: &mut Checks<'_>, config: &Config) {
    let feeds = config.feeds.iter().filter_map(|(name, feed)| {
        let period = feed.period?;
        Some((format!("feeds.{name}.period"), period))
    });
    let periods = [
        ("matcher.period", Some(config.matcher.period)),
        ("matcher.poll_interval", Some(config.matcher.poll_interval)),
        ("updater.period", config.updater.period),
        (
            "notifier.poll_interval",
            Some(config.notifier.poll_interval),
        ),
        (
            "notifier.delivery_interval",
            Some(config.notifier.delivery_interval),
        ),
    ];
    let periods = periods
        .into_iter()
        .filter_map(|(path, period)| Some((path.to_owned(), period?)));
    for (path, period) in periods.chain(feeds) {
        checks.require(
            period.duration().as_secs() > 0,
            &path,
            "must be a second at least",
        );
    }
}

fn check_sizes(checks: &mut Checks<'_>, config: &Config) {
    let limits = &config.indexer.limits;
    for (path, is_positive) in [
        (
            "database.max_connections",
            config.database.max_connections > 0,
        ),
        ("updater.concurrency", config.updater.concurrency > 0),
        ("indexer.limits.layers", limits.layers > 0),
        ("indexer.limits.layer_size", limits.layer_size.0 > 0),
        ("indexer.limits.layer_ratio", limits.layer_ratio > 0),
        ("indexer.limits.layer_entries", limits.layer_entries > 0),
        ("indexer.limits.file_size", limits.file_size.0 > 0),
        ("gateway.max_body_size", config.gateway.max_body_size.0 > 0),
        (
            "gateway.max_connections",
            config.gateway.max_connections > 0,
        ),
        (
            "gateway.header_timeout",
            !config.gateway.header_timeout.is_zero(),
        ),
        (
            "gateway.request_timeout",
            !config.gateway.request_timeout.is_zero(),
        ),
    ] {
        checks.require(is_positive, path, "must not be 0");
    }
}

fn check_nats(checks: &mut Checks<'_>, config: &Config, mode: Mode) {
    let Some(nats) = &config.nats else {
        if !matches!(mode, Mode::Migrate | Mode::Only(Service::Gateway)) {
            checks.warn(
                "nats",
                "is missing: images are indexed while their client waits, and updates are found \
                 by polling",
            );
        }
        return;
    };
    checks.require(!nats.urls.is_empty(), "nats.urls", "must name a server");
    for url in &nats.urls {
        checks.require(
            matches!(url.url().scheme(), "nats" | "tls"),
            "nats.urls",
            "must be nats: or tls: URLs",
        );
    }
    checks.require(
        nats.token.is_none() || nats.credentials_file.is_none(),
        "nats.token",
        "cannot be used together with nats.credentials_file",
    );
    checks.require(
        (1..=5).contains(&nats.replicas),
        "nats.replicas",
        "must be from 1 to 5",
    );
    checks.require_pair(&nats.tls, "nats.tls");
}
