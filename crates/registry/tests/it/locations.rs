//! Where somebody else can fetch a blob.

use clair_registry::Client;

use crate::blobs::client_with_password;
use crate::manifests::sha256;
use crate::server::{Reply, Server, client};

#[test]
fn a_blob_of_the_registry_itself_comes_with_the_credentials() {
    let server = Server::start(|seen| match seen.header("authorization") {
        Some(_) => Reply::new(206, "h").header("Content-Range", "bytes 0-0/5"),
        None => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let digest = sha256(b"hello");
    let location = client_with_password(&server)
        .locate_blob(&server.reference("team/app"), &digest)
        .unwrap();
    let expected = format!("http://{}/v2/team/app/blobs/{digest}", server.host());
    assert_eq!(location.url.as_str(), expected);
    let authorization = location.authorization.clone().unwrap();
    assert!(authorization.expose().starts_with("Basic "));
    for seen in server
        .seen()
        .iter()
        .filter(|seen| seen.target.contains("blobs"))
    {
        assert_eq!(seen.header("range"), Some("bytes=0-0"));
    }
    assert!(!format!("{location:?}").contains("Basic"));
}

#[test]
fn a_blob_elsewhere_comes_without_them() {
    let storage = Server::start(|_| Reply::ok("hello"));
    let target = format!("http://{}/signed?signature=hunter2", storage.host());
    let to = target.clone();
    let registry = Server::start(move |seen| match seen.header("authorization") {
        Some(_) => Reply::new(307, "").header("Location", &to),
        None => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let client = client_with_password(&registry);
    let location = client
        .locate_blob(&registry.reference("a"), &sha256(b"hello"))
        .unwrap();
    assert_eq!(location.url.as_str(), target);
    assert_eq!(location.authorization, None);
    assert!(!format!("{location:?}").contains("hunter2"));
}

#[test]
fn an_open_registry_needs_none() {
    let server = Server::start(|_| Reply::ok("hello"));
    let client: Client = client();
    let location = client
        .locate_blob(&server.reference("a"), &sha256(b"hello"))
        .unwrap();
    assert_eq!(location.authorization, None);
}

#[test]
fn a_blob_that_is_not_there_has_no_location() {
    let server = Server::start(|_| Reply::new(404, ""));
    let error = client().locate_blob(&server.reference("a"), &sha256(b"hello"));
    assert_eq!(error.unwrap_err().status(), Some(404));
}
