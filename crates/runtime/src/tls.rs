//! TLS by rustls: configurations for servers and clients, whose certificates follow their files.

mod client;
mod files;
mod server;
#[cfg(test)]
mod tests;
mod watch;

use std::io;
use std::path::PathBuf;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use thiserror::Error;

pub use client::{client_config, mutual_client_config};
pub use server::{mutual_server_config, server_config};
pub use watch::CertificateWatch;

/// Why there is no TLS.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{}: not PEM", path.display())]
    Pem {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// A file has no certificate in it.
    #[error("{}: no certificate", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file has a certificate in it that cannot be trusted.
    #[error("{}: not a certificate of an authority", path.display())]
    Root {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// A key cannot be used.
    #[error("{}: not a key that can be used", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// A key is not that of its certificate.
    #[error("{}: not the key of the certificate in {}", key.display(), cert.display())]
    Mismatch {
        /// The file with the certificate.
        cert: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// The system has no certificates to trust.
    #[error("the system has no certificates to trust: set SSL_CERT_FILE or SSL_CERT_DIR")]
    NoSystemRoots,
    /// The certificates of the services' authority cannot be used to verify clients.
    #[error("clients cannot be verified")]
    ClientVerifier(#[from] rustls::server::VerifierBuilderError),
    /// The library refuses its settings.
    #[error("TLS cannot be set up")]
    Settings(#[source] rustls::Error),
}

/// Makes aws-lc-rs the implementation of cryptography for everything in the process that uses
/// rustls. To be called before anything does; further calls have no effect.
pub fn install_crypto_provider() {
    // An error says that there is one already.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// The implementation of cryptography that configurations are made with.
fn provider() -> std::sync::Arc<CryptoProvider> {
    std::sync::Arc::new(aws_lc_rs::default_provider())
}
