//! A small client of the OCI distribution specification: it reads manifests and blobs.
//!
//! This is how images get from a registry into the engine. `clair-image` puts their parts
//! together; here they are only named, asked for, and checked where they are small.
//!
//! - [`Reference`]: the name of an image, in the forms that people write.
//! - [`Options`] and [`Credentials`]: how to talk to registries, and as whom.
//! - [`Client`]: fetches a [`Manifest`], opens a [`Blob`] to read from, or finds out where
//!   somebody else can fetch it.
//! - [`Error`]: what can go wrong, in words for the person who waits for the image.
//!
//! # Blocking
//!
//! All calls block the thread. They must not be made on a thread that drives an async runtime, nor
//! may a [`Client`] be made or dropped on one: `reqwest`'s blocking client panics there. Services
//! use threads of their own for it, such as those of `spawn_blocking`.
//!
//! # TLS and proxies
//!
//! Certificates are verified against the roots of the system; on Linux `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` say where else they are. `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`
//! are followed, but for registries on this machine.
//!
//! # Trust
//!
//! A registry is not trusted: manifests are bounded and match their digest, a redirect takes no
//! credentials along to another host, a token service gets no credentials over plain HTTP unless
//! its registry is asked that way, and silence and broken connections are borne only so often.
//! Two things are left to whoever needs them. A server that sends slowly, but sends, is not cut
//! off: a deadline for a whole image is the caller's. And where a registry may redirect to is not
//! limited: a service that must not reach into its own network is put behind a proxy or a network
//! policy.
//!
//! ```no_run
//! use clair_registry::{Client, Options, Reference};
//!
//! let client = Client::new(&Options::default())?;
//! let reference: Reference = "ghcr.io/quay/clair:latest".parse()?;
//! let manifest = client.manifest(&reference)?;
//! println!("{} {}", manifest.digest, manifest.media_type);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod blob;
mod challenge;
mod client;
mod credentials;
mod digest;
mod error;
mod host;
mod location;
mod manifest;
mod options;
mod reference;
mod retry;
mod scheme;
mod secret;
mod session;
mod token;
mod transport;

pub use blob::Blob;
pub use client::Client;
pub use error::Error;
pub use location::BlobLocation;
pub use manifest::{Manifest, media_type};
pub use options::{Credentials, DockerConfig, Options};
pub use reference::{ParseReferenceError, Reference, ReferencePart};
pub use secret::Secret;
