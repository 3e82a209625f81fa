//! Finds the corpus, opens its archives, and hands files to the analyzers.
//!
//! The corpus is no part of the repository. It is looked for in `$CLAIR_CORPUS`, else beside the
//! repository; where there is none these tests say so and pass, except in CI.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use clair_inventory::{
    AnalyzeError, Analyzer, File, FileInfo, Findings, RELEASE_FILES, ReleaseFiles,
};
use clair_model::Package;
pub(crate) use clair_testing::corpus;

/// A file of the corpus, decompressed where its name says that it is compressed.
pub(crate) fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut out = Vec::new();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("zst") => return zstd::decode_all(bytes.as_slice()).unwrap(),
        Some("xz") => liblzma::read::XzDecoder::new(bytes.as_slice()).read_to_end(&mut out),
        Some("gz") => flate2::read::MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut out),
        _ => return bytes,
    }
    .unwrap();
    out
}

pub(crate) fn read_text(path: impl AsRef<Path>) -> String {
    String::from_utf8(read(path)).unwrap()
}

/// The names in a directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The regular files of a tar archive by their cleaned paths.
pub(crate) fn files_of_tar(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            files.insert(path.trim_start_matches("./").to_owned(), bytes);
        }
    }
    files
}

/// The analyzers that want a file of this path.
pub(crate) fn analyzers_of(path: &str) -> Vec<Box<dyn Analyzer>> {
    let info = FileInfo {
        path,
        size: 1,
        mode: 0o644,
    };
    let mut analyzers = clair_inventory::all();
    analyzers.retain(|analyzer| analyzer.wants(&info));
    analyzers
}

/// What the one analyzer that wants this file makes of it.
pub(crate) fn analyze(path: &str, bytes: &[u8]) -> Result<Findings, AnalyzeError> {
    let analyzers = analyzers_of(path);
    let [analyzer] = analyzers.as_slice() else {
        panic!("{} analyzers want {path}", analyzers.len());
    };
    analyzer.analyze(&File { path, bytes }, &[])
}

/// `name version arch < source version`, and the module where there is one.
pub(crate) fn described(package: &Package) -> String {
    let Package {
        name,
        version,
        arch,
        ..
    } = package;
    let source = package.source.as_ref();
    let source = source.map(|source| format!(" < {} {}", source.name, source.version));
    let module = package.module.as_ref();
    let module = module.map(|module| format!(" [{module}]"));
    [
        format!("{name} {version} {arch}"),
        source.unwrap_or_default(),
        module.unwrap_or_default(),
    ]
    .concat()
}

pub(crate) fn all_described(findings: &Findings) -> Vec<String> {
    findings.packages.iter().map(described).collect()
}

/// Fails with those of the lines that are not among the packages.
pub(crate) fn assert_among(findings: &Findings, expected: &[&str], context: &str) {
    let found = all_described(findings);
    for line in expected {
        assert!(
            found.iter().any(|package| package == line),
            "{context}: {line} is not among {found:#?}"
        );
    }
}

/// The release files of a root file system in the corpus.
pub(crate) fn release_files(root: &Path) -> BTreeMap<&'static str, String> {
    RELEASE_FILES
        .iter()
        .filter(|path| root.join(path).is_file())
        .map(|path| (*path, read_text(root.join(path))))
        .collect()
}

pub(crate) fn borrowed<'a>(files: &'a BTreeMap<&'a str, String>) -> ReleaseFiles<'a> {
    files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect()
}
