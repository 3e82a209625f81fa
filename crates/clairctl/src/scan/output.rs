//! Where a report goes, and in which form.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Context as _;

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Table,
    /// For programs: the vulnerability report of Clair's v4 API.
    Json,
}

/// `FORMAT` or `FORMAT=FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) format: Format,
    /// Standard output where there is none.
    file: Option<PathBuf>,
}

impl FromStr for Output {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, file) = match text.split_once('=') {
            Some((_, "")) => return Err(format!("no file is named in {text:?}")),
            Some((format, file)) => (format, Some(file.into())),
            None => (text, None),
        };
        let format = match format {
            "table" => Format::Table,
            "json" => Format::Json,
            other => return Err(format!("{other:?} is not a format: expected table or json")),
        };
        Ok(Self { format, file })
    }
}

/// What was asked for, else a table for a person and JSON for a program.
pub(super) fn or_default(asked: &[Output]) -> Vec<Output> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    let format = if io::stdout().is_terminal() {
        Format::Table
    } else {
        Format::Json
    };
    vec![Output { format, file: None }]
}

impl Output {
    /// Opens the place and has it written; the second argument tells whether that is a terminal.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write, bool) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(path) = &self.file else {
            let is_terminal = io::stdout().is_terminal();
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out, is_terminal)?;
            return out.flush().context("cannot write to standard output");
        };
        let context = || format!("cannot write {}", path.display());
        let mut out = BufWriter::new(File::create(path).with_context(context)?);
        write(&mut out, false).with_context(context)?;
        out.flush().with_context(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_may_name_a_file() {
        let output: Output = "json=a=b.json".parse().unwrap();
        assert_eq!(output.format, Format::Json);
        assert_eq!(output.file, Some("a=b.json".into()));
        assert_eq!("table".parse::<Output>().unwrap().file, None);
        for wrong in ["", "xml", "json=", "Table"] {
            assert!(wrong.parse::<Output>().is_err(), "{wrong}");
        }
    }
}
