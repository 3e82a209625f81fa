//! Traces to an OpenTelemetry collector.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::thread;

use opentelemetry::{KeyValue, global};
use opentelemetry_otlp::tonic_types::metadata::MetadataMap;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig, Identity};
use opentelemetry_otlp::{
    Compression, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::TelemetryError;
use crate::config::{
    ClientTls, Config, Mode, OtlpCompression, OtlpGrpc, OtlpHttp, Secret, TraceExporter,
};
use crate::tls::{CertificateWatch, client_config};

/// Where spans go to; `None` if nowhere. The context of traces is taken from and given to others
/// (W3C Trace Context) in any case.
pub(super) fn provider(
    config: &Config,
    mode: Mode,
) -> Result<Option<SdkTracerProvider>, TelemetryError> {
    global::set_text_map_propagator(TraceContextPropagator::new());
    if config.trace.name != TraceExporter::Otlp {
        return Ok(None);
    }
    let exporter = match (&config.trace.otlp.grpc, &config.trace.otlp.http) {
        (Some(grpc), _) => grpc_exporter(grpc)?,
        (None, Some(http)) => http_exporter(http)?,
        (None, None) => return Ok(None),
    };
    let resource = Resource::builder()
        // As Clair calls itself.
        .with_service_name(format!("clairv4/{mode}"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler(config))
        .with_resource(resource)
        .build();
    global::set_tracer_provider(provider.clone());
    Ok(Some(provider))
}

fn sampler(config: &Config) -> Sampler {
    if config.log_level.is_debug() {
        return Sampler::AlwaysOn;
    }
    let part = config.trace.probability.unwrap_or(0.0);
    Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(part)))
}

fn grpc_exporter(grpc: &OtlpGrpc) -> Result<SpanExporter, TelemetryError> {
    let scheme = if grpc.insecure { "http" } else { "https" };
    let headers = MetadataMap::from_headers(headers(&grpc.headers)?);
    let mut builder = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(format!("{scheme}://{}", grpc.endpoint))
        .with_timeout(grpc.timeout.duration())
        .with_metadata(headers);
    if grpc.compression == OtlpCompression::Gzip {
        builder = builder.with_compression(Compression::Gzip);
    }
    if !grpc.insecure {
        builder = builder.with_tls_config(grpc_tls(&grpc.client_tls)?);
    }
    builder.build().map_err(TelemetryError::Traces)
}

fn grpc_tls(tls: &ClientTls) -> Result<ClientTlsConfig, TelemetryError> {
    let mut config = ClientTlsConfig::new().with_enabled_roots();
    if let Some(path) = &tls.root_ca {
        let roots = fs::read(path).map_err(TelemetryError::TlsFile)?;
        config = config.ca_certificate(Certificate::from_pem(roots));
    }
    if let (Some(cert), Some(key)) = (&tls.cert, &tls.key) {
        let cert = fs::read(cert).map_err(TelemetryError::TlsFile)?;
        let key = fs::read(key).map_err(TelemetryError::TlsFile)?;
        config = config.identity(Identity::from_pem(cert, key));
    }
    Ok(config)
}

fn http_exporter(http: &OtlpHttp) -> Result<SpanExporter, TelemetryError> {
    let scheme = if http.insecure { "http" } else { "https" };
    let mut headers = HashMap::new();
    for (name, value) in &http.headers {
        headers.insert(name.clone(), value.expose().to_owned());
    }
    let mut builder = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{scheme}://{}{}", http.endpoint, http.url_path))
        .with_timeout(http.timeout.duration())
        .with_headers(headers)
        .with_http_client(http_client(http)?);
    if http.compression == OtlpCompression::Gzip {
        builder = builder.with_compression(Compression::Gzip);
    }
    builder.build().map_err(TelemetryError::Traces)
}

/// A blocking client, since traces are sent from a thread of their own.
fn http_client(http: &OtlpHttp) -> Result<reqwest::blocking::Client, TelemetryError> {
    // Checked here, because the exporter leaves out what is wrong without a word.
    headers(&http.headers)?;
    let mut builder = reqwest::blocking::Client::builder().timeout(http.timeout.duration());
    if !http.insecure {
        let tls = client_config(&http.client_tls, &CertificateWatch::default())?;
        builder = builder.tls_backend_preconfigured(rustls::ClientConfig::clone(&tls));
    }
    // It has a runtime of its own, which cannot be set up within another.
    thread::scope(|scope| scope.spawn(|| builder.build()).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        .map_err(TelemetryError::HttpClient)
}

fn headers(configured: &BTreeMap<String, Secret>) -> Result<HeaderMap, TelemetryError> {
    let mut headers = HeaderMap::new();
    for (name, value) in configured {
        let invalid = || TelemetryError::Header { name: name.clone() };
        let parsed: HeaderName = name.parse().map_err(|_| invalid())?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| invalid())?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}
