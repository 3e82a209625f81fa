//! The known sources of false findings, and of findings that are missed by the same mistakes. Each
//! rule has the page of the vendor whose rule it is.

use clair_model::{
    Affected, Distribution, FixState, Namespace, PackageKind, ReportPackage, Severity, Vulnerable,
};
use clair_version::Scheme;

use crate::support::{about, advisory, alpine, bookworm, found, index, package, scan};

fn bookworm_data() -> Namespace {
    Namespace::debian("bookworm")
}

/// Which of the statements, by their number, each of the packages is found to be affected by.
fn affected(
    distribution: Distribution,
    packages: Vec<ReportPackage>,
    statements: Vec<Affected>,
) -> Vec<String> {
    let count = packages.len() as u64;
    let numbered = statements.into_iter().enumerate();
    let advisories: Vec<_> = numbered
        .map(|(number, statement)| advisory(&number.to_string(), Severity::High, vec![statement]))
        .collect();
    let report = scan(&index(distribution, packages), &advisories);
    (1..=count).map(|id| found(&report, id).join(" ")).collect()
}

fn fixed(namespace: &Namespace, source: &str, version: &str) -> Affected {
    about(namespace, source, Some(version))
}

fn debian(binary: &str, source: &str) -> ReportPackage {
    package("dpkg", binary, source)
}

/// The headers that programs are compiled with have nothing of the kernel, and the kernel of a
/// container is that of its host: <https://github.com/docker-library/ruby/issues/466>. Grype has
/// the same rule by default, `match-upstream-kernel-headers`
/// (<https://github.com/anchore/grype/issues/1762>). What has code of the kernel stays a finding:
/// images are made of whole systems too.
#[test]
fn headers_of_the_kernel_are_not_the_kernel() {
    let linux = |name: &str| debian(&format!("{name} 6.1.76-1"), "linux 6.1.76-1");
    let packages = vec![
        linux("linux-libc-dev"),
        linux("linux-headers-6.1.0-18-amd64"),
        linux("linux-image-6.1.0-18-amd64-unsigned"),
        linux("linux-perf"),
    ];
    let statements = vec![
        fixed(&bookworm_data(), "linux", "6.1.99-1"),
        about(&bookworm_data(), "linux", None),
        // About the package itself.
        Affected {
            kind: PackageKind::Binary,
            ..fixed(&bookworm_data(), "linux-libc-dev", "6.1.99-1")
        },
    ];
    assert_eq!(
        affected(bookworm(), packages, statements),
        ["2", "", "0 1", "0 1"]
    );
}

/// Ubuntu's `linux-image-generic` is built from `linux-meta`, and only depends on an image:
/// <https://wiki.ubuntu.com/Kernel/Dev/Meta-Pkgs>. Debian's `gcc` comes from `gcc-defaults` with a
/// version of its own, and depends on the compiler:
/// <http://metadata.ftp-master.debian.org/changelogs/main/g/gcc-defaults/oldstable-kfreebsd_README.Debian>.
#[test]
fn a_meta_package_is_of_its_own_source_and_has_the_version_of_that() {
    let packages = vec![
        debian(
            "linux-image-generic 5.15.0.91.88",
            "linux-meta 5.15.0.91.88",
        ),
        debian("gcc 4:12.2.0-3", "gcc-defaults 1.203"),
        debian("gcc-12 12.2.0-14", "gcc-12 12.2.0-14"),
    ];
    let statements = vec![
        about(&bookworm_data(), "linux", None),
        fixed(&bookworm_data(), "gcc-12", "12.2.0-15"),
        fixed(&bookworm_data(), "gcc-defaults", "1.202"),
    ];
    assert_eq!(affected(bookworm(), packages, statements), ["", "", "1"]);
}

