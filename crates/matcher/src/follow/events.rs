//! What tells that an update was applied.

use std::time::Duration;

use clair_bus::{Bus, UpdateApplied, Watch, Watched};
use clair_runtime::{Check, Health};
use clair_service::look_at_bus;
use futures::FutureExt as _;
use tokio::sync::watch;

use crate::health;

/// Updates of many sources come together, so it waits a moment for more.
const SETTLE: Duration = Duration::from_millis(100);

/// The events, if there is a way by which they come.
#[derive(Debug)]
pub(crate) struct Events(Option<Source>);

#[derive(Debug)]
struct Source {
    bus: Bus,
    watch: Watch<UpdateApplied>,
    health: watch::Receiver<clair_bus::Health>,
    check: Check,
}

impl Events {
    pub(crate) fn new(bus: Option<Bus>, health: &Health) -> Self {
        Self(bus.map(|bus| Source {
            watch: bus.watch(),
            health: bus.watch_health(),
            check: health::events(health),
            bus,
        }))
    }

    /// Ends when anything may have changed. Without events it never does.
    pub(super) async fn changed(&mut self) {
        let Some(source) = &mut self.0 else {
            return std::future::pending().await;
        };
        log(&source.next().await);
        tokio::time::sleep(SETTLE).await;
        while let Some(more) = source.watch.next().now_or_never() {
            log(&more);
        }
    }
}

impl Source {
    /// The next event, while the check is told how the connection is.
    async fn next(&mut self) -> Watched<UpdateApplied> {
        loop {
            look_at_bus(&self.bus, &self.check);
            tokio::select! {
                event = self.watch.next() => return event,
                Ok(()) = self.health.changed() => {}
            }
        }
    }
}

fn log(event: &Watched<UpdateApplied>) {
    match event {
        Watched::Event(UpdateApplied {
            source, operation, ..
        }) => {
            tracing::debug!(source, %operation, "an update was applied");
        }
        Watched::Resumed => tracing::debug!("events may have been missed"),
    }
}
