//! Photon OS, Azure Linux and CBL-Mariner.

use super::{Fine, Vendor, fixed, open, package, rpm_root, says};
use crate::RpmFormat;

/// All definitions of Photon OS 3.
pub(super) fn photon() -> Vendor {
    Vendor::new("photon")
        .document(
            "photon/com.vmware.phsa-photon3.xml.gz",
            "com.vmware.phsa-photon3.xml.gz",
        )
        .release(
            "3.0",
            rpm_root(RpmFormat::BerkeleyDb, "photon", "VMware Photon OS", "3.0"),
            [
                says(
                    package("sqlite", "3.27.2-4.ph3"),
                    "CVE-2019-16168",
                    fixed("3.27.2-5.ph3", "High"),
                ),
                says(package("sqlite", "3.27.2-5.ph3"), "CVE-2019-16168", Fine),
                // "Package sqlite-libs is earlier than": a statement of its own for each binary.
                says(
                    package("sqlite-libs", "3.27.2-4.ph3").source("sqlite"),
                    "CVE-2019-16168",
                    fixed("3.27.2-5.ph3", "High"),
                ),
                // An earlier update fixed another vulnerability.
                says(
                    package("sqlite-libs", "3.27.2-4.ph3").source("sqlite"),
                    "CVE-2019-9937",
                    Fine,
                ),
                says(
                    package("sqlite-devel", "3.27.2-1.ph3").source("sqlite"),
                    "CVE-2019-9937",
                    fixed("3.27.2-2.ph3", "High"),
                ),
                // Release 1 of a version is before release 10 of the one before it only in words.
                says(
                    package("sqlite-devel", "3.27.1-10.ph3").source("sqlite"),
                    "CVE-2019-9936",
                    fixed("3.27.2-1.ph3", "High"),
                ),
                says(
                    package("openssl", "1.0.2t-2.ph3"),
                    "CVE-2019-1551",
                    fixed("1.0.2u-1.ph3", "Low"),
                ),
                says(
                    package("openssl-c_rehash", "1.0.2t-2.ph3").source("openssl"),
                    "CVE-2019-1551",
                    fixed("1.0.2u-1.ph3", "Low"),
                ),
                says(package("openssl", "1.0.2u-2.ph3"), "CVE-2019-1551", Fine),
            ],
        )
        .release(
            "4.0",
            rpm_root(RpmFormat::Sqlite, "photon", "VMware Photon OS", "4.0"),
            [
                // Another release, of which the document says nothing.
                says(package("sqlite", "3.27.2-1.ph4"), "CVE-2019-16168", Fine),
            ],
        )
}

/// All definitions of Azure Linux 3.0 and CBL-Mariner 2.0, which are about sources.
pub(super) fn azurelinux() -> Vendor {
    Vendor::new("azurelinux")
        .document(
            "azurelinux/azurelinux-3.0-oval.xml.gz",
            "azurelinux-3.0-oval.xml.gz",
        )
        .document(
            "azurelinux/cbl-mariner-2.0-oval.xml.gz",
            "cbl-mariner-2.0-oval.xml.gz",
        )
        .release(
            "3.0",
            rpm_root(
                RpmFormat::Sqlite,
                "azurelinux",
                "Microsoft Azure Linux",
                "3.0",
            ),
            [
                says(
                    package("openssh-server", "9.8p1-2.azl3").source("openssh"),
                    "CVE-2025-26466",
                    fixed("9.8p1-3.azl3", "High"),
                ),
                says(
                    package("openssh-clients", "9.8p1-3.azl3").source("openssh"),
                    "CVE-2025-26466",
                    Fine,
                ),
                says(
                    package("openssh", "9.8p1-2.azl3"),
                    "CVE-2025-26465",
                    fixed("9.8p1-3.azl3", "Medium"),
                ),
                says(
                    package("postgresql-libs", "16.6-1.azl3").source("postgresql"),
                    "CVE-2025-1094",
                    fixed("16.7-1.azl3", "High"),
                ),
                // Three updates of one source.
                says(
                    package("curl", "8.8.0-2.azl3"),
                    "CVE-2024-9681",
                    fixed("8.8.0-4.azl3", "Medium"),
                ),
                says(
                    package("curl", "8.8.0-2.azl3"),
                    "CVE-2024-8096",
                    fixed("8.8.0-3.azl3", "Medium"),
                ),
                says(package("curl", "8.8.0-2.azl3"), "CVE-2024-6197", Fine),
                says(
                    package("openssl-libs", "3.3.0-1.azl3").source("openssl"),
                    "CVE-2024-5535",
                    fixed("3.3.0-2.azl3", "Critical"),
                ),
                // "greater than 0.0.0" and "less than 1.20.7-1".
                says(
                    package("golang", "1.20.6-1.azl3"),
                    "CVE-2023-29409",
                    fixed("1.20.7-1.azl3", "Medium"),
                ),
                says(package("golang", "1.22.1-1.azl3"), "CVE-2023-29409", Fine),
            ],
        )
        .release(
            "2.0",
            rpm_root(RpmFormat::Sqlite, "mariner", "CBL-Mariner", "2.0"),
            [
                // The title names a version that was vulnerable, the test the one with the fix.
                says(
                    package("vim", "9.0.2010-1.cm2"),
                    "CVE-2023-48706",
                    fixed("9.0.2121-1.cm2", "Low"),
                ),
                says(
                    package("kernel", "5.15.139.1-1.cm2"),
                    "CVE-2023-6817",
                    fixed("5.15.145.2-1.cm2", "High"),
                ),
                // "less than or equal", and not patchable.
                says(
                    package("syslinux", "6.04-10.cm2"),
                    "CVE-2022-3857",
                    open("affected", "Medium"),
                ),
                says(package("syslinux", "6.04-11.cm2"), "CVE-2022-3857", Fine),
                // Patchable is "Not Applicable".
                says(package("bolt", "0.9.2-2.cm2"), "CVE-2020-28925", Fine),
                // "less than 0.9.0", without a release but with the mark of the distribution.
                says(
                    package("libdwarf", "0.8.0-2.cm2"),
                    "CVE-2019-14249",
                    fixed("0.9.0", "Medium"),
                ),
                says(package("libdwarf", "0.9.0-1.cm2"), "CVE-2019-14249", Fine),
                // "less than 10.6.9-3.cm2", with the mark a second time.
                says(
                    package("mariadb", "10.6.9-2.cm2"),
                    "CVE-2023-3724",
                    fixed("10.6.9-3.cm2", "High"),
                ),
                says(package("mariadb", "10.6.9-3.cm2"), "CVE-2023-3724", Fine),
                // "less than null".
                says(
                    package("moby-engine", "20.10.25-3.cm2"),
                    "CVE-2023-48795",
                    Fine,
                ),
            ],
        )
}
