//! rpm: what is installed on Red Hat's, SUSE's, Amazon's and many other distributions.
//!
//! The database is one binary file in one of three formats. Its directory moved from `var/lib/rpm`
//! to `usr/lib/sysimage/rpm`, and on image-based systems to `usr/share/rpm`; often the others are
//! links to it.

use std::collections::HashMap;

use clair_model::{Package, PackageManager, SourcePackage};
use clair_rpmdb::Format;

use crate::lines::root_of;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings, Ownership};

pub(crate) struct RpmAnalyzer;

const DIRECTORIES: [&str; 3] = ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"];

const BERKELEY_DB: &str = "Packages";
const NDB: &str = "Packages.db";
const SQLITE: &str = "rpmdb.sqlite";
const SQLITE_LOG: &str = "rpmdb.sqlite-wal";

/// Directory and name, if the path is part of a database.
fn database_file(path: &str) -> Option<(&str, &str)> {
    let (directory, name) = path.rsplit_once('/')?;
    let known = matches!(name, BERKELEY_DB | NDB | SQLITE | SQLITE_LOG)
        && DIRECTORIES
            .iter()
            .any(|known| root_of(directory, known).is_some());
    known.then_some((directory, name))
}

impl Analyzer for RpmAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "rpm",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        database_file(file.path).is_some()
    }

    /// SQLite's write-ahead log holds what was not yet copied into the database.
    fn companion_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let (_, name) = database_file(path)?;
        match name {
            SQLITE => Some(path),
            SQLITE_LOG => path.strip_suffix("-wal"),
            _ => None,
        }
    }

    fn analyze(&self, file: &File<'_>, companions: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let Some((directory, name)) = database_file(file.path) else {
            return Ok(Findings::default());
        };
        if name == SQLITE_LOG {
            return analyze_log(file, companions);
        }
        let log = companions.iter().find(|other| other.path.ends_with("-wal"));
        let log = log.map(|log| log.bytes).filter(|log| !log.is_empty());
        let contents =
            clair_rpmdb::read(file.bytes, log).map_err(|error| AnalyzeError::new(chain(&error)))?;

        let mut findings = Findings {
            package_db: format!("{}:{directory}", contents.format),
            supersedes: superseded(directory, contents.format),
            ..Findings::default()
        };
        findings
            .problems
            .extend(contents.problems.iter().map(ToString::to_string));
        add_packages(&mut findings, contents.packages);
        Ok(findings)
    }
}

/// Adds the packages of one database, with the files that they own.
pub(crate) fn add_packages(findings: &mut Findings, packages: Vec<clair_rpmdb::Package>) {
    let epochs = source_epochs(&packages);
    for package in packages {
        if package.is_public_key() {
            continue;
        }
        findings.ownership.push(Ownership::new(
            package.name.as_str(),
            package.files.iter().map(String::as_str),
        ));
        findings.packages.push(convert(package, &epochs));
    }
    findings.packages.sort();
    findings.packages.dedup();
}

/// A log is read together with its database. Alone in a layer it changes a database of a layer
/// below, which cannot be told from its pages without that database.
fn analyze_log(file: &File<'_>, companions: &[File<'_>]) -> Result<Findings, AnalyzeError> {
    if file.bytes.is_empty() || !companions.is_empty() {
        return Ok(Findings::default());
    }
    Err(AnalyzeError::new(
        "changes to the package database of a lower layer were not applied",
    ))
}

/// rpm migrates a database to its configured format and may leave the old file behind.
fn superseded(directory: &str, format: Format) -> Vec<String> {
    let older: &[&str] = match format {
        Format::Sqlite => &[BERKELEY_DB, NDB],
        Format::Ndb => &[BERKELEY_DB],
        Format::BerkeleyDb => &[],
    };
    older
        .iter()
        .map(|name| format!("{directory}/{name}"))
        .collect()
}

/// The epochs of source packages.
///
/// A package names its source by file name, which has no epoch. The package that has the name of
/// the source has its epoch. The others built from it take theirs from it unless they set their
/// own: those with a version of their own often do, and a few go above it with its version, such
/// as `mod_ssl` of httpd.
fn source_epochs(packages: &[clair_rpmdb::Package]) -> HashMap<String, u32> {
    let mut best: HashMap<&str, (bool, u32)> = HashMap::new();
    for package in packages {
        let (Some(file), Some(source)) = (&package.source_rpm, package.source()) else {
            continue;
        };
        if source.version == package.version && source.release == package.release {
            let is_other = source.name != package.name;
            let claim = (is_other, package.epoch.unwrap_or_default());
            let known = best.entry(file).or_insert(claim);
            *known = claim.min(*known);
        }
    }
    best.into_iter()
        .filter(|(_, (_, epoch))| *epoch != 0)
        .map(|(file, (_, epoch))| (file.to_owned(), epoch))
        .collect()
}

