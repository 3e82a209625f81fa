//! `clairctl export-updaters` and `import-updaters`: security data over an air gap in Clair's own
//! format, with the arguments of Clair's own `clairctl`.

pub(crate) mod export;
pub(crate) mod import;

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

/// Writes a file as a whole, or standard output for `None`. One that was cut short must not look
/// like one that was not.
pub(crate) fn write_whole(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let Some(path) = path else {
        return write(&mut io::stdout().lock()).context("cannot write to standard output");
    };
    let context = || format!("cannot write {}", path.display());
    if path.exists() && !path.is_file() {
        // A pipe or a device cannot be replaced.
        let mut file = File::options()
            .write(true)
            .open(path)
            .with_context(context)?;
        return write(&mut file).with_context(context);
    }
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    // As any program makes a file; that of a temporary one is for its owner alone.
    let mut file = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(parent.unwrap_or(Path::new(".")))
        .with_context(context)?;
    write(file.as_file_mut()).with_context(context)?;
    file.as_file().sync_all().with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(())
}

/// `, 3 left out (withdrawn)` for each reason.
pub(crate) fn left_out<R: Display>(skipped: &BTreeMap<R, u64>) -> String {
    let mut text = String::new();
    for (reason, count) in skipped {
        // Writing to a string does not fail.
        let _ = write!(text, ", {count} left out ({reason})");
    }
    text
}

/// How much a source has, by what it has.
pub(crate) fn counts(advisories: u64, statements: u64, enrichments: u64) -> String {
    match (advisories, enrichments) {
        (0, 1..) => format!("{enrichments} enrichments"),
        (_, 0) => format!("{advisories} advisories, {statements} statements"),
        _ => {
            format!("{advisories} advisories, {statements} statements, {enrichments} enrichments")
        }
    }
}
