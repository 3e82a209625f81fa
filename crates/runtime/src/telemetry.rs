//! What a process tells of itself: logs, traces, metrics.

mod logs;
mod metrics;
#[cfg(test)]
mod tests;
mod traces;

use std::io;

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use thiserror::Error;
use tracing::warn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, registry};

pub use metrics::MetricsPage;

use crate::Shutdown;
use crate::config::{Config, MetricsExporter, Mode};
use crate::tls::TlsError;

/// Why there is no telemetry.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// Something else in the process receives events already.
    #[error("logs are set up already")]
    Logs(#[from] tracing_subscriber::util::TryInitError),
    /// Something else in the process receives metrics already.
    #[error("metrics cannot be set up")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
    /// The collector of traces cannot be called.
    #[error("traces cannot be sent")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
    /// The name or the value of a header for the collector of traces is none.
    #[error("{name:?} is no header that can be sent with traces")]
    Header {
        /// The name.
        name: String,
    },
    /// The HTTP client for traces cannot be set up.
    #[error("traces cannot be sent by HTTP")]
    HttpClient(#[source] reqwest::Error),
    /// The certificates for the collector of traces cannot be used.
    #[error("traces cannot be sent by TLS")]
    Tls(#[from] TlsError),
    /// A file for the collector of traces cannot be read.
    #[error("traces cannot be sent by TLS")]
    TlsFile(#[source] io::Error),
}

/// The telemetry of a process.
#[derive(Debug)]
pub struct Telemetry {
    /// The page with its metrics, unless they are switched off.
    pub metrics: Option<MetricsPage>,
    tracer: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logs to the standard error output, traces and metrics for the whole process, and
    /// logs the warnings of the configuration. To be called once, in a Tokio runtime.
    ///
    /// # Errors
    ///
    /// When something of it cannot be set up.
    pub fn start(config: &Config, mode: Mode, shutdown: &Shutdown) -> Result<Self, TelemetryError> {
        let tracer = traces::provider(config, mode)?;
        let spans = tracer.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("clair"))
                .with_filter(logs::filter(config.log_level))
        });
        registry()
            .with(logs::layer(
                config.log_level,
                config.log_format(),
                io::stderr,
            ))
            .with(spans)
            .try_init()?;
        let metrics = match config.metrics.name {
            MetricsExporter::Off => None,
            MetricsExporter::Prometheus | MetricsExporter::Stdout | MetricsExporter::Otlp => {
                let path = &config.metrics.prometheus.endpoint;
                Some(MetricsPage::start(path, shutdown).map_err(TelemetryError::Metrics)?)
            }
        };
        for warning in config.warnings() {
            warn!(%warning, "configuration");
        }
        Ok(Self { metrics, tracer })
    }

    /// Sends what has not been sent yet. To be called at the very end.
    pub async fn end(self) {
        let Some(tracer) = self.tracer else {
            return;
        };
        // It waits for the thread that sends.
        let ended = tokio::task::spawn_blocking(move || tracer.shutdown()).await;
        if let Ok(Err(error)) = ended {
            warn!(%error, "the last traces were not sent");
        }
    }
}
