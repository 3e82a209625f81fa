//! The forms in which images are kept on disk, and how a reference says which.

use std::fs;
use std::path::Path;

use clair_image::{Error, Image as Found, OpenOptions, PlatformSelector, Source, open, walk};
use serde_json::json;
use tempfile::TempDir;

use crate::image::{Image, archived, gzip, layout, sha256, written, zstd};
use crate::tar::Tar;
use crate::walked::{Walked, chain};

fn image() -> Image {
    let base = Tar::new()
        .directory("etc")
        .file("etc/os-release", "ID=alpine\n")
        .end();
    let top = Tar::new().file("top", "of the image").end();
    Image::new([base, top])
}

fn opened(reference: &str) -> Result<(Box<dyn Source>, Found), Error> {
    let source = open(reference, &OpenOptions::default())?;
    let mut images = source.images(&PlatformSelector::Default)?;
    assert_eq!(images.len(), 1, "{reference}");
    Ok((source, images.remove(0)))
}

fn error_of(reference: &str) -> String {
    chain(&opened(reference).map(|(_, image)| image).unwrap_err())
}

/// What each layer shows, with its digest checked on the way.
fn layers_of(reference: &str) -> Vec<Walked> {
    let (source, image) = opened(reference).unwrap();
    let walked = image.layers.iter().map(|layer| {
        let mut walked = Walked::default();
        let data = source.layer(layer).unwrap();
        let limits = OpenOptions::default().limits;
        walk(layer, data, &limits, &|_| {}, &mut walked).unwrap();
        walked
    });
    walked.collect()
}

/// Every form of an image: its reference, in a directory that holds it.
fn forms(directory: &Path) -> Vec<String> {
    let image = image();
    let save = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let mut forms = Vec::new();
    for (kind, files) in [
        ("docker-archive", image.docker_archive("app:1")),
        ("docker-archive", image.older_docker_archive("app:1")),
        ("docker-archive", image.oldest_docker_archive("app:1")),
        ("oci-archive", image.oci_layout(None)),
    ] {
        let archive = archived(&files);
        for (ending, bytes) in [
            ("", archive.clone()),
            (".gz", gzip(&archive)),
            (".zst", zstd(&archive)),
        ] {
            let path = save(&format!("{}{ending}", forms.len()), &bytes);
            forms.push(format!("{kind}:{path}"));
            forms.push(path);
        }
    }
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd)] {
        let compressed = image.clone().compressed(compress);
        let root = directory.join(name);
        written(&root, &compressed.oci_layout(None));
        forms.push(format!("oci:{}", root.display()));
        forms.push(root.display().to_string());
        let path = save(
            &format!("{name}.tar"),
            &archived(&compressed.docker_archive("a:1")),
        );
        forms.push(format!("docker-archive:{path}"));
    }
    forms
}

#[test]
fn an_image_has_the_same_layers_in_every_form() {
    let directory = TempDir::new().unwrap();
    let expected = layers_of(&forms(directory.path())[0]);
    assert_eq!(expected.len(), 2);
    assert_eq!(expected[1].text("top"), "of the image");
    for reference in forms(directory.path()) {
        assert_eq!(layers_of(&reference), expected, "{reference}");
    }
}

#[test]
fn an_image_has_the_digest_of_its_manifest_or_else_of_its_configuration() {
    let directory = TempDir::new().unwrap();
    let image = image();
    written(directory.path(), &image.oci_layout(Some("v1")));
    let (_, found) = opened(&format!("oci:{}:v1", directory.path().display())).unwrap();
    assert_eq!(found.digest, Some(sha256(&image.manifest())));
    assert_eq!(found.platform.unwrap().to_string(), "linux/amd64");

    let file = directory.path().join("saved.tar");
    fs::write(&file, archived(&image.docker_archive("app:1"))).unwrap();
    let (_, found) = opened(file.to_str().unwrap()).unwrap();
    assert_eq!(found.digest, Some(sha256(&image.config())));
    assert_eq!(found.name, "app:1");
    let diff_ids: Vec<_> = found
        .layers
        .iter()
        .map(|layer| layer.diff_id.clone())
        .collect();
    let expected = image
        .layers
        .iter()
        .map(|layer| Some(sha256(&layer.archive)));
    assert_eq!(diff_ids, expected.collect::<Vec<_>>());
}

#[test]
fn a_directory_without_a_layout_is_a_root_file_system() {
    let directory = TempDir::new().unwrap();
    let files = [("etc/os-release".to_owned(), b"ID=alpine\n".to_vec())];
    written(directory.path(), &files);
    std::os::unix::fs::symlink("/etc/passwd", directory.path().join("link")).unwrap();
    let path = directory.path().display();
    for reference in [format!("dir:{path}"), path.to_string()] {
        let layers = layers_of(&reference);
        assert_eq!(
            layers[0].entries,
            [
                "directory etc",
                "symlink link -> /etc/passwd",
                "file etc/os-release"
            ]
        );
        assert_eq!(layers[0].text("etc/os-release"), "ID=alpine\n");
    }
}

