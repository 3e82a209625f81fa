//! How much of a hostile image is read.

/// Limits of the pass over one layer. The defaults fit every image in honest use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes a layer may inflate to. Default: 64 GiB.
    pub layer_size: u64,
    /// How many times its compressed size a layer may inflate to, once it is past 1 GiB.
    /// Default: 250. Text compresses about 10 times, sparse disk images about 100 times.
    pub layer_ratio: u64,
    /// Entries a layer may have. Default: 10 million.
    pub entries: u64,
    /// Bytes of one file that are kept for analyzers; larger ones are noted and skipped.
    /// Default: 1 GiB.
    pub file_size: u64,
    /// Bytes of one file that are kept in memory; the rest of a larger one goes to an unlinked
    /// temporary file. Default: 8 MiB.
    pub memory: u64,
    /// Bytes of one extended header (long names, PAX records). Default: 1 MiB.
    pub extension: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            layer_size: 64 * 1024 * MIB,
            layer_ratio: 250,
            entries: 10_000_000,
            file_size: 1024 * MIB,
            memory: 8 * MIB,
            extension: MIB,
        }
    }
}

/// Below this many bytes the inflation ratio is not looked at.
pub(crate) const RATIO_FLOOR: u64 = 1024 * 1024 * 1024;

/// The longest path that can exist on Linux (`PATH_MAX`).
pub(crate) const PATH_LENGTH: usize = 4096;
