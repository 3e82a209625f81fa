//! Links on the way to what matters.

use crate::indexed::{ALPINE, DEBIAN, apk, dpkg, findings, gaps, introduced, inventory, packages};
use crate::memory_source::MemorySource;
use crate::tar::Tar;

fn did(layers: &[Vec<u8>]) -> Option<String> {
    let inventory = inventory(layers);
    inventory
        .distributions
        .first()
        .map(|found| found.did.clone())
}

#[test]
fn a_release_file_is_found_through_links_of_any_form() {
    for target in [
        "../usr/lib/os-release",
        "/usr/lib/os-release",
        "../../../usr/lib/os-release",
    ] {
        let tar = Tar::new().symlink("etc/os-release", target);
        let layer = tar.file("usr/lib/os-release", ALPINE).end();
        assert_eq!(did(&[layer]).as_deref(), Some("alpine"), "{target}");
    }
}

/// `etc/os-release` as a link to a file that no analyzer asks for by its own name.
#[test]
fn the_file_behind_a_link_is_read_whatever_it_is_called() {
    for file_first in [true, false] {
        let file = |tar: Tar| tar.file("opt/vendor/release", ALPINE);
        let link = |tar: Tar| tar.symlink("etc/os-release", "/opt/vendor/release");
        let tar = if file_first {
            link(file(Tar::new()))
        } else {
            file(link(Tar::new()))
        };
        let layer = tar.end();
        assert_eq!(did(std::slice::from_ref(&layer)).as_deref(), Some("alpine"));

        let source = MemorySource::new(std::slice::from_ref(&layer));
        let all = clair_image::PlatformSelector::All;
        crate::indexed::inventories(&source, &all).unwrap();
        assert_eq!(source.reads(&layer), 2, "the second time for that file");
    }
}

#[test]
fn a_link_may_point_to_a_file_of_a_lower_layer() {
    let base = Tar::new().file("usr/lib/os-release", ALPINE).end();
    let top = Tar::new()
        .symlink("etc/os-release", "../usr/lib/os-release")
        .end();
    assert_eq!(did(&[base, top.clone()]).as_deref(), Some("alpine"));
    let told = gaps(&inventory(&[top]));
    assert!(
        told.iter()
            .any(|gap| gap.contains("a link to usr/lib/os-release")),
        "{told:?}"
    );
}

#[test]
fn a_hard_link_has_the_content_of_its_file_before_or_after_it() {
    let layer = Tar::new()
        .file("etc/os-release", DEBIAN)
        .file("opt/database", dpkg(&["bash 5"]))
        .hardlink("var/lib/dpkg/status", "opt/database")
        .hardlink("srv/root/var/lib/dpkg/status", "/opt/database")
        .end();
    let found = inventory(&[layer]);
    let databases: Vec<_> = found
        .packages
        .iter()
        .map(|found| found.package_db.as_str())
        .collect();
    assert_eq!(
        databases,
        ["srv/root/var/lib/dpkg/status", "var/lib/dpkg/status"]
    );
    assert_eq!(gaps(&found), [""; 0]);
}

#[test]
fn a_hard_link_to_what_is_no_file_of_the_layer_is_told() {
    for tar in [
        Tar::new(),
        Tar::new().symlink("opt/database", "elsewhere"),
        Tar::new().directory("opt/database"),
        Tar::new().hardlink("opt/database", "var/lib/dpkg/status"),
    ] {
        let layer = tar.hardlink("var/lib/dpkg/status", "opt/database").end();
        let told = gaps(&inventory(&[layer]));
        let gap = "unread-file var/lib/dpkg/status: not read: a link to opt/database, which is no file of the layer";
        assert!(told.iter().any(|told| told == gap), "{told:?}");
    }
}

/// `var/lib/rpm` is a link on newer systems, and its database may come under either name.
#[test]
fn a_database_is_one_whether_its_directory_is_reached_by_a_link_or_not() {
    let linked = Tar::new()
        .file("etc/os-release", DEBIAN)
        .symlink("var/lib/dpkg", "../../usr/lib/sysimage/dpkg")
        .directory("usr/lib/sysimage/dpkg")
        .end();
    let through_link = Tar::new()
        .file("var/lib/dpkg/status", dpkg(&["bash 5", "vim 9"]))
        .end();
    let again = Tar::new()
        .file("var/lib/dpkg/status", dpkg(&["bash 5"]))
        .end();
    assert_eq!(
        introduced(&[linked.clone(), through_link.clone()]),
        ["bash 5 in 1", "vim 9 in 1"]
    );
    assert_eq!(
        introduced(&[linked.clone(), through_link.clone(), again]),
        ["bash 5 in 1"]
    );
    for whiteout in [
        "var/lib/dpkg/.wh.status",
        "usr/lib/sysimage/dpkg/.wh.status",
        "usr/lib/.wh.sysimage",
    ] {
        let removed = Tar::new().file(whiteout, "").end();
        let layers = [linked.clone(), through_link.clone(), removed];
        assert_eq!(introduced(&layers), [""; 0], "{whiteout}");
    }
}

