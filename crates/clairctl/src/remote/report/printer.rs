//! Reports in the form that was asked for, one after the other.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context as _;
use clair_client::{Document, Report};

use super::Format;
use super::xml::{self, Suite};
use crate::remote::text::clean;
use crate::remote::{tell, write_json};

/// Prints reports.
#[derive(Debug)]
pub(super) struct Printer {
    format: Format,
    /// What an XML document, which is one for all, is made of.
    suites: Vec<Suite>,
}

impl Printer {
    pub(super) fn new(format: Format) -> Self {
        Self {
            format,
            suites: Vec::new(),
        }
    }

    /// Prints the report of an image, or why there is none.
    pub(super) fn print(
        &mut self,
        image: &str,
        report: anyhow::Result<Document<Report>>,
    ) -> anyhow::Result<()> {
        let report = report.map_err(|error| format!("{error:#}"));
        match (self.format, report) {
            (Format::Json, Ok(report)) => write_json(&report.json)?,
            (Format::Json, Err(error)) => tell(&error),
            (Format::Text, report) => {
                let lines = lines(image, report.as_ref().map(|report| &report.content));
                io::stdout()
                    .lock()
                    .write_all(lines.as_bytes())
                    .context("cannot write to standard output")?;
            }
            (Format::Xml, report) => self.suites.push(Suite {
                name: image.to_owned(),
                report: report.map(|report| report.content),
            }),
        }
        Ok(())
    }

    /// Prints what can only be printed when all is known.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        if self.format != Format::Xml {
            return Ok(());
        }
        let document = xml::document(&self.suites);
        writeln!(io::stdout().lock(), "{document}").context("cannot write to standard output")
    }
}

/// A report in lines: image, verdict, and for each finding package, version, vulnerability and
/// fix. Columns are as wide as this report needs them.
fn lines(image: &str, report: Result<&Report, &String>) -> String {
    let base = image.rsplit('/').next().unwrap_or(image);
    let mut rows: Vec<Vec<String>> = Vec::new();
    match report {
        Err(error) => rows.push(row(&[base, "error", error])),
        Ok(report) => {
            for (package, found) in report.findings() {
                for vulnerability in found {
                    let (name, version) = (&package.name, &package.version);
                    let mut cells = row(&[base, "found", name, version, &vulnerability.name]);
                    if !vulnerability.fixed_in_version.is_empty() {
                        let fixed = clean(&vulnerability.fixed_in_version);
                        cells.push(format!("(fixed: {fixed})"));
                    }
                    rows.push(cells);
                }
            }
            if rows.is_empty() {
                rows.push(row(&[base, "ok"]));
            }
        }
    }
    aligned(&rows)
}

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| clean(cell)).collect()
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // To a `String` everything can be written.
            let _ = write!(line, "{cell:width$} ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(json: serde_json::Value) -> Report {
        serde_json::from_value(json).unwrap()
    }

    fn hash() -> String {
        format!("sha256:{}", "0".repeat(64))
    }

    #[test]
    fn findings_are_lines_with_columns() {
        let report = report(json!({
            "manifest_hash": hash(),
            "packages": {
                "1": {"name": "zlib1g", "version": "1.2"},
                "2": {"name": "bash", "version": "5.2.15-2"},
                "3": {"name": "clean", "version": "1"},
            },
            "vulnerabilities": {
                "a": {"name": "CVE-2024-1", "fixed_in_version": "1.3"},
                "b": {"name": "CVE-2024-10000", "fixed_in_version": ""},
            },
            "package_vulnerabilities": {"1": ["b", "a"], "2": ["b"]},
        }));
        let expected = "app:1 found bash   5.2.15-2 CVE-2024-10000\n\
                        app:1 found zlib1g 1.2      CVE-2024-1     (fixed: 1.3)\n\
                        app:1 found zlib1g 1.2      CVE-2024-10000\n";
        assert_eq!(lines("quay.io/team/app:1", Ok(&report)), expected);
    }

    #[test]
    fn an_image_without_findings_is_ok_also_where_go_writes_null() {
        for maps in [json!(null), json!({})] {
            let report = report(json!({
                "manifest_hash": hash(),
                "packages": maps,
                "vulnerabilities": maps,
                "package_vulnerabilities": maps,
            }));
            assert_eq!(lines("ubuntu:focal", Ok(&report)), "ubuntu:focal ok\n");
        }
    }

    #[test]
    fn an_error_is_a_line() {
        let error = "no\nreport".to_owned();
        assert_eq!(lines("x/y", Err(&error)), "y error no\u{fffd}report\n");
    }
}
