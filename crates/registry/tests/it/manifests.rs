//! Manifests: what is accepted, what is refused, and with which words.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use clair_model::{Algorithm, Digest};
use clair_registry::{Client, Error, Options, media_type};

use crate::server::{Reply, Server, client, options, show};

const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest::new(Algorithm::Sha256, digest(&SHA256, bytes).as_ref()).unwrap()
}

fn other_digest() -> Digest {
    sha256(b"something else")
}

/// The error of a manifest that is answered so.
fn error_of(reply: Reply) -> Error {
    let server = Server::start(move |_| reply.clone());
    client().manifest(&server.reference("a/b:t")).unwrap_err()
}

#[test]
fn a_manifest_is_asked_for_by_tag_or_digest() {
    let server =
        Server::start(|_| Reply::ok(MANIFEST).header("Content-Type", media_type::DOCKER_MANIFEST));
    let digest = sha256(MANIFEST.as_bytes());
    let by_tag = client().manifest(&server.reference("a/b:t")).unwrap();
    assert_eq!(by_tag.digest, digest);
    assert_eq!(by_tag.media_type, media_type::DOCKER_MANIFEST);
    assert_eq!(by_tag.bytes, MANIFEST.as_bytes());
    let both = server.reference(&format!("a/b:t@{digest}"));
    assert_eq!(client().manifest(&both).unwrap(), by_tag);
    let listed = client().manifest_by_digest(&server.reference("a/b:t"), &digest);
    assert_eq!(listed.unwrap(), by_tag);

    let by_digest = format!("/v2/a/b/manifests/{digest}");
    assert_eq!(
        server.targets(),
        ["/v2/a/b/manifests/t", &by_digest, &by_digest]
    );
    let request = &server.seen()[0];
    let accept = request.header("accept").unwrap();
    for media_type in [
        media_type::OCI_MANIFEST,
        media_type::OCI_INDEX,
        media_type::DOCKER_MANIFEST,
        media_type::DOCKER_LIST,
    ] {
        assert!(
            accept.split(", ").any(|known| known == media_type),
            "{accept}"
        );
    }
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert!(request.header("user-agent").unwrap().starts_with("clair/"));
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn a_manifest_must_be_what_its_digests_say() {
    let server = Server::start(|_| Reply::ok(MANIFEST));
    let reference = server.reference(&format!("a/b@{}", other_digest()));
    let error = client().manifest(&reference).unwrap_err();
    let (expected, found) = (other_digest(), sha256(MANIFEST.as_bytes()));
    assert_eq!(
        error.to_string(),
        format!(
            "manifest {expected} of {}/a/b is not what its digest says: \
             expected {expected}, found {found}",
            server.host()
        )
    );
    let stated = Reply::ok(MANIFEST).header("Docker-Content-Digest", other_digest());
    assert!(matches!(error_of(stated), Error::DigestMismatch { .. }));
}

#[test]
fn a_stated_digest_that_is_not_known_is_no_matter() {
    let server =
        Server::start(|_| Reply::ok(MANIFEST).header("Docker-Content-Digest", "blake3:00"));
    let manifest = client().manifest(&server.reference("a/b")).unwrap();
    assert_eq!(manifest.digest, sha256(MANIFEST.as_bytes()));
}

#[test]
fn a_manifest_that_is_too_large_is_not_read() {
    let client = Client::new(&Options {
        max_manifest_size: 1000,
        ..options()
    })
    .unwrap();
    let fits = Server::start(|_| Reply::ok(format!("{MANIFEST:1000}")).unstated());
    assert!(client.manifest(&fits.reference("a")).is_ok());
    let large = Reply::ok(format!("{MANIFEST:1001}"));
    for reply in [
        large.clone(),
        large.unstated(),
        Reply::ok(vec![b' '; 100 << 20]).unstated(),
    ] {
        let server = Server::start(move |_| reply.clone());
        let error = client.manifest(&server.reference("a:t")).unwrap_err();
        let expected = format!(
            "manifest t of {}/a is larger than 1000 bytes",
            server.host()
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn answers_that_are_no_manifest_are_told_as_such() {
    for (reply, reason) in [
        (
            Reply::ok(r#"{"schemaVersion":1,"fsLayers":[]}"#),
            "schema 1",
        ),
        (Reply::ok("<html>login</html>"), "not the JSON"),
        (Reply::ok(vec![0xff; 100]), "not the JSON"),
        (Reply::ok(""), "not the JSON"),
        (Reply::ok("[".repeat(100_000)), "not the JSON"),
        (Reply::new(204, ""), "its status is 204"),
        (Reply::new(206, MANIFEST), "its status is 206"),
        (Reply::new(302, ""), "redirects to no URL"),
        (
            Reply::new(307, "").header("Location", "file:///etc/passwd"),
            "other than HTTP",
        ),
        (
            Reply::new(307, "").header("Location", "/again"),
            "more than 5 redirects",
        ),
        (Reply::new(401, ""), "names no way"),
        (
            Reply::new(401, "").header("WWW-Authenticate", "Negotiate"),
            "names no way",
        ),
        (
            Reply::new(401, "").header("WWW-Authenticate", "Bearer"),
            "the realm",
        ),
    ] {
        let error = error_of(reply);
        assert!(error.to_string().contains(reason), "{reason}: {error}");
        assert!(!error.is_transient());
    }
}

#[test]
fn refusals_are_told_in_the_registry_s_words() {
    let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such \u001b[31mtag"}]}"#;
    let server = Server::start(move |_| Reply::new(404, body));
    let error = client().manifest(&server.reference("a/b:t")).unwrap_err();
    let host = server.host();
    assert_eq!(
        error.to_string(),
        format!(
            "{host} answers 404 for manifest t of {host}/a/b: \
             no such  [31mtag (MANIFEST_UNKNOWN); check its name"
        )
    );
    assert_eq!(error.status(), Some(404));
    assert_eq!(server.seen().len(), 1, "it is not asked again");
}

#[test]
fn busy_registries_are_asked_again() {
    let server = Server::start(|_| Reply::new(429, ""));
    let error = client().manifest(&server.reference("a")).unwrap_err();
    assert_eq!(error.status(), Some(429));
    assert!(error.is_transient());
    assert_eq!(server.seen().len(), 4);

    for status in [408, 500, 502, 503, 504] {
        let count = std::sync::atomic::AtomicU32::new(0);
        let server =
            Server::start(
                move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                    0 | 1 => Reply::new(status, "busy"),
                    _ => Reply::ok(MANIFEST),
                },
            );
        client().manifest(&server.reference("a")).unwrap();
        assert_eq!(server.seen().len(), 3);
    }
}

#[test]
fn the_pause_that_a_registry_asks_for_is_made() {
    let server = Server::start(|_| Reply::new(429, "").header("Retry-After", "1"));
    let client = Client::new(&Options {
        retries: 1,
        ..options()
    })
    .unwrap();
    let started = Instant::now();
    let error = client.manifest(&server.reference("a")).unwrap_err();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_manifest_that_breaks_off_is_asked_for_again() {
    let count = std::sync::atomic::AtomicU32::new(0);
    let server =
        Server::start(
            move |_| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => Reply::ok(MANIFEST).cut(10),
                _ => Reply::ok(MANIFEST),
            },
        );
    client().manifest(&server.reference("a")).unwrap();
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_registry_that_is_not_there_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    drop(listener);
    let error = client()
        .manifest(&format!("{host}/a:t").parse().unwrap())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("no answer from http://{host}/v2/a/manifests/t for manifest t of {host}/a")
    );
    assert!(show(&error).contains("refused"), "{}", show(&error));
}

#[test]
fn a_registry_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    let client = Client::new(&Options {
        idle_timeout: Duration::from_millis(200),
        retries: 1,
        ..options()
    })
    .unwrap();
    let started = Instant::now();
    let error = client
        .manifest(&format!("{host}/a").parse().unwrap())
        .unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn registries_on_this_machine_need_no_option_for_http() {
    let server = Server::start(|_| Reply::ok(MANIFEST));
    let client = Client::new(&Options {
        plain_http: false,
        ..options()
    })
    .unwrap();
    client.manifest(&server.reference("a:1")).unwrap();
    client.manifest(&server.reference("a:2")).unwrap();
    assert_eq!(server.targets(), ["/v2/a/manifests/1", "/v2/a/manifests/2"]);
}

#[test]
fn what_is_wrong_with_a_file_of_authorities_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    let make = || {
        let ca_file = Some(path.clone());
        Client::new(&Options {
            ca_file,
            ..options()
        })
    };
    assert!(matches!(make().unwrap_err(), Error::File { .. }));
    for text in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&path, text).unwrap();
        let error = make().unwrap_err();
        assert!(matches!(error, Error::Config { .. }), "{text}: {error}");
    }
}
