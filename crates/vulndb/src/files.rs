//! The files of a database directory: their names, and how they are replaced without a reader
//! ever seeing half of one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::segment::SegmentHash;

/// Which segments there are, and of which sources.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Held locked by the one process that writes.
pub(crate) const LOCK: &str = "lock";

const TEMPORARY_PREFIX: &str = "new-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// A file in the directory that will get its name later, and is deleted if that never happens.
pub(crate) fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
    // Who may read the directory may read the database; temporary files are private by default.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir)
}

/// Makes the names of files durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Deletes segments that are not in use, and what updates that were killed left behind. Other
/// files are not ours and stay. What cannot be deleted stays until the next time.
pub(crate) fn clean(dir: &Path, is_used: impl Fn(SegmentHash) -> bool) {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(dir = %dir.display(), %error, "cannot look for unused segments");
            return;
        }
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_stale = match SegmentHash::of_file_name(name) {
            Some(hash) => !is_used(hash),
            None => name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX),
        };
        if is_stale && let Err(error) = fs::remove_file(entry.path()) {
            tracing::warn!(file = %entry.path().display(), %error, "cannot delete a stale file");
        }
    }
}
