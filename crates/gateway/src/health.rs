//! Whether the services can be reached.

use std::time::Duration;

use clair_rpc::Channel;
use clair_runtime::{Check, Health};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::app::Channels;

/// So often it is looked.
const INTERVAL: Duration = Duration::from_secs(5);

const INDEXER: &str = "gateway-indexer";

/// Holds the process for not ready until the gateway listens and has looked at the services.
pub(crate) fn expect(health: &Health) {
    health.check(INDEXER);
}

/// Looks at the services for as long as it is let. The gateway serves without any one of them:
/// requests that need it are told that it is not there.
pub(crate) async fn look_after(channels: Channels, health: Health) {
    let mut services = vec![
        (channels.indexer, health.check(INDEXER)),
        (channels.matcher, health.check("gateway-matcher")),
        (channels.updater, health.check("gateway-updater")),
    ];
    if let Some(notifier) = channels.notifier {
        services.push((notifier, health.check("gateway-notifier")));
    }
    loop {
        let looking = services
            .iter()
            .map(|(channel, check)| look_at(channel, check));
        futures::future::join_all(looking).await;
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn look_at(channel: &Channel, check: &Check) {
    let mut request = tonic::Request::new(HealthCheckRequest::default());
    request.set_timeout(INTERVAL);
    let answer = HealthClient::new(channel.clone()).check(request).await;
    match answer.map(|answer| answer.into_inner().status()) {
        Ok(ServingStatus::Serving) => check.ok(),
        Ok(_) => check.degraded("it is not ready"),
        Err(status) => check.degraded(status.message()),
    }
}
