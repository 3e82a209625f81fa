//! The same image gives the same findings wherever it comes from.

use std::fs;
use std::path::Path;

use clair_image::OpenOptions;
use clair_index::Inventory;
use tempfile::TempDir;

use crate::image::{Image, archived, gzip, written, zstd};
use crate::indexed::{DEBIAN, dpkg, gaps, inventory_of, packages};
use crate::registry::{Access, PASSWORD, Registry};
use crate::tar::Tar;

fn image() -> Image {
    let base = Tar::new()
        .directory("etc")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", DEBIAN)
        .file("var/lib/dpkg/status", dpkg(&["bash 5", "libc6 2.36"]))
        .file("opt/removed/var/lib/dpkg/status", dpkg(&["removed 1"]))
        .end();
    let top = Tar::new()
        .file(
            "var/lib/dpkg/status",
            dpkg(&["bash 5", "curl 7", "libc6 2.36"]),
        )
        .file("opt/.wh.removed", "")
        .end();
    Image::new([base, top])
}

/// What the image ends with, as a root file system.
fn unpack(root: &Path) {
    written(
        root,
        &[
            ("usr/lib/os-release".into(), DEBIAN.into()),
            (
                "var/lib/dpkg/status".into(),
                dpkg(&["bash 5", "curl 7", "libc6 2.36"]).into(),
            ),
        ],
    );
    fs::create_dir(root.join("etc")).unwrap();
    std::os::unix::fs::symlink("../usr/lib/os-release", root.join("etc/os-release")).unwrap();
}

/// Packages, databases and distribution: all but in which layer.
fn found(inventory: &Inventory) -> (Vec<String>, Vec<&str>, Vec<&str>) {
    let databases = inventory
        .packages
        .iter()
        .map(|found| found.package_db.as_str());
    let distributions = inventory
        .distributions
        .iter()
        .map(|found| found.pretty_name.as_str());
    (
        packages(inventory),
        databases.collect(),
        distributions.collect(),
    )
}

fn assert_found(reference: &str, options: &OpenOptions) -> Inventory {
    let inventory = inventory_of(reference, options).unwrap();
    let expected = ["bash 5", "curl 7", "libc6 2.36"];
    assert_eq!(
        found(&inventory),
        (
            expected.map(ToOwned::to_owned).to_vec(),
            vec!["var/lib/dpkg/status"; 3],
            vec!["Debian GNU/Linux 12 (bookworm)"]
        ),
        "{reference}"
    );
    assert_eq!(gaps(&inventory), [""; 0], "{reference}");
    inventory
}

/// Packages with the number of the layer that introduced them.
fn layers_of(inventory: &Inventory, image: &Image) -> Vec<(String, usize)> {
    let packages = inventory.packages.iter().map(|found| {
        let layer = image
            .layers
            .iter()
            .position(|layer| crate::image::sha256(&layer.blob) == found.introduced_in);
        (found.package.name.clone(), layer.unwrap())
    });
    packages.collect()
}

fn assert_introduced(inventory: &Inventory, image: &Image) {
    let expected = [("bash", 0), ("curl", 1), ("libc6", 0)];
    let expected = expected.map(|(name, layer)| (name.to_owned(), layer));
    assert_eq!(layers_of(inventory, image), expected);
}

#[test]
fn files_and_directories_of_every_form() {
    let directory = TempDir::new().unwrap();
    let options = OpenOptions::default();
    for compress in [<[u8]>::to_vec, gzip, zstd] {
        let image = image().compressed(compress);
        for (kind, files) in [
            ("docker-archive", image.docker_archive("app:1")),
            ("oci-archive", image.oci_layout(None)),
        ] {
            let archive = archived(&files);
            for bytes in [archive.clone(), gzip(&archive)] {
                let path = directory.path().join("image.tar");
                fs::write(&path, bytes).unwrap();
                for reference in [
                    format!("{kind}:{}", path.display()),
                    path.display().to_string(),
                ] {
                    assert_introduced(&assert_found(&reference, &options), &image);
                }
            }
        }
        let layout = TempDir::new().unwrap();
        written(layout.path(), &image.oci_layout(Some("1")));
        for reference in ["oci:PATH", "oci:PATH:1", "PATH"] {
            let reference = reference.replace("PATH", layout.path().to_str().unwrap());
            assert_introduced(&assert_found(&reference, &options), &image);
        }
    }
    // The older forms have their layers uncompressed.
    let image = image();
    for files in [
        image.older_docker_archive("app:1"),
        image.oldest_docker_archive("app:1"),
    ] {
        let path = directory.path().join("image.tar");
        fs::write(&path, archived(&files)).unwrap();
        assert_introduced(&assert_found(path.to_str().unwrap(), &options), &image);
    }
    let root = TempDir::new().unwrap();
    unpack(root.path());
    for reference in ["dir:PATH", "PATH"] {
        let reference = reference.replace("PATH", root.path().to_str().unwrap());
        assert_found(&reference, &options);
    }
}

#[test]
fn registries_with_and_without_a_login() {
    for access in [Access::Anonymous, Access::Password, Access::Token] {
        if !access.can_be_tested() {
            continue;
        }
        let registry = Registry::start(access);
        let image = image().compressed(gzip);
        let reference = registry.push("team/app", "1", &image);
        let right = registry.options(Some(PASSWORD));
        for reference in [reference.clone(), format!("registry:{reference}")] {
            assert_introduced(&assert_found(&reference, &right), &image);
        }
        let pinned = crate::image::sha256(&image.manifest());
        let pinned = format!("{}@{pinned}", reference.strip_suffix(":1").unwrap());
        assert_found(&pinned, &right);
        for password in [None, Some("wrong")] {
            let result = inventory_of(&reference, &registry.options(password));
            assert_eq!(
                result.is_ok(),
                access == Access::Anonymous,
                "{access:?} {password:?}"
            );
        }
    }
}
