//! `Dockerfile-NAME-VERSION-RELEASE`: which of Red Hat's container images a layer is of.
//!
//! Images have had one for each of their layers until 2025.

use clair_model::{Package, PackageManager, Repository, SourcePackage};

use super::{dockerfile, is_name};
use crate::lines::root_of;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings};

pub(crate) struct RecipeAnalyzer;

const DIRECTORY: &str = "root/buildinfo";
const PREFIX: &str = "Dockerfile-";

/// Version and release, as the name of the file has them.
fn version(path: &str) -> Option<&str> {
    let (directory, name) = path.rsplit_once('/')?;
    root_of(directory, DIRECTORY)?;
    let nvr = name.strip_prefix(PREFIX)?;
    let release = nvr.rfind('-')?;
    let version = nvr[..release].rfind('-')?;
    Some(&nvr[version + 1..]).filter(|version| is_name(version))
}

impl Analyzer for RecipeAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "container-recipe",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        version(file.path).is_some()
    }

    fn analyze(&self, file: &File<'_>, _companions: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let Some(version) = version(file.path) else {
            return Ok(Findings::default());
        };
        let text = std::str::from_utf8(file.bytes)
            .map_err(|_| AnalyzeError::new("it is no text in UTF-8"))?;
        let labels = dockerfile::labels(text).map_err(AnalyzeError::new)?;
        let label = |name: &str| labels.get(name).filter(|value| is_name(value)).cloned();
        let (Some(component), Some(name), Some(arch)) = (
            label("com.redhat.component"),
            label("name"),
            label("architecture"),
        ) else {
            return Ok(Findings::default());
        };
        Ok(Findings {
            packages: vec![Package {
                name,
                version: version.to_owned(),
                arch,
                manager: PackageManager::Rhcc,
                source: Some(SourcePackage {
                    name: component,
                    version: version.to_owned(),
                }),
                module: None,
                vendor: None,
            }],
            repositories: vec![Repository::container_catalog()],
            ..Findings::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_file_ends_with_version_and_release() {
        for (path, expected) in [
            (
                "root/buildinfo/Dockerfile-quay-clair-rhel8-v3.5.5-4",
                Some("v3.5.5-4"),
            ),
            (
                "root/buildinfo/Dockerfile-ubi8-8.4-206.1626828523",
                Some("8.4-206.1626828523"),
            ),
            ("rootfs/root/buildinfo/Dockerfile-a-1-2", Some("1-2")),
            ("root/buildinfo/Dockerfile-a-1", None),
            ("root/buildinfo/Dockerfile", None),
            ("root/Dockerfile-a-1-2", None),
        ] {
            assert_eq!(version(path), expected, "{path}");
        }
    }
}
