//! How much a database may ask of the reader. Real databases stay far below every one of these;
//! a hostile one meets them instead of filling memory.

/// Longest header blob that is read, in bytes. The largest real ones (kernel sources, `TeX`
/// collections) have about 10 MiB.
pub const MAX_HEADER_BYTES: usize = 64 << 20;

/// Most index entries in one header. rpm itself refuses more.
pub const MAX_HEADER_ENTRIES: usize = 0xffff;

/// Most packages that are returned.
pub const MAX_PACKAGES: usize = 1_000_000;

/// Most files or directories in the list of one package.
pub const MAX_FILES: usize = 1_000_000;

/// Most bytes that all packages returned may occupy together, their file lists included. A list
/// is stored as directories and base names, so a short header can describe an endless one.
pub const MAX_RESULT_BYTES: usize = 512 << 20;

/// Most problems that are reported one by one.
pub const MAX_PROBLEMS: usize = 1_000;

/// How often the pages of a file may be read as parts of chains, on average. In a sound file each
/// belongs to one chain at most; damage makes some chains run into others, and only a file made
/// for it has all records share one long chain.
pub const MAX_CHAIN_READS: usize = 16;
