//! Root file systems of one kind each: what is installed, and on which distribution.

use clair_index::Inventory;
use clair_model::PackageManager;

use crate::indexed::{ALPINE, DEBIAN, gaps, inventory, packages};
use crate::tar::Tar;

/// `ID` of the distribution, and the packages.
fn system(layer: Tar) -> (String, Vec<String>) {
    let found = inventory(&[layer.end()]);
    assert_eq!(gaps(&found), [""; 0]);
    assert!(
        found
            .packages
            .iter()
            .all(|located| located.distribution == Some(0))
    );
    (found.distributions[0].did.clone(), packages(&found))
}

fn managers(found: &Inventory) -> Vec<PackageManager> {
    found
        .packages
        .iter()
        .map(|located| located.package.manager)
        .collect()
}

#[test]
fn arch() {
    let local = "var/lib/pacman/local";
    let (did, packages) = system(
        Tar::new()
            .file(
                "usr/lib/os-release",
                "NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n",
            )
            .symlink("etc/os-release", "../usr/lib/os-release")
            .file(&format!("{local}/ALPM_DB_VERSION"), "9\n")
            .file(
                &format!("{local}/gcc-libs-14.1.1-1/desc"),
                "%NAME%\ngcc-libs\n\n%VERSION%\n14.1.1-1\n\n%BASE%\ngcc\n\n%ARCH%\nx86_64\n\n",
            )
            .file(
                &format!("{local}/gcc-libs-14.1.1-1/files"),
                "%FILES%\nusr/\nusr/lib/libgcc_s.so.1\n",
            )
            .file(&format!("{local}/gcc-libs-14.1.1-1/mtree"), "rubbish"),
    );
    assert_eq!(did, "arch");
    assert_eq!(packages, ["gcc-libs 14.1.1-1"]);
}

/// pacman replaces the directory of a package when it upgrades it.
#[test]
fn an_upgrade_of_pacman_leaves_one_version() {
    let package = |layer: Tar, version: &str| {
        layer.file(
            &format!("var/lib/pacman/local/curl-{version}/desc"),
            format!("%NAME%\ncurl\n\n%VERSION%\n{version}\n"),
        )
    };
    let below = package(Tar::new().file("etc/os-release", "ID=arch\n"), "8.7.1-1");
    let above = package(
        Tar::new().file("var/lib/pacman/local/.wh.curl-8.7.1-1", ""),
        "8.8.0-1",
    );
    assert_eq!(
        packages(&inventory(&[below.end(), above.end()])),
        ["curl 8.8.0-1"]
    );
}

#[test]
fn openwrt() {
    let (did, packages) = system(
        Tar::new()
            .file(
                "usr/lib/os-release",
                "NAME=\"OpenWrt\"\nID=\"openwrt\"\nVERSION_ID=\"23.05.3\"\n",
            )
            .symlink("etc/os-release", "../usr/lib/os-release")
            .file(
                "usr/lib/opkg/status",
                "Package: busybox\nVersion: 1.36.1-1\nStatus: install user installed\n\
                 Architecture: x86_64\n",
            )
            .file(
                "usr/lib/opkg/info/busybox.control",
                "Package: busybox\nVersion: 1.36.1-1\nSource: package/utils/busybox\n\
                 SourceName: busybox\nArchitecture: x86_64\n",
            )
            .file("usr/lib/opkg/info/busybox.list", "/bin/busybox\n"),
    );
    assert_eq!(did, "openwrt");
    assert_eq!(packages, ["busybox 1.36.1-1"]);
}

/// From 25 on OpenWrt has apk.
#[test]
fn openwrt_with_apk() {
    let (did, packages) = system(
        Tar::new()
            .file("etc/os-release", "ID=openwrt\nVERSION_ID=25.12.0\n")
            .file("lib/apk/db/installed", "P:busybox\nV:1.37.0-r5\nA:x86_64\n"),
    );
    assert_eq!(
        (did.as_str(), packages),
        ("openwrt", vec!["busybox 1.37.0-r5".to_owned()])
    );
}

#[test]
fn yocto_with_control_files_alone() {
    let (did, packages) = system(
        Tar::new()
            .file("etc/os-release", "ID=poky\nVERSION_ID=5.0\n")
            .file(
                "var/lib/opkg/info/busybox.control",
                "Package: busybox\nVersion: 1.36.1-r0\nArchitecture: core2-64\n\
                 Source: busybox_1.36.1.bb\n",
            ),
    );
    assert_eq!(
        (did.as_str(), packages),
        ("poky", vec!["busybox 1.36.1-r0".to_owned()])
    );
}

#[test]
fn gentoo() {
    let database = "var/db/pkg/dev-libs/openssl-3.0.13-r2";
    let (did, packages) = system(
        Tar::new()
            .file(
                "etc/os-release",
                "NAME=Gentoo\nID=gentoo\nVERSION_ID=2.15\n",
            )
            .file(&format!("{database}/PF"), "openssl-3.0.13-r2\n")
            .file(&format!("{database}/SLOT"), "0/3\n")
            .file(
                &format!("{database}/CONTENTS"),
                "dir /usr\nobj /usr/lib64/libssl.so.3 0123 1700000000\n",
            )
            .file("var/db/pkg/virtual/libc-1-r1/CONTENTS", ""),
    );
    assert_eq!(did, "gentoo");
    assert_eq!(
        packages,
        ["dev-libs/openssl 3.0.13-r2", "virtual/libc 1-r1"]
    );
}

