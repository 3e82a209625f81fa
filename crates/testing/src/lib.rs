//! What tests of several crates share.
//!
//! - Throw-away servers: the real PostgreSQL and the real NATS, each in a directory of its own and
//!   on a free port of the loopback interface. A server lives as long as its value, or as the
//!   process where the value is a static. It ends with the process however that ends, and leaves
//!   nothing behind: a small shell, started beside it, waits for the process to go and then cleans
//!   up. So a test may panic, abort or be killed. A server can be killed with SIGKILL and started
//!   again with its data and on its port, for tests of what happens then.
//! - Root file systems of any distribution out of a few words ([`Root`]), with rpm databases in
//!   their three formats ([`rpmdb`]).
//! - What vendors say of single versions of their packages ([`statements`]), taken by hand from
//!   their documents in the corpus of real files ([`corpus()`]).
//!
//! Nothing here is skipped: where a program is missing the test fails and says what to install.
//! Versions other than those of the system are tested by naming them: `CLAIR_TEST_POSTGRES_BIN`
//! is the directory of PostgreSQL's programs, `CLAIR_TEST_NATS_SERVER` the server of NATS.
//!
//! Panics are how everything here fails, since only tests use it.

#![allow(clippy::expect_used, reason = "only tests use it")]

mod corpus;
mod nats;
mod port;
mod postgres;
mod program;
mod root;
pub mod rpmdb;
mod server;
pub mod statements;

pub use corpus::corpus;
pub use nats::Nats;
pub use port::free_port;
pub use postgres::Postgres;
pub use root::{Manager, Package, Root, RpmFormat};
