//! Who may call, over real connections.

use std::sync::Arc;

use clair_rpc::proto::notifier::v1::ListNotificationsRequest;
use clair_rpc::proto::notifier::v1::notifier_client::NotifierClient;
use clair_rpc::{Channel, ChannelError, ChannelOptions, Error, ErrorCode, Server, ServerOptions};
use clair_rpc::{ServeError, Token, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;

use crate::support::{Behaviour, Running, serve, serve_with};

async fn outcome(options: ChannelOptions) -> Result<(), Error> {
    let mut client: NotifierClient<_> = Channel::lazy(options).unwrap().client();
    let request = ListNotificationsRequest::default();
    client.list_notifications(request).await?;
    Ok(())
}

#[tokio::test]
async fn a_caller_without_the_token_is_refused() {
    let server = serve(Behaviour::default()).await;
    outcome(server.channel_options()).await.unwrap();
    let wrong = Token::new("not-the-secret-of-all-services");
    for token in [None, Some(wrong.unwrap())] {
        let options = ChannelOptions {
            token,
            ..server.channel_options()
        };
        let error = outcome(options).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unauthenticated);
    }
}

#[tokio::test]
async fn loopback_needs_no_token_where_it_is_trusted() {
    let options = ServerOptions::new(Trust {
        loopback: true,
        ..Trust::default()
    });
    let server = serve_with(Behaviour::default(), options).await;
    let address = format!("http://{}", server.address);
    outcome(ChannelOptions::new(address)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_would_admit_nobody_does_not_start() {
    let listener = || TcpListener::bind("127.0.0.1:0");
    let nobody = Server::new(ServerOptions::new(Trust::default()));
    let error = nobody.serve(listener().await.unwrap(), async {}).await;
    assert!(matches!(error, Err(ServeError::NobodyTrusted)));
    let certificates = Server::new(ServerOptions::new(Trust {
        client_certificates: true,
        ..Trust::default()
    }));
    let error = certificates
        .serve(listener().await.unwrap(), async {})
        .await;
    assert!(matches!(error, Err(ServeError::CertificatesWithoutTls)));
}

#[test]
fn addresses_that_cannot_work_are_refused_at_once() {
    for address in [
        "",
        "matcher:8080",
        "ftp://matcher",
        "/run/socket",
        "http://",
    ] {
        let error = Channel::lazy(ChannelOptions::new(address)).unwrap_err();
        assert!(
            matches!(
                error,
                ChannelError::Address { .. } | ChannelError::NotHttp(_)
            ),
            "{address:?}: {error:?}"
        );
    }
    let error = Channel::lazy(ChannelOptions::new("https://matcher")).unwrap_err();
    assert!(matches!(error, ChannelError::NoTls(_)));
}

/// A certificate authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(parameters, key).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    fn issue(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        (vec![certificate.der().clone()], key)
    }

    fn client(&self, identity: Option<&Self>) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots());
        Arc::new(match identity {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let (chain, key) = authority.issue("gateway");
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        })
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

async fn serve_tls(authority: &Authority) -> Running {
    let roots = Arc::new(authority.roots());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .allow_unauthenticated()
        .build();
    let (chain, key) = authority.issue("localhost");
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let options = ServerOptions {
        tls: Some(Arc::new(config)),
        ..ServerOptions::new(Trust {
            client_certificates: true,
            ..Trust::default()
        })
    };
    serve_with(Behaviour::default(), options).await
}

fn tls(server: &Running, config: Arc<ClientConfig>) -> ChannelOptions {
    ChannelOptions {
        tls: Some(config),
        ..ChannelOptions::new(format!("https://localhost:{}", server.address.port()))
    }
}

#[tokio::test]
async fn a_verified_certificate_is_enough() {
    let authority = Authority::new();
    let server = serve_tls(&authority).await;
    let config = authority.client(Some(&authority));
    outcome(tls(&server, config)).await.unwrap();
}

#[tokio::test]
async fn tls_without_a_certificate_is_not() {
    let authority = Authority::new();
    let server = serve_tls(&authority).await;
    let error = outcome(tls(&server, authority.client(None))).await;
    assert_eq!(error.unwrap_err().code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn certificates_of_another_authority_are_worth_nothing_on_either_side() {
    let (authority, other) = (Authority::new(), Authority::new());
    let server = serve_tls(&authority).await;
    for config in [authority.client(Some(&other)), other.client(None)] {
        let error = outcome(tls(&server, config)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unavailable, "{error}");
    }
}

#[tokio::test]
async fn a_caller_that_speaks_no_tls_does_not_hinder_the_others() {
    let authority = Authority::new();
    let server = serve_tls(&authority).await;
    let plain = format!("http://{}", server.address);
    assert!(outcome(ChannelOptions::new(plain)).await.is_err());
    let config = authority.client(Some(&authority));
    outcome(tls(&server, config)).await.unwrap();
}