const REDIS: &str = r#"{"spdxVersion": "SPDX-2.3", "packages": [{"name": "Redis", "externalRefs": [
    {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
     "referenceLocator": "pkg:bitnami/redis@7.4.0-0?arch=amd64&distro=debian-12"}]}]}"#;

/// A component is in its own document and in the list of all.
#[test]
fn bitnami_on_debian() {
    let layer = Tar::new()
        .file("etc/os-release", DEBIAN)
        .file(
            "var/lib/dpkg/status",
            "Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\n",
        )
        .file("opt/bitnami/redis/.spdx-redis.spdx", REDIS)
        .file(
            "opt/bitnami/.bitnami_components.json",
            r#"{"redis": {"arch": "amd64", "distro": "debian-12", "version": "7.4.0-0"}}"#,
        );
    let found = inventory(&[layer.end()]);
    assert_eq!(gaps(&found), [""; 0]);
    let report = clair_index::report(crate::image::sha256(b""), found.clone());
    let named: Vec<(&str, &str)> = report
        .packages
        .values()
        .map(|package| (package.name.as_str(), package.version.as_str()))
        .collect();
    assert_eq!(named, [("libc6", "2.36-9"), ("redis", "7.4.0-0")]);
    assert!(managers(&found).contains(&PackageManager::Bitnami));
}

/// What is of an ecosystem needs no distribution to be understood.
#[test]
fn bitnami_without_a_distribution() {
    let layer = Tar::new().file("opt/bitnami/redis/.spdx-redis.spdx", REDIS);
    let found = inventory(&[layer.end()]);
    assert_eq!(packages(&found), ["redis 7.4.0-0"]);
    assert_eq!(gaps(&found), [""; 0]);
}

/// Some builders of distroless images write the names of the files in base64.
#[test]
fn debian_without_dpkg() {
    let stanza =
        |name: &str| format!("Package: {name}\nVersion: 1\nArchitecture: amd64\nMaintainer: x\n");
    let (did, packages) = system(
        Tar::new()
            .file("usr/lib/os-release", DEBIAN)
            .symlink("etc/os-release", "../usr/lib/os-release")
            .file("var/lib/dpkg/status.d/libc6", stanza("libc6"))
            .file(
                "var/lib/dpkg/status.d/libc6.md5sums",
                "0123  lib/libc.so.6\n",
            )
            .file("var/lib/dpkg/status.d/dHpkYXRh", stanza("tzdata"))
            .file("var/lib/dpkg/status.d/bGlic3NsMw==", stanza("libssl3")),
    );
    assert_eq!(did, "debian");
    assert_eq!(packages, ["libc6 1", "libssl3 1", "tzdata 1"]);
}

#[test]
fn wolfi_and_chainguard() {
    for did in ["wolfi", "chainguard"] {
        for database in ["lib/apk/db/installed", "usr/lib/apk/db/installed"] {
            let found = system(
                Tar::new()
                    .file("etc/os-release", format!("ID={did}\nVERSION_ID=20230201\n"))
                    .file(database, "P:glibc\nV:2.41-r3\nA:x86_64\no:glibc\n"),
            );
            assert_eq!(found, (did.to_owned(), vec!["glibc 2.41-r3".to_owned()]));
        }
    }
}

#[test]
fn azure_linux_without_rpm() {
    let table = "glibc\t2.38-8.azl3\t1\t1\tMicrosoft Corporation\t(none)\t1\tx86_64\t0\tglibc-2.38-8.azl3.src.rpm\n";
    for (did, version) in [("azurelinux", "3.0"), ("mariner", "2.0")] {
        let (found, packages) = system(
            Tar::new()
                .file(
                    "etc/os-release",
                    format!("ID={did}\nVERSION_ID=\"{version}\"\n"),
                )
                .file(
                    "var/lib/rpmmanifest/container-manifest-1",
                    "glibc-2.38-8.azl3.x86_64\n",
                )
                .file("var/lib/rpmmanifest/container-manifest-2", table),
        );
        assert_eq!(found, did);
        assert_eq!(packages, ["glibc 2.38-8.azl3"]);
    }
}

/// Two roots in one image have a distribution each.
#[test]
fn a_nested_root_has_its_own() {
    let layer = Tar::new()
        .file("etc/os-release", ALPINE)
        .file("lib/apk/db/installed", "P:musl\nV:1.2.5-r0\n")
        .file("srv/root/etc/os-release", "ID=gentoo\n")
        .file(
            "srv/root/var/db/pkg/sys-libs/glibc-2.39-r9/PF",
            "glibc-2.39-r9\n",
        );
    let found = inventory(&[layer.end()]);
    let names = found.packages.iter().map(|located| {
        let distribution = &found.distributions[located.distribution.unwrap()];
        format!("{} {}", distribution.did, located.package.name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["alpine musl", "gentoo sys-libs/glibc"]);
}
