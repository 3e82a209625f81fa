//! Image sources and the pass over a layer, over images made here.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod archives;
mod compressions;
mod corpus;
mod digests;
mod hostile;
#[path = "../support/image.rs"]
mod image;
mod layouts;
mod platforms;
mod sparse;
#[path = "../support/tar.rs"]
mod tar;
mod walked;
