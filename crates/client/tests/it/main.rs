//! The client against servers over real sockets that do not do as they should. What they do when
//! all is well is tested with `clairctl`, which is made of it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clair_client::{Client, Error, Event, UpdateRequest};
use clair_model::Digest;
use tokio::net::TcpListener;

/// A client of a server that answers everything so. The argument counts requests from 0.
async fn client_of<R: IntoResponse>(answer: impl Fn(usize) -> R + Send + Sync + 'static) -> Client {
    let asked = AtomicUsize::new(0);
    let answer = Arc::new(move || answer(asked.fetch_add(1, Ordering::SeqCst)).into_response());
    let router = Router::new().fallback(move || {
        let answer = Arc::clone(&answer);
        async move { answer() }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Client::new(url.parse().unwrap(), None).unwrap()
}

fn digest() -> Digest {
    format!("sha256:{}", "a".repeat(64)).parse().unwrap()
}

/// An answer in pieces.
fn pieces(pieces: &'static [&'static str]) -> Response {
    let pieces = pieces
        .iter()
        .map(|piece| Ok::<_, Infallible>(Bytes::from(*piece)));
    Body::from_stream(futures::stream::iter(pieces)).into_response()
}

async fn events(client: &Client) -> Result<Vec<Event>, Error> {
    let mut updates = client.update(&UpdateRequest::default()).await?;
    let mut events = Vec::new();
    while let Some(event) = updates.next().await? {
        events.push(event.content);
    }
    Ok(events)
}

#[tokio::test]
async fn a_server_that_has_too_much_to_do_is_asked_again_when_it_says() {
    let client = client_of(|number| {
        if number == 0 {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response()
        } else {
            StatusCode::NOT_FOUND.into_response()
        }
    });
    let started = Instant::now();
    assert!(
        client
            .await
            .index_report(&digest())
            .await
            .unwrap()
            .is_none()
    );
    assert!(started.elapsed() < Duration::from_millis(900));
}

#[tokio::test]
async fn a_server_that_never_has_time_is_given_up() {
    let busy = (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::RETRY_AFTER, "0")],
        "later",
    );
    let client = client_of(move |_| busy.clone()).await;
    let error = client.index_report(&digest()).await.unwrap_err();
    assert_eq!(error.status(), Some(503));
}

#[tokio::test]
async fn refusals_are_told_in_the_server_s_words_if_it_has_any() {
    for (body, told) in [
        (
            r#"{"code":"internal-error","message":"no\u001b[31m database"}"#,
            "with status 500: no [31m database",
        ),
        ("<html>proxy</html>", "with status 500"),
    ] {
        let client = client_of(move |_| (StatusCode::INTERNAL_SERVER_ERROR, body)).await;
        let error = client.sources().await.unwrap_err().to_string();
        assert_eq!(
            error,
            format!("the server answers GET /admin/api/v1/sources {told}")
        );
    }
}

#[tokio::test]
async fn events_are_lines_however_they_arrive() {
    let client = client_of(|_| {
        pieces(&[
            "{\"started\":{\"fee",
            "ds\":[\"a\"]}}\n\n{\"started\":{\"feeds\":[]}}\r\n{\"finished\":{\"updated\":1,",
            "\"unchanged\":2,\"failed\":3,\"busy\":4}}",
        ])
    });
    let events = events(&client.await).await.unwrap();
    assert_eq!(events.len(), 3);
    assert!(matches!(&events[0], Event::Started { feeds } if *feeds == ["a"]));
    assert!(matches!(events[2], Event::Finished(tally) if tally.busy == 4));
}

#[tokio::test]
async fn a_line_without_end_is_not_read_for_ever() {
    const KIBIBYTES: &[&str] = &[concat!("xxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxx"); 64 << 10];
    let client = client_of(|_| pieces(KIBIBYTES)).await;
    let error = events(&client).await.unwrap_err();
    assert!(matches!(error, Error::TooLong { .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error() {
    let client = client_of(|_| {
        let pieces = [Ok("{\"sta"), Err(std::io::Error::other("gone"))];
        Body::from_stream(futures::stream::iter(pieces)).into_response()
    });
    let error = events(&client.await).await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn reports_of_another_form_are_no_reports() {
    for body in ["", "{}", "[]", r#"{"manifest_hash":"sha256:zz"}"#] {
        let client = client_of(move |_| body).await;
        let error = client.vulnerability_report(&digest()).await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error:?}");
    }
}

#[test]
fn only_http_is_an_address() {
    for address in ["localhost:6060", "ftp://clair.example/", "unix:/run/clair"] {
        let result = Client::new(address.parse().unwrap(), None);
        assert!(matches!(result, Err(Error::Address(_))), "{address}");
    }
}
