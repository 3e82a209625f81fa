//! What is suppressed, and what VEX documents say of the rest: for people.

use std::io::Write;

use comfy_table::Cell;

use super::Scanned;
use crate::remote::text::clean;

/// A line about what is suppressed, where something is.
pub(super) fn summary(scanned: &Scanned) -> Option<String> {
    let decisions = scanned.decisions.as_ref()?;
    let count = decisions.suppressed.len();
    match count {
        0 => None,
        1 => Some("1 finding is suppressed".to_owned()),
        count => Some(format!("{count} findings are suppressed")),
    }
}

/// Lines about findings of which a VEX document says that they are true, or not known yet.
pub(super) fn annotations(out: &mut dyn Write, scanned: &Scanned) -> anyhow::Result<()> {
    let annotations = scanned.decisions.iter().flat_map(|it| &it.annotations);
    for annotated in annotations {
        let package = scanned.report.packages.get(&annotated.package_id);
        let found = scanned
            .report
            .vulnerabilities
            .get(&annotated.vulnerability_id);
        if let (Some(package), Some(found)) = (package, found) {
            let by = clean(&annotated.by.to_string());
            writeln!(out, "vex: {} in {}: {by}", found.name, package.name)?;
        }
    }
    Ok(())
}

/// All that is suppressed, with the reasons.
pub(super) fn section(
    out: &mut dyn Write,
    scanned: &[Scanned],
    is_terminal: bool,
) -> anyhow::Result<()> {
    let has_platforms = scanned.len() > 1;
    let mut table = crate::table::new();
    if !is_terminal {
        table.force_no_tty();
    }
    let mut header = vec!["SUPPRESSED", "INSTALLED", "SEVERITY", "VULNERABILITY", "BY"];
    if has_platforms {
        header.insert(2, "PLATFORM");
    }
    table.set_header(header);
    for scanned in scanned {
        for suppressed in scanned.decisions.iter().flat_map(|it| &it.suppressed) {
            for (number, by) in suppressed.by.iter().enumerate() {
                let once = |text: &str| Cell::new(if number == 0 { text } else { "" });
                let mut row = vec![once(&suppressed.package), once(&suppressed.version)];
                if has_platforms {
                    row.push(once(scanned.platform.as_deref().unwrap_or_default()));
                }
                row.push(once(suppressed.vulnerability.normalized_severity.name()));
                row.push(once(&suppressed.vulnerability.name));
                row.push(Cell::new(clean(&by.to_string())));
                table.add_row(row);
            }
        }
    }
    if table.row_count() > 0 {
        writeln!(out)?;
        crate::table::write(out, table)?;
    }
    Ok(())
}
