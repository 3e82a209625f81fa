//! Files with keys and certificates.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a server shows. Files are PEM and are read again when they change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct ServerTls {
    /// The certificate and those that lead to its root.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What a client trusts beside the certificates of the system, and what it shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct ClientTls {
    /// Certificates of further authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_ca: Option<PathBuf>,
    /// The client's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// Its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// What two services show to each other.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct MutualTls {
    /// The service's certificate, for serving and for calling.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority that certifies services. No other is trusted.
    pub root_ca: PathBuf,
}
