//! Where images come from, and the single pass over the bytes of a layer.
//!
//! [`open`] turns a reference (`alpine:3.20`, `docker-archive:image.tar`, `oci:layout:tag`,
//! `dir:/rootfs`, or a bare path) into a [`Source`], which lists [`Image`]s and hands out their
//! layers. [`walk`] streams one layer through digest check, decompression and tar walk at once
//! and shows each entry to a [`Visitor`], which takes the content of the few files it wants.
//! Nothing is unpacked, and no path of an image is ever joined to one of the host.

mod content;
mod directory;
mod docker_archive;
mod error;
mod hash;
mod limits;
mod oci;
mod path;
mod platform;
mod remote;
mod source;
mod tarball;
mod walk;

pub mod header;

pub use content::Content;
pub use error::Error;
pub use hash::digest_of;
pub use limits::Limits;
pub use path::clean;
pub use platform::{ParsePlatformError, Platform, PlatformSelector};
pub use source::{Image, Layer, LayerData, OpenOptions, Source, open};
pub use walk::{Entry, EntryKind, Interest, Problem, Summary, Visitor, walk, walk_tar};
