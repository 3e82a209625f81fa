//! Fedora, openEuler and ALT Linux.

use super::{Fine, Vendor, fixed, package, rpm_root, says};
use crate::{Manager, Root, RpmFormat};

/// A page of updates of Fedora 36.
pub(super) fn fedora() -> Vendor {
    Vendor::new("fedora")
        .document("fedora/bodhi-F36-updates.json.gz", "36/updates.json.gz")
        .release(
            "36",
            rpm_root(
                RpmFormat::Sqlite,
                "fedora",
                "Fedora Linux",
                "36 (Container Image)",
            ),
            [
                says(
                    package("curl", "7.82.0-5.fc36"),
                    "CVE-2022-32205",
                    fixed("7.82.0-6.fc36", "Medium"),
                ),
                says(package("curl", "7.82.0-6.fc36"), "CVE-2022-32205", Fine),
                // Builds are of sources, of which all binaries are.
                says(
                    package("libcurl-minimal", "7.82.0-5.fc36").source("curl"),
                    "CVE-2022-32208",
                    fixed("7.82.0-6.fc36", "Medium"),
                ),
                // The epoch of the build.
                says(
                    package("vim-minimal", "2:8.2.4969-1.fc36").source("vim"),
                    "CVE-2022-2124",
                    fixed("2:8.2.5172-1.fc36", "Medium"),
                ),
                says(
                    package("vim-enhanced", "2:8.2.5172-1.fc36").source("vim"),
                    "CVE-2022-2124",
                    Fine,
                ),
                // Updates that name no CVE have their own name.
                says(
                    package("firefox", "101.0-1.fc36"),
                    "FEDORA-2022-59e474cd5c",
                    fixed("102.0-1.fc36", "Critical"),
                ),
                says(
                    package("thunderbird", "91.10.0-1.fc36"),
                    "FEDORA-2022-01b6d6f289",
                    fixed("91.11.0-1.fc36", "High"),
                ),
                says(
                    package("mediawiki", "1.37.1-1.fc36").arch("noarch"),
                    "CVE-2022-28202",
                    fixed("1.37.2-1.fc36", "Low"),
                ),
                says(
                    package("golang-github-lucas-clemente-quic-devel", "0.27.0-1.fc36")
                        .source("golang-github-lucas-clemente-quic")
                        .arch("noarch"),
                    "CVE-2022-24675",
                    fixed("0.27.2-1.fc36", "Unknown"),
                ),
                // One vulnerability in several packages, each with a fix of its own.
                says(
                    package("python2.7", "2.7.18-21.fc36"),
                    "CVE-2015-20107",
                    fixed("2.7.18-22.fc36", "Medium"),
                ),
                says(
                    package("python3.9", "3.9.13-2.fc36"),
                    "CVE-2015-20107",
                    Fine,
                ),
            ],
        )
        .release(
            "35",
            rpm_root(
                RpmFormat::Sqlite,
                "fedora",
                "Fedora Linux",
                "35 (Container Image)",
            ),
            [says(
                package("curl", "7.79.1-1.fc35"),
                "CVE-2022-32205",
                Fine,
            )],
        )
}

fn openeuler_root(version: &str) -> Root {
    rpm_root(RpmFormat::Sqlite, "openEuler", "openEuler", version)
}

