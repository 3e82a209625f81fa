//! Amazon Linux 1, 2 and 2023.

use super::{Fine, Vendor, fixed, package, rpm_root, says};
use crate::{Root, RpmFormat};

fn amazon_root(format: RpmFormat, version: &str) -> Root {
    rpm_root(format, "amzn", "Amazon Linux", version)
}

/// Lists of updates of the three releases.
pub(super) fn amazon() -> Vendor {
    Vendor::new("aws")
        .document(
            "amazon/amazon_linux_1_updateinfo.xml",
            "2018.03/updateinfo.xml",
        )
        .document("amazon/amazon_linux_2_updateinfo.xml", "2/updateinfo.xml")
        .document(
            "amazon/vlu/fixtures/updateinfo_AL2023.xml.gz",
            "2023/updateinfo.xml.gz",
        )
        .release(
            "1",
            amazon_root(RpmFormat::BerkeleyDb, "2018.03"),
            [
                says(
                    package("httpd", "2.2.21-1.17.amzn1"),
                    "CVE-2011-3192",
                    fixed("2.2.21-1.18.amzn1", "Medium"),
                ),
                says(package("httpd", "2.2.21-1.18.amzn1"), "CVE-2011-3192", Fine),
                // An epoch of its own.
                says(
                    package("mod_ssl", "1:2.2.20-1.amzn1").source("httpd"),
                    "CVE-2011-3192",
                    fixed("1:2.2.21-1.18.amzn1", "Medium"),
                ),
                says(
                    package("httpd-manual", "2.2.20-1.amzn1")
                        .source("httpd")
                        .arch("noarch"),
                    "CVE-2011-3192",
                    fixed("2.2.21-1.18.amzn1", "Medium"),
                ),
                // "important"
                says(
                    package("cyrus-imapd", "2.3.16-6.3.amzn1").arch("i686"),
                    "CVE-2011-3208",
                    fixed("2.3.16-6.4.amzn1", "High"),
                ),
            ],
        )
        .release(
            "1-2014.09",
            amazon_root(RpmFormat::BerkeleyDb, "2014.09"),
            [
                // All releases of Amazon Linux 1 get the same updates.
                says(
                    package("cyrus-imapd-utils", "2.3.16-6.3.amzn1").source("cyrus-imapd"),
                    "CVE-2011-3208",
                    fixed("2.3.16-6.4.amzn1", "High"),
                ),
            ],
        )
        .release(
            "2",
            amazon_root(RpmFormat::BerkeleyDb, "2"),
            [
                says(
                    package("kernel", "4.9.75-25.55.amzn2"),
                    "CVE-2017-5754",
                    fixed("4.9.76-38.79.amzn2", "Critical"),
                ),
                says(
                    package("kernel", "4.14.26-54.32.amzn2"),
                    "CVE-2017-5754",
                    Fine,
                ),
                // The list has no build for this architecture.
                says(
                    package("kernel-headers", "4.9.75-25.55.amzn2")
                        .source("kernel")
                        .arch("aarch64"),
                    "CVE-2017-5754",
                    Fine,
                ),
                says(
                    package("qemu-img", "10:1.5.3-141.amzn2.5.2").source("qemu-kvm"),
                    "CVE-2017-5715",
                    fixed("10:1.5.3-141.amzn2.5.3", "High"),
                ),
                // Its version is above, its epoch below.
                says(
                    package("qemu-kvm", "9:3.1.0-1.amzn2"),
                    "CVE-2017-5715",
                    fixed("10:1.5.3-141.amzn2.5.3", "High"),
                ),
            ],
        )
        .release(
            "2023",
            amazon_root(RpmFormat::Sqlite, "2023"),
            [
                says(
                    package("rsyslog", "8.2204.0-1.amzn2023.0.2"),
                    "CVE-2022-24903",
                    fixed("8.2204.0-3.amzn2023.0.2", "High"),
                ),
                says(
                    package("rsyslog", "8.2204.0-3.amzn2023.0.2"),
                    "CVE-2022-24903",
                    Fine,
                ),
                says(
                    package("rsyslog-crypto", "8.2204.0-1.amzn2023.0.2")
                        .source("rsyslog")
                        .arch("aarch64"),
                    "CVE-2014-3634",
                    fixed("8.2204.0-3.amzn2023.0.2", "High"),
                ),
                // Of httpd another release speaks.
                says(package("httpd", "2.2.20-1.amzn2023"), "CVE-2011-3192", Fine),
            ],
        )
}
