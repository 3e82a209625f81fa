use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;
use crate::Shutdown;
use crate::config::{ClientTls, MutualTls, ServerTls};

/// An authority, with its certificate and those it signs in a directory.
struct Authority {
    directory: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(directory.path().join("ca.crt"), certificate.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { directory, issuer }
    }

    /// Writes a certificate for localhost and its key, and gives the certificate.
    fn sign(&self, name: &str) -> CertificateDer<'static> {
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        write(&self.path(&format!("{name}.crt")), &certificate.pem());
        write(&self.path(&format!("{name}.key")), &key.serialize_pem());
        certificate.der().clone()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn server_tls(&self, name: &str) -> ServerTls {
        ServerTls {
            cert: self.path(&format!("{name}.crt")),
            key: self.path(&format!("{name}.key")),
        }
    }

    fn client_tls(&self) -> ClientTls {
        ClientTls {
            root_ca: Some(self.path("ca.crt")),
            ..ClientTls::default()
        }
    }

    fn mutual_tls(&self, name: &str) -> MutualTls {
        let ServerTls { cert, key } = self.server_tls(name);
        MutualTls {
            cert,
            key,
            root_ca: self.path("ca.crt"),
        }
    }
}

/// Writes a file so that its time differs from what it was, however coarse times are.
fn write(path: &Path, content: &str) {
    let before = fs::metadata(path).and_then(|metadata| metadata.modified());
    fs::write(path, content).unwrap();
    if let Ok(before) = before {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(before.max(SystemTime::UNIX_EPOCH) + Duration::from_secs(1))
            .unwrap();
    }
}

