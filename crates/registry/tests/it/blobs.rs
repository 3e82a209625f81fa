//! Blobs: broken connections, redirects, wrong sizes.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use clair_model::Digest;
use clair_registry::{Blob, Client, Error, Options};

use crate::manifests::sha256;
use crate::server::{Reply, Seen, Server, client, options, show};

const STEP: usize = 40_000;

/// Bytes without a pattern that a wrong offset could hide in.
fn content() -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..100_000).map(next).collect()
}

fn open(server: &Server, size: Option<u64>) -> Result<Blob, Error> {
    client().blob(&server.reference("a/b"), &sha256(&content()), size)
}

fn read(mut blob: Blob) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    blob.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The error of reading a blob that is answered so.
fn error_of(size: Option<u64>, handler: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> String {
    let server = Server::start(handler);
    match open(&server, size) {
        Ok(blob) => show(&read(blob).unwrap_err()),
        Err(error) => show(&error),
    }
}

/// Answers a range with what was asked for, in steps after which the connection breaks.
fn in_steps(seen: &Seen) -> Reply {
    let content = content();
    let Some(start) = seen.range_start() else {
        return Reply::ok(content).cut(STEP);
    };
    let range = format!("bytes {start}-{}/{}", content.len() - 1, content.len());
    Reply::new(206, &content[start..])
        .header("Content-Range", range)
        .cut(STEP)
}

#[test]
fn a_blob_is_read_as_it_is() {
    let server = Server::start(|_| Reply::ok(content()));
    let blob = open(&server, None).unwrap();
    assert_eq!(blob.size(), Some(100_000));
    assert_eq!(read(blob).unwrap(), content());
    let expected = format!("/v2/a/b/blobs/{}", sha256(&content()));
    assert_eq!(server.targets(), [expected]);
}

#[test]
fn nothing_is_decompressed() {
    // The first bytes are those of gzip: a client that inflates would fail.
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3];
    let server = Server::start(move |_| Reply::ok(gzip).header("Content-Encoding", "gzip"));
    assert_eq!(read(open(&server, None).unwrap()).unwrap(), gzip);
}

#[test]
fn a_blob_that_breaks_off_is_continued() {
    let server = Server::start(in_steps);
    assert_eq!(read(open(&server, None).unwrap()).unwrap(), content());
    let starts: Vec<_> = server.seen().iter().map(Seen::range_start).collect();
    assert_eq!(starts, [None, Some(STEP), Some(2 * STEP)]);
}

