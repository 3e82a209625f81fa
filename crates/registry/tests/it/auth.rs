//! Challenges: what is sent to whom, how often, and what is said when it does not help.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use clair_registry::{Client, Credentials, DockerConfig, Error, Options};

use crate::server::{Reply, Seen, Server, options, show};

const MANIFEST: &str = r#"{"schemaVersion":2,"config":{},"layers":[]}"#;
/// `me:hunter2`.
const BASIC: &str = "Basic bWU6aHVudGVyMg==";

/// A registry that wants a token of `tokens`, and takes the one named `good`.
fn registry(tokens: &Server) -> Server {
    let challenge = format!(
        r#"Bearer realm="http://{}/token?x=y",service="the service",scope="repository:a/b:pull""#,
        tokens.host()
    );
    Server::start(move |seen| match seen.header("authorization") {
        Some("Bearer good") => Reply::ok(MANIFEST),
        _ => Reply::new(401, r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#)
            .header("WWW-Authenticate", &challenge),
    })
}

fn give(token: &'static str) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    move |_| Reply::ok(format!(r#"{{"token":"{token}","expires_in":300}}"#))
}

fn client_with(host: &str, credentials: Credentials) -> Client {
    Client::new(&Options {
        credentials: [(host.to_owned(), credentials)].into(),
        ..options()
    })
    .unwrap()
}

fn password() -> Credentials {
    Credentials::Basic {
        username: "me".to_owned(),
        password: "hunter2".into(),
    }
}

fn anonymous() -> Client {
    Client::new(&options()).unwrap()
}

#[test]
fn a_public_image_needs_an_anonymous_token_and_it_is_kept() {
    let tokens = Server::start(give("good"));
    let registry = registry(&tokens);
    let client = anonymous();
    for _ in 0..3 {
        client.manifest(&registry.reference("a/b")).unwrap();
    }
    assert_eq!(
        tokens.targets(),
        ["/token?x=y&service=the+service&scope=repository%3Aa%2Fb%3Apull"]
    );
    assert_eq!(tokens.seen()[0].header("authorization"), None);
    assert_eq!(registry.seen().len(), 4);
    client
        .clone()
        .manifest(&registry.reference("other"))
        .unwrap();
    assert_eq!(
        tokens.seen().len(),
        2,
        "another repository has a token of its own"
    );
}

#[test]
fn a_password_goes_to_the_token_service_and_not_to_the_registry() {
    let tokens = Server::start(|seen| match seen.header("authorization") {
        Some(BASIC) => Reply::ok(r#"{"access_token":"good"}"#),
        _ => Reply::new(401, ""),
    });
    let registry = registry(&tokens);
    let client = client_with(&registry.host(), password());
    client.manifest(&registry.reference("a/b")).unwrap();
    for seen in registry.seen() {
        assert_ne!(seen.header("authorization"), Some(BASIC));
    }
}

#[test]
fn an_identity_token_is_exchanged_by_post() {
    let tokens = Server::start(give("good"));
    let registry = registry(&tokens);
    let client = client_with(&registry.host(), Credentials::IdentityToken("a&b".into()));
    client.manifest(&registry.reference("a/b")).unwrap();
    let seen = &tokens.seen()[0];
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/token?x=y"));
    assert_eq!(
        seen.body,
        "grant_type=refresh_token&client_id=clair&scope=repository%3Aa%2Fb%3Apull\
         &refresh_token=a%26b&service=the+service"
    );
}

#[test]
fn a_refresh_token_does_not_follow_a_redirect() {
    let elsewhere = Server::start(give("good"));
    let target = format!("http://{}/", elsewhere.host());
    let tokens = Server::start(move |_| Reply::new(307, "").header("Location", &target));
    let registry = registry(&tokens);
    let client = client_with(&registry.host(), Credentials::IdentityToken("t".into()));
    let error = client.manifest(&registry.reference("a/b")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("redirects a request that holds a secret"),
        "{error}"
    );
    assert_eq!(elsewhere.seen().len(), 0);
}

#[test]
fn a_registry_token_is_sent_as_it_is() {
    let tokens = Server::start(|_| Reply::new(500, ""));
    let registry = registry(&tokens);
    let client = client_with(&registry.host(), Credentials::RegistryToken("good".into()));
    client.manifest(&registry.reference("a/b")).unwrap();
    assert_eq!(tokens.seen().len(), 0);
}

#[test]
fn a_token_that_is_refused_is_replaced_once() {
    // Each token is good for one request.
    let tokens = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tokens);
    let service = Server::start(move |_| {
        Reply::ok(format!(
            r#"{{"token":"t{}"}}"#,
            count.fetch_add(1, Ordering::SeqCst)
        ))
    });
    let challenge = format!(r#"Bearer realm="http://{}/""#, service.host());
    let used = Mutex::new(Vec::new());
    let registry = Server::start(move |seen| {
        let token = seen.header("authorization").unwrap_or_default().to_owned();
        let mut used = used.lock().unwrap();
        if token.is_empty() || used.contains(&token) {
            return Reply::new(401, "").header("WWW-Authenticate", &challenge);
        }
        used.push(token);
        Reply::ok(MANIFEST)
    });
    let client = anonymous();
    for _ in 0..3 {
        client.manifest(&registry.reference("a/b")).unwrap();
    }
    assert_eq!(tokens.load(Ordering::SeqCst), 3);
}

#[test]
fn a_registry_that_never_is_content_is_given_up() {
    let tokens = Server::start(give("bad"));
    let registry = registry(&tokens);
    let error = anonymous()
        .manifest(&registry.reference("a/b:t"))
        .unwrap_err();
    let host = registry.host();
    assert_eq!(
        error.to_string(),
        format!(
            "{host} answers 401 for manifest t of {host}/a/b: UNAUTHORIZED; \
             no credentials were found for {host}"
        )
    );
    assert_eq!((registry.seen().len(), tokens.seen().len()), (2, 1));
}

#[test]
fn a_password_that_is_refused_is_told_by_where_it_came_from() {
    let tokens = Server::start(|_| Reply::new(401, r#"{"details":"incorrect password"}"#));
    let registry = registry(&tokens);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.json");
    let json = format!(
        r#"{{"auths":{{"{}":{{"auth":"bWU6aHVudGVyMg=="}}}}}}"#,
        registry.host()
    );
    std::fs::write(&file, json).unwrap();
    let client = Client::new(&Options {
        docker_config: DockerConfig::File(file.clone()),
        ..options()
    })
    .unwrap();
    let error = client.manifest(&registry.reference("a/b")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} answers 401 for a token for {host}/a/b: incorrect password; \
             the credentials from {host} in {} were not accepted",
            tokens.host(),
            file.display(),
            host = registry.host(),
        )
    );
    assert!(!show(&error).contains("hunter2") && !show(&error).contains("bWU6"));
    assert_eq!(
        tokens.seen().len(),
        1,
        "an account is not locked by trying again"
    );
}

#[test]
fn token_services_may_misbehave() {
    for (reply, reason) in [
        (Reply::ok("hunter2"), "not the JSON of a token"),
        (
            Reply::ok(r#"{"token":["hunter2"]}"#),
            "not the JSON of a token",
        ),
        (Reply::ok("{}"), "holds no token"),
        (
            Reply::ok(r#"{"token":"","access_token":""}"#),
            "holds no token",
        ),
        (
            Reply::ok(r#"{"token":"hunter2\r\nX: y"}"#),
            "no header may have",
        ),
        (
            Reply::ok(vec![b' '; 1 << 20]),
            "is larger than 262144 bytes",
        ),
        (Reply::new(404, "hunter2"), "answers 404 for a token"),
    ] {
        let tokens = Server::start(move |_| reply.clone());
        let registry = registry(&tokens);
        let error = show(
            &anonymous()
                .manifest(&registry.reference("a/b"))
                .unwrap_err(),
        );
        assert!(error.contains(reason), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let count = AtomicUsize::new(0);
    let busy = Server::start(move |seen| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::new(503, ""),
        _ => give("good")(seen),
    });
    let registry = registry(&busy);
    anonymous().manifest(&registry.reference("a/b")).unwrap();
}

#[test]
fn a_basic_challenge_gets_the_password() {
    let server = Server::start(|seen| match seen.header("authorization") {
        Some(BASIC) => Reply::ok(MANIFEST),
        _ => Reply::new(401, "").header("WWW-Authenticate", r#"Basic realm="a, b""#),
    });
    let client = client_with(&server.host(), password());
    client.manifest(&server.reference("a/b")).unwrap();
    client.manifest(&server.reference("a/b")).unwrap();
    assert_eq!(server.seen().len(), 3, "it is sent along from then on");

    let error = anonymous().manifest(&server.reference("a/b")).unwrap_err();
    let hint = format!("no credentials were found for {}", server.host());
    assert!(error.to_string().contains(&hint), "{error}");
    let token = client_with(&server.host(), Credentials::IdentityToken("t".into()));
    let error = token.manifest(&server.reference("a/b")).unwrap_err();
    assert!(error.to_string().contains("wants a password"), "{error}");
}

#[test]
fn credentials_of_one_registry_do_not_go_to_another() {
    let server =
        Server::start(|_| Reply::new(401, "").header("WWW-Authenticate", r#"Basic realm="x""#));
    let client = client_with("ghcr.io", password());
    client.manifest(&server.reference("a/b")).unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn no_access_with_credentials_is_told_so() {
    let server = Server::start(|seen| match seen.header("authorization") {
        Some(_) => Reply::new(403, r#"{"errors":[{"code":"DENIED","message":"no"}]}"#),
        _ => Reply::new(401, "").header("WWW-Authenticate", r#"Basic realm="x""#),
    });
    let client = client_with(&server.host(), password());
    let error = client.manifest(&server.reference("a/b")).unwrap_err();
    let expected = "no (DENIED); the credentials from the options may not give access to it";
    assert!(error.to_string().ends_with(expected), "{error}");
}

#[test]
fn a_missing_helper_is_an_error_that_names_it() {
    let server =
        Server::start(|_| Reply::new(401, "").header("WWW-Authenticate", r#"Basic realm="x""#));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.json");
    std::fs::write(&file, r#"{"credsStore":"clair-absent"}"#).unwrap();
    let client = Client::new(&Options {
        docker_config: DockerConfig::File(file),
        ..options()
    })
    .unwrap();
    let error = client.manifest(&server.reference("a/b")).unwrap_err();
    assert!(matches!(error, Error::CredentialHelper { .. }), "{error}");
    assert!(
        error.to_string().contains("docker-credential-clair-absent"),
        "{error}"
    );
}

/// Everything this crate logs, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_log_has_no_secrets() {
    let tokens = Server::start(|_| Reply::ok(r#"{"token":"good"}"#));
    let registry = registry(&tokens);
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let client = client_with(&registry.host(), password());
    // Global, since tests run beside each other and callsites are told once whether to speak.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    client.manifest(&registry.reference("a/b")).unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap() + &format!("{client:?}");
    assert!(text.contains("got a manifest"), "{text}");
    for secret in ["hunter2", "bWU6", "Bearer good", "\"good\""] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}
