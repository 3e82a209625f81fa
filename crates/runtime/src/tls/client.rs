//! TLS of clients.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use tracing::warn;

use super::files::{add_roots, read_certified_key};
use super::watch::{CertificateWatch, Followed};
use super::{TlsError, provider};
use crate::config::{ClientTls, MutualTls};

/// Trusts the system's authorities (those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, where these are
/// set) and those of `root_ca`, and shows a certificate if there is one. The authorities are those
/// of now; the certificate follows its files.
///
/// # Errors
///
/// When files cannot be read or do not fit together, or when there is nothing to trust.
pub fn client_config(
    tls: &ClientTls,
    watch: &CertificateWatch,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = system_roots();
    if let Some(path) = &tls.root_ca {
        add_roots(&mut roots, path)?;
    }
    if roots.is_empty() {
        return Err(TlsError::NoSystemRoots);
    }
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Settings)?
        .with_root_certificates(roots);
    let config = match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => {
            builder.with_client_cert_resolver(FollowedIdentity::read(cert, key, watch)?)
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// Trusts the services' authority and no other, and shows the service's certificate.
///
/// # Errors
///
/// When the files cannot be read or do not fit together.
pub fn mutual_client_config(
    tls: &MutualTls,
    watch: &CertificateWatch,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    add_roots(&mut roots, &tls.root_ca)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Settings)?
        .with_root_certificates(roots)
        .with_client_cert_resolver(FollowedIdentity::read(&tls.cert, &tls.key, watch)?);
    Ok(Arc::new(config))
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in found.errors {
        warn!(%error, "some of the system's certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    // Old ones among them that cannot be used are none of our business.
    roots.add_parsable_certificates(found.certs);
    roots
}

/// Shows the certificate that is in the files now.
#[derive(Debug)]
struct FollowedIdentity(Arc<Followed<Arc<CertifiedKey>>>);

impl FollowedIdentity {
    fn read(
        cert: &std::path::Path,
        key: &std::path::Path,
        watch: &CertificateWatch,
    ) -> Result<Arc<Self>, TlsError> {
        let (cert, key) = (cert.to_owned(), key.to_owned());
        let files = vec![cert.clone(), key.clone()];
        let followed =
            watch.follow(files, move || read_certified_key(&cert, &key).map(Arc::new))?;
        Ok(Arc::new(Self(followed)))
    }
}

impl ResolvesClientCert for FollowedIdentity {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current()))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
