//! openSUSE: Leap and Leap Micro.

use super::{Fine, Vendor, fixed, package, rpm_root, says};
use crate::RpmFormat;

/// All definitions of two products.
pub(super) fn suse() -> Vendor {
    Vendor::new("suse")
        .document(
            "suse/oval/opensuse.leap.15.3.xml.gz",
            "opensuse.leap.15.3.xml.gz",
        )
        .document(
            "suse/oval/opensuse.leap.micro.5.3.xml.gz",
            "opensuse.leap.micro.5.3.xml.gz",
        )
        .release(
            "leap-15.3",
            rpm_root(RpmFormat::Ndb, "opensuse-leap", "openSUSE Leap", "15.3"),
            [
                says(
                    package("chromium", "89.0.4389.114-bp153.1.2"),
                    "CVE-2021-30506",
                    fixed("90.0.4430.212-bp153.1.1", "Medium"),
                ),
                says(
                    package("chromium", "90.0.4430.212-bp153.1.1"),
                    "CVE-2021-30506",
                    Fine,
                ),
                // What is added from the repository that is not free.
                says(
                    package("opera", "76.0.4017.123-lp153.2.1"),
                    "CVE-2021-30506",
                    fixed("76.0.4017.154-lp153.2.3.1", "Medium"),
                ),
                says(
                    package("sudo", "1.9.5p2-1.4"),
                    "CVE-2021-3156",
                    fixed("1.9.5p2-1.5", "High"),
                ),
                // "critical", of packages without an architecture.
                says(
                    package("log4j", "2.13.0-4.3.1").arch("noarch"),
                    "CVE-2021-44228",
                    fixed("2.16.0-4.10.1", "Critical"),
                ),
                says(
                    package("libpolkit0-32bit", "0.116-3.3.1").source("polkit"),
                    "CVE-2021-4034",
                    fixed("0.116-3.6.1", "High"),
                ),
                // The 32 bit build is one of x86_64 alone.
                says(
                    package("libpolkit0-32bit", "0.116-3.3.1")
                        .source("polkit")
                        .arch("aarch64"),
                    "CVE-2021-4034",
                    Fine,
                ),
                says(
                    package("libpolkit0", "0.116-3.3.1")
                        .source("polkit")
                        .arch("s390x"),
                    "CVE-2021-4034",
                    fixed("0.116-3.6.1", "High"),
                ),
                // Two lines of openssl, each with a fix of its own.
                says(
                    package("libopenssl10", "1.0.2p-3.46.1").source("openssl-1_0_0"),
                    "CVE-2022-0778",
                    fixed("1.0.2p-3.49.1", "High"),
                ),
                says(
                    package("libopenssl-1_1-devel", "1.1.1d-11.40.1").source("openssl-1_1"),
                    "CVE-2022-0778",
                    fixed("1.1.1d-11.43.1", "High"),
                ),
                // The number of the product in a release: 150000 is after 3.1.
                says(
                    package("liblzma5", "5.2.3-4.3.1").source("xz"),
                    "CVE-2022-1271",
                    fixed("5.2.3-150000.4.7.1", "High"),
                ),
                says(package("gzip", "1.10-150200.10.1"), "CVE-2022-1271", Fine),
            ],
        )
        .release(
            "leap-micro-5.3",
            rpm_root(
                RpmFormat::Ndb,
                "opensuse-leap-micro",
                "openSUSE Leap Micro",
                "5.3",
            ),
            [
                says(
                    package("python3", "3.6.15-150300.10.30.1"),
                    "CVE-2020-10735",
                    fixed("3.6.15-150300.10.37.2", "High"),
                ),
                says(
                    package("libdb-4_8", "4.8.30-150000.4.2"),
                    "CVE-2019-2708",
                    fixed("4.8.30-150000.7.6.1", "Low"),
                ),
                says(
                    package("podman-cni-config", "4.3.0-1").arch("noarch"),
                    "CVE-2021-20199",
                    fixed("4.3.1-150400.4.11.1", "Low"),
                ),
                // Of sudo another product speaks.
                says(package("sudo", "1.9.5p2-1.4"), "CVE-2021-3156", Fine),
            ],
        )
}