/// Four notices: of two releases, of two architectures, of many vulnerabilities.
pub(super) fn openeuler() -> Vendor {
    Vendor::new("openeuler")
        .document(
            "openeuler/cvrf/cvrf-openEuler-SA-2021-1033.xml",
            "cvrf/cvrf-openEuler-SA-2021-1033.xml",
        )
        .document(
            "openeuler/cvrf/cvrf-openEuler-SA-2022-1693.xml",
            "cvrf/cvrf-openEuler-SA-2022-1693.xml",
        )
        .document(
            "openeuler/cvrf/cvrf-openEuler-SA-2023-1374.xml",
            "cvrf/cvrf-openEuler-SA-2023-1374.xml",
        )
        .document(
            "openeuler/cvrf/cvrf-openEuler-SA-2024-1349.xml",
            "cvrf/cvrf-openEuler-SA-2024-1349.xml",
        )
        .release(
            "20.03",
            openeuler_root("20.03 (LTS)"),
            [
                says(
                    package("sane-backends", "1.0.28-8.oe1"),
                    "CVE-2020-12867",
                    fixed("1.0.28-9.oe1", "Medium"),
                ),
                says(
                    package("sane-backends-help", "1.0.28-8.oe1")
                        .source("sane-backends")
                        .arch("noarch"),
                    "CVE-2020-12867",
                    fixed("1.0.28-9.oe1", "Medium"),
                ),
                // Of this package only a service pack is spoken.
                says(
                    package("python3-XStatic-jquery-ui", "1.12.1.1-1.oe1")
                        .source("python-XStatic-jquery-ui")
                        .arch("noarch"),
                    "CVE-2021-41183",
                    Fine,
                ),
            ],
        )
        .release(
            "20.03-sp1",
            openeuler_root("20.03 (LTS-SP1)"),
            [
                says(
                    package("sane-backends-libs", "1.0.28-8.oe1")
                        .source("sane-backends")
                        .arch("aarch64"),
                    "CVE-2020-12867",
                    fixed("1.0.28-9.oe1", "Medium"),
                ),
                says(
                    package("sane-backends", "1.0.28-9.oe1"),
                    "CVE-2020-12867",
                    Fine,
                ),
            ],
        )
        .release(
            "20.03-sp3",
            openeuler_root("20.03 (LTS-SP3)"),
            [says(
                package("python3-XStatic-jquery-ui", "1.12.1.1-1.oe1")
                    .source("python-XStatic-jquery-ui")
                    .arch("noarch"),
                "CVE-2021-41183",
                fixed("1.12.1.1-2.oe1", "Medium"),
            )],
        )
        .release(
            "22.03-sp1",
            openeuler_root("22.03 (LTS-SP1)"),
            [
                // Two vulnerabilities of one notice, each with a severity of its own.
                says(
                    package("wireshark", "3.6.13-1.oe2203sp1"),
                    "CVE-2023-2952",
                    fixed("3.6.14-1.oe2203sp1", "Medium"),
                ),
                says(
                    package("wireshark", "3.6.13-1.oe2203sp1"),
                    "CVE-2023-0667",
                    fixed("3.6.14-1.oe2203sp1", "Critical"),
                ),
            ],
        )
        .release(
            "22.03-sp2",
            openeuler_root("22.03 (LTS-SP2)"),
            [
                says(
                    package("kernel", "5.10.0-153.47.0.125.oe2203sp2"),
                    "CVE-2023-52445",
                    fixed("5.10.0-153.48.0.126.oe2203sp2", "High"),
                ),
                says(
                    package("python3-perf", "5.10.0-153.48.0.126.oe2203sp2")
                        .source("kernel")
                        .arch("aarch64"),
                    "CVE-2023-52445",
                    Fine,
                ),
                // No kernel is in its headers.
                says(
                    package("kernel-headers", "5.10.0-60.18.0.50.oe2203").source("kernel"),
                    "CVE-2021-47036",
                    Fine,
                ),
                says(
                    package("kernel-tools", "5.10.0-60.18.0.50.oe2203").source("kernel"),
                    "CVE-2021-47036",
                    fixed("5.10.0-153.48.0.126.oe2203sp2", "Medium"),
                ),
                // The notice of wireshark is about the service pack before.
                says(
                    package("wireshark", "3.6.13-1.oe2203sp2"),
                    "CVE-2023-2952",
                    Fine,
                ),
            ],
        )
}

/// All errata of the branch c9f2, of which ALT SP 8.4 is made.
pub(super) fn alt() -> Vendor {
    let of = |os_release: &str| Root::new(Manager::Rpm(RpmFormat::BerkeleyDb), os_release);
    Vendor::new("alt")
        .document("alt/c9f2-oval_definitions.zip", "c9f2.zip")
        .release(
            "c9f2",
            of(
                "NAME=\"ALT SP Server\"\nVERSION=\"8.4\"\nID=altlinux\nVERSION_ID=8.4\n\
                PRETTY_NAME=\"ALT SP Server 11100-01\"\n\
                CPE_NAME=\"cpe:/o:alt:spserver:8.4\"\n",
            ),
            [
                says(
                    package("firefox-esr", "78.9.0-alt0.1.c9"),
                    "CVE-2021-29946",
                    fixed("78.10.0-alt0.1.c9", "High"),
                ),
                says(
                    package("firefox-esr", "78.10.0-alt0.1.c9"),
                    "CVE-2021-29946",
                    Fine,
                ),
                // Each vulnerability of an erratum has an impact of its own.
                says(
                    package("firefox-esr-wayland", "78.9.0-alt0.1.c9").source("firefox-esr"),
                    "CVE-2021-29945",
                    fixed("78.10.0-alt0.1.c9", "Low"),
                ),
                // Epochs.
                says(
                    package("apache2-base", "1:2.4.46-alt2").source("apache2"),
                    "CVE-2021-26691",
                    fixed("1:2.4.48-alt3.1", "Critical"),
                ),
                says(
                    package("apache2-ab", "1:2.4.48-alt3.1").source("apache2"),
                    "CVE-2021-26691",
                    Fine,
                ),
                says(
                    package("dhcp-client", "1:4.4.2-alt1").source("dhcp"),
                    "CVE-2021-25217",
                    fixed("1:4.4.2.P1-alt2", "High"),
                ),
                says(
                    package("libkrb5", "1.17.2-alt2").source("krb5"),
                    "CVE-2021-37750",
                    fixed("1.17.2-alt3", "Low"),
                ),
                // Binaries of one source with versions and epochs of their own.
                says(
                    package("gem", "2:3.1.4-alt1")
                        .source("ruby")
                        .source_version("2.7.4-alt1"),
                    "CVE-2022-28739",
                    fixed("2:3.1.6-alt1.4.1.c9f2", "High"),
                ),
                says(
                    package("libruby", "2.7.4-alt1").source("ruby"),
                    "CVE-2022-28738",
                    fixed("2.7.6-alt0.1.c9f2", "Critical"),
                ),
            ],
        )
        .release(
            "p10",
            of(
                "NAME=\"ALT Server\"\nVERSION=\"10.1\"\nID=altlinux\nVERSION_ID=10.1\n\
                PRETTY_NAME=\"ALT Server 10.1 (Mendelevium)\"\n\
                CPE_NAME=\"cpe:/o:alt:server:10.1\"\n",
            ),
            [
                // Another branch.
                says(
                    package("firefox-esr", "78.9.0-alt0.1.p10"),
                    "CVE-2021-29946",
                    Fine,
                ),
            ],
        )
}