#[test]
fn a_server_that_ignores_ranges_is_no_matter() {
    let count = AtomicUsize::new(1);
    let server = Server::start(move |_| {
        Reply::ok(content()).cut(STEP * count.fetch_add(1, Ordering::SeqCst))
    });
    assert_eq!(read(open(&server, None).unwrap()).unwrap(), content());
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_range_that_starts_earlier_is_no_matter() {
    let server = Server::start(|seen| match seen.range_start() {
        None => Reply::ok(content()).cut(STEP),
        Some(_) => Reply::new(206, &content()[100..]).header("Content-Range", "bytes 100-99999/*"),
    });
    assert_eq!(read(open(&server, None).unwrap()).unwrap(), content());
}

#[test]
fn a_short_body_without_a_length_is_noticed_by_the_size() {
    let server = Server::start(|seen| match seen.range_start() {
        None => Reply::ok(&content()[..STEP]).unstated(),
        Some(_) => in_steps(seen),
    });
    let blob = open(&server, Some(100_000)).unwrap();
    assert_eq!(read(blob).unwrap(), content());
}

#[test]
fn a_blob_that_only_breaks_off_is_given_up() {
    let server = Server::start(|_| Reply::ok(content()).cut(10));
    let mut blob = open(&server, None).unwrap();
    let error = blob.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(
        error.to_string().contains("broke off after 10 bytes"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 4);
    // And does not look as if it had ended.
    assert!(blob.read(&mut [0; 10]).is_err());
}

#[test]
fn a_blob_that_drips_is_given_up() {
    let server = Server::start(|seen| {
        let start = seen.range_start().unwrap_or(0);
        let range = format!("bytes {start}-99999/100000");
        let status = if start == 0 { 200 } else { 206 };
        Reply::new(status, &content()[start..])
            .header("Content-Range", range)
            .cut(1)
    });
    assert!(read(open(&server, None).unwrap()).is_err());
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn wrong_ranges_and_sizes_are_refused() {
    let cut_then = |reply: Reply| {
        move |seen: &Seen| match seen.range_start() {
            None => Reply::ok(content()).cut(STEP),
            Some(_) => reply.clone(),
        }
    };
    let part = Reply::new(206, &content()[STEP + 1..]);
    let later = part
        .clone()
        .header("Content-Range", "bytes 40001-99999/100000");
    let other = part
        .clone()
        .header("Content-Range", "bytes 40000-99999/200000");
    let gone = Reply::new(416, "");
    assert!(error_of(None, cut_then(part)).contains("does not say which"));
    assert!(error_of(None, cut_then(later)).contains("starts after the byte"));
    assert!(error_of(None, cut_then(other)).contains("expected were 100000"));
    assert!(error_of(None, cut_then(gone)).contains("answers 416"));
    assert!(error_of(Some(5), |_| Reply::ok(content())).contains("expected were 5"));
    let unstated = |_: &Seen| Reply::ok(content()).unstated();
    assert!(error_of(Some(5), unstated).contains("more bytes than it said"));
    assert!(error_of(None, |_| Reply::new(206, content())).contains("its status is 206"));
}

#[test]
fn a_blob_that_is_not_there_is_an_error_at_once() {
    let server = Server::start(|_| Reply::new(404, r#"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#));
    let error = open(&server, None).unwrap_err();
    assert!(error.to_string().contains("BLOB_UNKNOWN"), "{error}");
}

#[test]
fn small_blobs_are_checked() {
    let server = Server::start(|seen| match seen.target.as_str() {
        target if target.contains("/unstated/") => Reply::ok("hello").unstated(),
        _ => Reply::ok("hello"),
    });
    let digest = sha256(b"hello");
    let get = |repository: &str, digest: &Digest, limit| {
        client().blob_bytes(&server.reference(repository), digest, limit)
    };
    for repository in ["stated", "unstated"] {
        assert_eq!(get(repository, &digest, 5).unwrap(), b"hello");
        assert_eq!(get(repository, &digest, u64::MAX).unwrap(), b"hello");
        let error = get(repository, &digest, 4).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 4, .. }), "{error}");
        let error = get(repository, &sha256(b""), 5).unwrap_err();
        assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
    }
    let broken = Server::start(|_| Reply::ok("hello").cut(2));
    let error = client()
        .blob_bytes(&broken.reference("a"), &digest, 5)
        .unwrap_err();
    assert!(
        matches!(error, Error::Interrupted { position: 2, .. }),
        "{error}"
    );
}

#[test]
fn a_redirect_takes_no_credentials_along() {
    let storage = Server::start(|seen| match seen.target.as_str() {
        "/signed?signature=hunter2" => in_steps(seen),
        _ => Reply::new(404, ""),
    });
    let target = format!(
        "http://user:hunter2@{}/signed?signature=hunter2",
        storage.host()
    );
    let registry = Server::start(move |seen| match seen.header("authorization") {
        Some(_) => Reply::new(307, "").header("Location", &target),
        None => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let client = client_with_password(&registry);
    let blob = client
        .blob(&registry.reference("a"), &sha256(&content()), None)
        .unwrap();
    assert_eq!(read(blob).unwrap(), content());
    // Each part is asked for at the registry: the signature of the last may have expired.
    assert_eq!(registry.seen().len(), 4);
    assert_eq!(storage.seen().len(), 3);
    for seen in storage.seen() {
        assert_eq!(seen.header("authorization"), None);
        assert_eq!(seen.header("referer"), None);
    }
}

#[test]
fn a_redirect_within_the_host_keeps_the_credentials() {
    let server = Server::start(|seen| match (seen.header("authorization"), &*seen.target) {
        (None, _) => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
        (Some(_), "/elsewhere") => Reply::ok("hello"),
        (Some(_), _) => Reply::new(302, "").header("Location", "/elsewhere"),
    });
    let client = client_with_password(&server);
    let bytes = client
        .blob_bytes(&server.reference("a"), &sha256(b"hello"), 5)
        .unwrap();
    assert_eq!(bytes, b"hello");
}

#[test]
fn a_storage_that_refuses_is_not_answered_with_credentials() {
    let storage =
        Server::start(|_| Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"yours\""));
    let target = format!("http://{}/x", storage.host());
    let registry = Server::start(move |_| Reply::new(307, "").header("Location", &target));
    let client = client_with_password(&registry);
    let result = client.blob(&registry.reference("a"), &sha256(b""), None);
    let error = result.unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert!(error.to_string().starts_with(&storage.host()), "{error}");
    assert_eq!(storage.seen().len(), 1);
}

#[test]
fn no_error_shows_the_signature_of_a_storage_url() {
    let target = "http://127.0.0.1:1/x?signature=hunter2";
    let error = error_of(None, move |_| {
        Reply::new(307, "").header("Location", target)
    });
    assert!(
        error.contains("http://127.0.0.1:1/x") && !error.contains("hunter2"),
        "{error}"
    );
}

pub(crate) fn client_with_password(server: &Server) -> Client {
    let basic = clair_registry::Credentials::Basic {
        username: "me".to_owned(),
        password: "hunter2".into(),
    };
    Client::new(&Options {
        credentials: [(server.host(), basic)].into(),
        ..options()
    })
    .unwrap()
}
