//! Traces and metrics.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::{ClientTls, Period, Secret};

/// Where traces go.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Trace {
    /// How they are sent.
    pub name: TraceExporter,
    /// The part of all traces that is recorded, from 0 to 1, where the caller has not decided it.
    /// With the log level `debug` every trace is. Absent, none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Where an OpenTelemetry collector is.
    pub otlp: Otlp,
}

/// How traces are sent. Of those that Clair knows, only OTLP is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TraceExporter {
    /// Not at all.
    #[default]
    #[serde(rename = "")]
    Off,
    /// To an OpenTelemetry collector.
    Otlp,
    /// To the standard output; here not at all.
    Stdout,
    /// To Jaeger; here not at all, since Jaeger takes OTLP.
    Jaeger,
    /// To Sentry; here not at all, as in Clair.
    Sentry,
}

/// An OpenTelemetry collector. gRPC is used unless only HTTP is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Otlp {
    /// By gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<OtlpGrpc>,
    /// By HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<OtlpHttp>,
}

/// A collector that is called by gRPC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct OtlpGrpc {
    /// Its host and port.
    pub endpoint: String,
    /// Whether to call it without TLS.
    pub insecure: bool,
    /// How what is sent is compressed.
    pub compression: OtlpCompression,
    /// Headers to send.
    pub headers: BTreeMap<String, Secret>,
    /// How long it may take.
    pub timeout: Period,
    /// What to trust and to show.
    pub client_tls: ClientTls,
}

impl Default for OtlpGrpc {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4317".to_owned(),
            insecure: false,
            compression: OtlpCompression::None,
            headers: BTreeMap::new(),
            timeout: Period::seconds(10),
            client_tls: ClientTls::default(),
        }
    }
}

/// A collector that is called by HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct OtlpHttp {
    /// Its host and port.
    pub endpoint: String,
    /// The path that takes traces.
    pub url_path: String,
    /// Whether to call it without TLS.
    pub insecure: bool,
    /// How what is sent is compressed.
    pub compression: OtlpCompression,
    /// Headers to send.
    pub headers: BTreeMap<String, Secret>,
    /// How long it may take.
    pub timeout: Period,
    /// What to trust and to show.
    pub client_tls: ClientTls,
}

impl Default for OtlpHttp {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4318".to_owned(),
            url_path: "/v1/traces".to_owned(),
            insecure: false,
            compression: OtlpCompression::None,
            headers: BTreeMap::new(),
            timeout: Period::seconds(10),
            client_tls: ClientTls::default(),
        }
    }
}

/// How what is sent to a collector is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OtlpCompression {
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
}

impl<'de> Deserialize<'de> for OtlpCompression {
    /// Reads the documented names, and the numbers that Clair's decoder wants in their place.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "" | "none" | "0" | "1" => Ok(Self::None),
            "gzip" | "2" => Ok(Self::Gzip),
            other => Err(serde::de::Error::custom(format_args!(
                "unknown compression {other:?}, expected none or gzip"
            ))),
        }
    }
}

/// Where metrics are to be had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Metrics {
    /// How they are given.
    pub name: MetricsExporter,
    /// Prometheus.
    pub prometheus: Prometheus,
}

/// How metrics are given. Of those that Clair knows, only Prometheus is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricsExporter {
    /// On the introspection port, in the format of Prometheus.
    #[default]
    Prometheus,
    /// Not at all.
    #[serde(rename = "")]
    Off,
    /// To the standard output; here not at all.
    Stdout,
    /// To an OpenTelemetry collector; here not at all.
    Otlp,
}

/// Metrics in the format of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Prometheus {
    /// The path on the introspection port.
    pub endpoint: String,
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            endpoint: "/metrics".to_owned(),
        }
    }
}
