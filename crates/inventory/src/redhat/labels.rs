//! `labels.json`: which of Red Hat's container images this is, and of which product.
//!
//! Images have it since 2025. The version of such an image is the second in which it was built.

use clair_model::{Package, PackageManager, Repository};
use jiff::Timestamp;
use serde::Deserialize;

use super::is_name;
use crate::lines::root_of;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct LabelsAnalyzer;

const PREFERRED: &str = "root/buildinfo/labels.json";
const OTHER: &str = "usr/share/buildinfo/labels.json";

#[derive(Deserialize)]
struct Labels {
    #[serde(default)]
    name: String,
    #[serde(default)]
    architecture: String,
    #[serde(default, rename = "org.opencontainers.image.created")]
    created: String,
    #[serde(default)]
    cpe: String,
}

impl Analyzer for LabelsAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "container-labels",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        [PREFERRED, OTHER]
            .iter()
            .any(|place| root_of(file.path, place).is_some())
    }

    fn analyze(&self, file: &File<'_>, _companions: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let labels: Labels = serde_json::from_slice(file.bytes)
            .map_err(|error| AnalyzeError::new(format!("no labels can be read of it: {error}")))?;
        let name = unquoted(&labels.name);
        let created = unquoted(&labels.created);
        if name.is_empty() || created.is_empty() {
            return Ok(Findings::default());
        }
        if !is_name(&name) {
            return Err(AnalyzeError::new("its name is none of an image"));
        }
        let created: Timestamp = created
            .parse()
            .map_err(|error| AnalyzeError::new(format!("its time of creation: {error}")))?;
        let arch = unquoted(&labels.architecture);
        let cpe = unquoted(&labels.cpe);
        let mut problems = Vec::new();
        let repositories = match cpe.parse::<clair_cpe::Cpe>() {
            Ok(cpe) => vec![Repository::containers(&cpe.to_string())],
            Err(_) if cpe.is_empty() => Vec::new(),
            Err(error) => {
                problems.push(format!("its cpe: {error}"));
                Vec::new()
            }
        };
        // Both places have the same.
        let supersedes = root_of(file.path, PREFERRED).map(|root| match root {
            "" => OTHER.to_owned(),
            root => format!("{root}/{OTHER}"),
        });
        Ok(Findings {
            packages: vec![Package {
                name,
                version: created.as_second().max(0).to_string(),
                arch: if is_name(&arch) { arch } else { String::new() },
                manager: PackageManager::Rhcc,
                source: None,
                module: None,
                vendor: None,
            }],
            repositories,
            supersedes: Vec::from_iter(supersedes),
            problems,
            ..Findings::default()
        })
    }
}

/// Some builds have put quotes into the value.
fn unquoted(text: &str) -> String {
    let quoted = text
        .trim()
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    quoted.unwrap_or(text).trim().to_owned()
}
