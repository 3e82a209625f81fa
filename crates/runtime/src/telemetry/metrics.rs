//! Metrics, gathered from the whole process and given in the format of Prometheus.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Unit, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use crate::Shutdown;

/// Bounds of durations, in seconds: fine ones for what is done within a process and between
/// services, and from half a second on those that Clair has for its API.
const DURATIONS: [f64; 24] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.7, 1.1, 1.7, 2.7, 4.2, 6.5, 10.0,
    15.0, 23.0, 36.0, 54.0, 83.0, 128.0, 196.0, 300.0,
];

/// Bounds of sizes, in bytes: powers of 4 from 256 B to 4 GiB.
const SIZES: [f64; 13] = [
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];

/// How often values that were recorded are sorted into their histograms. Until then they take
/// memory each.
const UPKEEP: Duration = Duration::from_secs(5);

/// The page with the metrics of the process.
#[derive(Debug, Clone)]
pub struct MetricsPage {
    path: String,
    handle: PrometheusHandle,
    process: Collector,
}

/// The recorder is one for the process, whoever asks for it first.
static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

impl MetricsPage {
    /// Begins to gather metrics, to be served at `path`.
    pub(crate) fn start(path: &str, shutdown: &Shutdown) -> Result<Self, BuildError> {
        let handle = recorder()?;
        let process = Collector::default();
        process.describe();
        describe_gauge!("clair_build_info", "What is running; always 1.");
        gauge!(
            "clair_build_info",
            "version" => env!("CARGO_PKG_VERSION"),
            "revision" => option_env!("CLAIR_REVISION").unwrap_or("unknown"),
        )
        .set(1.0);
        describe_gauge!(
            "clair_check_status",
            Unit::Count,
            "How what the process depends on is: 2 ok, 1 degraded, 0 failed."
        );
        tokio::spawn(keep_up(handle.clone(), shutdown.clone()));
        Ok(Self {
            path: path.to_owned(),
            handle,
            process,
        })
    }

    /// Where it is served.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The page as it is now.
    pub(crate) fn render(&self) -> String {
        self.process.collect();
        self.handle.render()
    }
}

fn recorder() -> Result<PrometheusHandle, BuildError> {
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*recorder {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &DURATIONS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &SIZES)?
        .install_recorder()?;
    Ok(recorder.insert(handle).clone())
}

async fn keep_up(handle: PrometheusHandle, shutdown: Shutdown) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            () = shutdown.begun() => return,
            _ = ticks.tick() => handle.run_upkeep(),
        }
    }
}
