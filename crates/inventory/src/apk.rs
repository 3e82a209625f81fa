//! apk: what is installed on Alpine and its relatives.
//!
//! The database is one text file of records, a letter and a value on each line. It moved from
//! `lib` to `usr/lib` with apk-tools 3; both places are read. Format: apk-v2(5), "installed
//! database".

use clair_model::{Package, PackageManager, SourcePackage};

use crate::limits::{MAX_PACKAGES, MAX_PATHS};
use crate::lines::{lines, root_of, text};
use crate::problems::Problems;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings, Ownership, PathHash};

pub(crate) struct ApkAnalyzer;

/// Longer than any path Linux takes. Each file repeats the directory of the record.
const MAX_PATH: usize = 4096;

const DATABASES: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

impl Analyzer for ApkAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "apk",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        DATABASES
            .iter()
            .any(|database| root_of(file.path, database).is_some())
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let mut findings = Findings::default();
        let mut problems = Problems::default();
        let mut record = Record::default();
        let mut records = 0;
        let mut paths = 0;
        for line in lines(file.bytes).chain(std::iter::once(&b""[..])) {
            if !line.is_empty() {
                record.line(line);
                continue;
            }
            let record = std::mem::take(&mut record);
            if !record.any {
                continue;
            }
            if findings.packages.len() == MAX_PACKAGES {
                problems.push(format_args!(
                    "only its first {MAX_PACKAGES} packages were read"
                ));
                break;
            }
            records += 1;
            match record.finish() {
                Ok((package, mut ownership)) => {
                    if paths + ownership.paths.len() > MAX_PATHS {
                        ownership.paths.truncate(MAX_PATHS - paths);
                        problems.push(format_args!("some paths of {} were not read", package.name));
                    }
                    paths += ownership.paths.len();
                    findings.packages.push(package);
                    findings.ownership.push(ownership);
                }
                Err(missing) => problems.push(format_args!(
                    "record {records} has no {missing} and was passed over"
                )),
            }
        }
        if records > 0 && findings.packages.is_empty() {
            return Err(AnalyzeError::new("none of its records describes a package"));
        }
        findings.problems = problems.into_list();
        findings.packages.sort();
        findings.packages.dedup();
        Ok(findings)
    }
}

#[derive(Default)]
struct Record<'a> {
    any: bool,
    name: &'a [u8],
    version: &'a [u8],
    arch: &'a [u8],
    origin: &'a [u8],
    /// The directory that the files which follow are in.
    directory: &'a [u8],
    files: Vec<PathHash>,
    /// Room for the path of a file.
    path: String,
}

impl<'a> Record<'a> {
    fn line(&mut self, line: &'a [u8]) {
        let (Some(letter), Some(b':')) = (line.first(), line.get(1)) else {
            return;
        };
        self.any = true;
        let path = &line[2..];
        let value = path.trim_ascii();
        match letter {
            b'P' => self.name = value,
            b'V' => self.version = value,
            b'A' => self.arch = value,
            b'o' => self.origin = value,
            b'F' => self.directory = path,
            b'R' => {
                // One more than is kept shows that there are more.
                if self.directory.len() + path.len() > MAX_PATH || self.files.len() > MAX_PATHS {
                    return;
                }
                self.path.clear();
                if !self.directory.is_empty() {
                    self.path += &String::from_utf8_lossy(self.directory);
                    self.path.push('/');
                }
                self.path += &String::from_utf8_lossy(path);
                self.files.push(PathHash::of(&self.path));
            }
            _ => {}
        }
    }

    /// The package. Subpackages are built with their origin and have its version.
    fn finish(self) -> Result<(Package, Ownership), &'static str> {
        if self.name.is_empty() {
            return Err("name (P:)");
        }
        if self.version.is_empty() {
            return Err("version (V:)");
        }
        let (name, version) = (text(self.name), text(self.version));
        let origin = if self.origin.is_empty() {
            name.clone()
        } else {
            text(self.origin)
        };
        let ownership = Ownership::of_hashes(name.as_str(), self.files);
        let package = Package {
            name,
            arch: text(self.arch),
            manager: PackageManager::Apk,
            source: Some(SourcePackage {
                name: origin,
                version: version.clone(),
            }),
            version,
            module: None,
            vendor: None,
        };
        Ok((package, ownership))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(content: &str) -> Result<Findings, AnalyzeError> {
        let file = File {
            path: "lib/apk/db/installed",
            bytes: content.as_bytes(),
        };
        ApkAnalyzer.analyze(&file, &[])
    }

    #[test]
    fn the_last_record_counts_without_an_empty_line_or_even_a_line_end() {
        let findings = analyze("P:musl\nV:1.2.5-r0\nA:x86_64\no:musl\n\nP:ssl_client\nV:1.36.1-r29\no:busybox\nA:x86_64").unwrap();
        let [musl, client] = findings.packages.as_slice() else {
            panic!("{findings:?}");
        };
        assert_eq!(
            (musl.name.as_str(), musl.version.as_str()),
            ("musl", "1.2.5-r0")
        );
        assert_eq!(client.arch, "x86_64");
        let source = client.source.as_ref().unwrap();
        assert_eq!(
            (source.name.as_str(), source.version.as_str()),
            ("busybox", "1.36.1-r29")
        );
    }

    #[test]
    fn a_package_without_origin_is_its_own() {
        let findings = analyze("P:x\nV:1-r0\n").unwrap();
        assert_eq!(findings.packages[0].source.as_ref().unwrap().name, "x");
    }

    #[test]
    fn files_stand_below_their_directory() {
        let findings = analyze("P:x\nV:1-r0\nF:usr/lib\nR:libx.so\nF:\nR:.init\n").unwrap();
        assert!(findings.ownership[0].owns("usr/lib/libx.so"));
        assert!(findings.ownership[0].owns(".init"));
    }

    #[test]
    fn records_without_name_or_version_are_told() {
        let findings = analyze("P:a\n\nP: \nV:1\n\nP:b\nV:2-r0\n").unwrap();
        assert_eq!(findings.packages.len(), 1);
        assert_eq!(findings.problems.len(), 2);
        assert!(analyze("P:a\n").is_err());
        assert!(analyze("").unwrap().packages.is_empty());
    }

    #[test]
    fn both_places_of_the_database_are_known() {
        for path in DATABASES {
            let info = FileInfo {
                path,
                size: 0,
                mode: 0,
            };
            assert!(ApkAnalyzer.wants(&info));
        }
    }
}
