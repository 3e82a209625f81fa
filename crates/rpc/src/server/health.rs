//! The health protocol of gRPC.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// Whether a server takes calls, as probes and load balancers see it.
///
/// The empty name stands for the server, and each service has its own name; all tell the same.
#[derive(Debug, Clone)]
pub struct Health {
    reporter: HealthReporter,
    names: Arc<Mutex<Vec<&'static str>>>,
    is_serving: Arc<AtomicBool>,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            reporter: HealthReporter::new(),
            names: Arc::default(),
            is_serving: Arc::new(AtomicBool::new(true)),
        }
    }

    pub(super) fn add(&self, name: &'static str) {
        self.names().push(name);
    }

    pub(super) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }

    /// Says whether calls should come here. May be said before the server serves.
    pub async fn set_serving(&self, is_serving: bool) {
        self.is_serving.store(is_serving, Ordering::Relaxed);
        self.tell().await;
    }

    /// Tells it under all names.
    pub(super) async fn tell(&self) {
        let status = if self.is_serving.load(Ordering::Relaxed) {
            ServingStatus::Serving
        } else {
            ServingStatus::NotServing
        };
        let names = self.names().clone();
        for name in std::iter::once("").chain(names) {
            self.reporter.set_service_status(name, status).await;
        }
    }

    fn names(&self) -> std::sync::MutexGuard<'_, Vec<&'static str>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
