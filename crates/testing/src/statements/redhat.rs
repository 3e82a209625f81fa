//! Red Hat: products, streams, modules and container images.
//!
//! Which product a package is part of follows from the repositories of its image. The mapping of
//! the corpus has the extended streams up to 9.2, and nothing of release 10.

use super::{Fine, Statement, Vendor, fixed, open, package, rpm_root, says};
use crate::{Manager, Package, Root, RpmFormat};

fn rhel(format: RpmFormat, version: &str) -> Root {
    rpm_root(format, "rhel", "Red Hat Enterprise Linux", version)
}

/// A package from a source of another name.
fn of(source: &str, name: &str, version: &str) -> Package {
    package(name, version).source(source)
}

/// `perl-FCGI` of its module, by what tells the builds of a version apart: release and context.
fn fcgi(release: &str, context: &str) -> Package {
    package("perl-FCGI", &format!("1:0.78-{release}")).module(&format!("perl-FCGI:0.78:{context}"))
}

/// What is spoken of with the CVEs of single documents.
const OPENSSL: &str = "CVE-2024-0727";
const EXPAT: &str = "CVE-2024-50602";
const GNUTLS: &str = "CVE-2024-28834";
const SAMBA: &str = "CVE-2023-4154";
const CURL: &str = "CVE-2023-38545";
const FCGI: &str = "CVE-2025-40907";
const BROTLI: &str = "CVE-2025-6176";
const LIBSSH: &str = "CVE-2026-0968";
const POSTGRESQL: &str = "CVE-2023-2454";
const GOLANG: &str = "CVE-2026-27142";
const MIME4J: &str = "CVE-2022-45787";
const FILEUPLOAD: &str = "CVE-2023-24998";

/// Documents of 2022 to 2026, each about one CVE.
pub(super) fn red_hat() -> Vendor {
    const CLAIRCORE: &str = "redhat/vex-claircore.tar.zst";
    const ACCEPTANCE: &str = "redhat/vex-acceptance-claircore.tar.zst";
    const TRUSTIFY: &str = "redhat/csaf-vex-trustify.tar.zst";
    const MAPPINGS: &str = "rhel-mappings";
    Vendor::new("rhel-vex")
        .beside(
            MAPPINGS,
            "redhat/repository-to-cpe.json.gz",
            "repository-to-cpe.json.gz",
        )
        .made(
            MAPPINGS,
            r#"{"data":{"ubi9":["ubi9","rhel9/ubi"]}}"#,
            "container-name-repos-map.json",
        )
        .member(CLAIRCORE, "cve-2023-4154.json", "2023/cve-2023-4154.json")
        .member(CLAIRCORE, "cve-2023-38545.json", "2023/cve-2023-38545.json")
        .member(
            ACCEPTANCE,
            "cve-2024-0727-openssl.json",
            "2024/cve-2024-0727.json",
        )
        .member(
            ACCEPTANCE,
            "cve-2025-40907-perl.json",
            "2025/cve-2025-40907.json",
        )
        .member(ACCEPTANCE, "cve-2025-6176.json", "2025/cve-2025-6176.json")
        .member(ACCEPTANCE, "cve-2026-0968.json", "2026/cve-2026-0968.json")
        .member(
            ACCEPTANCE,
            "cve-2026-27142.json",
            "2026/cve-2026-27142.json",
        )
        .member(
            TRUSTIFY,
            "2022/cve-2022-45787.json",
            "2022/cve-2022-45787.json",
        )
        .member(
            TRUSTIFY,
            "2023/cve-2023-2454.json",
            "2023/cve-2023-2454.json",
        )
        .member(
            TRUSTIFY,
            "2023/cve-2023-24998.json",
            "2023/cve-2023-24998.json",
        )
        .member(
            TRUSTIFY,
            "2024/cve-2024-28834.json",
            "2024/cve-2024-28834.json",
        )
        .member(
            TRUSTIFY,
            "2024/cve-2024-50602.json",
            "2024/cve-2024-50602.json",
        )
        .release("7", seven(), of_seven())
        .release("8", eight(&["baseos-rpms", "appstream-rpms"]), of_eight())
        .release(
            "8.6-aus",
            eight(&["baseos-aus-rpms__8_DOT_6", "appstream-aus-rpms__8_DOT_6"]),
            of_extended_eight(),
        )
        .release("9", nine(&["baseos-rpms", "appstream-rpms"]), of_nine())
        .release(
            "9.2-eus",
            nine(&["baseos-eus-rpms__9_DOT_2", "appstream-eus-rpms__9_DOT_2"]),
            of_extended_nine(),
        )
        .release(
            "9-unknown",
            rhel(RpmFormat::Sqlite, "9.4 (Plow)"),
            of_unknown_repositories(),
        )
        .release("10", rhel(RpmFormat::Sqlite, "10.0 (Coughlan)"), of_ten())
        .release("image", Root::new(Manager::Recipe, ""), of_images())
        .release(
            "other-image",
            Root::new(Manager::Recipe, ""),
            [says(
                of(
                    "sso75-openshift-rhel8-container",
                    "rh-sso-7/sso75-openshift-rhel8",
                    "7.5-1",
                ),
                MIME4J,
                Fine,
            )],
        )
        .release(
            "labelled",
            Root::new(Manager::Labels("cpe:/a:redhat:ceph_storage:7::el9"), ""),
            [
                says(
                    package("rhceph/rhceph-7-rhel9", "1770632723"),
                    BROTLI,
                    fixed("1770632724", "High"),
                ),
                says(package("rhceph/rhceph-7-rhel9", "1770632724"), BROTLI, Fine),
            ],
        )
}

