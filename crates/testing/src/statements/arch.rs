//! Arch Linux, which has no releases.

use super::{Fine, Vendor, fixed, open, package, says};
use crate::{Manager, Root};

/// Groups of vulnerabilities of the tracker, a slice.
pub(super) fn arch() -> Vendor {
    let os_release = "NAME=\"Arch Linux\"\nPRETTY_NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n";
    Vendor::new("arch")
        .document("arch/all.json", "all.json")
        .release(
            "rolling",
            Root::new(Manager::Pacman, os_release),
            [
                says(
                    package("curl", "8.4.0-1"),
                    "CVE-2024-1234",
                    fixed("8.5.0-1", "High"),
                ),
                says(
                    package("curl", "8.4.0-5"),
                    "CVE-2024-1234",
                    fixed("8.5.0-1", "High"),
                ),
                says(package("curl", "8.5.0-1"), "CVE-2024-1234", Fine),
                // Two vulnerabilities of one group.
                says(
                    package("openssl", "3.1.0-1"),
                    "CVE-2024-5678",
                    fixed("3.2.0-1", "Critical"),
                ),
                says(
                    package("openssl", "3.1.0-1"),
                    "CVE-2024-5679",
                    fixed("3.2.0-1", "Critical"),
                ),
                // An epoch.
                says(package("openssl", "1:1.0-1"), "CVE-2024-5679", Fine),
                // Vulnerable without a fix.
                says(
                    package("pam", "1.7.0-2"),
                    "CVE-2025-6020",
                    open("affected", "Medium"),
                ),
                // Two packages of one group.
                says(
                    package("glibc", "2.38-1"),
                    "CVE-2023-4911",
                    fixed("2.38-2", "High"),
                ),
                says(
                    package("lib32-glibc", "2.38-1").source("glibc"),
                    "CVE-2023-4911",
                    fixed("2.38-2", "High"),
                ),
                says(package("glibc", "2.38-10"), "CVE-2023-4911", Fine),
            ],
        )
}
