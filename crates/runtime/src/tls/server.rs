//! TLS of servers.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};

use super::files::{add_roots, read_certified_key};
use super::watch::{CertificateWatch, Followed};
use super::{TlsError, provider};
use crate::config::{MutualTls, ServerTls};

/// TLS 1.2 and 1.3 with a certificate, for any client. `protocols` are offered by ALPN, the first
/// before the others.
///
/// # Errors
///
/// When the files cannot be read or do not fit together.
pub fn server_config(
    tls: &ServerTls,
    protocols: &[&[u8]],
    watch: &CertificateWatch,
) -> Result<Arc<ServerConfig>, TlsError> {
    let resolver = FollowedCertificate::read(tls, watch)?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Settings)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    Ok(offering(config, protocols))
}

/// As [`server_config`], for clients that show a certificate of the services' authority only.
///
/// # Errors
///
/// When the files cannot be read or do not fit together.
pub fn mutual_server_config(
    tls: &MutualTls,
    protocols: &[&[u8]],
    watch: &CertificateWatch,
) -> Result<Arc<ServerConfig>, TlsError> {
    let shown = ServerTls {
        cert: tls.cert.clone(),
        key: tls.key.clone(),
    };
    let resolver = FollowedCertificate::read(&shown, watch)?;
    let root_ca = tls.root_ca.clone();
    let verifier = watch.follow(vec![root_ca.clone()], move || {
        let mut roots = RootCertStore::empty();
        add_roots(&mut roots, &root_ca)?;
        let builder = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
        Ok(builder.build()?)
    })?;
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Settings)?
        .with_client_cert_verifier(Arc::new(FollowedVerifier(verifier)))
        .with_cert_resolver(resolver);
    Ok(offering(config, protocols))
}

fn offering(mut config: ServerConfig, protocols: &[&[u8]]) -> Arc<ServerConfig> {
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Arc::new(config)
}

/// Shows the certificate that is in the files now.
#[derive(Debug)]
struct FollowedCertificate(Arc<Followed<Arc<CertifiedKey>>>);

impl FollowedCertificate {
    fn read(tls: &ServerTls, watch: &CertificateWatch) -> Result<Arc<Self>, TlsError> {
        let (cert, key) = (tls.cert.clone(), tls.key.clone());
        let files = vec![cert.clone(), key.clone()];
        let followed =
            watch.follow(files, move || read_certified_key(&cert, &key).map(Arc::new))?;
        Ok(Arc::new(Self(followed)))
    }
}

impl ResolvesServerCert for FollowedCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current()))
    }
}

/// Trusts the authority that is in the file now.
#[derive(Debug)]
struct FollowedVerifier(Arc<Followed<Arc<dyn ClientCertVerifier>>>);

impl ClientCertVerifier for FollowedVerifier {
    /// None, since they could not outlive a change. Clients have one certificate to show.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verifier = self.0.current();
        verifier.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = self.0.current();
        verifier.verify_tls12_signature(message, cert, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let verifier = self.0.current();
        verifier.verify_tls13_signature(message, cert, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.current().supported_verify_schemes()
    }
}