/// `+b1` is a rebuild of the same source, <https://wiki.debian.org/binNMU>: it has no fix that
/// the source does not have.
#[test]
fn a_rebuild_is_as_vulnerable_as_its_source() {
    let packages = vec![debian("libacl1 2.3.1-3+b1", "acl 2.3.1-3")];
    let statements = vec![
        fixed(&bookworm_data(), "acl", "2.3.1-3"),
        fixed(&bookworm_data(), "acl", "2.3.1-3+a1"),
    ];
    assert_eq!(affected(bookworm(), packages, statements), ["1"]);
}

/// `bsdutils` has an epoch from the time when it was a source of its own; util-linux, of which
/// the tracker speaks, has none, so that the package names the version of its source:
/// <https://www.debian.org/doc/debian-policy/ch-controlfields.html#source>. With the version of the
/// package nothing would ever be found.
#[test]
fn an_epoch_that_a_package_holds_is_not_that_of_its_source() {
    let packages = vec![debian(
        "bsdutils 1:2.38.1-5+deb12u1",
        "util-linux 2.38.1-5+deb12u1",
    )];
    let statements = vec![
        fixed(&bookworm_data(), "util-linux", "2.38.1-5+deb12u1"),
        fixed(&bookworm_data(), "util-linux", "2.38.1-5+deb12u2"),
    ];
    assert_eq!(affected(bookworm(), packages, statements), ["1"]);
}

/// Updates of a release go above what it has (`+deb12u1`),
/// <https://www.debian.org/doc/manuals/developers-reference/pkgs.html#special-case-uploads-to-the-stable-and-oldstable-distributions>,
/// and below what comes after it (`~deb12u1`) if they are what that has,
/// <https://lists.debian.org/debian-policy/2021/debian-policy-202104/msg00007.html>.
#[test]
fn updates_of_a_stable_release_have_its_mark() {
    let packages = vec![
        debian("libssl3 3.0.11-1~deb12u2", "openssl 3.0.11-1~deb12u2"),
        debian("libcurl4 7.88.1-10+deb12u4", "curl 7.88.1-10+deb12u4"),
        debian("libcurl4 7.88.1-10", "curl 7.88.1-10"),
    ];
    let statements = vec![
        fixed(&bookworm_data(), "openssl", "3.0.11-1~deb12u1"),
        fixed(&bookworm_data(), "openssl", "3.0.11-1"),
        fixed(&bookworm_data(), "curl", "7.88.1-10+deb12u4"),
    ];
    assert_eq!(affected(bookworm(), packages, statements), ["1", "", "2"]);
}

/// A backport is the next release's package, built for this one:
/// <https://backports.debian.org/Instructions/>. This release's fix is below it and says nothing
/// about it, nor does it that this release has none.
#[test]
fn a_backport_is_held_against_the_release_that_it_comes_from() {
    let trixie = Namespace::debian("trixie");
    let packages = vec![debian("git 1:2.45.2-1~bpo12+1", "git 1:2.45.2-1~bpo12+1")];
    let statements = vec![
        fixed(&bookworm_data(), "git", "1:2.39.5-0+deb12u1"),
        about(&bookworm_data(), "git", None),
        fixed(&trixie, "git", "1:2.45.2-1.1"),
        // The backport of a version sorts below it, and has what it has.
        fixed(&trixie, "git", "1:2.45.1-1"),
    ];
    assert_eq!(affected(bookworm(), packages, statements), ["2"]);
}

/// A package that was pinned from a newer release has the fix which this release does not have:
/// of an open vulnerability the tracker names the version that has the fix in unstable,
/// <https://security-team.debian.org/security_tracker.html>.
#[test]
fn a_package_of_a_newer_release_may_have_a_fix_that_this_one_has_not() {
    let packages = vec![
        debian("libtiff6 4.5.0-6", "tiff 4.5.0-6"),
        debian("libtiff6 4.7.0-3", "tiff 4.7.0-3"),
    ];
    let open = Affected {
        fix_state: FixState::WillNotFix,
        vulnerable: Vulnerable::before(Scheme::Dpkg, "4.7.0-1"),
        ..about(&bookworm_data(), "tiff", None)
    };
    assert_eq!(affected(bookworm(), packages, vec![open]), ["0", ""]);
}

