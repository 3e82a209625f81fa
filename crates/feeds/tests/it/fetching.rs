//! Conditional fetching over real sockets.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clair_feeds::{
    FeedError, FetchOptions, Fetched, Fetcher, Fingerprint, Location, Update, update_source,
};

use crate::server::{Response, Server};
use crate::support::{Collected, chain, feed, source};

const TRACKER: &str = r#"{"bash":{"CVE-2024-1000":{"releases":{"sid":{"status":"open"}}}}}"#;
const DATE: &str = "Wed, 21 Oct 2015 07:28:00 GMT";

fn fetcher() -> Fetcher {
    let retry_delay = Duration::from_millis(1);
    Fetcher::new(FetchOptions {
        retry_delay,
        ..FetchOptions::default()
    })
    .unwrap()
}

fn text(fetched: Fetched) -> String {
    let Fetched::New { mut document, .. } = fetched else {
        panic!("{fetched:?}")
    };
    let mut text = String::new();
    document.read_to_string(&mut text).unwrap();
    text
}

/// One round of the Debian feed.
fn update(
    location: &Location,
    previous: Option<&Fingerprint>,
) -> Result<Update<Collected>, FeedError> {
    let mut source = source("debian");
    source.locations = vec![location.clone()];
    update_source(&*feed("debian"), &source, &fetcher(), previous, |_| {
        Ok(Collected::default())
    })
}

#[track_caller]
fn new(update: Update<Collected>) -> (Fingerprint, Option<String>) {
    let Update::New {
        fingerprint,
        date,
        summary,
        sink,
    } = update
    else {
        panic!("{update:?}")
    };
    assert_eq!((summary.advisories, sink.advisories.len()), (1, 1));
    (fingerprint, date.map(|date| date.to_string()))
}

#[test]
fn a_document_is_fetched_again_only_if_it_has_changed() {
    let server = Server::start(|request| match request {
        _ if request.says("if-none-match: \"one\"") => Response::new(304, ""),
        _ => Response::new(200, TRACKER)
            .with("ETag", "\"one\"")
            .with("Last-Modified", DATE),
    });
    let location = server.at("json");
    let (fingerprint, date) = new(update(&location, None).unwrap());
    assert_eq!(date.as_deref(), Some("2015-10-21T07:28:00Z"));
    assert!(matches!(
        update(&location, Some(&fingerprint)),
        Ok(Update::Unchanged)
    ));
    let asked = &server.requests()[1];
    assert!(
        asked.says(&format!("if-modified-since: {}", DATE.to_lowercase())),
        "{asked:?}"
    );

    // A program that understands documents better reads them again.
    let older = Fingerprint {
        revision: 0,
        ..fingerprint.clone()
    };
    new(update(&location, Some(&older)).unwrap());
    // A document of another place is another one.
    let elsewhere = Fingerprint {
        location: "http://a.example/json".to_owned(),
        ..fingerprint
    };
    new(update(&location, Some(&elsewhere)).unwrap());
    assert_eq!(
        server
            .requests()
            .iter()
            .filter(|it| it.says("if-none-match: \"one\""))
            .count(),
        1
    );
}

#[test]
fn a_server_that_ignores_conditions_is_seen_through() {
    let server = Server::start(|_| Response::new(200, TRACKER).with("Last-Modified", DATE));
    let location = server.at("json");
    let (fingerprint, _) = new(update(&location, None).unwrap());
    assert!(matches!(
        update(&location, Some(&fingerprint)),
        Ok(Update::Unchanged)
    ));
}

