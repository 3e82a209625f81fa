//! How much of one file is kept. Real databases stay far below; a hostile one of a gigabyte, which
//! a few kilobytes inflate to, would take many times its size in memory.

/// Packages of one database.
pub(crate) const MAX_PACKAGES: usize = 1_000_000;

/// Paths that the packages of one file own together.
pub(crate) const MAX_PATHS: usize = 4_000_000;
