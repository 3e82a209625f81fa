//! A receiver of webhooks.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use uuid::Uuid;

/// How a receiver answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    Status(u16),
    Redirect(u16, String),
    Hang,
}

/// What a receiver was sent.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The set that it is told of.
    pub(crate) fn id(&self) -> Uuid {
        let id = self.json()["notification_id"].clone();
        id.as_str().unwrap().parse().unwrap()
    }
}

/// A receiver on a port of its own, which accepts unless it is told something else.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    /// Up to the path.
    origin: String,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The answers to the next requests.
    next: Mutex<VecDeque<Answer>>,
    /// The answer to all others, if it is not 200.
    always: Mutex<Option<Answer>>,
    received: Mutex<Vec<Received>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        Self::serve(listener, origin)
    }

    /// One that is called `localhost` and speaks TLS.
    pub(crate) async fn with_tls(acceptor: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        Self::serve(TlsListener { listener, acceptor }, origin)
    }

    fn serve<L: Listener<Addr = SocketAddr>>(listener: L, origin: String) -> Self {
        let shared = Arc::<Shared>::default();
        let app = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { origin, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Answers the next requests like this, one after the other.
    pub(crate) fn next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.shared.next.lock().unwrap().extend(answers);
    }

    /// Answers all others like this.
    pub(crate) fn always(&self, answer: Answer) {
        *self.shared.always.lock().unwrap() = Some(answer);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub(crate) async fn has_received(&self, count: usize) -> Vec<Received> {
        super::eventually(async || self.received().len() >= count).await;
        self.received()
    }
}

/// Connections whose handshakes succeeded.
struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let received = Received {
        at: Instant::now(),
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body: to_bytes(body, 1 << 20).await.unwrap(),
    };
    shared.received.lock().unwrap().push(received);
    let next = shared.next.lock().unwrap().pop_front();
    let always = shared.always.lock().unwrap().clone();
    match next.or(always).unwrap_or(Answer::Status(200)) {
        Answer::Status(status) => {
            (StatusCode::from_u16(status).unwrap(), "no\u{7}\u{0} luck").into_response()
        }
        Answer::Redirect(status, location) => {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(header::LOCATION, location)]).into_response()
        }
        Answer::Hang => std::future::pending().await,
    }
}
