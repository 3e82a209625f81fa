//! The files that tell which distribution a root file system is.

use std::collections::BTreeMap;

use crate::lines::root_of;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

/// The files that are looked at, relative to a root.
pub const RELEASE_FILES: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "etc/lsb-release",
    "etc/alpine-release",
    "etc/issue",
    "etc/debian_version",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d/debian.sources",
    "etc/almalinux-release",
    "etc/centos-release",
    "etc/fedora-release",
    "etc/mandriva-release",
    "etc/oracle-release",
    "etc/photon-release",
    "etc/redhat-release",
    "etc/rocky-release",
    "etc/system-release",
    "etc/SuSE-release",
];

/// Texts of release files by their path relative to one root.
pub type ReleaseFiles<'a> = BTreeMap<&'a str, &'a str>;

/// Release files are a few lines; more than this is not one.
const MAX_SIZE: usize = 64 * 1024;

pub(crate) struct ReleaseAnalyzer;

impl Analyzer for ReleaseAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "release",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        is_release_file(file.path)
    }

    fn follows(&self, path: &str) -> bool {
        is_release_file(path)
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let mut findings = Findings::default();
        let mut bytes = file.bytes;
        if bytes.len() > MAX_SIZE {
            findings.problems.push(format!(
                "has {} bytes; only the first {MAX_SIZE} were read",
                bytes.len()
            ));
            bytes = &bytes[..MAX_SIZE];
        }
        findings.release = Some(String::from_utf8_lossy(bytes).into_owned());
        Ok(findings)
    }
}

fn is_release_file(path: &str) -> bool {
    // Nearly every path is told apart by its last part, without looking through the list.
    let name = path.rsplit('/').next().unwrap_or(path);
    (name.ends_with("-release")
        || matches!(
            name,
            "issue" | "debian_version" | "sources.list" | "debian.sources"
        ))
        && RELEASE_FILES
            .iter()
            .any(|known| root_of(path, known).is_some())
}
