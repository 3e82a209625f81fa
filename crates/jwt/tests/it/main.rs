//! Tokens as others make them, and what others make of ours, over real sockets.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod arbitrary;
mod hostile;
mod key_sets;
mod preshared;
mod public_keys;
mod registry;
mod rotation;
mod signing;
mod support;
