//! The report as a table for people: worst first, grouped by package.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;

use clair_model::{
    FixState, Gap, Id, ReportPackage, ReportVulnerability, Severity, VulnerabilityReport,
};
use comfy_table::{Cell, CellAlignment, Color, Table};

use super::Scanned;

/// More notes of one kind than this are only counted.
const NOTES_OF_A_KIND: usize = 5;

/// Writes the table, a line that sums it up, and what the report cannot speak of.
pub(super) fn write(
    out: &mut dyn Write,
    image: &str,
    scanned: &[Scanned],
    is_terminal: bool,
) -> anyhow::Result<()> {
    let has_platforms = scanned.len() > 1;
    let groups = groups(scanned);
    if !groups.is_empty() {
        let table = table(&groups, has_platforms, is_terminal);
        crate::table::write(out, table)?;
        writeln!(out)?;
    }
    for scanned in scanned {
        let platform = scanned.platform.as_deref().filter(|_| has_platforms);
        let subject = platform.map_or_else(|| image.to_owned(), |of| format!("{image} ({of})"));
        write!(out, "{subject}: {}", summary(&scanned.report))?;
        let suppressed = super::suppressed::summary(scanned);
        writeln!(
            out,
            "{}",
            suppressed.map_or_else(String::new, |it| format!("; {it}"))
        )?;
    }
    for scanned in scanned {
        super::suppressed::annotations(out, scanned)?;
        notes(out, &scanned.report.coverage)?;
    }
    Ok(())
}

/// A package with what affects it.
struct Group<'a> {
    package: &'a ReportPackage,
    platform: &'a str,
    vulnerabilities: Vec<&'a ReportVulnerability>,
}

/// The vulnerable packages, worst first.
fn groups(scanned: &[Scanned]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = scanned
        .iter()
        .flat_map(|scanned| {
            let report = &scanned.report;
            report.package_vulnerabilities.iter().map(|(id, found)| {
                let found = found.iter().map(|id| &report.vulnerabilities[id]);
                Group {
                    package: &report.packages[id],
                    platform: scanned.platform.as_deref().unwrap_or_default(),
                    vulnerabilities: found.collect(),
                }
            })
        })
        .collect();
    groups.sort_by_key(|group| {
        let found = group.vulnerabilities.iter();
        let worst = found.map(|found| (found.risk, found.normalized_severity));
        let worst = worst.max();
        let package = group.package;
        (
            Reverse(worst),
            &package.name,
            &package.version,
            group.platform,
        )
    });
    groups
}

fn table(groups: &[Group<'_>], has_platforms: bool, is_terminal: bool) -> Table {
    let mut table = crate::table::new();
    if !is_terminal {
        table.force_no_tty();
    }
    let mut header = vec![
        "PACKAGE",
        "INSTALLED",
        "RISK",
        "SEVERITY",
        "VULNERABILITY",
        "FIX",
    ];
    if has_platforms {
        header.insert(2, "PLATFORM");
    }
    table.set_header(header);
    for group in groups {
        for (number, found) in group.vulnerabilities.iter().enumerate() {
            let of_package = |text: &str| {
                let text = if number == 0 { text } else { "" };
                Cell::new(text)
            };
            let mut row = vec![
                of_package(&group.package.name),
                of_package(&group.package.version),
            ];
            if has_platforms {
                row.push(of_package(group.platform));
            }
            row.push(risk(found.risk));
            row.push(severity(found.normalized_severity));
            row.push(Cell::new(&found.name));
            row.push(Cell::new(fix(found)));
            table.add_row(row);
        }
    }
    table
}

fn risk(risk: Option<u8>) -> Cell {
    Cell::new(risk.map(|risk| risk.to_string()).unwrap_or_default())
        .set_alignment(CellAlignment::Right)
}

fn severity(severity: Severity) -> Cell {
    let cell = Cell::new(severity.name());
    match severity {
        Severity::Critical => cell.fg(Color::Magenta),
        Severity::High => cell.fg(Color::Red),
        Severity::Medium => cell.fg(Color::Yellow),
        Severity::Low | Severity::Negligible | Severity::Unknown => cell,
    }
}

/// The version with the fix, or why there is none.
fn fix(found: &ReportVulnerability) -> String {
    let state = match found.fix_state {
        FixState::Fixed => return found.fixed_in_version.clone(),
        FixState::Affected => "none yet",
        FixState::WillNotFix => "will not be fixed",
        FixState::Deferred => "put off",
        FixState::EndOfLife => "end of life",
        FixState::UnderInvestigation => "under investigation",
        FixState::NotAffected => "not affected",
    };
    format!("({state})")
}

fn summary(report: &VulnerabilityReport) -> String {
    let total = report.packages.len();
    let affected = report.package_vulnerabilities.len();
    // One vulnerability can be several statements, about several packages.
    let mut found: BTreeMap<&str, (Severity, bool)> = BTreeMap::new();
    let ids = report.package_vulnerabilities.values().flatten();
    for vulnerability in ids.map(|id: &Id| &report.vulnerabilities[id]) {
        let (severity, is_fixable) = found.entry(&vulnerability.name).or_default();
        *severity = (*severity).max(vulnerability.normalized_severity);
        *is_fixable |= vulnerability.fix_state == FixState::Fixed;
    }
    if found.is_empty() {
        let is_blind = report.coverage.iter().any(|gap| gap.kind.is_blind());
        let but = if is_blind {
            ", but not all could be looked at: see below"
        } else {
            ""
        };
        return format!("no known vulnerabilities in {total} packages{but}");
    }
    let mut by_severity: BTreeMap<Reverse<Severity>, usize> = BTreeMap::new();
    for (severity, _) in found.values() {
        *by_severity.entry(Reverse(*severity)).or_default() += 1;
    }
    let counts: Vec<String> = by_severity
        .iter()
        .map(|(Reverse(severity), count)| format!("{count} {}", severity.name().to_lowercase()))
        .collect();
    let fixable = found.values().filter(|(_, is_fixable)| *is_fixable).count();
    let noun = match found.len() {
        1 => "vulnerability",
        _ => "vulnerabilities",
    };
    format!(
        "{} {noun} in {affected} of {total} packages ({}), {fixable} with a fix",
        found.len(),
        counts.join(", ")
    )
}

/// What the report cannot speak of.
fn notes(out: &mut dyn Write, gaps: &[Gap]) -> std::io::Result<()> {
    for of_a_kind in gaps.chunk_by(|a, b| a.kind == b.kind) {
        for gap in of_a_kind.iter().take(NOTES_OF_A_KIND) {
            let Gap {
                kind,
                subject,
                message,
            } = gap;
            writeln!(out, "{}: {subject}: {message}", kind.name())?;
        }
        if of_a_kind.len() > NOTES_OF_A_KIND {
            let more = of_a_kind.len() - NOTES_OF_A_KIND;
            let kind = of_a_kind[0].kind.name();
            writeln!(out, "{kind}: and {more} more, which are in the JSON report")?;
        }
    }
    Ok(())
}
