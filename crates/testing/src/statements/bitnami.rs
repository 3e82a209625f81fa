//! Bitnami: components beside the packages of a distribution.

use super::{Fine, Vendor, fixed, open, package, says};
use crate::{Manager, Root};

/// All records of components from a to m.
pub(super) fn bitnami() -> Vendor {
    let os_release = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n\
        VERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";
    Vendor::new("bitnami")
        .document("osv/Bitnami/all.zip", "all.zip")
        .release(
            "debian-12",
            Root::new(Manager::Bitnami, os_release),
            [
                says(
                    package("jenkins", "2.440.3-0"),
                    "CVE-2024-23897",
                    fixed("2.452.1", "Critical"),
                ),
                says(package("jenkins", "2.452.1-0"), "CVE-2024-23897", Fine),
                // Vulnerable from a version on, and not before.
                says(
                    package("apache", "2.4.49-3"),
                    "CVE-2021-41773",
                    fixed("2.4.50", "Critical"),
                ),
                says(package("apache", "2.4.48-9"), "CVE-2021-41773", Fine),
                // Of each of several lines, with a fix of its own, and not between them.
                says(
                    package("elasticsearch", "8.9.0-1"),
                    "CVE-2023-31419",
                    fixed("8.9.1", "High"),
                ),
                says(
                    package("elasticsearch", "7.17.12-1"),
                    "CVE-2023-31419",
                    fixed("7.17.13", "High"),
                ),
                says(
                    package("elasticsearch", "7.17.13-0"),
                    "CVE-2023-31419",
                    Fine,
                ),
                says(package("grafana", "9.1.8-0"), "CVE-2023-3128", Fine),
                says(
                    package("grafana", "9.5.3-0"),
                    "CVE-2023-3128",
                    fixed("9.5.4", "Critical"),
                ),
                // One version alone, which is the last that is known to be vulnerable.
                says(
                    package("activemq", "5.15.12-0"),
                    "CVE-2020-11998",
                    open("affected", "Critical"),
                ),
                says(package("activemq", "5.15.13-0"), "CVE-2020-11998", Fine),
                says(
                    package("etcd", "3.5.8-2"),
                    "CVE-2023-32082",
                    fixed("3.5.9", "Medium"),
                ),
            ],
        )
}
