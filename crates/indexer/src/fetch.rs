//! Layers by HTTP: from the address that a client gave to a stream of bytes.
//!
//! The address is hostile until shown otherwise. Where it may lead is said by the
//! [`EgressPolicy`](clair_runtime::egress::EgressPolicy), for the address itself and for every redirect. The client's headers are for the origin that it named:
//! on the way to another one, none of them is sent.

mod body;
mod client;
mod error;
mod headers;
mod source;

pub(crate) use client::Client;
pub(crate) use error::FetchError;
pub(crate) use source::LayerSource;

use clair_model::ManifestLayer;

/// Judges what can be judged of the way to a layer without going it.
pub(crate) fn check(layer: &ManifestLayer) -> Result<(), (&'static str, FetchError)> {
    client::address(&layer.uri).map_err(|error| ("uri", error))?;
    headers::read(&layer.headers).map_err(|error| ("headers", error))?;
    Ok(())
}
