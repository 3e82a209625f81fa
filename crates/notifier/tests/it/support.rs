//! A site: a database, a matcher and a receiver, and notifiers to run between them.

mod matcher;
mod receiver;

use std::time::Duration;

use clair_bus::{Bus, BusOptions, UpdateApplied};
use clair_model::Advisory;
use clair_notifier::{Config, Database, Error, Retry, Signing, Webhook};
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::proto::notifier::v1::{
    DeliveryState, GetNotificationRequest, GetNotificationResponse, ListNotificationsRequest,
    NotificationSet, Reason,
};
use clair_rpc::{Channel, ChannelOptions, ServerOptions, Trust};
use clair_runtime::Health;
use clair_runtime::config::ListenAddress;
use clair_runtime::tls::CertificateWatch;
use clair_store::{Operation, Options, Outcome, Provenance, Record, Source, SourceKind, Store};
use clair_testing::{Nats, Postgres};
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use self::matcher::{FakeMatcher, digest, statement, statements};
pub(crate) use self::receiver::{Answer, Received, Receiver};

const PATIENCE: Duration = Duration::from_secs(30);

/// What notifiers need, which outlives them.
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) store: Store,
    pub(crate) matcher: FakeMatcher,
    pub(crate) receiver: Receiver,
}

/// A notifier that runs.
pub(crate) struct Notifier {
    pub(crate) client: NotifierClient<Channel>,
    pub(crate) health: Health,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Site {
    /// A site on the server that all tests share.
    pub(crate) async fn new() -> Self {
        Self::on(Postgres::shared()).await
    }

    pub(crate) async fn on(postgres: &Postgres) -> Self {
        let address = postgres.database();
        let store = Store::connect(&address, &Options::default()).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            address,
            store,
            matcher: FakeMatcher::start().await,
            receiver: Receiver::start().await,
        }
    }

    /// How a notifier is told to work here: it looks and delivers often.
    pub(crate) fn config(&self) -> Config {
        let trust = Trust {
            loopback: true,
            ..Trust::default()
        };
        let webhook = Webhook::new(
            self.receiver.url("/hook").parse().unwrap(),
            "https://clair.example/notification".parse().unwrap(),
        );
        Config {
            listen: ListenAddress::port(0),
            server: ServerOptions {
                grace: Duration::from_secs(1),
                ..ServerOptions::new(trust)
            },
            matcher: ChannelOptions::new(format!("http://{}", self.matcher.address)),
            database: Database {
                address: self.address.clone(),
                options: Options {
                    acquire_timeout: Duration::from_secs(2),
                    ..Options::default()
                },
                migrate: true,
            },
            poll_interval: Duration::from_millis(100),
            summarize: true,
            webhook: Webhook {
                timeout: Duration::from_secs(5),
                ..webhook
            },
            retry: Retry::new(Duration::from_millis(100), Duration::from_hours(1)),
            retention: SignedDuration::from_hours(1),
            signing: Signing::default(),
            certificates: CertificateWatch::default(),
            bus: None,
            health: Health::new(),
        }
    }

    /// Starts a notifier.
    pub(crate) async fn notifier(&self) -> Notifier {
        Notifier::start(self.config()).await
    }

    /// Updates a source to have just these advisories.
    pub(crate) async fn update(&self, source: &str, advisories: &[&str]) -> Operation {
        let source = Source {
            name: source,
            feed: source,
            kind: SourceKind::Vulnerability,
        };
        let documents = advisories
            .iter()
            .map(|id| Record::encode(&Advisory::new(*id)).unwrap());
        let mut update = self.store.begin_update(&source).await.unwrap();
        update.add(documents.collect()).await.unwrap();
        match update.commit(&Provenance::default()).await.unwrap() {
            Outcome::Changed(operation) => operation,
            Outcome::Unchanged => panic!("nothing changed"),
        }
    }

    /// A source that has been looked at once, so that what changes next is news.
    pub(crate) async fn known(&self, source: &str) -> Operation {
        let first = self.update(source, &["CVE-0"]).await;
        // A notifier that runs already may be faster.
        let skipping = self.store.skip_notifications(first.reference);
        skipping.await.unwrap();
        first
    }

