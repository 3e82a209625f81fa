//! Portage: what is installed on Gentoo.
//!
//! The database has a directory for each package, `CATEGORY/NAME-VERSION`, whose name is the whole
//! truth about it to Portage as well; the files in it tell the rest. Any of two shows that the
//! package is there, since images are slimmed by deleting either: `PF` repeats the name, and
//! `CONTENTS` has the files of the package. Names: Package Manager Specification, "Names and
//! Versions", <https://projects.gentoo.org/pms/8/pms.html#names-and-versions>.

use clair_model::{Package, PackageManager};
use clair_version::Scheme;

use crate::control::owned;
use crate::lines::{lines, root_of};
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct PortageAnalyzer;

const DATABASE: &str = "var/db/pkg";

/// A file of an installed package.
struct Entry<'a> {
    directory: &'a str,
    category: &'a str,
    /// `NAME-VERSION`.
    package: &'a str,
    file: &'a str,
}

fn entry(path: &str) -> Option<Entry<'_>> {
    let (directory, file) = path.rsplit_once('/')?;
    if !matches!(file, "PF" | "CONTENTS") {
        return None;
    }
    let (parent, package) = directory.rsplit_once('/')?;
    let (database, category) = parent.rsplit_once('/')?;
    root_of(database, DATABASE)?;
    // While Portage works on a package, a hyphen and a word are in front of its name.
    (!package.starts_with('-')).then_some(Entry {
        directory,
        category,
        package,
        file,
    })
}

impl Analyzer for PortageAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "portage",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        entry(file.path).is_some()
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let Some(entry) = entry(file.path) else {
            return Ok(Findings::default());
        };
        let Some((name, version)) = split(entry.package) else {
            return Err(AnalyzeError::new(
                "its directory has no version in its name",
            ));
        };
        let name = format!("{}/{name}", entry.category);
        let mut findings = if entry.file == "CONTENTS" {
            owned(&name, lines(file.bytes).filter_map(path_of))
        } else {
            Findings::default()
        };
        entry.directory.clone_into(&mut findings.package_db);
        findings.packages.push(Package {
            name,
            version: version.to_owned(),
            arch: String::new(),
            manager: PackageManager::Portage,
            source: None,
            module: None,
            vendor: None,
        });
        Ok(findings)
    }
}

/// Takes `NAME-VERSION` apart. A version has one hyphen at most, in front of its revision, and a
/// name does not end in what could be a version.
fn split(package: &str) -> Option<(&str, &str)> {
    let hyphens = package.rmatch_indices('-').take(2);
    let found = hyphens
        .map(|(hyphen, _)| (&package[..hyphen], &package[hyphen + 1..]))
        .filter(|(name, version)| !name.is_empty() && Scheme::Gentoo.validate(version).is_ok());
    found.last()
}

/// The path of a line: `obj PATH MD5 MTIME`, `sym PATH -> TARGET MTIME`, `dir PATH`.
fn path_of(line: &[u8]) -> Option<&[u8]> {
    let space = memchr::memchr(b' ', line)?;
    let (kind, rest) = (&line[..space], &line[space + 1..]);
    match kind {
        b"obj" => rest.rsplitn(3, |byte| *byte == b' ').nth(2),
        b"sym" => {
            let arrow = memchr::memmem::find(rest, b" -> ")?;
            Some(&rest[..arrow])
        }
        b"dir" | b"fif" | b"dev" => Some(rest),
        _ => None,
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
        PortageAnalyzer.analyze(&file, &[])
    }

    #[test]
    fn name_and_version_are_those_of_the_directory() {
        for (directory, expected) in [
            ("skopeo-1.5.1", Some(("skopeo", "1.5.1"))),
            ("openssl-3.0.13-r2", Some(("openssl", "3.0.13-r2"))),
            ("gtk+-3.24.41_p1-r1", Some(("gtk+", "3.24.41_p1-r1"))),
            (
                "font-adobe-100dpi-1.0.3-r2",
                Some(("font-adobe-100dpi", "1.0.3-r2")),
            ),
            ("x-r1", None),
            ("x", None),
            ("-1.0", None),
        ] {
            assert_eq!(split(directory), expected, "{directory}");
        }
    }

    #[test]
    fn a_package_has_its_category_in_its_name_and_owns_its_contents() {
        let contents = "dir /usr\nobj /usr/bin/a b 0123 1700000000\n\
                        sym /usr/bin/c -> a b 1700000000\n\nrubbish\n";
        let findings = analyze("var/db/pkg/dev-libs/openssl-3.0.13-r2/CONTENTS", contents).unwrap();
        let [package] = findings.packages.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(package.name, "dev-libs/openssl");
        assert_eq!(package.version, "3.0.13-r2");
        let [ownership] = findings.ownership.as_slice() else {
            panic!("{findings:?}");
        };
        assert!(ownership.owns("usr/bin/a b") && ownership.owns("usr/bin/c"));
        assert_eq!(ownership.paths.len(), 3);
    }

    #[test]
    fn each_file_of_a_package_tells_the_same() {
        let tell = |file: &str, content: &str| {
            let path = format!("var/db/pkg/virtual/libc-1-r1/{file}");
            let findings = analyze(&path, content).unwrap();
            (findings.package_db, findings.packages)
        };
        assert_eq!(tell("PF", "libc-1-r1\n"), tell("CONTENTS", ""));
    }

    #[test]
    fn a_directory_without_a_version_is_told() {
        assert!(analyze("var/db/pkg/dev-libs/openssl/PF", "openssl\n").is_err());
        assert!(entry("var/db/pkg/dev-libs/-MERGING-openssl-3.0/PF").is_none());
        assert!(entry("var/db/pkg/dev-libs/openssl-3.0/SLOT").is_none());
        assert!(entry("var/db/repos/dev-libs/openssl-3.0/PF").is_none());
    }
}
