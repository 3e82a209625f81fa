//! What the suite meets outside: a registry, a vendor's feed, and a receiver of notifications.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use futures::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Image;

/// A catalogue of CISA, in which is the flaw of this name.
pub(crate) const EXPLOITED: &str = r#"{"catalogVersion":"1","dateReleased":"2024-06-01T00:00:00Z",
    "vulnerabilities":[{"cveID":"CVE-2024-0002","vulnerabilityName":"A flaw","dateAdded":"2024-06-01",
    "shortDescription":"","requiredAction":"","dueDate":"2024-07-01",
    "knownRansomwareCampaignUse":"Unknown"}]}"#;

/// A server that is all of them. Whatever is large it sends in two halves, the second of which can
/// be held back.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    shared: Arc<Shared>,
    address: String,
}

#[derive(Debug)]
struct Shared {
    layers: Mutex<HashMap<String, Bytes>>,
    feed: Mutex<Bytes>,
    /// How often each path was asked for.
    asked: Mutex<BTreeMap<String, usize>>,
    /// Whether second halves are sent.
    flows: watch::Sender<bool>,
    /// The answer to notifications.
    answer: Mutex<StatusCode>,
    received: Mutex<Vec<Notified>>,
}

/// A request of the notifier.
#[derive(Debug, Clone)]
pub(crate) struct Notified {
    pub(crate) id: String,
    pub(crate) callback: String,
    pub(crate) authorization: String,
    /// Whether it was answered with success.
    pub(crate) accepted: bool,
}

impl Outside {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared {
            layers: Mutex::default(),
            feed: Mutex::new(tracker(&[("none", "CVE-2024-0000")]).into()),
            asked: Mutex::default(),
            flows: watch::Sender::new(true),
            answer: Mutex::new(StatusCode::OK),
            received: Mutex::default(),
        });
        let router = Router::new()
            .route("/layers/{digest}", get(layer))
            .route("/feeds/debian/json", get(feed))
            .route(
                "/feeds/kev/known_exploited_vulnerabilities.json",
                get(async || EXPLOITED),
            )
            .route("/notified", post(notified))
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { shared, address }
    }

    pub(crate) fn layer_url(&self, digest: &str) -> String {
        format!("{}/layers/{digest}", self.address)
    }

    pub(crate) fn mirror(&self) -> String {
        format!("{}/feeds", self.address)
    }

    pub(crate) fn receiver(&self) -> String {
        format!("{}/notified", self.address)
    }

    /// Makes the layer of an image be had.
    pub(crate) fn push(&self, image: &Image) {
        let mut layers = self.shared.layers.lock().unwrap();
        layers.insert(image.layer.clone(), image.bytes.clone());
    }

    /// Makes this the document of Debian's tracker.
    pub(crate) fn publish(&self, document: String) {
        *self.shared.feed.lock().unwrap() = document.into();
    }

    /// From now on second halves are held back, or those that were are sent.
    pub(crate) fn flow(&self, flows: bool) {
        self.shared.flows.send_replace(flows);
    }

    /// How often a layer was asked for.
    pub(crate) fn asked_for(&self, image: &Image) -> usize {
        self.asked(&image.layer)
    }

    /// How often the feed was asked for.
    pub(crate) fn asked_for_feed(&self) -> usize {
        self.asked("feed")
    }

    fn asked(&self, what: &str) -> usize {
        let asked = self.shared.asked.lock().unwrap();
        asked.get(what).copied().unwrap_or_default()
    }

    /// Notifications are answered so from now on.
    pub(crate) fn answer(&self, status: StatusCode) {
        *self.shared.answer.lock().unwrap() = status;
    }

    /// All notifications that came, accepted or not.
    pub(crate) fn received(&self) -> Vec<Notified> {
        self.shared.received.lock().unwrap().clone()
    }

    /// Those that were accepted.
    pub(crate) fn accepted(&self) -> Vec<Notified> {
        let received = self.received().into_iter();
        received.filter(|notified| notified.accepted).collect()
    }
}

async fn layer(State(shared): State<Arc<Shared>>, Path(digest): Path<String>) -> Response {
    let found = shared.layers.lock().unwrap().get(&digest).cloned();
    match found {
        Some(bytes) => halves(&shared, digest, bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn feed(State(shared): State<Arc<Shared>>) -> Response {
    let document = shared.feed.lock().unwrap().clone();
    halves(&shared, "feed".to_owned(), document)
}

fn halves(shared: &Shared, what: String, mut bytes: Bytes) -> Response {
    *shared.asked.lock().unwrap().entry(what).or_default() += 1;
    let first = bytes.split_to(bytes.len() / 2);
    let mut flows = shared.flows.subscribe();
    let second = async move {
        let _ = flows.wait_for(|flows| *flows).await;
        bytes
    };
    let parts = futures::stream::once(async { first }).chain(futures::stream::once(second));
    Body::from_stream(parts.map(Ok::<_, std::convert::Infallible>)).into_response()
}

async fn notified(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let answer = *shared.answer.lock().unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let authorization = headers.get("authorization");
    shared.received.lock().unwrap().push(Notified {
        id: text(&body["notification_id"]),
        callback: text(&body["callback"]),
        authorization: authorization
            .map_or_else(String::new, |value| value.to_str().unwrap().to_owned()),
        accepted: answer.is_success(),
    });
    answer
}

/// A document of Debian's tracker: for each source package of bookworm a flaw of this name, fixed
/// in version 2.
pub(crate) fn tracker(flaws: &[(&str, &str)]) -> String {
    let mut text = String::from("{");
    for (number, (package, name)) in flaws.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(
            text,
            r#"{comma}"{package}":{{"{name}":{{"description":"A flaw.","scope":"local","releases":{{"bookworm":{{"status":"resolved","repositories":{{"bookworm":"1"}},"fixed_version":"2","urgency":"high"}}}}}}}}"#
        )
        .unwrap();
    }
    text.push('}');
    text
}