/// Canonical fixes packages of universe, and all after standard support, in Ubuntu Pro alone, with
/// `esm` in their versions: <https://documentation.ubuntu.com/security/security-updates/esm/>.
#[test]
fn packages_of_ubuntu_pro_are_held_against_their_fixes() {
    let jammy = Distribution {
        did: "ubuntu".into(),
        version_id: "22.04".into(),
        ..Distribution::default()
    };
    let packages = vec![
        debian("zabbix-agent 1:5.0.17+dfsg-1", "zabbix 1:5.0.17+dfsg-1"),
        debian(
            "zabbix-agent 1:5.0.17+dfsg-1ubuntu0.1~esm1",
            "zabbix 1:5.0.17+dfsg-1ubuntu0.1~esm1",
        ),
    ];
    let pro = Namespace::ubuntu_pocket("22.04", "pro");
    let statements = vec![
        fixed(&pro, "zabbix", "1:5.0.17+dfsg-1ubuntu0.1~esm1"),
        // About builds for FIPS, that have their mark.
        fixed(
            &Namespace::ubuntu_pocket("22.04", "pro:fips-updates"),
            "zabbix",
            "1:9-1+Fips1",
        ),
    ];
    assert_eq!(affected(jammy, packages, statements), ["0", ""]);
}

/// What comes in several lines at once has a source for each, of which the tracker speaks apart, of
/// `linux-2.6` and `linux-2.6.24` as of `linux` and `linux-6.1`:
/// <https://security-tracker.debian.org/tracker/data/json>.
#[test]
fn a_source_with_a_number_in_its_name_is_a_source_of_its_own() {
    let bullseye = Distribution {
        version_code_name: "bullseye".into(),
        ..bookworm()
    };
    let data = Namespace::debian("bullseye");
    let packages = vec![
        debian(
            "linux-image-6.1.0-0.deb11.18-amd64 6.1.76-1~deb11u1",
            "linux-6.1 6.1.76-1~deb11u1",
        ),
        debian("libssl1.1 1.1.1w-0+deb11u1", "openssl 1.1.1w-0+deb11u1"),
        debian("libssl1.0.2 1.0.2u-1", "openssl1.0 1.0.2u-1"),
    ];
    let statements = vec![
        fixed(&data, "linux", "6.9-1"),
        fixed(&data, "linux-6.1", "6.1.99-1~deb11u1"),
        fixed(&data, "openssl", "1.1.1w-0+deb11u2"),
    ];
    assert_eq!(affected(bullseye, packages, statements), ["1", "2", ""]);
}

/// A subpackage is built with its origin, of which secdb speaks:
/// <https://wiki.alpinelinux.org/wiki/APKBUILD_Reference#subpackages>.
#[test]
fn a_subpackage_is_held_against_its_origin() {
    let packages = vec![
        package("apk", "ssl_client 1.36.1-r2", "busybox 1.36.1-r2"),
        package("apk", "busybox-extras 1.36.1-r5", "busybox 1.36.1-r5"),
    ];
    let statements = vec![fixed(&Namespace::alpine("3.18"), "busybox", "1.36.1-r5")];
    assert_eq!(affected(alpine("3.18"), packages, statements), ["0", ""]);
}

/// A package from a tagged repository of edge is newer than what the branch has fixed:
/// <https://wiki.alpinelinux.org/wiki/Repositories>.
#[test]
fn a_package_of_edge_in_a_stable_image_has_the_fixes_of_the_branch() {
    let packages = vec![package("apk", "libcurl 8.11.0-r2", "curl 8.11.0-r2")];
    let statements = vec![
        fixed(&Namespace::alpine("3.18"), "curl", "8.9.1-r1"),
        fixed(&Namespace::alpine("edge"), "curl", "8.12.0-r0"),
    ];
    assert_eq!(affected(alpine("3.18"), packages, statements), [""]);
}

