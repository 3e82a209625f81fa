//! Runs the services of a mode, from the first log line to the last trace.

use std::pin::Pin;

use anyhow::Context as _;
use clair_bus::Bus;
use clair_rpc::ChannelOptions;
use clair_runtime::introspection;
use clair_runtime::telemetry::Telemetry;
use clair_runtime::tls::{self, CertificateWatch};
use clair_runtime::{Config, Health, Mode, Service, Shutdown};
use tokio_util::sync::CancellationToken;

use crate::events::BusEvents;
use crate::internal::Internal;
use crate::nats;

/// A service that runs.
type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Runs until the process is told to end by a signal, or until a service fails, which ends the
/// others too: whoever runs the process starts it again.
pub(crate) async fn run(config: &Config, mode: Mode) -> anyhow::Result<()> {
    let shutdown = Shutdown::new(config.shutdown_timeout.duration());
    let telemetry = Telemetry::start(config, mode, &shutdown)?;
    shutdown.begin_on_signals()?;
    describe_metrics(config, mode);
    let health = Health::new();
    introduce(config, &health, &telemetry).await?;
    let result = serve(config, mode, &health, &shutdown).await;
    if let Err(error) = &result {
        tracing::error!(error = format!("{error:#}"), "ending");
    }
    shutdown.begin();
    let drained = shutdown.drained().await;
    telemetry.end().await;
    result?;
    drained?;
    tracing::info!("ended");
    Ok(())
}

/// Serves health and metrics until the very end.
async fn introduce(config: &Config, health: &Health, telemetry: &Telemetry) -> anyhow::Result<()> {
    let address = &config.introspection_addr;
    let listener = address.bind().await.context("introspection_addr")?;
    tracing::info!(address = %listener.local_addr()?, "health and metrics are served");
    let serving = introspection::serve(listener, health.clone(), telemetry.metrics.clone());
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::error!(%error, "health and metrics are no longer served");
        }
    });
    Ok(())
}

async fn serve(
    config: &Config,
    mode: Mode,
    health: &Health,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let watch = CertificateWatch::default();
    let parts = Parts {
        config,
        internal: Internal::begin(config, mode, &watch).await?,
        bus: nats::connect(config, mode, &watch).await?,
        watch: watch.clone(),
        health: health.clone(),
        ending: shutdown.token().clone(),
    };
    let services = parts.services(mode)?;
    shutdown.spawn(watch.run(shutdown.clone()));
    let (failures, mut failed) = tokio::sync::mpsc::unbounded_channel();
    for (service, running) in services {
        let failures = failures.clone();
        let shutdown_begun = shutdown.clone();
        shutdown.spawn(async move {
            let result = running.await.with_context(|| format!("the {service}"));
            tracing::info!(%service, "service ended");
            // One that ends before it was told to has failed, whatever it says itself.
            if result.is_err() || !shutdown_begun.has_begun() {
                let _ = failures.send(result);
            }
        });
        tracing::info!(%service, "service begins");
    }
    drop(failures);
    health.started();
    tokio::select! {
        () = shutdown.begun() => {
            health.stopping();
            Ok(())
        }
        failure = failed.recv() => {
            health.stopping();
            failure.unwrap_or(Ok(()))?;
            anyhow::bail!("a service ended by itself");
        }
    }
}

/// What services are made of.
struct Parts<'a> {
    config: &'a Config,
    internal: Internal,
    bus: Option<Bus>,
    watch: CertificateWatch,
    health: Health,
    ending: CancellationToken,
}