fn seven() -> Root {
    rpm_root(
        RpmFormat::BerkeleyDb,
        "rhel",
        "Red Hat Enterprise Linux Server",
        "7.9 (Maipo)",
    )
    .with_content_sets(&["rhel-7-server-rpms"])
}

/// Release 8, with packages of these repositories.
fn eight(repositories: &[&str]) -> Root {
    from(
        rhel(RpmFormat::BerkeleyDb, "8.10 (Ootpa)"),
        "8",
        repositories,
    )
}

fn nine(repositories: &[&str]) -> Root {
    from(rhel(RpmFormat::Sqlite, "9.4 (Plow)"), "9", repositories)
}

fn from(root: Root, major: &str, repositories: &[&str]) -> Root {
    let ids = repositories.iter();
    let ids: Vec<String> = ids
        .map(|id| format!("rhel-{major}-for-x86_64-{id}"))
        .collect();
    root.with_content_sets(&ids.iter().map(String::as_str).collect::<Vec<_>>())
}

fn of_seven() -> Vec<Statement> {
    vec![
        says(
            of("openssl", "openssl-libs", "1:1.0.2k-26.el7_9"),
            OPENSSL,
            open("end-of-life", "Low"),
        ),
        says(
            package("expat", "2.1.0-15.el7_9"),
            EXPAT,
            open("end-of-life", "Medium"),
        ),
        says(of("samba", "samba-libs", "4.10.16-25.el7_9"), SAMBA, Fine),
        // Fixed for those who have extended life-cycle support, which is another product.
        says(package("perl-FCGI", "1:0.74-8.el7"), FCGI, Fine),
    ]
}

