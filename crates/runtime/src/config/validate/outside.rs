//! What the services send to others: notifications, traces, metrics.

use super::Checks;
use crate::config::{Config, MetricsExporter, Mode, Notifier, Service, Trace, TraceExporter};

pub(super) fn check(checks: &mut Checks<'_>, config: &Config, mode: Mode) {
    check_deliverers(checks, &config.notifier, mode);
    check_trace(checks, &config.trace);
    check_metrics(checks, config);
}

fn check_deliverers(checks: &mut Checks<'_>, notifier: &Notifier, mode: Mode) {
    if mode == Mode::Only(Service::Notifier) && !notifier.is_enabled() {
        checks.error("notifier", "has no webhook, amqp or stomp to deliver by");
    }
    let configured = [
        notifier.webhook.is_some(),
        notifier.amqp.is_some(),
        notifier.stomp.is_some(),
    ];
    if configured
        .iter()
        .filter(|is_configured| **is_configured)
        .count()
        > 1
    {
        checks.warn(
            "notifier",
            "has several ways to deliver, of which the first of webhook, amqp and stomp is used",
        );
    }
    if let Some(webhook) = &notifier.webhook {
        checks.require_http(webhook.target.url(), "notifier.webhook.target");
        checks.require_http(webhook.callback.url(), "notifier.webhook.callback");
        checks.require_pair(&webhook.tls, "notifier.webhook.tls");
    }
    const CALLBACK: &str = "is needed unless direct is set";
    if let Some(amqp) = &notifier.amqp {
        checks.require(
            !amqp.uris.is_empty(),
            "notifier.amqp.uris",
            "must name a broker",
        );
        let are_amqp = |scheme| matches!(scheme, "amqp" | "amqps");
        checks.require(
            amqp.uris.iter().all(|uri| are_amqp(uri.url().scheme())),
            "notifier.amqp.uris",
            "must be amqp: or amqps: URLs",
        );
        let has_callback = amqp.direct || amqp.callback.is_some();
        checks.require(has_callback, "notifier.amqp.callback", CALLBACK);
        checks.require_pair(&amqp.tls, "notifier.amqp.tls");
    }
    if let Some(stomp) = &notifier.stomp {
        checks.require(
            !stomp.uris.is_empty(),
            "notifier.stomp.uris",
            "must name a broker",
        );
        let has_callback = stomp.direct || stomp.callback.is_some();
        checks.require(has_callback, "notifier.stomp.callback", CALLBACK);
        if let Some(tls) = &stomp.tls {
            checks.require_pair(tls, "notifier.stomp.tls");
        }
    }
}

fn check_trace(checks: &mut Checks<'_>, trace: &Trace) {
    match trace.name {
        TraceExporter::Off | TraceExporter::Otlp => {}
        TraceExporter::Stdout | TraceExporter::Jaeger | TraceExporter::Sentry => {
            checks.warn("trace.name", "only otlp is supported: there are no traces");
        }
    }
    if trace.name == TraceExporter::Otlp {
        let is_configured = trace.otlp.grpc.is_some() || trace.otlp.http.is_some();
        checks.require(is_configured, "trace.otlp", "must have grpc or http");
    }
    if trace.otlp.grpc.is_some() && trace.otlp.http.is_some() {
        checks.warn("trace.otlp.http", "has no effect beside trace.otlp.grpc");
    }
    let is_part = |part: f64| (0.0..=1.0).contains(&part);
    checks.require(
        trace.probability.is_none_or(is_part),
        "trace.probability",
        "must be from 0 to 1",
    );
    const ENDPOINT: &str = "must be host:port, without a scheme";
    if let Some(grpc) = &trace.otlp.grpc {
        checks.require(
            is_host_and_port(&grpc.endpoint),
            "trace.otlp.grpc.endpoint",
            ENDPOINT,
        );
        checks.require_pair(&grpc.client_tls, "trace.otlp.grpc.client_tls");
    }
    if let Some(http) = &trace.otlp.http {
        checks.require(
            is_host_and_port(&http.endpoint),
            "trace.otlp.http.endpoint",
            ENDPOINT,
        );
        checks.require_pair(&http.client_tls, "trace.otlp.http.client_tls");
        checks.require(
            http.url_path.starts_with('/'),
            "trace.otlp.http.url_path",
            "must begin with a slash",
        );
    }
}

fn is_host_and_port(endpoint: &str) -> bool {
    let host_and_port = endpoint.rsplit_once(':');
    host_and_port.is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok()
    })
}

fn check_metrics(checks: &mut Checks<'_>, config: &Config) {
    if matches!(
        config.metrics.name,
        MetricsExporter::Stdout | MetricsExporter::Otlp
    ) {
        checks.warn("metrics.name", "only prometheus is supported, and used");
    }
    let endpoint = config.metrics.prometheus.endpoint.as_str();
    checks.require(
        endpoint.len() > 1
            && endpoint.starts_with('/')
            && !endpoint.contains(['{', '}', '?', '#'])
            && !matches!(endpoint, "/healthz" | "/readyz"),
        "metrics.prometheus.endpoint",
        "must be a path of its own",
    );
}
