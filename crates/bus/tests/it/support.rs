//! A bus with a server of its own, and handlers that tell what they got.

use std::time::Duration;

use clair_bus::{Attempts, Bus, BusOptions, ConsumeOptions, Delivery, Failure, IndexRequest};
use clair_bus::{UpdateApplied, WorkQueue};
use clair_model::Manifest;
use clair_testing::Nats;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything here takes, even on a busy machine.
pub(crate) const LONG: Duration = Duration::from_mins(1);

pub(crate) async fn connect(server: &Nats) -> Bus {
    let options = BusOptions {
        timeout: Duration::from_secs(3),
        ..BusOptions::new(vec![server.url()])
    };
    let bus = Bus::connect(options).await.unwrap();
    healthy(&bus).await;
    bus
}

/// Waits until the bus is connected.
pub(crate) async fn healthy(bus: &Bus) {
    let mut health = bus.watch_health();
    let healthy = health.wait_for(clair_bus::Health::is_healthy);
    tokio::time::timeout(LONG, healthy).await.unwrap().unwrap();
}

/// Waits until the bus has noticed that its server is gone.
pub(crate) async fn disconnected(bus: &Bus) {
    let mut health = bus.watch_health();
    let gone = health.wait_for(|health| !health.is_connected);
    tokio::time::timeout(LONG, gone).await.unwrap().unwrap();
}

/// The manifest with this number.
pub(crate) fn request(number: u32) -> IndexRequest {
    IndexRequest {
        manifest: Manifest {
            hash: format!("sha256:{number:064}").parse().unwrap(),
            layers: Vec::new(),
        },
        request_id: None,
    }
}

/// The number of a manifest.
pub(crate) fn number(request: &IndexRequest) -> u32 {
    request.manifest.hash.hex().parse().unwrap()
}

pub(crate) fn update(source: &str) -> UpdateApplied {
    UpdateApplied {
        source: source.to_owned(),
        operation: Uuid::new_v4(),
        added: 1,
        removed: 0,
    }
}

/// Options with which nothing takes long.
pub(crate) fn quick(concurrency: usize) -> ConsumeOptions {
    ConsumeOptions {
        attempts: Attempts {
            max: Some(3),
            pauses: vec![Duration::from_millis(50)],
        },
        ack_wait: Duration::from_secs(2),
        grace: Duration::from_secs(5),
        poll: Duration::from_millis(200),
        ..ConsumeOptions::for_work(concurrency)
    }
}

/// A replica that does the work in the queue.
pub(crate) struct Replica {
    pub(crate) stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Replica {
    pub(crate) fn start<F, R>(
        queue: &WorkQueue<IndexRequest>,
        options: ConsumeOptions,
        handler: F,
    ) -> Self
    where
        F: Fn(Delivery<IndexRequest>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let (queue, stop) = (queue.clone(), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move { queue.consume(options, handler, stopped).await });
        Self { stop, task }
    }

    /// One that succeeds at once, and tells what it got.
    pub(crate) fn telling(
        queue: &WorkQueue<IndexRequest>,
        options: ConsumeOptions,
    ) -> (Self, mpsc::UnboundedReceiver<u32>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let replica = Self::start(queue, options, move |delivery| {
            let told = sender.send(number(&delivery.payload));
            async move { told.map_err(|error| Failure::permanent("TEST", error)) }
        });
        (replica, receiver)
    }

    /// Stops it and waits for the end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LONG, self.task)
            .await
            .unwrap()
            .unwrap();
    }
}

/// The next that is told.
pub(crate) async fn next<T>(receiver: &mut mpsc::UnboundedReceiver<T>) -> T {
    tokio::time::timeout(LONG, receiver.recv())
        .await
        .unwrap()
        .unwrap()
}

/// So many as are told next.
pub(crate) async fn take<T>(receiver: &mut mpsc::UnboundedReceiver<T>, count: usize) -> Vec<T> {
    let mut told = Vec::new();
    while told.len() < count {
        told.push(next(receiver).await);
    }
    told
}

/// Waits until there is nothing left in the queue.
pub(crate) async fn empty(queue: &WorkQueue<IndexRequest>) {
    let emptied = async {
        loop {
            let depths = queue.depth().await;
            let is_empty = depths.is_ok_and(|depths| {
                depths
                    .iter()
                    .all(|depth| depth.waiting + depth.in_progress == 0)
            });
            if is_empty {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LONG, emptied).await.unwrap();
}