fn of_eight() -> Vec<Statement> {
    vec![
        // Named by itself, and by its source: one finding.
        says(
            of("openssl", "openssl-libs", "1:1.1.1k-14.el8_6"),
            OPENSSL,
            open("deferred", "Low"),
        ),
        says(
            of("edk2", "edk2-ovmf", "20220126gitbb1bba3d77-13.el8_10").arch("noarch"),
            OPENSSL,
            open("will-not-fix", "Low"),
        ),
        says(of("shim", "shim-x64", "15.8-4.el8_9"), OPENSSL, Fine),
        says(
            package("expat", "2.2.5-15.el8"),
            EXPAT,
            fixed("2.2.5-16.el8_10", "Medium"),
        ),
        says(package("expat", "2.2.5-16.el8_10"), EXPAT, Fine),
        says(package("expat", "2.2.5-17.el8_10"), EXPAT, Fine),
        says(
            of("mingw-expat", "mingw64-expat", "2.4.8-2.el8").arch("noarch"),
            EXPAT,
            open("will-not-fix", "Medium"),
        ),
        says(of("samba", "libwbclient", "4.17.5-2.el8"), SAMBA, Fine),
        says(
            package("libssh", "0.9.6-14.el8"),
            LIBSSH,
            open("deferred", "Low"),
        ),
        says(
            package("brotli", "1.0.6-3.el8"),
            BROTLI,
            fixed("1.0.6-4.el8_10", "High"),
        ),
        // What fixes it in the extended stream of 8.6 fixes nothing here.
        says(
            package("brotli", "1.0.6-4.el8_6"),
            BROTLI,
            fixed("1.0.6-4.el8_10", "High"),
        ),
        says(package("brotli", "1.0.6-4.el8_10"), BROTLI, Fine),
        says(
            package("tomcat", "1:9.0.62-5.el8_8").arch("noarch"),
            FILEUPLOAD,
            fixed("1:9.0.62-27.el8_9", "Medium"),
        ),
        // Built for each version of perl, with a hash that is higher in one and lower in another.
        says(
            fcgi(
                "11.module+el8.3.0+6498+9eecfe51",
                "8030020200313080146:e8e58ba2",
            ),
            FCGI,
            fixed("1:0.78-12.module+el8.10.0+23147+df114ff4", "High"),
        ),
        says(
            fcgi(
                "12.module+el8.10.0+23147+20b7d289",
                "8100020250529111022:69ef70f8",
            ),
            FCGI,
            Fine,
        ),
        says(
            fcgi(
                "12.module+el8.10.0+23147+df114ff4",
                "8100020250529111022:73c039c6",
            ),
            FCGI,
            Fine,
        ),
        // Said of the module alone, and of another stream of it nothing.
        says(package("perl-FCGI", "1:0.78-11.el8"), FCGI, Fine),
        says(
            package("perl-FCGI", "1:0.78-11.module+el8.3.0+6498+9eecfe51")
                .module("perl-FCGI:0.77:8030020200313080146:e8e58ba2"),
            FCGI,
            Fine,
        ),
        says(
            package("golang", "1.25.3-2.module+el8.10.0+23735+e8bd3c47")
                .module("go-toolset:rhel8:8100020251216101526:a3795dee"),
            GOLANG,
            open("deferred", "Medium"),
        ),
        says(package("golang", "1.25.3-2.el8"), GOLANG, Fine),
    ]
}

fn of_extended_eight() -> Vec<Statement> {
    vec![
        says(
            package("brotli", "1.0.6-3.el8"),
            BROTLI,
            fixed("1.0.6-4.el8_6", "High"),
        ),
        says(package("brotli", "1.0.6-4.el8_6"), BROTLI, Fine),
        // Of what is not said of the stream, what is said of the main stream holds.
        says(
            of("openssl", "openssl-libs", "1:1.1.1k-14.el8_6"),
            OPENSSL,
            open("deferred", "Low"),
        ),
    ]
}

fn of_nine() -> Vec<Statement> {
    vec![
        says(
            of("openssl", "openssl-libs", "1:3.0.7-25.el9_3"),
            OPENSSL,
            fixed("1:3.0.7-27.el9", "Low"),
        ),
        says(
            of("openssl", "openssl-libs", "1:3.0.7-27.el9"),
            OPENSSL,
            Fine,
        ),
        says(
            of("openssl", "openssl-libs", "1:3.2.2-6.el9_5"),
            OPENSSL,
            Fine,
        ),
        says(
            of("edk2", "edk2-ovmf", "20231122-6.el9_4.2").arch("noarch"),
            OPENSSL,
            fixed("20240524-6.el9_5", "Low"),
        ),
        says(
            of("edk2", "edk2-ovmf", "20240524-6.el9_5").arch("noarch"),
            OPENSSL,
            Fine,
        ),
        says(
            package("compat-openssl11", "1:1.1.1k-4.el9_0"),
            OPENSSL,
            open("deferred", "Low"),
        ),
        says(
            package("openssl-fips-provider", "3.0.7-2.el9"),
            OPENSSL,
            Fine,
        ),
        says(of("shim", "shim-x64", "15.8-4.el9_3"), OPENSSL, Fine),
        says(
            package("expat", "2.5.0-3.el9"),
            EXPAT,
            fixed("2.5.0-3.el9_5.1", "Medium"),
        ),
        says(package("expat", "2.5.0-3.el9_5.1"), EXPAT, Fine),
        // The fix of the extended stream of 9.4, in an image that has nothing of it.
        says(
            package("expat", "2.5.0-2.el9_4.2"),
            EXPAT,
            fixed("2.5.0-3.el9_5.1", "Medium"),
        ),
        // Fixed in two minor releases: a build is compared with the fix of its own, and what is
        // older than both is found once.
        says(
            package("gnutls", "3.7.6-21.el9_2.3"),
            GNUTLS,
            fixed("3.7.6-23.el9_3.4", "Medium"),
        ),
        says(package("gnutls", "3.7.6-23.el9_3.4"), GNUTLS, Fine),
        says(
            package("gnutls", "3.8.2-3.el9_4"),
            GNUTLS,
            fixed("3.8.3-4.el9_4", "Medium"),
        ),
        says(package("gnutls", "3.8.3-4.el9_4"), GNUTLS, Fine),
        says(
            of("curl", "libcurl", "7.76.1-19.el9_1.1"),
            CURL,
            fixed("7.76.1-23.el9_2.4", "High"),
        ),
        says(of("curl", "libcurl", "7.76.1-23.el9_2.4"), CURL, Fine),
        says(
            of("curl", "libcurl", "7.76.1-26.el9"),
            CURL,
            fixed("7.76.1-26.el9_3.2", "High"),
        ),
        says(of("curl", "libcurl", "7.76.1-26.el9_3.2"), CURL, Fine),
        says(
            of("samba", "samba-common", "4.18.6-101.el9_3").arch("noarch"),
            SAMBA,
            Fine,
        ),
        says(
            of("libssh", "libssh-config", "0.10.4-13.el9").arch("noarch"),
            LIBSSH,
            open("affected", "Low"),
        ),
        says(
            package("postgresql", "13.10-1.el9_2"),
            POSTGRESQL,
            fixed("13.11-1.el9_2", "Medium"),
        ),
        // The document speaks of 15.3 too, a build of a module that it does not name.
        says(package("postgresql", "13.11-1.el9_2"), POSTGRESQL, Fine),
        says(
            package("perl-FCGI", "1:0.79-8.el9"),
            FCGI,
            fixed("1:0.79-8.1.el9_6", "High"),
        ),
        says(package("perl-FCGI", "1:0.79-8.1.el9_6"), FCGI, Fine),
    ]
}