#[test]
fn of_several_images_a_name_says_which() {
    let directory = TempDir::new().unwrap();
    let (one, two) = (image(), Image::new([Tar::new().file("two", "").end()]));
    let mut files = one.older_docker_archive("registry.example/one:1");
    let second = two.docker_archive("docker.io/library/two:latest");
    let manifests: Vec<serde_json::Value> = [&files, &second]
        .iter()
        .map(|files| {
            let manifest = files
                .iter()
                .find(|(path, _)| path == "manifest.json")
                .unwrap();
            serde_json::from_slice::<Vec<_>>(&manifest.1)
                .unwrap()
                .remove(0)
        })
        .collect();
    files.retain(|(path, _)| path != "manifest.json");
    files.extend(
        second
            .into_iter()
            .filter(|(path, _)| path.starts_with("blobs/")),
    );
    files.push(("manifest.json".into(), json!(manifests).to_string().into()));
    let path = directory.path().join("both.tar");
    fs::write(&path, archived(&files)).unwrap();
    let path = path.display();
    for (name, layers) in [("registry.example/one:1", 2), ("two", 1), ("two:latest", 1)] {
        for reference in [
            format!("docker-archive:{path}:{name}"),
            format!("{path}:{name}"),
        ] {
            assert_eq!(layers_of(&reference).len(), layers, "{reference}");
        }
    }
    let error = error_of(&format!("docker-archive:{path}"));
    assert!(
        error.contains("2 images (registry.example/one:1, "),
        "{error}"
    );
    let error = error_of(&format!("docker-archive:{path}:three"));
    assert!(error.contains("no image \"three\""), "{error}");

    let mut blobs = one.blobs();
    blobs.extend(two.blobs());
    let tagged = |image: &Image, tag: &str| {
        let mut entry = image.entry();
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        entry
    };
    let index = json!({"manifests": [tagged(&one, "one"), tagged(&two, "example.com/two:2")]});
    let root = directory.path().join("layout");
    written(&root, &layout(&index, blobs));
    let root = root.display();
    let by_digest = format!("@{}", sha256(&two.manifest()));
    for (name, layers) in [(":one", 2), (":2", 1), (&*by_digest, 1)] {
        assert_eq!(
            layers_of(&format!("oci:{root}{name}")).len(),
            layers,
            "{name}"
        );
    }
    let error = error_of(&format!("oci:{root}"));
    assert!(
        error.contains("2 images (one, example.com/two:2)"),
        "{error}"
    );
    let error = error_of(&format!("oci:{root}:three"));
    assert!(error.contains("no image \"three\""), "{error}");
}

#[test]
fn members_of_an_archive_may_be_links_to_others() {
    let directory = TempDir::new().unwrap();
    let image = image();
    let files = image.older_docker_archive("app:1");
    for hard in [false, true] {
        let mut tar = Tar::new();
        for (path, content) in &files {
            let Some(directory) = path.strip_suffix("/layer.tar") else {
                tar = tar.file(path, content);
                continue;
            };
            tar = tar.file(&format!("shared/{directory}"), content);
            tar = if hard {
                tar.hardlink(path, &format!("shared/{directory}"))
            } else {
                tar.symlink(path, &format!("../shared/{directory}"))
            };
        }
        let path = directory.path().join("linked.tar");
        fs::write(&path, tar.end()).unwrap();
        assert_eq!(layers_of(path.to_str().unwrap()).len(), 2);
    }
    let path = directory.path().join("loop.tar");
    let tar = files
        .iter()
        .fold(Tar::new(), |tar, (path, content)| match &**path {
            "layer0/layer.tar" => tar.symlink(path, "../layer1/layer.tar"),
            "layer1/layer.tar" => tar.symlink(path, "../layer0/layer.tar"),
            path => tar.file(path, content),
        });
    fs::write(&path, tar.end()).unwrap();
    let (source, found) = opened(path.to_str().unwrap()).unwrap();
    let error = source.layer(&found.layers[0]).unwrap_err();
    assert!(error.to_string().contains("layer0/layer.tar"), "{error}");
}

/// Changes a file of an archive, and gives the error of opening it.
fn error_with(
    files: &[(String, Vec<u8>)],
    change: impl Fn(&str, &[u8]) -> Option<Vec<u8>>,
) -> String {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("image.tar");
    let files: Vec<_> = files
        .iter()
        .filter_map(|(path, content)| Some((path.clone(), change(path, content)?)))
        .collect();
    fs::write(&path, archived(&files)).unwrap();
    error_of(&format!("docker-archive:{}", path.display()))
}

