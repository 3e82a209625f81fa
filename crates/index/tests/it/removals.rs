//! What a layer removes from those below it, by the rules of the OCI image specification.

use crate::indexed::{DEBIAN, dpkg, inventory, packages};
use crate::tar::Tar;

const STATUS: &str = "var/lib/dpkg/status";

fn base() -> Vec<u8> {
    Tar::new()
        .file("etc/os-release", DEBIAN)
        .file(STATUS, dpkg(&["bash 5"]))
        .end()
}

/// Whether the packages of the base are gone with this layer on top.
fn removes(layer: Tar) -> bool {
    packages(&inventory(&[base(), layer.end()])).is_empty()
}

#[test]
fn a_whiteout_removes_the_file_or_the_directory_of_its_name() {
    for whiteout in [
        "var/lib/dpkg/.wh.status",
        "./var/lib/dpkg/.wh.status",
        "var/lib/.wh.dpkg",
        "var/.wh.lib",
        ".wh.var",
        "/.wh.var",
    ] {
        assert!(removes(Tar::new().file(whiteout, "")), "{whiteout}");
    }
    for whiteout in [
        "var/lib/dpkg/.wh.status-old",
        "var/lib/dpkg/.wh.statu",
        "lib/dpkg/.wh.status",
        ".wh.va",
        "var/lib/dpkg/.wh.",
        ".wh..wh.plnk",
        ".wh..wh.aufs",
    ] {
        assert!(!removes(Tar::new().file(whiteout, "")), "{whiteout}");
    }
}

#[test]
fn an_opaque_directory_hides_what_is_below_it_in_lower_layers() {
    for opaque in [
        "var/lib/dpkg/.wh..wh..opq",
        "var/.wh..wh..opq",
        ".wh..wh..opq",
    ] {
        assert!(removes(Tar::new().file(opaque, "")), "{opaque}");
    }
    for opaque in ["var/lib/dpkg/info/.wh..wh..opq", "va/.wh..wh..opq"] {
        assert!(!removes(Tar::new().file(opaque, "")), "{opaque}");
    }
}

/// Whatever their order in the archive.
#[test]
fn an_opaque_directory_keeps_what_its_own_layer_puts_there() {
    for layer in [
        Tar::new()
            .file("var/.wh..wh..opq", "")
            .file(STATUS, dpkg(&["vim 9"])),
        Tar::new()
            .file(STATUS, dpkg(&["vim 9"]))
            .file("var/.wh..wh..opq", ""),
        Tar::new()
            .file(STATUS, dpkg(&["vim 9"]))
            .file("var/lib/dpkg/.wh.status", ""),
    ] {
        assert_eq!(packages(&inventory(&[base(), layer.end()])), ["vim 9"]);
    }
}

#[test]
fn what_takes_the_place_of_a_file_or_of_a_directory_above_it_removes_it() {
    for layer in [
        Tar::new().file("var", "a file"),
        Tar::new().symlink("var/lib", "/elsewhere"),
        Tar::new().directory(STATUS),
        Tar::new().symlink(STATUS, "/dev/null"),
        Tar::new()
            .hardlink(STATUS, "etc/os-release")
            .file("etc/os-release", DEBIAN),
        Tar::new().member(&crate::tar::Header::new(b'3', "var/lib/dpkg"), b""),
    ] {
        let layers = [base(), layer.end()];
        let packages = packages(&inventory(&layers));
        assert!(!packages.contains(&"bash 5".to_owned()), "{packages:?}");
    }
}

#[test]
fn a_directory_on_top_of_a_directory_removes_nothing() {
    for directory in ["var", "var/lib", "var/lib/dpkg", ""] {
        assert!(!removes(Tar::new().directory(directory)), "{directory}");
    }
}

#[test]
fn a_whiteout_removes_from_lower_layers_only() {
    let whiteout = Tar::new().file(".wh.var", "").end();
    let layers = [whiteout, base()];
    assert_eq!(packages(&inventory(&layers)), ["bash 5"]);
}

#[test]
fn a_removed_release_file_tells_no_distribution() {
    let layer = Tar::new().file("etc/.wh.os-release", "").end();
    let inventory = inventory(&[base(), layer]);
    assert!(inventory.distributions.is_empty());
    assert_eq!(inventory.packages[0].distribution, None);
}
