//! dpkg: what is installed on Debian, Ubuntu and their relatives.
//!
//! `status` holds a stanza of fields per package. Distroless images have no dpkg; there
//! `status.d` holds a file per package with one stanza, beside its `.md5sums`. `info/*.list` names
//! the files of each package. Formats: deb-control(5), dpkg-query(1).

use clair_model::{Package, PackageManager, SourcePackage};

use crate::limits::{MAX_PACKAGES, MAX_PATHS};
use crate::lines::{lines, root_of, text};
use crate::problems::Problems;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings, Ownership};

pub(crate) struct DpkgAnalyzer;

const STATUS: &str = "var/lib/dpkg/status";
const STATUS_D: &str = "var/lib/dpkg/status.d";
const INFO: &str = "var/lib/dpkg/info";

/// Whatever else of a package's control files may be kept in `status.d`, such as maintainer
/// scripts.
const CONTROL_FILES: [&str; 10] = [
    ".preinst",
    ".postinst",
    ".prerm",
    ".postrm",
    ".config",
    ".conffiles",
    ".list",
    ".templates",
    ".triggers",
    ".shlibs",
];

/// What a path means to dpkg.
enum Role<'a> {
    Status,
    /// A stanza of a distroless image.
    Stanza,
    /// `NAME.list`: absolute paths of the package's files.
    List(&'a str),
    /// `NAME.md5sums` of a distroless image: hash and relative path on each line.
    Sums(&'a str),
}

fn role(path: &str) -> Option<Role<'_>> {
    if root_of(path, STATUS).is_some() {
        return Some(Role::Status);
    }
    let (directory, name) = path.rsplit_once('/')?;
    if root_of(directory, INFO).is_some() {
        return name.strip_suffix(".list").map(Role::List);
    }
    root_of(directory, STATUS_D)?;
    if let Some(package) = name.strip_suffix(".md5sums") {
        return Some(Role::Sums(package));
    }
    let is_control = CONTROL_FILES.iter().any(|suffix| name.ends_with(suffix));
    (!is_control).then_some(Role::Stanza)
}

impl Analyzer for DpkgAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "dpkg",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        role(file.path).is_some()
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        match role(file.path) {
            Some(Role::Status) => parse_status(file.bytes, true),
            Some(Role::Stanza) => parse_status(file.bytes, false),
            Some(Role::List(package)) => Ok(owned(package, lines(file.bytes))),
            Some(Role::Sums(package)) => {
                let paths = lines(file.bytes).filter_map(|line| {
                    let space = line.iter().position(|byte| *byte == b' ')?;
                    Some(line[space..].trim_ascii())
                });
                Ok(owned(package, paths))
            }
            None => Ok(Findings::default()),
        }
    }
}

