//! Receivers that speak TLS, and ask who calls.

use std::fs;
use std::path::PathBuf;

use clair_notifier::{Config, Webhook};
use clair_rpc::proto::notifier::v1::DeliveryState;
use clair_runtime::config::{ClientTls, MutualTls};
use clair_runtime::tls::{CertificateWatch, mutual_server_config};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::receivers::failure;
use crate::support::{Notifier, Receiver, Site};

/// An authority, the receiver and the notifier, with their certificates in a directory.
struct Certificates(TempDir);

impl Certificates {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        fs::write(directory.path().join("ca.crt"), certificate.pem()).unwrap();
        let authority = Issuer::new(params, key);
        for name in ["receiver", "notifier"] {
            let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            let path = |kind| directory.path().join(format!("{name}.{kind}"));
            fs::write(path("crt"), certificate.pem()).unwrap();
            fs::write(path("key"), key.serialize_pem()).unwrap();
        }
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A receiver that lets in only whom the authority knows.
    async fn receiver(&self) -> Receiver {
        let tls = MutualTls {
            cert: self.path("receiver.crt"),
            key: self.path("receiver.key"),
            root_ca: self.path("ca.crt"),
        };
        let watch = CertificateWatch::default();
        let server = mutual_server_config(&tls, &[b"http/1.1"], &watch).unwrap();
        Receiver::with_tls(server.into()).await
    }
}

/// Starts a notifier that delivers to a receiver.
async fn deliver(site: &Site, receiver: &Receiver, tls: ClientTls) -> Notifier {
    let config = site.config();
    Notifier::start(Config {
        webhook: Webhook {
            target: receiver.url("/hook").parse().unwrap(),
            tls,
            ..config.webhook
        },
        ..config
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_authority_is_trusted_and_the_configured_certificate_shown() {
    let certificates = Certificates::new();
    let receiver = certificates.receiver().await;
    let site = Site::new().await;
    site.affect("debian").await;
    let tls = ClientTls {
        root_ca: Some(certificates.path("ca.crt")),
        cert: Some(certificates.path("notifier.crt")),
        key: Some(certificates.path("notifier.key")),
    };
    let notifier = deliver(&site, &receiver, tls).await;
    let sets = notifier.has_sets(1, DeliveryState::Delivered).await;
    assert_eq!(receiver.received()[0].id().to_string(), sets[0].id);
    notifier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_nobody_vouches_for_is_told_nothing() {
    let certificates = Certificates::new();
    let receiver = certificates.receiver().await;
    let site = Site::new().await;
    site.affect("debian").await;
    let other = Certificates::new();
    let tls = ClientTls {
        root_ca: Some(other.path("ca.crt")),
        ..ClientTls::default()
    };
    let notifier = deliver(&site, &receiver, tls).await;
    let reason = failure(&notifier).await;
    assert!(reason.contains("certificate"), "{reason}");
    assert!(receiver.received().is_empty());
    notifier.stop().await;
}
