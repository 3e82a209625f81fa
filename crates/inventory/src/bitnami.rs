//! Bitnami: the components that its images have below `opt/bitnami` beside a distribution.
//!
//! Each component brings an SPDX document that names it and the libraries that were built into it;
//! older images have the one list `.bitnami_components.json`. Names and versions are those of
//! Bitnami's vulnerability database, which the package URLs tell:
//! `pkg:bitnami/redis@7.4.0-0?arch=arm64` (<https://github.com/package-url/purl-spec>). What the
//! documents say of packages of other ecosystems is for the analyzers of those.

use std::collections::BTreeMap;

use clair_model::{Package, PackageManager};
use clair_purl::Written;
use serde::Deserialize;

use crate::limits::MAX_PACKAGES;
use crate::lines::{lines, root_of};
use crate::problems::Problems;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct BitnamiAnalyzer;

const COMPONENTS: &str = "opt/bitnami/.bitnami_components.json";
const DIRECTORY: &str = "opt/bitnami/";

fn is_document(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".spdx").unwrap_or_default();
    stem.starts_with(".spdx-")
        && path
            .find(DIRECTORY)
            .is_some_and(|start| start == 0 || path[..start].ends_with('/'))
}

fn is_list(path: &str) -> bool {
    root_of(path, COMPONENTS).is_some()
}

impl Analyzer for BitnamiAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "bitnami",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        is_document(file.path) || is_list(file.path)
    }

    fn analyze(&self, file: &File<'_>, _: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let found = if is_list(file.path) {
            listed(file.bytes)?
        } else if file.bytes.trim_ascii_start().starts_with(b"{") {
            described(file.bytes)?
        } else {
            tagged(file.bytes)?
        };
        let mut findings = Findings::default();
        let mut problems = Problems::default();
        for package in found {
            if findings.packages.len() == MAX_PACKAGES {
                problems.push(format_args!(
                    "only its first {MAX_PACKAGES} packages were read"
                ));
                break;
            }
            match package {
                Ok(package) => findings.packages.push(package),
                Err(url) => {
                    problems.push(format_args!("{url:?} names no component with a version"));
                }
            }
        }
        findings.problems = problems.into_list();
        findings.packages.sort();
        findings.packages.dedup();
        Ok(findings)
    }
}

/// Components, and what of Bitnami's is none.
type Found = Vec<Result<Package, String>>;

fn component(name: &str, version: &str, arch: &str) -> Option<Package> {
    let is_complete = !name.is_empty() && !version.is_empty();
    is_complete.then(|| Package {
        name: name.to_lowercase(),
        version: version.to_owned(),
        arch: arch.to_owned(),
        manager: PackageManager::Bitnami,
        source: None,
        module: None,
        vendor: None,
    })
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    version: String,
    #[serde(default)]
    arch: String,
}

/// The list: what there is of each component by its name.
fn listed(bytes: &[u8]) -> Result<Found, AnalyzeError> {
    let list: BTreeMap<String, Listed> = serde_json::from_slice(bytes)
        .map_err(|error| AnalyzeError::new(format_args!("no list of components: {error}")))?;
    let found = list.into_iter().map(|(name, listed)| {
        component(&name, &listed.version, &listed.arch).ok_or_else(|| name.clone())
    });
    Ok(found.collect())
}

#[derive(Deserialize)]
struct Document {
    packages: Vec<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(default)]
    external_refs: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    reference_type: String,
    reference_locator: String,
}

/// An SPDX document in JSON.
fn described(bytes: &[u8]) -> Result<Found, AnalyzeError> {
    let document: Document = serde_json::from_slice(bytes)
        .map_err(|error| AnalyzeError::new(format_args!("no SPDX document: {error}")))?;
    let references = document
        .packages
        .iter()
        .flat_map(|package| &package.external_refs);
    let urls = references
        .filter(|reference| reference.reference_type == "purl")
        .map(|reference| reference.reference_locator.as_str());
    Ok(of_urls(urls))
}

/// An SPDX document of tags and values: `ExternalRef: PACKAGE-MANAGER purl URL`.
fn tagged(bytes: &[u8]) -> Result<Found, AnalyzeError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| AnalyzeError::new(format_args!("no SPDX document: {error}")))?;
    if !text.contains("SPDXVersion:") {
        return Err(AnalyzeError::new("no SPDX document: it has no version"));
    }
    let urls = lines(text.as_bytes()).filter_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let mut words = line.strip_prefix("ExternalRef:")?.split_whitespace();
        let (_, kind, url) = (words.next()?, words.next()?, words.next()?);
        (kind == "purl").then_some(url)
    });
    Ok(of_urls(urls))
}