/// Connects the two, and gives what the client got: the server's certificate and the protocol.
async fn connect(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(CertificateDer<'static>, Option<Vec<u8>>), String> {
    let (near, far) = tokio::io::duplex(4096);
    let acceptor = TlsAcceptor::from(Arc::clone(server));
    let serve = async {
        let mut stream = acceptor
            .accept(far)
            .await
            .map_err(|error| error.to_string())?;
        let _ = stream.write_all(b"hello").await;
        let _ = stream.shutdown().await;
        Ok::<_, String>(())
    };
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::clone(client));
    let call = async {
        let mut stream = connector
            .connect(name, near)
            .await
            .map_err(|error| error.to_string())?;
        // Only what is read tells whether the server took the client's certificate.
        let mut text = String::new();
        stream
            .read_to_string(&mut text)
            .await
            .map_err(|error| error.to_string())?;
        assert_eq!(text, "hello");
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().unwrap()[0].clone().into_owned();
        Ok((certificate, session.alpn_protocol().map(<[u8]>::to_vec)))
    };
    let (answered, called) = tokio::join!(serve, call);
    answered.and(called)
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served() {
    let authority = Authority::new();
    let certificate = authority.sign("server");
    let watch = CertificateWatch::default();
    let server = server_config(
        &authority.server_tls("server"),
        &[b"h2", b"http/1.1"],
        &watch,
    );
    let client = client_config(&authority.client_tls(), &watch).unwrap();
    let mut http1 = ClientConfig::clone(&client);
    http1.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server = server.unwrap();
    assert_eq!(
        connect(&server, &client).await,
        Ok((certificate.clone(), None))
    );
    let protocol = Some(b"http/1.1".to_vec());
    assert_eq!(
        connect(&server, &http1.into()).await,
        Ok((certificate, protocol))
    );
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_is_not() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.sign("server");
    let watch = CertificateWatch::default();
    let server = server_config(&authority.server_tls("server"), &[], &watch).unwrap();
    let client = client_config(&other.client_tls(), &watch).unwrap();
    connect(&server, &client).await.unwrap_err();
}

#[tokio::test]
async fn services_are_served_and_others_are_not() {
    let (authority, other) = (Authority::new(), Authority::new());
    for name in ["server", "client"] {
        authority.sign(name);
    }
    other.sign("client");
    let watch = CertificateWatch::default();
    let server = mutual_server_config(&authority.mutual_tls("server"), &[], &watch).unwrap();

    let service = mutual_client_config(&authority.mutual_tls("client"), &watch).unwrap();
    connect(&server, &service).await.unwrap();

    let nobody = client_config(&authority.client_tls(), &watch).unwrap();
    connect(&server, &nobody).await.unwrap_err();

    let stranger = ClientTls {
        cert: Some(other.path("client.crt")),
        key: Some(other.path("client.key")),
        ..authority.client_tls()
    };
    let stranger = client_config(&stranger, &watch).unwrap();
    connect(&server, &stranger).await.unwrap_err();
}

#[tokio::test]
async fn a_client_shows_its_certificate() {
    let authority = Authority::new();
    authority.sign("server");
    authority.sign("client");
    let watch = CertificateWatch::default();
    let server = mutual_server_config(&authority.mutual_tls("server"), &[], &watch).unwrap();
    let client = ClientTls {
        cert: Some(authority.path("client.crt")),
        key: Some(authority.path("client.key")),
        ..authority.client_tls()
    };
    connect(&server, &client_config(&client, &watch).unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn changed_certificates_are_shown_without_a_restart() {
    let authority = Authority::new();
    let old = authority.sign("server");
    let watch = CertificateWatch::default();
    let server = server_config(&authority.server_tls("server"), &[], &watch).unwrap();
    let client = client_config(&authority.client_tls(), &watch).unwrap();
    assert_eq!(connect(&server, &client).await.unwrap().0, old);

    let new = authority.sign("server");
    assert_eq!(connect(&server, &client).await.unwrap().0, old);
    watch.check(false);
    // A client that resumes its session is not shown the certificate again.
    let client = client_config(&authority.client_tls(), &watch).unwrap();
    assert_eq!(connect(&server, &client).await.unwrap().0, new);
}

#[tokio::test]
async fn broken_files_leave_the_old_certificate_in_use() {
    let authority = Authority::new();
    let old = authority.sign("server");
    let watch = CertificateWatch::default();
    let server = server_config(&authority.server_tls("server"), &[], &watch).unwrap();
    let client = client_config(&authority.client_tls(), &watch).unwrap();
    let key = fs::read_to_string(authority.path("server.key")).unwrap();

    write(&authority.path("server.key"), "no key");
    watch.check(false);
    assert_eq!(connect(&server, &client).await.unwrap().0, old);

    fs::remove_file(authority.path("server.key")).unwrap();
    watch.check(true);
    assert_eq!(connect(&server, &client).await.unwrap().0, old);

    // A new certificate whose key is not there yet.
    let new = authority.sign("server");
    let new_key = fs::read_to_string(authority.path("server.key")).unwrap();
    write(&authority.path("server.key"), &key);
    watch.check(false);
    assert_eq!(connect(&server, &client).await.unwrap().0, old);
    write(&authority.path("server.key"), &new_key);
    watch.check(false);
    // A client that resumes its session is not shown the certificate again.
    let client = client_config(&authority.client_tls(), &watch).unwrap();
    assert_eq!(connect(&server, &client).await.unwrap().0, new);
}

#[tokio::test]
async fn a_changed_authority_is_followed() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.sign("server");
    other.sign("client");
    let watch = CertificateWatch::default();
    let server = mutual_server_config(&authority.mutual_tls("server"), &[], &watch).unwrap();
    let client = ClientTls {
        cert: Some(other.path("client.crt")),
        key: Some(other.path("client.key")),
        ..authority.client_tls()
    };
    let client = client_config(&client, &watch).unwrap();
    connect(&server, &client).await.unwrap_err();
    let both = ["ca.crt"; 2].map(ToOwned::to_owned);
    let both = fs::read_to_string(authority.path(&both[0])).unwrap()
        + &fs::read_to_string(other.path(&both[1])).unwrap();
    write(&authority.path("ca.crt"), &both);
    watch.check(false);
    connect(&server, &client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn files_are_looked_at_until_shutdown() {
    let authority = Authority::new();
    authority.sign("server");
    let watch = CertificateWatch::default();
    let server = server_config(&authority.server_tls("server"), &[], &watch).unwrap();
    let client = client_config(&authority.client_tls(), &watch).unwrap();
    let shutdown = Shutdown::new(Duration::from_secs(1));
    let running = tokio::spawn(watch.run(shutdown.clone()));
    let new = authority.sign("server");
    tokio::time::sleep(CertificateWatch::INTERVAL * 2).await;
    assert_eq!(connect(&server, &client).await.unwrap().0, new);
    shutdown.begin();
    running.await.unwrap();
}

#[test]
fn what_is_wrong_with_files_is_told_by_their_names() {
    let authority = Authority::new();
    authority.sign("a");
    authority.sign("b");
    fs::write(authority.path("text.crt"), "no certificate").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    fs::write(authority.path("broken.crt"), broken).unwrap();
    let watch = CertificateWatch::default();
    for (cert, key, expected) in [
        ("none.crt", "a.key", "none.crt"),
        ("a.crt", "none.key", "none.key"),
        ("text.crt", "a.key", "text.crt: no certificate"),
        ("broken.crt", "a.key", "broken.crt: not PEM"),
        ("a.crt", "a.crt", "a.crt: not PEM"),
        (
            "a.crt",
            "b.key",
            "b.key: not the key of the certificate in ",
        ),
    ] {
        let tls = ServerTls {
            cert: authority.path(cert),
            key: authority.path(key),
        };
        let error = server_config(&tls, &[], &watch).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let roots = ClientTls {
        root_ca: Some(authority.path("a.key")),
        ..ClientTls::default()
    };
    let error = client_config(&roots, &watch).unwrap_err().to_string();
    assert!(error.contains("a.key: no certificate"), "{error}");
}
