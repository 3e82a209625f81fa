//! How much of a layer is kept in memory.
//!
//! Names compress a thousandfold, so a layer of a few megabytes can have gigabytes of them. What
//! is kept is bounded for each layer; one that has more is refused, for what was left out could
//! be what matters.

use clair_image::Limits;
use clair_inventory::{Ownership, PathHash, Provenance};

use crate::layer::FileFindings;

/// Bytes for each entry that a layer may have. The names in images in honest use take less, and
/// few entries are kept.
const BYTES_PER_ENTRY: u64 = 16;

/// Layers with few entries may be about packages only.
const LEAST: u64 = 4 << 20;

/// What a kept thing takes besides its text.
const OVERHEAD: u64 = 64;

/// What a package takes in memory, with its text.
const PACKAGE: u64 = 400;

#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    used: u64,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            limit: limits.entries.saturating_mul(BYTES_PER_ENTRY).max(LEAST),
            used: 0,
        }
    }

    /// Whether something of so many bytes may be kept.
    pub(super) fn take(&mut self, bytes: u64) -> bool {
        self.used = self.used.saturating_add(bytes).saturating_add(OVERHEAD);
        self.used <= self.limit
    }

    /// Fails with the limit if anything was not kept.
    pub(super) fn check(&self) -> Result<(), u64> {
        if self.used <= self.limit {
            Ok(())
        } else {
            Err(self.limit)
        }
    }
}

/// About the memory that findings take.
pub(super) fn size_of_findings(file: &FileFindings) -> u64 {
    let findings = &file.findings;
    let text = file.path.len() + findings.release.as_ref().map_or(0, String::len);
    let owned = findings.ownership.iter();
    let owned: usize = owned
        .map(|owned| size_of::<Ownership>() + owned.paths.len() * size_of::<PathHash>())
        .sum();
    let fixed = size_of::<FileFindings>();
    let origins = findings.provenance.as_ref().map_or(0, Provenance::size);
    let repositories = findings.repositories.iter();
    let repositories: usize = repositories
        .map(|it| size_of_val(it) + it.name.len() + it.key.len() + it.uri.len() + it.cpe.len())
        .sum();
    (text + owned + fixed + origins + repositories) as u64
        + PACKAGE * findings.packages.len() as u64
}