fn convert(package: clair_rpmdb::Package, epochs: &HashMap<String, u32>) -> Package {
    let source = package.source().map(|source| {
        let version = format!("{}-{}", source.version, source.release);
        let epoch = package
            .source_rpm
            .as_ref()
            .and_then(|file| epochs.get(file));
        SourcePackage {
            name: source.name.to_owned(),
            version: match epoch {
                Some(epoch) => format!("{epoch}:{version}"),
                None => version,
            },
        }
    });
    Package {
        version: package.evr(),
        source,
        module: package.modularity_label.as_deref().and_then(module),
        vendor: package.vendor.filter(|vendor| !vendor.is_empty()),
        arch: package.arch.unwrap_or_default(),
        manager: PackageManager::Rpm,
        name: package.name,
    }
}

/// `name:stream` of a label `name:stream:version:context`.
fn module(label: &str) -> Option<String> {
    let mut parts = label.splitn(3, ':');
    let (name, stream, _) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{name}:{stream}"))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rpm(name: &str, epoch: Option<u32>, version: &str, source: &str) -> clair_rpmdb::Package {
        clair_rpmdb::Package {
            name: name.into(),
            epoch,
            version: version.into(),
            release: "1.el9".into(),
            source_rpm: Some(source.into()),
            ..clair_rpmdb::Package::default()
        }
    }

    #[test]
    fn a_source_has_the_epoch_of_the_packages_that_have_its_version() {
        let packages = [
            rpm("mod_ssl", Some(1), "2.4", "httpd-2.4-1.el9.src.rpm"),
            rpm("mod_lua", None, "2.4", "httpd-2.4-1.el9.src.rpm"),
            rpm("vim-common", Some(2), "8.2", "vim-8.2-1.el9.src.rpm"),
            rpm("odd-libs", None, "3", "odd-3-1.el9.src.rpm"),
            rpm("odd", Some(5), "3", "odd-3-1.el9.src.rpm"),
            rpm("perl", Some(4), "5.32.1", "perl-5.32.1-1.el9.src.rpm"),
            rpm("perl-Errno", Some(0), "1.30", "perl-5.32.1-1.el9.src.rpm"),
            rpm("bash", None, "5.1", "bash-5.1-1.el9.src.rpm"),
        ];
        let epochs = source_epochs(&packages);
        let versions: Vec<(String, String)> = packages
            .into_iter()
            .map(|package| convert(package, &epochs))
            .map(|package| (package.version, package.source.unwrap().version))
            .collect();
        assert_eq!(
            versions,
            [
                ("1:2.4-1.el9".into(), "2.4-1.el9".into()),
                ("2.4-1.el9".into(), "2.4-1.el9".into()),
                ("2:8.2-1.el9".into(), "2:8.2-1.el9".into()),
                ("3-1.el9".into(), "5:3-1.el9".into()),
                ("5:3-1.el9".into(), "5:3-1.el9".into()),
                ("4:5.32.1-1.el9".into(), "4:5.32.1-1.el9".into()),
                ("1.30-1.el9".into(), "4:5.32.1-1.el9".into()),
                ("5.1-1.el9".into(), "5.1-1.el9".into()),
            ]
        );
    }

    #[test]
    fn a_module_is_name_and_stream() {
        let label = "nodejs:18:9030020240301111035:rhel9";
        assert_eq!(module(label).as_deref(), Some("nodejs:18"));
        assert_eq!(module("nodejs"), None);
        assert_eq!(module("(none)"), None);
    }

    #[test]
    fn every_place_of_the_database_is_known() {
        for path in [
            "var/lib/rpm/Packages",
            "usr/lib/sysimage/rpm/rpmdb.sqlite",
            "usr/share/rpm/rpmdb.sqlite-wal",
            "rootfs/var/lib/rpm/Packages.db",
        ] {
            assert!(database_file(path).is_some(), "{path}");
        }
        assert!(database_file("var/lib/rpm/Name").is_none());
        assert!(database_file("home/Packages").is_none());
    }

    #[test]
    fn a_log_without_its_database_is_told() {
        let log = File {
            path: "var/lib/rpm/rpmdb.sqlite-wal",
            bytes: b"not empty",
        };
        assert!(RpmAnalyzer.analyze(&log, &[]).is_err());
        let empty = File { bytes: b"", ..log };
        assert!(RpmAnalyzer.analyze(&empty, &[]).is_ok());
    }
}
