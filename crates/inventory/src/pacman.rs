//! pacman: what is installed on Arch Linux and its relatives.
//!
//! The local database has a directory for each package: `desc` describes it, `files` names its
//! files. Both are sections, a name between percent signs and values on the lines below it up to
//! an empty one. Format: alpm-db-desc(5) and alpm-db-files(5),
//! <https://alpm.archlinux.page/specifications/alpm-db-desc.5.html>.

use clair_model::{Package, PackageManager, SourcePackage};

use crate::control::owned;
use crate::lines::{lines, root_of, text};
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct PacmanAnalyzer;

/// In `var`, and in `usr/lib/sysimage` where `var` does not belong to the image.
const LOCAL: &str = "lib/pacman/local";

/// The directory of a package, `NAME-VERSION-RELEASE`, and the name of a file in it.
fn package_file(path: &str) -> Option<(&str, &str)> {
    let (directory, name) = path.rsplit_once('/')?;
    if !matches!(name, "desc" | "files") {
        return None;
    }
    let (local, package) = directory.rsplit_once('/')?;
    root_of(local, LOCAL)?;
    Some((package, name))
}

impl Analyzer for PacmanAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "pacman",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        package_file(file.path).is_some()
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        match package_file(file.path) {
            Some((_, "desc")) => Ok(Findings {
                packages: vec![package(file.bytes)?],
                ..Findings::default()
            }),
            Some((directory, _)) => {
                let paths = values(file.bytes)
                    .filter(|(section, path)| *section == b"%FILES%" && !path.ends_with(b"/"));
                Ok(owned(name_of(directory), paths.map(|(_, path)| path)))
            }
            None => Ok(Findings::default()),
        }
    }
}

/// The name in front of version and release.
fn name_of(directory: &str) -> &str {
    let mut parts = directory.rsplitn(3, '-');
    parts.nth(2).unwrap_or(directory)
}

/// The lines below the name of a section, each with that name.
fn values(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut section = &b""[..];
    lines(bytes).filter_map(move |line| {
        if section.is_empty() {
            // An empty line in front of the name of a section ends none.
            section = line.trim_ascii();
            return None;
        }
        if line.is_empty() {
            section = line;
            return None;
        }
        Some((section, line))
    })
}

/// A package is built with others from its base, and has its version.
fn package(bytes: &[u8]) -> Result<Package, AnalyzeError> {
    let [mut name, mut version, mut base, mut arch] = [&b""[..]; 4];
    for (section, value) in values(bytes) {
        let field = match section {
            b"%NAME%" => &mut name,
            b"%VERSION%" => &mut version,
            b"%BASE%" => &mut base,
            b"%ARCH%" => &mut arch,
            _ => continue,
        };
        // The first value counts: none of these sections has more.
        if field.is_empty() {
            *field = value.trim_ascii();
        }
    }
    for (field, value) in [("%NAME%", name), ("%VERSION%", version)] {
        if value.is_empty() {
            return Err(AnalyzeError::new(format_args!("it has no {field}")));
        }
    }
    let version = text(version);
    Ok(Package {
        name: text(name),
        arch: text(arch),
        manager: PackageManager::Pacman,
        source: Some(SourcePackage {
            name: text(if base.is_empty() { name } else { base }),
            version: version.clone(),
        }),
        version,
        module: None,
        vendor: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(file: &str, content: &str) -> Result<Findings, AnalyzeError> {
        let file = File {
            path: &format!("var/lib/pacman/local/lib32-gcc-libs-14.1.1-1/{file}"),
            bytes: content.as_bytes(),
        };
        PacmanAnalyzer.analyze(&file, &[])
    }

    #[test]
    fn a_package_knows_its_base() {
        let desc = "%NAME%\nlib32-gcc-libs\n\n%VERSION%\n1:14.1.1-1\n\n%BASE%\ngcc\n\n\
                    %DESC%\n%VERSION%\n\n%LICENSE%\nGPL\nLGPL\n\n%ARCH%\nx86_64\n";
        let findings = analyze("desc", desc).unwrap();
        let [package] = findings.packages.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(
            (package.name.as_str(), package.version.as_str()),
            ("lib32-gcc-libs", "1:14.1.1-1")
        );
        assert_eq!(package.arch, "x86_64");
        let source = package.source.as_ref().unwrap();
        assert_eq!(
            (source.name.as_str(), source.version.as_str()),
            ("gcc", "1:14.1.1-1")
        );
    }

    #[test]
    fn one_without_a_base_is_its_own() {
        let findings = analyze("desc", "\n%NAME%\nx\n\n%VERSION%\n1-1").unwrap();
        assert_eq!(findings.packages[0].source.as_ref().unwrap().name, "x");
    }

    #[test]
    fn a_description_that_names_nothing_is_told() {
        let error = analyze("desc", "%NME%\nx\n\n%VERSION%\n1-1\n").unwrap_err();
        assert_eq!(error.to_string(), "it has no %NAME%");
        assert!(analyze("desc", "%NAME%\nx\n\n%VERSION%\n\n1-1\n").is_err());
        assert!(analyze("desc", "").is_err());
    }

    #[test]
    fn files_are_those_of_the_package_whose_directory_it_is() {
        let files = "%FILES%\nusr/\nusr/lib32/\nusr/lib32/libgcc_s.so.1\n\n\
                     %BACKUP%\netc/x.conf\t79fce043df7dfc676ae5ecb903762d8b\n";
        let findings = analyze("files", files).unwrap();
        let [ownership] = findings.ownership.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(ownership.package, "lib32-gcc-libs");
        assert!(ownership.owns("usr/lib32/libgcc_s.so.1"));
        assert_eq!(ownership.paths.len(), 1);
    }

    #[test]
    fn only_files_of_packages_are_wanted() {
        for (path, wanted) in [
            ("var/lib/pacman/local/a-1-1/desc", true),
            ("usr/lib/sysimage/lib/pacman/local/a-1-1/files", true),
            ("var/lib/pacman/local/ALPM_DB_VERSION", false),
            ("var/lib/pacman/local/a-1-1/mtree", false),
            ("var/lib/pacman/sync/core.files", false),
            ("home/local/a-1-1/desc", false),
        ] {
            assert_eq!(package_file(path).is_some(), wanted, "{path}");
        }
    }
}
