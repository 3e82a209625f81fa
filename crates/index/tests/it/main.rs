//! From images to inventories: real archives, sources and registries, made here.

#![allow(clippy::print_stdout, reason = "tells what was not run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod corpus;
mod databases;
mod hostile;
#[path = "../../../image/tests/support/image.rs"]
mod image;
mod indexed;
mod links;
mod memory_source;
mod origins;
mod registry;
mod removals;
mod shared;
mod sources;
mod systems;
#[path = "../../../image/tests/support/tar.rs"]
mod tar;
mod token;