#[test]
fn what_is_wrong_with_a_docker_archive_is_said() {
    let files = image().older_docker_archive("app:1");
    let is_config = |path: &str| path.strip_suffix(".json").is_some() && path != "manifest.json";
    let error = error_with(&files, |path, content| {
        (path != "manifest.json").then(|| content.to_vec())
    });
    assert!(error.contains("it has no manifest.json"), "{error}");

    for manifest in [
        "null",
        "[]",
        "{",
        "[{\"Config\":\"none.json\"}]",
        "[{\"Config\":1}]",
    ] {
        let error = error_with(&files, |path, content| {
            Some(if path == "manifest.json" {
                manifest.into()
            } else {
                content.to_vec()
            })
        });
        assert!(
            error.contains("manifest.json") || error.contains("none.json"),
            "{manifest}: {error}"
        );
    }
    let error = error_with(&files, |path, content| {
        let changed = br#"{"rootfs":{"diff_ids":[]}}"#;
        Some(if is_config(path) {
            changed.into()
        } else {
            content.to_vec()
        })
    });
    assert!(error.contains("the configuration"), "{error}");
    let error = error_with(&files, |path, content| {
        (!is_config(path)).then(|| content.to_vec())
    });
    assert!(error.contains(".json"), "{error}");
}

#[test]
fn a_configuration_with_other_layers_is_refused() {
    let mut files = image().docker_archive("app:1");
    for (path, content) in &mut files {
        if path == "manifest.json" {
            let mut manifest: serde_json::Value = serde_json::from_slice(content).unwrap();
            manifest[0]["Layers"].as_array_mut().unwrap().pop();
            *content = manifest.to_string().into();
        }
    }
    let error = error_with(&files, |_, content| Some(content.to_vec()));
    assert!(
        error.contains("has 1 layers, the configuration has 2"),
        "{error}"
    );
}

#[test]
fn the_oldest_archives_may_not_go_in_circles() {
    let mut files = image().oldest_docker_archive("app:1");
    for (path, content) in &mut files {
        if path == "layer0/json" {
            *content = br#"{"id":"layer0","parent":"layer1"}"#.into();
        }
    }
    let error = error_with(&files, |_, content| Some(content.to_vec()));
    assert!(error.contains("in a loop"), "{error}");
}

/// Without digests in the archive every layer is hashed to name it. A layer that many names share
/// must not be hashed for each: of 64 MiB and ten thousand names that would take an hour.
#[test]
fn a_layer_of_the_oldest_archives_is_hashed_once() {
    let layer = Tar::new().file("zeros", vec![0; 16 << 20]).end();
    let mut tar = Tar::new()
        .file("repositories", r#"{"a":{"1":"l9999"}}"#)
        .file("layer", &layer);
    for number in 0..10_000 {
        let parent = match number {
            0 => String::new(),
            _ => format!(r#","parent":"l{}""#, number - 1),
        };
        tar = tar
            .file(
                &format!("l{number}/json"),
                format!(r#"{{"id":"l{number}"{parent}}}"#),
            )
            .symlink(&format!("l{number}/layer.tar"), "../layer");
    }
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("image.tar");
    fs::write(&path, tar.end()).unwrap();
    let (_, found) = opened(path.to_str().unwrap()).unwrap();
    assert_eq!(found.layers.len(), 10_000);
    let digest = sha256(&layer);
    assert!(found.layers.iter().all(|layer| layer.digest == digest));
}

#[test]
fn what_is_wrong_with_a_layout_is_said() {
    let directory = TempDir::new().unwrap();
    let root = directory.path();
    let image = image();
    written(root, &image.oci_layout(None));
    let reference = format!("oci:{}", root.display());
    let blob = |bytes: &[u8]| root.join(crate::image::blob_path(bytes));

    let config = fs::read(blob(&image.config())).unwrap();
    fs::write(blob(&image.config()), b"{}").unwrap();
    let error = error_of(&reference);
    assert!(error.contains("not what its digest says"), "{error}");
    fs::remove_file(blob(&image.config())).unwrap();
    let error = error_of(&reference);
    assert!(error.contains(&sha256(&config).hex()), "{error}");
    fs::write(blob(&image.config()), &config).unwrap();

    // A layer is only missed when it is read.
    fs::remove_file(blob(&image.layers[0].blob)).unwrap();
    let (source, found) = opened(&reference).unwrap();
    let error = source.layer(&found.layers[0]).unwrap_err();
    assert!(
        error.to_string().contains(&found.layers[0].digest.hex()),
        "{error}"
    );

    for (index, reason) in [
        ("{}", "names no manifest"),
        ("[", "index.json"),
        (r#"{"manifests":[]}"#, "names no manifest"),
        (
            r#"{"manifests":[{"digest":"sha256:../../../etc/passwd"}]}"#,
            "digest",
        ),
    ] {
        fs::write(root.join("index.json"), index).unwrap();
        let error = error_of(&reference);
        assert!(error.contains(reason), "{index}: {error}");
    }
}

#[test]
fn a_path_that_is_not_there_is_said_and_not_looked_for_in_a_registry() {
    for reference in ["./none", "/none/at/all", "none.tar", "none.tar.gz"] {
        let error = error_of(reference);
        assert!(error.contains("no such file"), "{error}");
    }
    for reference in ["docker-archive:/none", "oci-archive:/none", "dir:/none"] {
        let error = error_of(reference);
        assert!(error.contains("/none"), "{error}");
    }
}
