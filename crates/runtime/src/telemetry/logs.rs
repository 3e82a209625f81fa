//! How events are written.

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, fmt};

use crate::config::{LogFormat, LogLevel};

/// Libraries whose debugging events are about themselves. The sending of traces must not make
/// traces.
const QUIET: [&str; 9] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry-otlp",
    "opentelemetry_sdk",
    "reqwest",
    "rustls",
    "tower",
];

/// Notices of PostgreSQL, such as that what is to be made is there already. Whatever is wrong comes
/// as an error.
const NOTICES: &str = "sqlx::postgres::notice";

/// Lets through what is at least as important as `level`.
pub(super) fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::DebugColor | LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Fatal | LogLevel::Panic => LevelFilter::ERROR,
    };
    let quiet = QUIET.map(|target| (target, level.min(LevelFilter::INFO)));
    let notices = match level {
        LevelFilter::INFO => LevelFilter::WARN,
        level => level,
    };
    Targets::new()
        .with_default(level)
        .with_targets(quiet)
        .with_target(NOTICES, notices)
}

/// Writes events, one on a line.
pub(super) fn layer<S, W>(
    level: LogLevel,
    format: LogFormat,
    writer: W,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_filter(filter(level))
            .boxed(),
        LogFormat::Human => layer
            .with_ansi(level == LogLevel::DebugColor)
            .with_filter(filter(level))
            .boxed(),
    }
}
