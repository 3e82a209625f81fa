//! Canonical's OSV records, with what it fixes for subscribers of Ubuntu Pro.

use super::{Fine, Vendor, fixed, open, package, says};
use crate::Root;

pub(super) fn ubuntu() -> Vendor {
    let mut vendor = Vendor::new("ubuntu");
    for (from, to) in [
        (
            "ubuntu/osv/cve/2013/UBUNTU-CVE-2013-2208.json",
            "cve/2013/UBUNTU-CVE-2013-2208.json",
        ),
        (
            "ubuntu/osv/cve/2016/UBUNTU-CVE-2016-20013.json",
            "cve/2016/UBUNTU-CVE-2016-20013.json",
        ),
        (
            "ubuntu/osv/cve/2020/UBUNTU-CVE-2020-36325.json",
            "cve/2020/UBUNTU-CVE-2020-36325.json",
        ),
        (
            "ubuntu/osv/cve/2021/UBUNTU-CVE-2021-3782.json",
            "cve/2021/UBUNTU-CVE-2021-3782.json",
        ),
        (
            "ubuntu/osv/cve/2026/UBUNTU-CVE-2026-1403.json",
            "cve/2026/UBUNTU-CVE-2026-1403.json",
        ),
        ("ubuntu/osv/usn/USN-5614-1.json", "usn/USN-5614-1.json"),
        (
            "ubuntu/osv-esm/cve/2014/UBUNTU-CVE-2014-9913.json",
            "cve/2014/UBUNTU-CVE-2014-9913.json",
        ),
        (
            "ubuntu/osv-esm/cve/2014/UBUNTU-CVE-2014-2901.json",
            "cve/2014/UBUNTU-CVE-2014-2901.json",
        ),
        (
            "ubuntu/osv-esm/cve/2022/UBUNTU-CVE-2022-24823.json",
            "cve/2022/UBUNTU-CVE-2022-24823.json",
        ),
    ] {
        vendor = vendor.document(from, to);
    }
    vendor
        .release(
            "trusty",
            Root::ubuntu("trusty", "14.04"),
            [
                says(
                    package("unzip", "6.0-9ubuntu1.5"),
                    "CVE-2014-9913",
                    fixed("6.0-9ubuntu1.6", "Negligible"),
                ),
                says(package("unzip", "6.0-9ubuntu1.6"), "CVE-2014-9913", Fine),
                // Open without a fix.
                says(
                    package("netty", "1:3.2.6.Final-2"),
                    "CVE-2022-24823",
                    open("affected", "Low"),
                ),
                // What a source has, its binaries have.
                says(
                    package("libc6", "2.19-0ubuntu6.15").source("eglibc"),
                    "CVE-2016-20013",
                    open("affected", "Negligible"),
                ),
                // Withdrawn records say nothing.
                says(package("tpp", "1.3.1-2"), "CVE-2013-2208", Fine),
                says(package("jansson", "2.5-2"), "CVE-2020-36325", Fine),
            ],
        )
        .release(
            "xenial",
            Root::ubuntu("xenial", "16.04"),
            [
                // Only subscribers get the fix, but everybody is vulnerable.
                says(
                    package("wayland", "1.12.0-1~ubuntu16.04.3"),
                    "CVE-2021-3782",
                    fixed("1.12.0-1~ubuntu16.04.3+esm1", "Medium"),
                ),
                says(
                    package("wayland", "1.12.0-1~ubuntu16.04.3+esm1"),
                    "CVE-2021-3782",
                    Fine,
                ),
                says(
                    package("unzip", "6.0-20ubuntu1"),
                    "CVE-2014-9913",
                    fixed("6.0-20ubuntu1.1", "Negligible"),
                ),
                says(
                    package("netty", "1:4.0.34-1"),
                    "CVE-2022-24823",
                    fixed("1:4.0.34-1ubuntu0.1~esm2", "Low"),
                ),
                says(
                    package("gitlab", "8.5.8+dfsg-5"),
                    "CVE-2026-1403",
                    open("affected", "Medium"),
                ),
            ],
        )
        .release(
            "focal",
            Root::ubuntu("focal", "20.04"),
            [
                says(
                    package("libwayland-client0", "1.17.0-1").source("wayland"),
                    "CVE-2021-3782",
                    fixed("1.18.0-1ubuntu0.1", "Medium"),
                ),
                says(
                    package("libwayland-client0", "1.18.0-1ubuntu0.1").source("wayland"),
                    "CVE-2021-3782",
                    Fine,
                ),
                // Of gitlab only another release is spoken.
                says(package("gitlab", "8.5.8+dfsg-5"), "CVE-2026-1403", Fine),
            ],
        )
        .release(
            "noble",
            Root::ubuntu("noble", "24.04"),
            [
                // An epoch, and the fix for subscribers.
                says(
                    package("libnetty-java", "1:4.1.48-9").source("netty"),
                    "CVE-2022-24823",
                    fixed("1:4.1.48-9ubuntu0.1~esm1", "Low"),
                ),
                says(
                    package("libnetty-java", "1:4.1.48-9ubuntu0.1~esm1").source("netty"),
                    "CVE-2022-24823",
                    Fine,
                ),
            ],
        )
}
