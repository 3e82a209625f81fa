//! The connection.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::context::{ContextBuilder, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::{Client, ConnectOptions, Event as ConnectionEvent, ServerAddr, jetstream};
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::options::Secret;
use crate::payload::encode;
use crate::{
    Authentication, BusOptions, DeadLetters, Error, Event, Health, Subscription, Watch, Work,
    WorkQueue, header, stream, subject,
};

/// How long [`Bus::connect`] waits for a server that is there.
const START: Duration = Duration::from_secs(2);
/// How long to wait before looking at the streams again, where that failed.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause between attempts to connect.
const MAX_RECONNECT_PAUSE: Duration = Duration::from_secs(4);

/// The connection to NATS. Clones share it.
#[derive(Debug, Clone)]
pub struct Bus {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    context: jetstream::Context,
    timeout: Duration,
    replicas: usize,
    health: watch::Receiver<Health>,
    _keeper: AbortOnDropHandle<()>,
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Sent {
    /// It is stored.
    Stored,
    /// The subject has another last message than the one that was expected.
    Conflict,
}

impl Bus {
    /// Connects, and goes on trying for as long as the bus lives.
    ///
    /// Where the server is there, it is connected and has its streams when this returns; where it
    /// is not, this returns all the same after two seconds.
    ///
    /// # Errors
    ///
    /// When the options make no connection, whatever the server does.
    pub async fn connect(options: BusOptions) -> Result<Self, Error> {
        let (sender, events) = mpsc::unbounded_channel();
        let (told, health) = watch::channel(Health::default());
        let client = connect(&options, sender).await?;
        let context = ContextBuilder::new()
            .timeout(options.timeout)
            .ack_timeout(options.timeout)
            .build(client.clone());
        let keeper = tokio::spawn(keep(context.clone(), options.replicas, events, told));
        let bus = Self {
            inner: Arc::new(Inner {
                client,
                context,
                timeout: options.timeout,
                replicas: options.replicas,
                health,
                _keeper: AbortOnDropHandle::new(keeper),
            }),
        };
        let mut watched = bus.inner.health.clone();
        let _ = tokio::time::timeout(START, watched.wait_for(Health::is_healthy)).await;
        Ok(bus)
    }

    /// How the bus is now.
    pub fn health(&self) -> Health {
        self.inner.health.borrow().clone()
    }

    /// How the bus is, as it changes.
    pub fn watch_health(&self) -> watch::Receiver<Health> {
        self.inner.health.clone()
    }

    /// Tells everybody of an event. When this returns without an error, it is stored.
    pub async fn publish<E: Event>(&self, event: &E) -> Result<(), Error> {
        let message = PublishMessage::build()
            .payload(encode(event)?)
            .headers(header::new())
            .message_id(event.id());
        self.send(subject::event(E::NAME), message).await?;
        self.hint(subject::event_hint(E::NAME)).await;
        Ok(())
    }

    /// The queue of one kind of work.
    pub fn work_queue<W: Work>(&self) -> WorkQueue<W> {
        WorkQueue::new(self.clone())
    }

    /// The events of one kind for a service that must not miss one. Its replicas share them.
    pub fn subscribe<E: Event>(&self, service: &str) -> Subscription<E> {
        Subscription::new(self.clone(), service)
    }

    /// The events of one kind from now on, for this replica alone.
    pub fn watch<E: Event>(&self) -> Watch<E> {
        Watch::new(self)
    }