#[test]
fn the_merge_of_usr_moves_databases_with_their_directory() {
    let before = Tar::new()
        .file("etc/os-release", ALPINE)
        .file("lib/apk/db/installed", apk(&["musl 1", "zlib 1"]))
        .end();
    let after = Tar::new()
        .symlink("lib", "usr/lib")
        .file("usr/lib/apk/db/installed", apk(&["musl 1"]))
        .end();
    let found = inventory(&[before.clone(), after.clone()]);
    assert_eq!(packages(&found), ["musl 1"]);
    assert_eq!(found.packages[0].package_db, "usr/lib/apk/db/installed");
    // A later layer writes through the link.
    let upgraded = Tar::new()
        .file("lib/apk/db/installed", apk(&["musl 2"]))
        .end();
    assert_eq!(packages(&inventory(&[before, after, upgraded])), ["musl 2"]);
}

#[test]
fn a_link_that_is_replaced_by_a_directory_leads_nowhere_any_more() {
    let linked = Tar::new()
        .file("etc/os-release", ALPINE)
        .symlink("lib", "usr/lib")
        .file("usr/lib/apk/db/installed", apk(&["musl 1"]))
        .end();
    let replaced = Tar::new()
        .directory("lib")
        .file("lib/apk/db/installed", apk(&["zlib 1"]))
        .end();
    let found = inventory(&[linked, replaced]);
    let databases: Vec<_> = found
        .packages
        .iter()
        .map(|found| found.package_db.as_str())
        .collect();
    assert_eq!(packages(&found), ["musl 1", "zlib 1"]);
    assert_eq!(
        databases,
        ["usr/lib/apk/db/installed", "lib/apk/db/installed"]
    );
}

/// Neither `system` nor `opt` is above a file of the database.
#[test]
fn links_lead_to_a_database_through_any_number_of_others() {
    let database = Tar::new()
        .file("etc/os-release", DEBIAN)
        .file("opt/data/dpkg/status", dpkg(&["bash 5"]))
        .symlink("system", "opt/data")
        .symlink("var/lib", "../system")
        .end();
    let through_links = Tar::new()
        .file("var/lib/dpkg/status", dpkg(&["vim 9"]))
        .end();
    let found = inventory(&[database, through_links]);
    assert_eq!(packages(&found), ["vim 9"]);
    assert_eq!(found.packages[0].package_db, "opt/data/dpkg/status");
}

#[test]
fn links_in_circles_are_told_and_not_followed() {
    let layer = Tar::new()
        .symlink("etc/os-release", "../usr/lib/os-release")
        .symlink("usr/lib/os-release", "../../etc/os-release")
        .symlink("var/lib", "../loop")
        .symlink("loop", "var/lib")
        .file("var/lib/dpkg/status", dpkg(&["bash 5"]))
        .symlink("self", "self")
        .end();
    let told = gaps(&inventory(&[layer]));
    assert!(
        told.iter().any(|gap| gap.contains("go in circles")),
        "{told:?}"
    );
}

#[test]
fn links_are_not_followed_to_the_host() {
    let layer = Tar::new()
        .symlink("etc/os-release", "/proc/self/environ")
        .symlink("usr/lib/os-release", "../../../../../../../etc/os-release")
        .end();
    let found = inventory(&[layer]);
    assert!(found.distributions.is_empty(), "{found:?}");
}

/// Nothing is asked of a link in a directory that no database is in.
#[test]
fn links_that_lead_to_nothing_that_matters_are_kept_and_harmless() {
    let layer = Tar::new()
        .symlink("usr/bin/python", "python3")
        .symlink("etc/alternatives/vi", "/usr/bin/vim")
        .end();
    assert_eq!(findings(&layer).links.len(), 2);
    assert_eq!(
        gaps(&inventory(&[layer])).len(),
        1,
        "only that there are no packages"
    );
}