#[test]
fn a_changed_document_has_another_fingerprint() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let tag = format!("\"{}\"", count.fetch_add(1, Ordering::Relaxed));
        Response::new(200, TRACKER).with("ETag", &tag)
    });
    let (first, date) = new(update(&server.at("json"), None).unwrap());
    assert_eq!(date, None);
    let (second, _) = new(update(&server.at("json"), Some(&first)).unwrap());
    assert_ne!(first, second);
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Response::new(503, "").with("Retry-After", "1"),
        1 => Response::new(429, ""),
        _ => Response::new(200, "there"),
    });
    let start = Instant::now();
    assert_eq!(
        text(fetcher().fetch(&server.at("json"), None).unwrap()),
        "there"
    );
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_server_that_stays_busy_is_given_up() {
    let server = Server::start(|_| Response::new(503, ""));
    let error = fetcher().fetch(&server.at("json"), None).unwrap_err();
    assert!(
        matches!(error, FeedError::Status { status: 503, .. }),
        "{error:?}"
    );
    // Once, and three times again.
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn refusals_are_not_repeated() {
    for (status, expected) in [
        (404, "/json does not exist"),
        (410, "/json does not exist"),
        (403, "/json was answered with status 403"),
        // Nothing was asked that it could be the answer to.
        (304, "/json was answered with status 304"),
    ] {
        let server = Server::start(move |_| Response::new(status, "no"));
        let error = fetcher().fetch(&server.at("json"), None).unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn what_the_server_compresses_for_the_way_is_read() {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(TRACKER.as_bytes()).unwrap();
    let gz = gz.finish().unwrap();
    let zstd = zstd::encode_all(TRACKER.as_bytes(), 1).unwrap();
    let mut twice = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    twice.write_all(&zstd).unwrap();
    for (body, encoding) in [
        (gz.clone(), "gzip"),
        (gz, "identity"),
        (zstd, "identity"),
        (twice.finish().unwrap(), "gzip"),
        // Some say so of what they did not compress.
        (TRACKER.as_bytes().to_vec(), "gzip"),
    ] {
        let server = Server::start(move |_| {
            Response::new(200, body.clone()).with("Content-Encoding", encoding)
        });
        new(update(&server.at("json"), None).unwrap());
        assert!(server.requests()[0].says("accept-encoding: gzip"));
    }
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let server = Server::start(|request| match request.path() {
        "/json" => Response::new(302, "").with("Location", "/elsewhere/json"),
        "/loop" => Response::new(302, "").with("Location", "/loop"),
        _ => Response::new(200, "there"),
    });
    assert_eq!(
        text(fetcher().fetch(&server.at("json"), None).unwrap()),
        "there"
    );
    let error = fetcher().fetch(&server.at("loop"), None).unwrap_err();
    assert!(
        chain(&error).contains("redirected too often"),
        "{}",
        chain(&error)
    );
}

#[test]
fn a_connection_that_breaks_off_is_an_error() {
    for cut in [0, 10, TRACKER.len() - 1] {
        let server = Server::start(move |_| Response::new(200, TRACKER).cut_after(cut));
        let error = update(&server.at("json"), None).unwrap_err();
        assert!(matches!(error, FeedError::Read { .. }), "{error:?}");
    }
}

#[test]
fn secrets_of_an_address_are_in_no_error() {
    // Nobody listens there.
    let location: Location = "http://me:secret@127.0.0.1:1/json?token=secret"
        .parse()
        .unwrap();
    let options = FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    };
    let error = Fetcher::new(options)
        .unwrap()
        .fetch(&location, None)
        .unwrap_err();
    let shown = format!("{} {error:?}", chain(&error));
    assert!(shown.contains("http://127.0.0.1:1/json"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn the_first_place_that_has_a_source_counts() {
    let server = Server::start(|request| match request.path() {
        "/json.gz" => Response::new(200, "there"),
        _ => Response::new(404, ""),
    });
    let mut source = source("debian");
    source.locations = server.at("").candidates("json");
    assert_eq!(
        text(fetcher().fetch_source(&source, None).unwrap()),
        "there"
    );
    assert_eq!(server.lines(), ["GET /json", "GET /json.gz"]);
    source.locations.remove(1);
    let error = fetcher().fetch_source(&source, None).unwrap_err();
    assert!(matches!(error, FeedError::NotFound { .. }), "{error:?}");
}

#[test]
fn what_cannot_be_parsed_gives_no_fingerprint() {
    let server =
        Server::start(|_| Response::new(200, "<html>maintenance</html>").with("ETag", "\"x\""));
    let error = update(&server.at("json"), None).unwrap_err();
    assert!(matches!(error, FeedError::Malformed { .. }), "{error:?}");
}