    /// An update that affects an image, which the matcher already has.
    pub(crate) async fn affect(&self, source: &str) -> Operation {
        self.known(source).await;
        let operation = self.update(source, &["CVE-0", "CVE-1"]).await;
        self.matcher
            .answer(&operation, vec![statement("CVE-1", &[1])]);
        operation
    }
}

impl Notifier {
    pub(crate) async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let health = config.health.clone();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(clair_notifier::serve(listener, config, shutdown.clone()));
        let options = ChannelOptions {
            timeout: PATIENCE,
            ..ChannelOptions::new(format!("http://{address}"))
        };
        Self {
            client: Channel::lazy(options).unwrap().client(),
            health,
            shutdown,
            running,
        }
    }

    /// Ends it as its operator would.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }

    /// Ends it between two of its steps, as a crash would.
    pub(crate) async fn crash(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }

    /// Why it did not begin.
    pub(crate) async fn failure(self) -> Error {
        self.running.await.unwrap().unwrap_err()
    }

    /// All sets, newest first.
    pub(crate) async fn sets(&self) -> Vec<NotificationSet> {
        let mut client = self.client.clone();
        let sets = client
            .list_notifications(ListNotificationsRequest::default())
            .await;
        sets.unwrap().into_inner().notification_sets
    }

    /// Waits until there are as many sets in a state.
    pub(crate) async fn has_sets(
        &self,
        count: usize,
        state: DeliveryState,
    ) -> Vec<NotificationSet> {
        let mut sets = Vec::new();
        eventually(async || {
            sets = self.sets().await;
            sets.retain(|set| set.state() == state);
            sets.len() == count
        })
        .await;
        sets
    }

    pub(crate) async fn page(
        &self,
        id: &str,
        page_size: u32,
        page_token: &str,
    ) -> Result<GetNotificationResponse, clair_rpc::Error> {
        let request = GetNotificationRequest {
            id: id.to_owned(),
            page_size,
            page_token: page_token.to_owned(),
        };
        let response = self.client.clone().get_notification(request).await;
        Ok(response.map_err(clair_rpc::Error::from)?.into_inner())
    }

    /// What a set tells: of each image why, and the name of the vulnerability.
    pub(crate) async fn news(&self, id: &str) -> Vec<(String, Reason, String)> {
        let page = self.page(id, 0, "").await.unwrap();
        assert_eq!(page.next_page_token, "");
        page.notifications
            .into_iter()
            .map(|notification| {
                let reason = notification.reason();
                let name = notification.vulnerability.unwrap().name;
                (notification.manifest_digest, reason, name)
            })
            .collect()
    }
}

/// Waits until an operation has its receipt.
pub(crate) async fn has_receipt(store: &Store, operation: &Operation) {
    eventually(async || !is_pending(store, operation).await).await;
}

pub(crate) async fn is_pending(store: &Store, operation: &Operation) -> bool {
    let pending = store.pending_updates().await.unwrap();
    pending.iter().any(|update| update.current == *operation)
}

/// Waits until something holds.
pub(crate) async fn eventually(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.expect("it should have happened");
}

/// A moment in which something would happen that must not.
pub(crate) async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(500)).await;
}

pub(crate) async fn connect(nats: &Nats) -> Bus {
    let options = BusOptions::new(vec![nats.url()]);
    let bus = Bus::connect(options).await.unwrap();
    let mut health = bus.watch_health();
    health
        .wait_for(clair_bus::Health::is_healthy)
        .await
        .unwrap();
    bus
}

/// Tells of an operation, as the updater does.
pub(crate) async fn tell(bus: &Bus, operation: &Operation) {
    let event = UpdateApplied {
        source: operation.source.clone(),
        operation: operation.reference,
        added: operation.added,
        removed: operation.removed,
    };
    bus.publish(&event).await.unwrap();
}

pub(crate) fn id(set: &NotificationSet) -> Uuid {
    set.id.parse().unwrap()
}
