//! Content manifests: the repositories that the packages of a layer were installed from.
//!
//! Every layer that Red Hat builds brings one of its own. Older ones are named for the image and
//! lie beside those of the layers below; newer ones all have the same name, and are in two places.

use serde::Deserialize;

use super::is_name;
use crate::lines;
use crate::{AnalyzeError, Analyzer, AnalyzerId, File, FileInfo, Findings, Provenance};

pub(crate) struct ContentManifestAnalyzer;

const DIRECTORIES: [&str; 3] = [
    "root/buildinfo/content_manifests",
    "usr/share/buildinfo/content_manifests",
    "usr/share/buildinfo",
];

/// The labels of the image lie in the same directory.
const LABELS: &str = "labels.json";

/// More repositories than Red Hat has.
const MAX_REPOSITORIES: usize = 20_000;

#[derive(Deserialize)]
struct Manifest {
    content_sets: Option<Vec<String>>,
    #[serde(default)]
    from_dnf_hint: bool,
}

/// The root file system of a path, if it is that of a content manifest.
pub(super) fn root_of(path: &str) -> Option<&str> {
    let (directory, name) = path.rsplit_once('/')?;
    let mut roots = DIRECTORIES
        .iter()
        .map(|known| lines::root_of(directory, known));
    let root = roots.find_map(|root| root)?;
    let is_json = name
        .strip_suffix(".json")
        .is_some_and(|stem| !stem.is_empty());
    (is_json && name != LABELS).then_some(root)
}

impl Analyzer for ContentManifestAnalyzer {
    fn id(&self) -> AnalyzerId {
        AnalyzerId {
            name: "content-manifest",
            version: 1,
        }
    }

    fn wants(&self, file: &FileInfo<'_>) -> bool {
        root_of(file.path).is_some()
    }

    fn analyze(&self, file: &File<'_>, _companions: &[File<'_>]) -> Result<Findings, AnalyzeError> {
        let manifest: Manifest = serde_json::from_slice(file.bytes).map_err(|error| {
            AnalyzeError::new(format!("no content manifest can be read of it: {error}"))
        })?;
        let Some(mut repositories) = manifest
            .content_sets
            .or(manifest.from_dnf_hint.then(Vec::new))
        else {
            return Ok(Findings::default());
        };
        let mut problems = Vec::new();
        let named = repositories.len();
        repositories.retain(|id| is_name(id));
        repositories.truncate(MAX_REPOSITORIES);
        repositories.sort_unstable();
        if repositories.len() < named {
            let left_out = named - repositories.len();
            problems.push(format!("{left_out} of its content sets cannot be used"));
        }
        repositories.dedup();
        Ok(Findings {
            provenance: Some(Provenance::Manifest {
                repositories,
                consults_history: manifest.from_dnf_hint,
            }),
            problems,
            ..Findings::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analyze(json: &str) -> Result<Findings, AnalyzeError> {
        let file = File {
            path: "root/buildinfo/content_manifests/ubi9-container-9.4-1214.json",
            bytes: json.as_bytes(),
        };
        ContentManifestAnalyzer.analyze(&file, &[])
    }

    fn manifest(ids: &[&str], consults_history: bool) -> Provenance {
        Provenance::Manifest {
            repositories: ids.iter().map(|&id| id.to_owned()).collect(),
            consults_history,
        }
    }

    #[test]
    fn every_place_of_a_manifest_is_known() {
        for path in [
            "root/buildinfo/content_manifests/ubi9-container-9.4-1214.json",
            "usr/share/buildinfo/content-sets.json",
            "usr/share/buildinfo/content_manifests/a.json",
            "rootfs/usr/share/buildinfo/content-sets.json",
        ] {
            assert!(root_of(path).is_some(), "{path}");
        }
        for path in [
            "usr/share/buildinfo/labels.json",
            "root/buildinfo/content_manifests/Dockerfile",
            "root/buildinfo/a.json",
            "etc/a.json",
        ] {
            assert!(root_of(path).is_none(), "{path}");
        }
    }

    #[test]
    fn repositories_are_named_once() {
        let json = r#"{"content_sets": ["b", "a", "b"], "metadata": {"image_layer_index": 0}}"#;
        assert_eq!(
            analyze(json).unwrap().provenance,
            Some(manifest(&["a", "b"], false))
        );
        let json = r#"{"from_dnf_hint": true}"#;
        assert_eq!(analyze(json).unwrap().provenance, Some(manifest(&[], true)));
        let json = r#"{"content_sets": ["a"], "from_dnf_hint": true}"#;
        assert_eq!(
            analyze(json).unwrap().provenance,
            Some(manifest(&["a"], true))
        );
    }

    #[test]
    fn what_is_no_manifest_tells_nothing_and_a_broken_one_is_told() {
        assert_eq!(analyze("{}").unwrap(), Findings::default());
        for json in ["", "[", r#"{"content_sets": "a"}"#, &"[".repeat(100_000)] {
            assert!(analyze(json).is_err());
        }
        let found = analyze("{\"content_sets\": [\"a\", \"\", \"\\u001b[2J\"]}").unwrap();
        assert_eq!(found.provenance, Some(manifest(&["a"], false)));
        assert_eq!(found.problems, ["2 of its content sets cannot be used"]);
    }
}