fn of_urls<'a>(urls: impl Iterator<Item = &'a str>) -> Found {
    let urls = urls.filter_map(|url| Some((url, Written::parse(url)?)));
    urls.filter(|(_, purl)| purl.kind() == "bitnami")
        .map(|(url, purl)| of_url(&purl).ok_or_else(|| url.to_owned()))
        .collect()
}

/// `pkg:bitnami/NAME@VERSION?arch=ARCH&…`.
fn of_url(purl: &Written<'_>) -> Option<Package> {
    let arch = purl.qualifier("arch").ok()?;
    component(
        &purl.path().ok()?,
        &purl.version().ok()??,
        arch.as_deref().unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(path: &str, content: &str) -> Result<Vec<String>, AnalyzeError> {
        let file = File {
            path,
            bytes: content.as_bytes(),
        };
        let findings = BitnamiAnalyzer.analyze(&file, &[])?;
        let packages = findings.packages.iter().map(|package| {
            assert_eq!(package.manager, PackageManager::Bitnami);
            format!("{} {} {}", package.name, package.version, package.arch)
        });
        Ok(packages.chain(findings.problems.iter().cloned()).collect())
    }

    const DOCUMENT: &str = "opt/bitnami/redis/.spdx-redis.spdx";

    #[test]
    fn a_document_names_the_component_and_what_was_built_into_it() {
        let reference = |url: &str| {
            format!(
                r#"{{"name": "A Name", "versionInfo": "0", "externalRefs": [
                    {{"referenceCategory": "SECURITY", "referenceType": "cpe23Type",
                      "referenceLocator": "cpe:2.3:*:a:a:1:*:*:*:*:*:*:*"}},
                    {{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                      "referenceLocator": "{url}"}}]}}"#
            )
        };
        let packages = [
            reference("pkg:bitnami/Redis@7.4.0-0?arch=arm64&distro=debian-12"),
            reference("pkg:bitnami/json-c@0.16.20220414"),
            reference("pkg:bitnami/a%2Bb@1.0.0%2B1?distro=debian-12&arch=amd64#x"),
            reference("pkg:maven/org.postgresql/pljava@1.6.8"),
            reference("pkg:bitnami/nothing"),
            r#"{"name": "no references"}"#.to_owned(),
        ];
        let document = format!(
            r#"{{"spdxVersion": "SPDX-2.3", "packages": [{}]}}"#,
            packages.join(",")
        );
        assert_eq!(
            analyze(DOCUMENT, &document).unwrap(),
            [
                "a+b 1.0.0+1 amd64",
                "json-c 0.16.20220414 ",
                "redis 7.4.0-0 arm64",
                "\"pkg:bitnami/nothing\" names no component with a version",
            ]
        );
    }

    #[test]
    fn a_document_may_be_of_tags_and_values() {
        let document = "SPDXVersion: SPDX-2.3\nPackageName: redis\n\
            ExternalRef: SECURITY cpe23Type cpe:2.3:*:redis:redis:7.4.1:*:*:*:*:*:*:*\n\
            ExternalRef: PACKAGE-MANAGER purl pkg:bitnami/redis@7.4.1-0?arch=arm64&distro=debian-12\n";
        assert_eq!(
            analyze(DOCUMENT, document).unwrap(),
            ["redis 7.4.1-0 arm64"]
        );
    }

    #[test]
    fn a_list_has_components_by_their_names() {
        let list = r#"{"gosu": {"arch": "amd64", "digest": "16f1", "distro": "debian-10",
            "type": "NAMI", "version": "1.14.0-1"}, "odd": {"arch": "amd64"}}"#;
        assert_eq!(
            analyze(COMPONENTS, list).unwrap(),
            [
                "gosu 1.14.0-1 amd64",
                "\"odd\" names no component with a version"
            ]
        );
    }

    #[test]
    fn what_is_neither_is_told() {
        for (path, content) in [
            (COMPONENTS, "[]"),
            (COMPONENTS, "{\"a\": 1}"),
            (DOCUMENT, "{}"),
            (DOCUMENT, "{\"packages\": 1}"),
            (DOCUMENT, "rubbish"),
            (DOCUMENT, ""),
        ] {
            assert!(analyze(path, content).is_err(), "{path} {content}");
        }
    }

    #[test]
    fn documents_of_others_are_not_wanted() {
        for (path, wanted) in [
            (DOCUMENT, true),
            ("opt/bitnami/.spdx-x.spdx", true),
            ("srv/opt/bitnami/a/b/.spdx-x.spdx", true),
            ("xopt/bitnami/a/.spdx-x.spdx", false),
            ("opt/bitnami/a/redis.spdx", false),
            ("usr/share/sbom/.spdx-x.spdx", false),
        ] {
            assert_eq!(is_document(path), wanted, "{path}");
        }
    }
}