fn of_extended_nine() -> Vec<Statement> {
    vec![
        says(
            package("gnutls", "3.7.6-21.el9_2.2"),
            GNUTLS,
            fixed("3.7.6-21.el9_2.3", "Medium"),
        ),
        says(package("gnutls", "3.7.6-21.el9_2.3"), GNUTLS, Fine),
        // Nothing is said of the stream.
        says(
            of("openssl", "openssl-libs", "1:3.0.7-16.el9_2"),
            OPENSSL,
            fixed("1:3.0.7-27.el9", "Low"),
        ),
        says(
            package("libssh", "0.10.4-8.el9"),
            LIBSSH,
            open("affected", "Low"),
        ),
    ]
}

/// Packages of which nobody knows the repository are those of the main stream.
fn of_unknown_repositories() -> Vec<Statement> {
    vec![
        says(
            of("openssl", "openssl-libs", "1:3.0.7-25.el9_3"),
            OPENSSL,
            fixed("1:3.0.7-27.el9", "Low"),
        ),
        says(
            of("openssl", "openssl-libs", "1:3.0.7-27.el9"),
            OPENSSL,
            Fine,
        ),
        says(
            package("expat", "2.5.0-2.el9_4.2"),
            EXPAT,
            fixed("2.5.0-3.el9_5.1", "Medium"),
        ),
        says(of("samba", "libwbclient", "4.18.6-101.el9_3"), SAMBA, Fine),
    ]
}

fn of_ten() -> Vec<Statement> {
    vec![
        says(
            package("libssh", "0.11.1-4.el10"),
            LIBSSH,
            open("affected", "Low"),
        ),
        // Fixes are said of a minor release, and hold for the main stream as it moves on.
        says(
            of("brotli", "libbrotli", "1.1.0-6.el10"),
            BROTLI,
            fixed("1.1.0-7.el10_1", "High"),
        ),
        says(of("brotli", "libbrotli", "1.1.0-7.el10_1"), BROTLI, Fine),
        says(
            package("perl-FCGI", "1:0.82-13.el10"),
            FCGI,
            fixed("1:0.82-13.1.el10_0", "High"),
        ),
        says(package("perl-FCGI", "1:0.82-13.1.el10_0"), FCGI, Fine),
    ]
}

/// Images of the catalog, by their tags.
fn of_images() -> Vec<Statement> {
    let sso = |tag| {
        of(
            "sso76-openshift-rhel8-container",
            "rh-sso-7/sso76-openshift-rhel8",
            tag,
        )
    };
    vec![
        says(sso("7.6-21"), MIME4J, fixed("7.6-22", "Medium")),
        says(sso("7.6-22"), MIME4J, Fine),
    ]
}