fn el9(did: &str) -> Distribution {
    Distribution {
        did: did.into(),
        version_id: "9.4".into(),
        ..Distribution::default()
    }
}

fn rpm(name: &str, version: &str) -> ReportPackage {
    let both = format!("{name} {version}");
    ReportPackage {
        arch: "x86_64".into(),
        ..package("rpm", &both, &both)
    }
}

fn binary(namespace: &Namespace, name: &str, version: &str) -> Affected {
    Affected {
        kind: PackageKind::Binary,
        ..fixed(namespace, name, version)
    }
}

/// Fixes are backported, so that what counts is the release of the package, and not upstream's
/// version: <https://access.redhat.com/security/updates/backporting>. The minor release stands
/// behind the number that counts (`el9_2`), and rebuilds have their own mark behind that.
#[test]
fn the_release_of_an_rpm_counts_with_its_minor_release_last() {
    for did in ["rocky", "almalinux"] {
        let data = Namespace::release(did, "9");
        let packages = vec![
            rpm("openssl-libs", "1:3.0.7-16.el9_2"),
            rpm("openssl-libs", "1:3.0.7-24.el9"),
            rpm("curl", "7.76.1-26.el9_3.2.alma.1"),
            rpm("curl", "7.76.1-26.el9_3.2"),
        ];
        let statements = vec![
            binary(&data, "openssl-libs", "1:3.0.7-17.el9_2"),
            binary(&data, "curl", "7.76.1-26.el9_3.2"),
            binary(&data, "curl", "7.76.1-26.el9_3.3"),
        ];
        assert_eq!(
            affected(el9(did), packages, statements),
            ["0", "", "2", "2"],
            "{did}"
        );
    }
}

/// Oracle builds glibc and openssl again for Ksplice,
/// <https://docs.oracle.com/en/operating-systems/oracle-linux/6/adminsg/admin-ksplice-aboutenclient.html>,
/// by their epoch above all ordinary versions, as its OVAL has them. A fix of one says nothing about
/// the other.
#[test]
fn special_builds_of_oracle_have_fixes_of_their_own() {
    let ordinary = Namespace::release("ol", "9");
    let ksplice = Namespace::oracle_pocket("9", "ksplice");
    let packages = vec![
        rpm("glibc", "2.34-60.el9"),
        rpm("glibc", "2:2.34-60.0.1.ksplice1.el9"),
    ];
    let statements = vec![
        binary(&ordinary, "glibc", "2.34-83.el9"),
        binary(&ksplice, "glibc", "2:2.34-83.0.1.ksplice1.el9"),
    ];
    assert_eq!(affected(el9("ol"), packages, statements), ["0", "1"]);
}

/// Leap has the packages of SUSE Linux Enterprise, and those of Backports with their own mark:
/// <https://en.opensuse.org/openSUSE:Packaging_for_Leap>. A service pack, which releases begin with,
/// goes above the one before: <https://www.suse.com/support/kb/doc/?id=000020568>.
#[test]
fn packages_of_leap_have_the_releases_of_those_they_come_from() {
    let leap = Distribution {
        did: "opensuse-leap".into(),
        version_id: "15.5".into(),
        ..Distribution::default()
    };
    let data = Namespace::release("opensuse-leap", "15.5");
    let packages = vec![
        rpm("libopenssl1_1", "1.1.1l-150500.17.25.1"),
        rpm("libopenssl1_1", "1.1.1l-150400.7.60.2"),
        rpm("chromium", "120.0.6099.216-bp155.2.64.1"),
    ];
    let statements = vec![
        binary(&data, "libopenssl1_1", "1.1.1l-150500.17.22.1"),
        binary(&data, "chromium", "121.0.6167.85-bp155.2.69.1"),
    ];
    assert_eq!(affected(leap, packages, statements), ["", "0", "1"]);
}
