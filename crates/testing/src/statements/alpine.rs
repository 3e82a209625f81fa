//! Alpine's security database, branch by branch.

use super::{Fine, Vendor, fixed, package, says};
use crate::Root;

pub(super) fn alpine() -> Vendor {
    Vendor::new("alpine")
        .document("alpine-secdb/json/v3.5/main.json", "v3.5/main.json")
        .document(
            "alpine-secdb/json/v3.5/community.json",
            "v3.5/community.json",
        )
        .document("alpine-secdb/json/v3.8/main.json", "v3.8/main.json")
        .document(
            "alpine-secdb/json/v3.8/community.json",
            "v3.8/community.json",
        )
        .document("alpine-secdb/json/v3.10/main.json", "v3.10/main.json")
        .document(
            "alpine-secdb/json/v3.10/community.json",
            "v3.10/community.json",
        )
        .release(
            "3.5",
            Root::alpine("3.5.3"),
            [
                // "0": Alpine's package was never affected, in whatever version.
                says(package("db", "5.3.28-r0"), "CVE-2016-0682", Fine),
                says(
                    package("openssl", "1.0.2n-r0"),
                    "CVE-2018-0739",
                    fixed("1.0.2o-r0", "Unknown"),
                ),
                // Said to be fixed in 1.0.2n-r0 and again in 1.0.2o-r0.
                says(
                    package("libssl1.0", "1.0.2n-r0").source("openssl"),
                    "CVE-2017-3738",
                    fixed("1.0.2o-r0", "Unknown"),
                ),
            ],
        )
        .release(
            "3.8",
            Root::alpine("3.8.4"),
            [
                // The same vulnerability has another fix in the next branch.
                says(
                    package("musl", "1.1.19-r10"),
                    "CVE-2019-14697",
                    fixed("1.1.19-r11", "Unknown"),
                ),
                says(package("musl", "1.1.19-r11"), "CVE-2019-14697", Fine),
                says(
                    package("php7", "7.2.23-r0"),
                    "CVE-2019-11043",
                    fixed("7.2.24-r0", "Unknown"),
                ),
            ],
        )
        .release(
            "3.10",
            Root::alpine("3.10.3"),
            [
                says(
                    package("busybox", "1.27.2-r3"),
                    "CVE-2017-16544",
                    fixed("1.27.2-r4", "Unknown"),
                ),
                says(package("busybox", "1.27.2-r4"), "CVE-2017-16544", Fine),
                // What is said of the origin holds for what is built from it.
                says(
                    package("ssl_client", "1.27.2-r3").source("busybox"),
                    "CVE-2017-16544",
                    fixed("1.27.2-r4", "Unknown"),
                ),
                says(
                    package("curl", "7.61.1-r0"),
                    "CVE-2018-16839",
                    fixed("7.62.0-r0", "Unknown"),
                ),
                // A suffix: _p1 is before _p4.
                says(
                    package("bind", "9.12.3_p1-r0"),
                    "CVE-2019-6465",
                    fixed("9.12.3_p4-r0", "Unknown"),
                ),
                says(package("bind", "9.12.3_p4-r2"), "CVE-2019-6465", Fine),
                says(
                    package("musl", "1.1.22-r2"),
                    "CVE-2019-14697",
                    fixed("1.1.22-r3", "Unknown"),
                ),
                // The fix of 4.8.7-r0 was not whole.
                says(
                    package("samba", "4.8.7-r0"),
                    "CVE-2018-14629",
                    fixed("4.8.11-r0", "Unknown"),
                ),
                // A release of the package of ten is after one of nine.
                says(package("openssh", "7.9_p1-r10"), "CVE-2019-6109", Fine),
                // From community.
                says(
                    package("botan", "2.8.0-r0"),
                    "CVE-2018-20187",
                    fixed("2.9.0-r0", "Unknown"),
                ),
            ],
        )
}
