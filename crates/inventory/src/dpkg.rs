//! dpkg: what is installed on Debian, Ubuntu and their relatives.
//!
//! `status` holds a stanza of fields per package. Distroless images have no dpkg; there
//! `status.d` holds a file per package with one stanza, beside its `.md5sums`. `info/*.list` names
//! the files of each package. Formats: deb-control(5), dpkg-query(1).

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use clair_model::{Package, PackageManager, SourcePackage};

use crate::control::{self, Stanza, owned};
use crate::lines::{lines, root_of, text};
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

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
            version: 2,
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
                Ok(owned(&decoded(package), paths))
            }
            None => Ok(Findings::default()),
        }
    }
}

/// Reads the stanzas of a status file. Where there is no dpkg there is no `Status` field either,
/// and what is listed is installed.
fn parse_status(bytes: &[u8], has_status: bool) -> Result<Findings, AnalyzeError> {
    control::parse(bytes, has_status, &|stanza| {
        let (name, version) = (text(stanza.package), text(stanza.version));
        let source = source(stanza, &name, &version);
        let source = kernel_of(&name, &version, &source).unwrap_or(source);
        Package {
            name,
            version,
            arch: text(stanza.architecture),
            manager: PackageManager::Dpkg,
            source: Some(source),
            module: None,
            vendor: None,
        }
    })
}

/// `Source: name (version)`; what is left out is the same as the package's.
fn source(stanza: &Stanza<'_>, name: &str, version: &str) -> SourcePackage {
    let (source, rest) = match memchr::memchr(b'(', stanza.source) {
        Some(open) => (&stanza.source[..open], &stanza.source[open + 1..]),
        None => (stanza.source, &b""[..]),
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

/// The source of the kernel that a package has the signed image of.
///
/// The signatures are a source of their own, with a version that only looks like the kernel's
/// (`6.1.76+1` for `6.1.76-1`), and vendors speak of the kernel alone; the image has its version.
/// Packages that only depend on the newest image have no number in their names.
fn kernel_of(name: &str, version: &str, source: &SourcePackage) -> Option<SourcePackage> {
    const ARCHITECTURES: [&str; 4] = ["-amd64", "-arm64", "-i386", "-riscv64"];
    let image = name.strip_prefix("linux-image-")?;
    let line = source.name.strip_prefix("linux-signed")?;
    let is_numbered = image.starts_with(|first: char| first.is_ascii_digit());
    let line = ARCHITECTURES
        .iter()
        .find_map(|arch| line.strip_suffix(arch))
        .unwrap_or(line);
    is_numbered.then(|| SourcePackage {
        name: format!("linux{line}"),
        version: version.to_owned(),
    })
}

/// The name of a package by that of its file. Some builders write it in base64, which has letters
/// that no name of a package has.
fn decoded(name: &str) -> Cow<'_, str> {
    let is_part = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')
    };
    if name.bytes().all(|byte| is_part(byte) || byte == b':') {
        return Cow::Borrowed(name);
    }
    let bytes = STANDARD.decode(name).or_else(|_| URL_SAFE.decode(name));
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match text.filter(|text| !text.is_empty() && text.bytes().all(is_part)) {
        Some(text) => Cow::Owned(text),
        None => Cow::Borrowed(name),
    }
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
    fn a_signed_image_is_of_the_kernel_that_was_signed() {
        for (name, source, expected) in [
            (
                "linux-image-6.1.0-18-amd64",
                "linux-signed-amd64 (6.1.76+1)",
                "linux 6.1.76-1",
            ),
            (
                "linux-image-6.1.0-0.deb11.18-amd64",
                "linux-signed-6.1-amd64 (6.1.76+1)",
                "linux-6.1 6.1.76-1",
            ),
            (
                "linux-image-6.5.0-14-generic",
                "linux-signed-hwe-6.5",
                "linux-hwe-6.5 6.1.76-1",
            ),
            (
                "linux-image-5.15.0-91-generic",
                "linux-signed",
                "linux 6.1.76-1",
            ),
            // It has no image, and depends on one that has.
            (
                "linux-image-amd64",
                "linux-signed-amd64 (6.1.76+1)",
                "linux-signed-amd64 6.1.76+1",
            ),
            ("linux-image-generic", "linux-meta", "linux-meta 6.1.76-1"),
        ] {
            let status =
                format!("Package: {name}\n{INSTALLED}Source: {source}\nVersion: 6.1.76-1\n");
            let [found] = described(&analyze(STATUS, &status).unwrap())
                .try_into()
                .unwrap();
            assert_eq!(found, format!("{name} 6.1.76-1  < {expected}"));
        }
    }

    /// A virtual package is a name that others provide:
    /// <https://www.debian.org/doc/debian-policy/ch-relationships.html#virtual-packages-provides>.
    #[test]
    fn what_a_package_provides_is_not_installed() {
        let status = format!("Package: mawk\n{INSTALLED}Provides: awk, gawk\nVersion: 1.3.4-1\n");
        assert_eq!(
            described(&analyze(STATUS, &status).unwrap()),
            ["mawk 1.3.4-1  < mawk 1.3.4-1"]
        );
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
        for (file, name) in [
            ("tzdata", "tzdata"),
            ("dHpkYXRh", "tzdata"),
            ("bGlic3RkYysrNg==", "libstdc++6"),
            ("libc6:amd64", "libc6:amd64"),
            ("README", "README"),
        ] {
            assert_eq!(decoded(file), name);
        }
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