    /// All dead letters.
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.clone(), subject::DEAD.to_owned())
    }

    /// Waits until everything that was sent is with the server, and ends the connection.
    pub async fn close(&self) {
        let drained = self.inner.client.drain();
        if !matches!(
            tokio::time::timeout(self.inner.timeout, drained).await,
            Ok(Ok(()))
        ) {
            tracing::debug!("connection to NATS ended without being drained");
        }
    }

    pub(crate) fn context(&self) -> &jetstream::Context {
        &self.inner.context
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    /// Publishes a message and waits until it is stored.
    pub(crate) async fn send(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> Result<Sent, Error> {
        self.check_connection()?;
        match self.send_once(subject.clone(), message.clone()).await {
            // The server has lost its streams, or is not yet done with them.
            Err(error) if is_missing_stream(&error) => {
                stream::ensure(self.context(), self.inner.replicas).await?;
                self.send_once(subject, message).await
            }
            result => result,
        }
    }

    async fn send_once(&self, subject: String, message: PublishMessage) -> Result<Sent, Error> {
        let mut health = self.inner.health.clone();
        let stored = async {
            let ack = self.inner.context.send_publish(subject, message).await?;
            ack.await
        };
        let result = tokio::select! {
            result = tokio::time::timeout(self.inner.timeout, stored) => result,
            _ = health.wait_for(|health| !health.is_connected) => return Err(Error::Disconnected),
        };
        let error = match result {
            Ok(Ok(_)) => return Ok(Sent::Stored),
            Ok(Err(error)) => error,
            Err(_) => return Err(Error::Timeout("publish")),
        };
        match error.kind() {
            PublishErrorKind::WrongLastSequence => Ok(Sent::Conflict),
            PublishErrorKind::TimedOut => Err(Error::Timeout("publish")),
            PublishErrorKind::BrokenPipe => Err(Error::Disconnected),
            _ => Err(Error::refused("publish", error)),
        }
    }

    fn check_connection(&self) -> Result<(), Error> {
        if self.inner.health.borrow().is_connected {
            Ok(())
        } else {
            Err(Error::Disconnected)
        }
    }

    /// Whether a payload fits. The client knows the limit of the server it is connected to.
    pub(crate) fn check_size(&self, size: usize) -> Result<(), Error> {
        let max = self.inner.client.max_payload();
        if max > 0 && size > max {
            return Err(Error::TooLarge { size, max });
        }
        Ok(())
    }

    /// Tells those who wait that there is something new. Should it get lost they look anyway, if
    /// later.
    pub(crate) async fn hint(&self, subject: String) {
        let hint = self.inner.client.publish(subject, bytes::Bytes::new());
        let _ = tokio::time::timeout(self.inner.timeout, hint).await;
    }

    /// Runs a request to the server within the time that it has.
    pub(crate) async fn within<T, E: Into<async_nats::Error>>(
        &self,
        action: &'static str,
        request: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        self.check_connection()?;
        match tokio::time::timeout(self.inner.timeout, request).await {
            Ok(result) => result.map_err(|error| Error::refused(action, error)),
            Err(_) => Err(Error::Timeout(action)),
        }
    }
}

fn is_missing_stream(error: &Error) -> bool {
    let Error::Refused { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<jetstream::context::PublishError>()
        .is_some_and(|error| error.kind() == PublishErrorKind::StreamNotFound)
}

async fn connect(
    options: &BusOptions,
    events: mpsc::UnboundedSender<ConnectionEvent>,
) -> Result<Client, Error> {
    let servers = options
        .servers
        .iter()
        .map(|server| server.parse::<ServerAddr>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Error::Options {
            option: "servers",
            source,
        })?;
    let mut connect = ConnectOptions::new()
        .name(&options.name)
        .connection_timeout(options.timeout)
        .retry_on_initial_connect()
        .reconnect_delay_callback(reconnect_pause)
        .event_callback(move |event| {
            // Nobody listens once the bus is gone.
            let _ = events.send(event);
            std::future::ready(())
        });
    if let Some(tls) = &options.tls {
        connect = connect.tls_client_config(tls.clone());
    }
    let connect = match &options.authentication {
        Authentication::None => connect,
        Authentication::Token(Secret(token)) => connect.token(token.clone()),
        Authentication::Password(user, Secret(password)) => {
            connect.user_and_password(user.clone(), password.clone())
        }
        Authentication::Nkey(Secret(seed)) => connect.nkey(seed.clone()),
        Authentication::Credentials(Secret(content)) => {
            let with_credentials = connect.credentials(content);
            with_credentials.map_err(|source| Error::Options {
                option: "credentials",
                source,
            })?
        }
    };
    let connected = connect.connect(servers).await;
    connected.map_err(|error| Error::refused("connect", error))
}

fn reconnect_pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.min(8)).unwrap_or(8);
    Duration::from_millis(50)
        .saturating_mul(1 << doublings)
        .min(MAX_RECONNECT_PAUSE)
}

/// Follows the connection, and sees to the streams whenever there is a new one.
async fn keep(
    context: jetstream::Context,
    replicas: usize,
    mut events: mpsc::UnboundedReceiver<ConnectionEvent>,
    health: watch::Sender<Health>,
) {
    loop {
        let is_due = {
            let health = health.borrow();
            health.is_connected && !health.has_streams
        };
        tokio::select! {
            event = events.recv() => match event {
                None => return,
                Some(event) => note(&event, &health),
            },
            () = tokio::time::sleep(PAUSE), if is_due => {}
        }
        if !health.borrow().is_connected || health.borrow().has_streams {
            continue;
        }
        match stream::ensure(&context, replicas).await {
            Ok(()) => health.send_modify(|health| {
                health.has_streams = true;
                health.problem = None;
            }),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "streams are not available");
                health.send_modify(|health| health.problem = Some(error.to_string()));
            }
        }
    }
}

fn note(event: &ConnectionEvent, health: &watch::Sender<Health>) {
    match event {
        ConnectionEvent::Connected => {
            tracing::info!("connected to NATS");
            health.send_modify(|health| {
                health.is_connected = true;
                health.connections += 1;
            });
        }
        ConnectionEvent::Disconnected | ConnectionEvent::Closed => {
            tracing::warn!(%event, "no connection to NATS");
            health.send_modify(|health| {
                health.is_connected = false;
                health.has_streams = false;
                health.problem = Some(event.to_string());
            });
        }
        ConnectionEvent::ClientError(error) => {
            // Such as a server that cannot be reached, once per attempt.
            tracing::debug!(%error, "NATS client");
            health.send_modify(|health| health.problem = Some(error.to_string()));
        }
        other => tracing::warn!(event = %other, "NATS"),
    }
}