impl Parts<'_> {
    fn services(mut self, mode: Mode) -> anyhow::Result<Vec<(Service, Running)>> {
        let mut services = Vec::new();
        for service in Service::ALL {
            if self.config.runs(service, mode) {
                services.push((service, self.service(service)?));
            }
        }
        Ok(services)
    }

    fn service(&mut self, service: Service) -> anyhow::Result<Running> {
        match service {
            Service::Indexer => self.indexer(),
            Service::Matcher => self.matcher(),
            Service::Updater => self.updater(),
            Service::Notifier => self.notifier(),
            Service::Gateway => self.gateway(),
        }
    }

    fn indexer(&mut self) -> anyhow::Result<Running> {
        let listener = self.internal.listener(Service::Indexer)?;
        let config = clair_indexer::Config::of_services(
            self.config,
            self.internal.server(Service::Indexer),
            self.bus.clone(),
            self.health.clone(),
        );
        let ending = self.ending.clone();
        Ok(Box::pin(async move {
            Ok(clair_indexer::serve(listener, config, ending).await?)
        }))
    }

    fn matcher(&mut self) -> anyhow::Result<Running> {
        let listener = self.internal.listener(Service::Matcher)?;
        let config = clair_matcher::Config::of_services(
            self.config,
            self.internal.server(Service::Matcher),
            self.channel(Service::Indexer)?,
            self.bus.clone(),
            self.health.clone(),
        );
        let ending = self.ending.clone();
        Ok(Box::pin(async move {
            Ok(clair_matcher::serve(listener, config, ending).await?)
        }))
    }

    fn updater(&mut self) -> anyhow::Result<Running> {
        let listener = self.internal.listener(Service::Updater)?;
        let events: std::sync::Arc<dyn clair_updater::Events> = match &self.bus {
            Some(bus) => std::sync::Arc::new(BusEvents(bus.clone())),
            None => std::sync::Arc::new(clair_updater::NoEvents),
        };
        let server = self.internal.server(Service::Updater);
        let config =
            clair_updater::Config::of_services(self.config, server, events, self.health.clone())?;
        let ending = self.ending.clone();
        Ok(Box::pin(async move {
            Ok(clair_updater::serve(listener, config, ending).await?)
        }))
    }

    fn notifier(&mut self) -> anyhow::Result<Running> {
        let listener = self.internal.listener(Service::Notifier)?;
        let config = clair_notifier::Config::of_services(
            self.config,
            self.internal.server(Service::Notifier),
            self.channel(Service::Matcher)?,
            self.bus.clone(),
            self.health.clone(),
            self.watch.clone(),
        )?;
        let ending = self.ending.clone();
        Ok(Box::pin(async move {
            Ok(Box::pin(clair_notifier::serve(listener, config, ending)).await?)
        }))
    }

    fn gateway(&mut self) -> anyhow::Result<Running> {
        let services = clair_gateway::Services {
            indexer: self.channel(Service::Indexer)?,
            matcher: self.channel(Service::Matcher)?,
            updater: self.channel(Service::Updater)?,
            notifier: self.internal.channel(Service::Notifier),
        };
        let tls = self.config.tls.as_ref();
        let tls = tls.map(|tls| tls::server_config(tls, &[], &self.watch));
        let tls = tls.transpose().context("tls")?;
        let config =
            clair_gateway::Config::of_services(self.config, services, tls, self.health.clone());
        let ending = self.ending.clone();
        Ok(Box::pin(async move {
            Ok(clair_gateway::run(config, ending).await?)
        }))
    }

    fn channel(&self, service: Service) -> anyhow::Result<ChannelOptions> {
        self.internal
            .channel(service)
            .with_context(|| format!("internal.{service}.addr does not say where the {service} is"))
    }
}

fn describe_metrics(config: &Config, mode: Mode) {
    clair_rpc::describe_metrics();
    clair_bus::describe_metrics();
    for service in Service::ALL {
        if !config.runs(service, mode) {
            continue;
        }
        match service {
            Service::Indexer => clair_indexer::describe_metrics(),
            Service::Matcher => clair_matcher::describe_metrics(),
            Service::Updater => clair_updater::describe_metrics(),
            Service::Notifier => clair_notifier::describe_metrics(),
            Service::Gateway => clair_gateway::describe_metrics(),
        }
    }
}
