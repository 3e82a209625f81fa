//! Ignore files: rules by which people suppress findings.

mod grype;
mod own;
mod pattern;
mod trivy;
mod yaml;

use std::fmt;

use clair_model::{FixState, ReportVulnerability, Severity};
use clair_purl::PackageUrl;
use jiff::civil::Date;

use self::pattern::Pattern;
use crate::Error;
use crate::finding::Package;
use crate::rules::Names;

/// A file with rules.
#[derive(Debug, Clone)]
pub struct IgnoreFile {
    pub(crate) file: String,
    pub(crate) rules: Vec<Rule>,
}

/// A rule: whatever is all that it says is suppressed. What it says nothing of, it does not
/// restrict.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rule {
    /// The line at which it begins.
    pub(crate) line: u64,
    /// The first day on which it no longer holds.
    pub(crate) expires: Option<Date>,
    pub(crate) reason: Option<String>,
    /// Names of the vulnerability, by aliases too unless the rule says otherwise.
    ids: Vec<Pattern>,
    is_without_aliases: bool,
    packages: Vec<Pattern>,
    sources: Vec<Pattern>,
    versions: Vec<Pattern>,
    paths: Vec<Pattern>,
    purls: Vec<PackageUrl<'static>>,
    /// The type of its package URLs.
    kind: Option<String>,
    fix_states: Vec<FixState>,
    severities: Vec<Severity>,
}

impl IgnoreFile {
    /// Bytes that a file may have.
    pub const MAX_SIZE: u64 = 16 << 20;

    /// The file that is looked for where nobody names one.
    pub const DEFAULT: &str = ".clairignore.yaml";

    /// Reads a file. Its name tells the form:
    ///
    /// - YAML with `trivyignore` in its name is Trivy's, with `grype` in its name the configuration
    ///   of Grype, of which `ignore` is read;
    /// - other YAML is our own form;
    /// - what is not YAML by its name is a list of vulnerabilities, as Trivy's `.trivyignore`.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Error> {
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let is_yaml = [".yaml", ".yml"].iter().any(|it| name.ends_with(it));
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            let line = before.split(|byte| *byte == b'\n').count() as u64;
            wrong(file, line, "it is not UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let rules = match name {
            _ if !is_yaml => trivy::list(file, text),
            name if name.contains("trivyignore") => trivy::yaml(file, text),
            name if name.contains("grype") => grype::parse(file, text),
            _ => own::parse(file, text),
        }?;
        Ok(Self {
            file: file.to_owned(),
            rules,
        })
    }
}

impl Rule {
    /// Whether it says nothing that would restrict it.
    fn is_for_all(&self) -> bool {
        self.ids.is_empty()
            && self.packages.is_empty()
            && self.sources.is_empty()
            && self.versions.is_empty()
            && self.paths.is_empty()
            && self.purls.is_empty()
            && self.kind.is_none()
            && self.fix_states.is_empty()
            && self.severities.is_empty()
    }

    /// Whether a finding is suppressed by it, the date aside.
    ///
    /// A package that was found at several places is one finding: all of them have to be meant.
    pub(crate) fn applies(
        &self,
        ids: &Names,
        package: &Package<'_>,
        vulnerability: &ReportVulnerability,
    ) -> bool {
        let names = if self.is_without_aliases {
            ids.own()
        } else {
            ids.all()
        };
        let any = |patterns: &[Pattern], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| pattern.is(text))
        };
        let is_id = self.ids.is_empty() || names.iter().any(|name| any(&self.ids, name));
        let entry = package.entry;
        let source = entry.source.as_deref();
        let source = source
            .filter(|source| !source.name.is_empty())
            .unwrap_or(entry);
        let is_path = || {
            self.paths.is_empty()
                || (!package.environments.is_empty()
                    && package
                        .environments
                        .iter()
                        .all(|it| any(&self.paths, path_of(&it.package_db))))
        };
        is_id
            && any(&self.packages, &entry.name)
            && any(&self.sources, &source.name)
            && any(&self.versions, &entry.version)
            && is_path()
            && (self.fix_states.is_empty() || self.fix_states.contains(&fix_state(vulnerability)))
            && (self.severities.is_empty()
                || self.severities.contains(&vulnerability.normalized_severity))
            && self
                .kind
                .as_deref()
                .is_none_or(|kind| package.kind() == Some(kind))
            && (self.purls.is_empty() || self.purls.iter().any(|purl| package.is(purl)))
    }
}

/// The path of a place. Clair writes `go:usr/bin/app`.
fn path_of(package_db: &str) -> &str {
    let path = match package_db.split_once(':') {
        Some((kind, path)) if !kind.contains('/') => path,
        _ => package_db,
    };
    path.trim_start_matches('/')
}

/// The state, which reports of Clair do not tell but by the version with the fix.
fn fix_state(vulnerability: &ReportVulnerability) -> FixState {
    match vulnerability.fix_state {
        FixState::Affected if !vulnerability.fixed_in_version.is_empty() => FixState::Fixed,
        state => state,
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let lists = [
            ("", &self.ids),
            ("package ", &self.packages),
            ("source ", &self.sources),
            ("version ", &self.versions),
            ("path ", &self.paths),
        ];
        for (what, list) in lists {
            for pattern in list {
                write!(f, "{separator}{what}{pattern}")?;
                separator = ", ";
            }
        }
        for purl in &self.purls {
            write!(f, "{separator}{purl}")?;
            separator = ", ";
        }
        if let Some(kind) = &self.kind {
            write!(f, "{separator}type {kind}")?;
            separator = ", ";
        }
        for state in &self.fix_states {
            write!(f, "{separator}{state}")?;
            separator = ", ";
        }
        for severity in &self.severities {
            write!(f, "{separator}{severity}")?;
            separator = ", ";
        }
        Ok(())
    }
}

fn wrong(file: &str, line: u64, reason: impl Into<String>) -> Error {
    Error::Rule {
        file: file.to_owned(),
        line,
        reason: crate::text::short(reason.into()),
    }
}

/// A date as `2026-12-31`.
fn date(text: &str) -> Result<Date, String> {
    let parsed = text.parse();
    parsed.map_err(|_| {
        format!(
            "{} is no date such as 2026-12-31",
            crate::text::quoted(text)
        )
    })
}
