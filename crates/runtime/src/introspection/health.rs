//! Whether a process can do its work, and what of it cannot.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use metrics::gauge;
use serde::Serialize;
use tracing::{info, warn};

/// The check that tells whether the process has started, and is not about to end.
const PROCESS: &str = "process";

/// What is known of a process's health. Copies share it.
#[derive(Clone)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, CheckReport>>>);

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// Not as it should be, but the process does its work without.
    Degraded,
    /// The process cannot do its work.
    Failed,
}

/// How one thing is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// The thing: `database`.
    pub name: &'static str,
    /// How it is.
    pub status: CheckStatus,
    /// What is the matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Since when it has this status.
    pub since: Timestamp,
}

/// How a process is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthReport {
    /// The worst status of all checks.
    pub status: CheckStatus,
    /// The checks, by name.
    pub checks: Vec<CheckReport>,
}

impl Health {
    /// A process that is starting, which is not ready before it has [`started`](Self::started).
    #[allow(clippy::new_without_default, reason = "a process starts once")]
    pub fn new() -> Self {
        let health = Self(Arc::default());
        health.set(PROCESS, CheckStatus::Failed, Some("starting".to_owned()));
        health
    }

    /// Says that all checks are there and everything has been started.
    pub fn started(&self) {
        self.set(PROCESS, CheckStatus::Ok, None);
    }

    /// Says that the process ends, so that it is sent no more work.
    pub fn stopping(&self) {
        self.set(PROCESS, CheckStatus::Failed, Some("stopping".to_owned()));
    }

    /// Adds a check, or finds it. It has failed until something else is known; one that is there
    /// before the process has [`started`](Self::started) is waited for.
    pub fn check(&self, name: &'static str) -> Check {
        let check = Check {
            health: self.clone(),
            name,
        };
        check.failed("not checked yet");
        check
    }

    /// How everything is.
    pub fn report(&self) -> HealthReport {
        let checks: Vec<_> = self.checks().values().cloned().collect();
        let worst = checks.iter().map(|check| check.status).max();
        HealthReport {
            status: worst.unwrap_or(CheckStatus::Failed),
            checks,
        }
    }

    fn set(&self, name: &'static str, status: CheckStatus, message: Option<String>) {
        let mut checks = self.checks();
        let before = checks.get(name);
        let is_change = before.is_none_or(|before| before.status != status);
        let since = match before {
            Some(before) if !is_change => before.since,
            _ => Timestamp::now(),
        };
        if is_change {
            let level = match status {
                CheckStatus::Ok => 2.0,
                CheckStatus::Degraded => 1.0,
                CheckStatus::Failed => 0.0,
            };
            gauge!("clair_check_status", "check" => name).set(level);
            // That nothing is known at the beginning is no news.
            if before.is_some() || status == CheckStatus::Ok {
                log(name, status, message.as_deref());
            }
        }
        let report = CheckReport {
            name,
            status,
            message,
            since,
        };
        checks.insert(name, report);
    }

    fn checks(&self) -> MutexGuard<'_, BTreeMap<&'static str, CheckReport>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log(check: &str, status: CheckStatus, reason: Option<&str>) {
    let reason = reason.unwrap_or_default();
    match status {
        CheckStatus::Ok => info!(check, "check is ok"),
        CheckStatus::Degraded => warn!(check, reason, "check is degraded"),
        CheckStatus::Failed => warn!(check, reason, "check has failed"),
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").field(&self.report()).finish()
    }
}

/// One thing that a process's health depends on.
#[derive(Debug, Clone)]
pub struct Check {
    health: Health,
    name: &'static str,
}

impl Check {
    /// It is as it should be.
    pub fn ok(&self) {
        self.health.set(self.name, CheckStatus::Ok, None);
    }

    /// It is not, but the process does its work without.
    pub fn degraded(&self, reason: impl fmt::Display) {
        let reason = Some(reason.to_string());
        self.health.set(self.name, CheckStatus::Degraded, reason);
    }

    /// The process cannot do its work without.
    pub fn failed(&self, reason: impl fmt::Display) {
        let reason = Some(reason.to_string());
        self.health.set(self.name, CheckStatus::Failed, reason);
    }
}
