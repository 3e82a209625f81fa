//! Tokens as others make them, and what is made of ours, over real sockets.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]
