//! Whether the matcher can do its work.

use clair_runtime::{Check, Health};

const DATA: &str = "matcher-data";

/// Holds the process for not ready until the matcher has looked at what it needs.
pub(crate) fn expect(health: &Health) {
    health.check(DATA);
}

/// What the health of the process depends on. Without any data, callers are told to go to another
/// replica; without the database or the events, reports are made of what there is.
#[derive(Debug)]
pub(crate) struct Checks {
    data: Check,
    database: Check,
    /// What gRPC's own protocol tells.
    served: clair_rpc::Health,
}

impl Checks {
    pub(crate) fn new(health: &Health, served: clair_rpc::Health) -> Self {
        let checks = Self {
            data: health.check(DATA),
            database: health.check("matcher-database"),
            served,
        };
        checks.database.degraded("it has not been reached yet");
        checks
    }

    /// Says whether there is any data.
    pub(crate) async fn loaded(&self, is_loaded: bool) {
        if is_loaded {
            self.data.ok();
        } else {
            self.data.failed("no security data has been loaded yet");
        }
        self.served.set_serving(is_loaded).await;
    }

    /// Says whether the data is as the database has it.
    pub(crate) fn synced(&self, problem: Option<&dyn std::error::Error>) {
        match problem {
            None => self.database.ok(),
            Some(problem) => self.database.degraded(problem.to_string()),
        }
    }
}

/// The check of the way by which events come.
pub(crate) fn events(health: &Health) -> Check {
    health.check("matcher-events")
}
