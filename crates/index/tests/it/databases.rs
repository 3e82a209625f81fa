//! Which form of a package database an image ends with, and who brought what is in it.

use crate::indexed::{ALPINE, DEBIAN, apk, dpkg, gaps, introduced, inventory, packages};
use crate::tar::Tar;

const STATUS: &str = "var/lib/dpkg/status";

fn status(packages: &[&str]) -> Vec<u8> {
    Tar::new().file(STATUS, dpkg(packages)).end()
}

fn base() -> Vec<u8> {
    Tar::new()
        .file("etc/os-release", DEBIAN)
        .file(STATUS, dpkg(&["bash 5", "libc6 2.36"]))
        .end()
}

#[test]
fn an_image_has_the_packages_and_the_distribution_of_its_files() {
    let inventory = inventory(&[base()]);
    assert_eq!(packages(&inventory), ["bash 5", "libc6 2.36"]);
    assert_eq!(
        inventory.distributions[0].pretty_name,
        "Debian GNU/Linux 12 (bookworm)"
    );
    for located in &inventory.packages {
        assert_eq!(located.package_db, STATUS);
        assert_eq!(located.distribution, Some(0));
    }
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn a_database_replaced_above_counts_alone() {
    let layers = [base(), status(&["bash 5", "curl 7"])];
    assert_eq!(introduced(&layers), ["bash 5 in 0", "curl 7 in 1"]);
}

#[test]
fn a_package_was_introduced_by_the_first_layer_that_has_it_as_it_is() {
    let layers = [
        base(),
        status(&["bash 5", "curl 7", "libc6 2.36"]),
        Tar::new().file("unrelated", "").end(),
        status(&["bash 5.1", "curl 7", "libc6 2.36"]),
        status(&["bash 5.1", "curl 7", "libc6 2.36", "vim 9"]),
    ];
    assert_eq!(
        introduced(&layers),
        [
            "bash 5.1 in 3",
            "curl 7 in 1",
            "libc6 2.36 in 0",
            "vim 9 in 4"
        ]
    );
}

#[test]
fn a_package_that_was_gone_for_a_while_was_introduced_anew() {
    let layers = [
        base(),
        status(&["libc6 2.36"]),
        status(&["bash 5", "libc6 2.36"]),
    ];
    assert_eq!(introduced(&layers), ["bash 5 in 2", "libc6 2.36 in 0"]);
}

#[test]
fn a_database_removed_and_made_anew_has_no_past() {
    let removed = Tar::new().file("var/lib/dpkg/.wh.status", "").end();
    let layers = [base(), removed.clone()];
    assert_eq!(introduced(&layers), [""; 0]);
    let layers = [base(), removed, status(&["bash 5"])];
    assert_eq!(introduced(&layers), ["bash 5 in 2"]);
}

/// A file per package: each is replaced and removed by itself.
#[test]
fn a_distroless_image_has_its_packages_file_by_file() {
    let stanza = |package: &str| dpkg(&[package]).replace("Status: install ok installed\n", "");
    let layers = [
        Tar::new()
            .file("usr/lib/os-release", DEBIAN)
            .symlink("etc/os-release", "../usr/lib/os-release")
            .file(
                "var/lib/dpkg/status.d/base-files",
                stanza("base-files 12.4"),
            )
            .file("var/lib/dpkg/status.d/tzdata", stanza("tzdata 2024a"))
            .end(),
        Tar::new()
            .file("var/lib/dpkg/status.d/libssl3", stanza("libssl3 3.0.11"))
            .file("var/lib/dpkg/status.d/tzdata", stanza("tzdata 2024b"))
            .file("var/lib/dpkg/status.d/.wh.base-files", "")
            .end(),
    ];
    assert_eq!(
        introduced(&layers),
        ["libssl3 3.0.11 in 1", "tzdata 2024b in 1"]
    );
    assert_eq!(inventory(&layers).distributions[0].did, "debian");
}

#[test]
fn a_root_file_system_inside_of_another_has_its_own_distribution() {
    let layer = Tar::new()
        .file("etc/os-release", DEBIAN)
        .file(STATUS, dpkg(&["bash 5"]))
        .file("srv/root/etc/os-release", ALPINE)
        .file("srv/root/lib/apk/db/installed", apk(&["musl 1.2.5-r0"]))
        .end();
    let inventory = inventory(&[layer]);
    let found: Vec<_> = inventory
        .packages
        .iter()
        .map(|located| {
            let distribution = &inventory.distributions[located.distribution.unwrap()];
            (located.package.name.as_str(), distribution.did.as_str())
        })
        .collect();
    assert_eq!(found, [("bash", "debian"), ("musl", "alpine")]);
}

#[test]
fn packages_without_a_distribution_and_images_without_packages_are_told() {
    assert_eq!(
        gaps(&inventory(&[status(&["bash 5"])])),
        [
            "unknown-distribution var/lib/dpkg/status: no file tells which distribution its packages belong to"
        ]
    );
    let nothing = gaps(&inventory(&[Tar::new().file("app", "").end()]));
    assert_eq!(nothing.len(), 1);
    assert!(
        nothing[0].starts_with("no-packages the image: "),
        "{nothing:?}"
    );
}

#[test]
fn a_database_that_cannot_be_read_is_told_and_costs_no_other() {
    let layer = Tar::new()
        .file("etc/os-release", ALPINE)
        .file("lib/apk/db/installed", apk(&["musl 1.2.5-r0"]))
        .file("var/lib/rpm/rpmdb.sqlite", "no database at all")
        .end();
    let inventory = inventory(std::slice::from_ref(&layer));
    assert_eq!(packages(&inventory), ["musl 1.2.5-r0"]);
    let told = gaps(&inventory);
    assert!(
        told[0].starts_with("unread-file var/lib/rpm/rpmdb.sqlite: "),
        "{told:?}"
    );
    // What is not there in the end needs no word.
    let above = Tar::new().file("var/lib/rpm/.wh.rpmdb.sqlite", "").end();
    assert_eq!(gaps(&crate::indexed::inventory(&[layer, above])), [""; 0]);
}

#[test]
fn of_a_name_that_comes_twice_in_a_layer_the_later_file_counts() {
    let layer = Tar::new()
        .file("etc/os-release", DEBIAN)
        .file(STATUS, dpkg(&["old 1"]))
        .file("./var/lib/dpkg/status", dpkg(&["new 1"]))
        .end();
    assert_eq!(packages(&inventory(&[layer])), ["new 1"]);
}

/// The later entry replaces the file on disk, and a scanner must not see it any more.
#[test]
fn a_file_that_the_same_layer_replaces_by_something_else_is_gone() {
    for tar in [
        Tar::new()
            .file(STATUS, dpkg(&["gone 1"]))
            .symlink(STATUS, "/dev/null"),
        Tar::new().file(STATUS, dpkg(&["gone 1"])).directory(STATUS),
    ] {
        let layer = tar.file("etc/os-release", DEBIAN).end();
        assert_eq!(packages(&inventory(&[layer])), [""; 0]);
    }
}