fn owned<'a>(package: &str, paths: impl Iterator<Item = &'a [u8]>) -> Findings {
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

/// Reads the stanzas of a status file. Where there is no dpkg there is no `Status` field either,
/// and what is listed is installed.
fn parse_status(bytes: &[u8], has_status: bool) -> Result<Findings, AnalyzeError> {
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
            return Err(AnalyzeError::new(
                "not a dpkg database: it lists ports of vcpkg",
            ));
        }
        match stanza.package(has_status) {
            Ok(Some(package)) => findings.packages.push(package),
            Ok(None) => {}
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

/// The fields of a stanza that matter, as slices of the file.
#[derive(Default)]
struct Stanza<'a> {
    package: &'a [u8],
    status: Option<&'a [u8]>,
    version: &'a [u8],
    architecture: &'a [u8],
    source: &'a [u8],
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
            12 if is(b"Architecture") => self.architecture = value,
            7 if is(b"Feature") => self.is_feature = true,
            12 if is(b"Port-Version") => self.is_port = true,
            16 if is(b"Default-Features") => self.is_port = true,
            _ => {}
        }
    }

    /// The package, if it is installed; the field that is missing, if one is.
    fn package(&self, has_status: bool) -> Result<Option<Package>, &'static str> {
        if self.package.is_empty() {
            return Err("Package field");
        }
        match self.status {
            Some(status) if !is_present(status) => return Ok(None),
            None if has_status => return Err("Status field"),
            _ => {}
        }
        if self.version.is_empty() {
            return Err("Version field");
        }
        let (name, version) = (text(self.package), text(self.version));
        let source = self.source(&name, &version);
        Ok(Some(Package {
            name,
            version,
            arch: text(self.architecture),
            manager: PackageManager::Dpkg,
            source: Some(source),
            module: None,
            vendor: None,
        }))
    }

    /// `Source: name (version)`; what is left out is the same as the package's.
    fn source(&self, name: &str, version: &str) -> SourcePackage {
        let (source, rest) = match memchr::memchr(b'(', self.source) {
            Some(open) => (&self.source[..open], &self.source[open + 1..]),
            None => (self.source, &b""[..]),
        };
        let in_parentheses = text(rest.split(|byte| *byte == b')').next().unwrap_or_default());
        let source = text(source);
        SourcePackage {
            name: if source.is_empty() {
                name.to_owned()
            } else {
                source
            },
            version: if in_parentheses.is_empty() {
                version.to_owned()
            } else {
                in_parentheses
            },
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(path: &str, content: &str) -> Result<Findings, AnalyzeError> {
        let file = File {
            path,
            bytes: content.as_bytes(),
        };
        DpkgAnalyzer.analyze(&file, &[])
    }

    fn described(findings: &Findings) -> Vec<String> {
        let describe = |package: &Package| {
            let source = package.source.as_ref().unwrap();
            format!(
                "{} {} {} < {} {}",
                package.name, package.version, package.arch, source.name, source.version
            )
        };
        findings.packages.iter().map(describe).collect()
    }

    const INSTALLED: &str = "Status: install ok installed\n";

    #[test]
    fn a_package_knows_the_source_it_was_built_from_and_its_version() {
        for (source, expected) in [
            ("", "libc6 2.36-9+b1 amd64 < libc6 2.36-9+b1"),
            ("Source: glibc\n", "libc6 2.36-9+b1 amd64 < glibc 2.36-9+b1"),
            (
                "Source: glibc (2.36-9)\n",
                "libc6 2.36-9+b1 amd64 < glibc 2.36-9",
            ),
            (
                "source:glibc(1:2.36-9)\n",
                "libc6 2.36-9+b1 amd64 < glibc 1:2.36-9",
            ),
        ] {
            let status = format!(
                "Package: libc6\n{INSTALLED}{source}Architecture: amd64\nVersion: 2.36-9+b1\n"
            );
            assert_eq!(described(&analyze(STATUS, &status).unwrap()), [expected]);
        }
    }

    #[test]
    fn only_packages_whose_files_are_there_count() {
        for (status, counts) in [
            ("install ok installed", true),
            ("hold ok installed", true),
            ("deinstall ok installed", true),
            ("install reinstreq half-installed", true),
            ("install ok unpacked", true),
            ("install ok half-configured", true),
            ("install ok triggers-awaited", true),
            ("install ok triggers-pending", true),
            ("deinstall ok config-files", false),
            ("purge ok not-installed", false),
            ("install ok", false),
        ] {
            let stanza = format!("Package: a\nStatus: {status}\nVersion: 1\n");
            let found = analyze(STATUS, &stanza).unwrap().packages.len();
            assert_eq!(found == 1, counts, "{status}");
        }
    }

    #[test]
    fn packages_of_two_architectures_are_two_packages() {
        let stanza =
            |arch: &str| format!("Package: a\n{INSTALLED}Version: 1\nArchitecture: {arch}\n");
        let both = format!("{}\n{}", stanza("amd64"), stanza("i386"));
        assert_eq!(analyze(STATUS, &both).unwrap().packages.len(), 2);
    }

    #[test]
    fn a_bad_stanza_is_told_and_does_not_cost_the_others() {
        let status = format!(
            "Package: a\n{INSTALLED}Version: 1\n\n\n{INSTALLED}Version: 2\n\n\
             Package: c\n{INSTALLED}\nPackage: d\n{INSTALLED}Description: x\n  Version: no\nVersion: 3"
        );
        let findings = analyze(STATUS, &status).unwrap();
        let names: Vec<&str> = findings
            .packages
            .iter()
            .map(|found| found.name.as_str())
            .collect();
        assert_eq!(names, ["a", "d"]);
        assert_eq!(
            findings.problems,
            [
                "stanza 2 has no Package field and was passed over",
                "stanza 3 has no Version field and was passed over"
            ]
        );
        assert!(analyze(STATUS, "Pakij: apt\n").is_err());
        assert_eq!(analyze(STATUS, "").unwrap(), Findings::default());
    }

    #[test]
    fn ports_of_vcpkg_are_not_packages_of_dpkg() {
        for port in [
            "Package: zlib\nPort-Version: 1\n",
            "Package: curl\nFeature: ssl\n",
        ] {
            let error = analyze(STATUS, port).unwrap_err();
            assert!(error.to_string().contains("vcpkg"), "{port}");
        }
        let stanza = format!("Package: a\n{INSTALLED}Version: 1\nFeature: more\n");
        assert_eq!(analyze(STATUS, &stanza).unwrap().packages.len(), 1);
    }

    #[test]
    fn a_distroless_image_has_a_file_for_each_package_and_no_status_field() {
        let stanza = "Package: tzdata\nVersion: 2024a\nArchitecture: all\n";
        let findings = analyze("var/lib/dpkg/status.d/tzdata", stanza).unwrap();
        assert_eq!(described(&findings), ["tzdata 2024a all < tzdata 2024a"]);
        let sums = "0123 usr/share/zoneinfo/UTC\n";
        let findings = analyze("var/lib/dpkg/status.d/tzdata.md5sums", sums).unwrap();
        assert!(findings.ownership[0].owns("usr/share/zoneinfo/UTC"));
    }

    #[test]
    fn file_lists_say_what_a_package_owns() {
        let list = "/.\n/usr\n/usr/lib\n/usr/lib/python3/dist-packages/x.py\n";
        let findings = analyze("var/lib/dpkg/info/python3-x:amd64.list", list).unwrap();
        let [ownership] = findings.ownership.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(ownership.package, "python3-x:amd64");
        assert!(ownership.owns("usr/lib/python3/dist-packages/x.py"));
        assert!(!ownership.owns("usr/lib/python3/dist-packages/y.py"));
    }

    #[test]
    fn other_files_of_the_database_are_not_asked_for() {
        let wants = |path| {
            let info = FileInfo {
                path,
                size: 1,
                mode: 0o644,
            };
            DpkgAnalyzer.wants(&info)
        };
        assert!(wants("var/lib/dpkg/status"));
        assert!(wants("rootfs/var/lib/dpkg/status"));
        assert!(wants("var/lib/dpkg/status.d/libc6"));
        assert!(!wants("var/lib/dpkg/status-old"));
        assert!(!wants("var/lib/dpkg/info/libc6.postinst"));
        assert!(!wants("var/lib/dpkg/status.d/libc6.preinst"));
        assert!(!wants("usr/share/var/lib/dpkg/statusx"));
    }
}
