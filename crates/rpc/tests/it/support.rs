//! A server with a notifier and an updater that do what a test wants.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use clair_rpc::proto::notifier::v1::notifier_server::{Notifier, NotifierServer};
use clair_rpc::proto::notifier::v1::{
    DeleteNotificationRequest, DeleteNotificationResponse, GetNotificationRequest,
    GetNotificationResponse, ListNotificationsRequest, ListNotificationsResponse,
};
use clair_rpc::proto::updater::v1::updater_server::{Updater, UpdaterServer};
use clair_rpc::proto::updater::v1::{
    ExportDatabaseRequest, ExportDatabaseResponse, ImportDatabaseRequest, ImportDatabaseResponse,
    ListSourcesRequest, ListSourcesResponse, RunUpdateRequest, RunUpdateResponse, SourceOutcome,
};
use clair_rpc::{Channel, ChannelOptions, Error, ErrorCode, Health, ServeError, Server};
use clair_rpc::{ServerOptions, Token, Trust};
use futures::future::BoxFuture;
use futures::{FutureExt as _, Stream, StreamExt as _};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status, Streaming};

pub(crate) const SECRET: &str = "the-secret-of-all-services";

type Answer<T> = Result<Response<T>, Status>;
type Handler<Q, A> = Arc<dyn Fn(Request<Q>) -> BoxFuture<'static, Answer<A>> + Send + Sync>;
type Events = Pin<Box<dyn Stream<Item = Result<RunUpdateResponse, Status>> + Send>>;

/// What the services of a test do. The default is to know nothing.
#[derive(Clone)]
pub(crate) struct Behaviour {
    get_notification: Handler<GetNotificationRequest, GetNotificationResponse>,
    run_update: Handler<RunUpdateRequest, Events>,
}

impl Default for Behaviour {
    fn default() -> Self {
        let unknown = || Status::from(Error::new(ErrorCode::NotFound, "nothing is known"));
        Self {
            get_notification: Arc::new(move |_| async move { Err(unknown()) }.boxed()),
            run_update: Arc::new(move |_| async move { Err(unknown()) }.boxed()),
        }
    }
}

impl Behaviour {
    /// What it does when a notification is asked for.
    pub(crate) fn on_get<F, R>(mut self, handler: F) -> Self
    where
        F: Fn(Request<GetNotificationRequest>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<GetNotificationResponse, Error>> + Send + 'static,
    {
        self.get_notification = Arc::new(move |request| {
            let answer = handler(request);
            async move { Ok(Response::new(answer.await?)) }.boxed()
        });
        self
    }

    /// What it does when an update is to run.
    pub(crate) fn on_run<F, S>(mut self, handler: F) -> Self
    where
        F: Fn() -> S + Send + Sync + 'static,
        S: Stream<Item = Result<RunUpdateResponse, Status>> + Send + 'static,
    {
        self.run_update = Arc::new(move |_| {
            let events: Events = handler().boxed();
            async move { Ok(Response::new(events)) }.boxed()
        });
        self
    }
}

#[tonic::async_trait]
impl Notifier for Behaviour {
    async fn get_notification(
        &self,
        request: Request<GetNotificationRequest>,
    ) -> Answer<GetNotificationResponse> {
        (self.get_notification)(request).await
    }

    async fn delete_notification(
        &self,
        _: Request<DeleteNotificationRequest>,
    ) -> Answer<DeleteNotificationResponse> {
        Ok(Response::new(DeleteNotificationResponse::default()))
    }

    async fn list_notifications(
        &self,
        _: Request<ListNotificationsRequest>,
    ) -> Answer<ListNotificationsResponse> {
        Ok(Response::new(ListNotificationsResponse::default()))
    }
}

#[tonic::async_trait]
impl Updater for Behaviour {
    type RunUpdateStream = Events;
    type ExportDatabaseStream =
        Pin<Box<dyn Stream<Item = Result<ExportDatabaseResponse, Status>> + Send>>;

    async fn run_update(&self, request: Request<RunUpdateRequest>) -> Answer<Events> {
        (self.run_update)(request).await
    }

    async fn list_sources(&self, _: Request<ListSourcesRequest>) -> Answer<ListSourcesResponse> {
        Ok(Response::new(ListSourcesResponse::default()))
    }

    async fn export_database(
        &self,
        _: Request<ExportDatabaseRequest>,
    ) -> Answer<Self::ExportDatabaseStream> {
        let chunk = bytes::Bytes::from(vec![7; 1 << 20]);
        let chunks = std::iter::repeat_n(ExportDatabaseResponse { chunk }, 10);
        let stream = futures::stream::iter(chunks.map(Ok));
        Ok(Response::new(stream.boxed()))
    }

    /// Answers with the number of bytes, in the place of a name.
    async fn import_database(
        &self,
        request: Request<Streaming<ImportDatabaseRequest>>,
    ) -> Answer<ImportDatabaseResponse> {
        let mut chunks = request.into_inner();
        let mut length = 0;
        while let Some(message) = chunks.message().await? {
            length += message.chunk.len();
        }
        let outcome = SourceOutcome {
            source: length.to_string(),
            ..SourceOutcome::default()
        };
        Ok(Response::new(ImportDatabaseResponse {
            outcomes: vec![outcome],
        }))
    }
}

/// A running server.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) health: Health,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServeError>>,
}

/// Options that trust whoever has the secret.
pub(crate) fn options() -> ServerOptions {
    ServerOptions::new(Trust {
        tokens: vec![Token::new(SECRET).unwrap()],
        ..Trust::default()
    })
}

pub(crate) async fn serve(behaviour: Behaviour) -> Running {
    serve_with(behaviour, options()).await
}

pub(crate) async fn serve_with(behaviour: Behaviour, options: ServerOptions) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve_on(listener, behaviour, options)
}

pub(crate) fn serve_on(
    listener: TcpListener,
    behaviour: Behaviour,
    options: ServerOptions,
) -> Running {
    let address = listener.local_addr().unwrap();
    let server = Server::new(options)
        .with_service(NotifierServer::new(behaviour.clone()))
        .with_service(UpdaterServer::new(behaviour));
    let health = server.health();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.serve(listener, async move {
        let _ = stopped.await;
    }));
    Running {
        address,
        health,
        stop: Some(stop),
        task,
    }
}

impl Running {
    /// Options that identify the caller by the secret.
    pub(crate) fn channel_options(&self) -> ChannelOptions {
        ChannelOptions {
            token: Some(Token::new(SECRET).unwrap()),
            ..ChannelOptions::new(format!("http://{}", self.address))
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        Channel::lazy(self.channel_options()).unwrap()
    }

    /// Begins the shutdown.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Waits for the end.
    pub(crate) async fn ended(self) -> Result<(), ServeError> {
        self.task.await.unwrap()
    }
}

/// The request for a notification.
pub(crate) fn ask(id: &str) -> GetNotificationRequest {
    GetNotificationRequest {
        id: id.to_owned(),
        ..GetNotificationRequest::default()
    }
}
