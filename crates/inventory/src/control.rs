//! Control files: stanzas of `Field: value` lines, in which dpkg and opkg keep what is installed.
//!
//! Format: deb-control(5). opkg took it over with dpkg's words for the state of a package.

use clair_model::Package;

use crate::limits::{MAX_PACKAGES, MAX_PATHS};
use crate::lines::lines;
use crate::problems::Problems;
use crate::{AnalyzeError, Findings, Ownership};

/// Makes a package of a stanza that has a name and a version and is installed.
pub(crate) type Convert<'c> = dyn Fn(&Stanza<'_>) -> Package + 'c;

/// Reads the stanzas of a file.
///
/// # Errors
///
/// When no stanza describes a package, or they are those of vcpkg.
pub(crate) fn parse(
    bytes: &[u8],
    has_status: bool,
    convert: &Convert<'_>,
) -> Result<Findings, AnalyzeError> {
    let mut findings = Findings::default();
    let mut stanza = Stanza::default();
    let mut problems = Problems::default();
    let mut stanzas = 0;
    // An empty line ends a stanza, and so does the end of the file.
    for line in lines(bytes).chain(std::iter::once(&b""[..])) {
        if !line.trim_ascii().is_empty() {
            stanza.line(line);
            continue;
        }
        if stanza.is_empty() {
            continue;
        }
        if findings.packages.len() == MAX_PACKAGES {
            problems.push(format_args!(
                "only its first {MAX_PACKAGES} packages were read"
            ));
            break;
        }
        stanzas += 1;
        let stanza = std::mem::take(&mut stanza);
        if stanza.is_vcpkg() {
            return Err(AnalyzeError::new("it lists ports of vcpkg"));
        }
        match stanza.is_installed(has_status) {
            Ok(true) => findings.packages.push(convert(&stanza)),
            Ok(false) => {}
            Err(missing) => problems.push(format_args!(
                "stanza {stanzas} has no {missing} and was passed over"
            )),
        }
    }
    if stanzas > 0 && problems.count() == stanzas {
        return Err(AnalyzeError::new("none of its stanzas describes a package"));
    }
    findings.problems = problems.into_list();
    findings.packages.sort();
    findings.packages.dedup();
    Ok(findings)
}

/// The files of a package, from a list of their paths.
pub(crate) fn owned<'a>(package: &str, paths: impl Iterator<Item = &'a [u8]>) -> Findings {
    let mut paths = paths
        .filter_map(|path| std::str::from_utf8(path).ok())
        .filter(|path| !path.is_empty() && *path != "/.");
    let ownership = Ownership::new(package, paths.by_ref().take(MAX_PATHS));
    let mut problems = Problems::default();
    if paths.next().is_some() {
        problems.push(format_args!("only its first {MAX_PATHS} paths were read"));
    }
    Findings {
        ownership: vec![ownership],
        problems: problems.into_list(),
        ..Findings::default()
    }
}

/// The fields of a stanza that matter, as slices of the file.
#[derive(Default)]
pub(crate) struct Stanza<'a> {
    pub(crate) package: &'a [u8],
    pub(crate) version: &'a [u8],
    pub(crate) architecture: &'a [u8],
    pub(crate) source: &'a [u8],
    /// OpenWrt's name of the source, of which `Source` is the place.
    pub(crate) source_name: &'a [u8],
    status: Option<&'a [u8]>,
    any: bool,
    is_port: bool,
    is_feature: bool,
}

impl<'a> Stanza<'a> {
    fn is_empty(&self) -> bool {
        !self.any
    }

    /// Whether it is an entry of vcpkg, whose list looks like dpkg's. Features of a port have no
    /// version.
    fn is_vcpkg(&self) -> bool {
        self.is_port || (self.is_feature && self.version.is_empty())
    }

    fn line(&mut self, line: &'a [u8]) {
        self.any = true;
        // A field goes on in lines that start with white space; none of ours does.
        if line[0] == b' ' || line[0] == b'\t' {
            return;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            return;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let is = |field: &[u8]| name.eq_ignore_ascii_case(field);
        // Told apart by length first: most lines are other fields.
        match name.len() {
            6 if is(b"Status") => self.status = Some(value),
            6 if is(b"Source") => self.source = value,
            7 if is(b"Package") => self.package = value,
            7 if is(b"Version") => self.version = value,
            10 if is(b"SourceName") => self.source_name = value,
            12 if is(b"Architecture") => self.architecture = value,
            7 if is(b"Feature") => self.is_feature = true,
            12 if is(b"Port-Version") => self.is_port = true,
            16 if is(b"Default-Features") => self.is_port = true,
            _ => {}
        }
    }

    /// Whether it is a package that is installed; the field that is missing, if one is.
    fn is_installed(&self, has_status: bool) -> Result<bool, &'static str> {
        if self.package.is_empty() {
            return Err("Package field");
        }
        match self.status {
            Some(status) if !is_present(status) => return Ok(false),
            None if has_status => return Err("Status field"),
            _ => {}
        }
        if self.version.is_empty() {
            return Err("Version field");
        }
        Ok(true)
    }
}

/// Whether a package's files are there: in every state but those in which dpkg has none of them
/// or keeps only configuration. The state is the third word of `Status: want flag state`.
fn is_present(status: &[u8]) -> bool {
    let state = status
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .nth(2)
        .unwrap_or_default();
    !state.is_empty() && state != b"not-installed" && state != b"config-files"
}
