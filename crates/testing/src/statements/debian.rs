//! Debian's security tracker: what is fixed where, what is open, and what was never there.

use super::{Fine, Vendor, fixed, open, package, says};
use crate::Root;

/// A slice of the tracker with urgencies, and all that its advisories say since 2000.
pub(super) fn debian() -> Vendor {
    Vendor::new("debian")
        .joined(
            &[
                "debian/tracker-slice.json",
                "debian/tracker-from-DSA.json.gz",
            ],
            "json",
        )
        .release(
            "wheezy",
            Root::debian("wheezy", "7"),
            [
                says(
                    package("sudo", "1.8.5p2-1+nmu3"),
                    "CVE-2015-5602",
                    fixed("1.8.5p2-1+nmu3+deb7u1", "Unknown"),
                ),
                says(
                    package("sudo", "1.8.5p2-1+nmu3+deb7u1"),
                    "CVE-2015-5602",
                    Fine,
                ),
            ],
        )
        .release(
            "jessie",
            Root::debian("jessie", "8"),
            [
                // The same package in the next release has another fix.
                says(
                    package("sudo", "1.8.10p3-1+deb8u2"),
                    "CVE-2015-5602",
                    fixed("1.8.10p3-1+deb8u3", "Unknown"),
                ),
                // Fixed in wheezy, and nothing is said of jessie.
                says(package("sudo", "1.8.5p2-1"), "CVE-2014-9680", Fine),
                says(
                    package("atril", "1.8.1+dfsg1-4"),
                    "CVE-2017-1000083",
                    fixed("1.8.1+dfsg1-4+deb8u1", "Unknown"),
                ),
                says(
                    package("atril", "1.8.1+dfsg1-4+deb8u1"),
                    "CVE-2017-1000083",
                    Fine,
                ),
                says(
                    package("txt2man", "1.5.5-4"),
                    "CVE-2013-1444",
                    fixed("1.5.5-4.1", "Low"),
                ),
                // What is said of the source holds for the binaries, by the source's version.
                says(
                    package("libtxt2man0", "2:9-1")
                        .source("txt2man")
                        .source_version("1.5.5-4"),
                    "CVE-2013-1444",
                    fixed("1.5.5-4.1", "Low"),
                ),
            ],
        )
        .release(
            "buster",
            Root::debian("buster", "10"),
            [
                // "high**", of which the stars say by whom.
                says(
                    package("prototypejs", "1.6.0.1-1"),
                    "CVE-2008-7220",
                    fixed("1.6.0.2-1", "High"),
                ),
                says(package("prototypejs", "1.7.1-3"), "CVE-2008-7220", Fine),
                // "fixed_version": "0", which is: never affected.
                says(package("prototypejs", "0.1-1"), "CVE-2007-2383", Fine),
                says(
                    package("backupninja", "0.8-1"),
                    "CVE-2005-3111",
                    fixed("0.8-2", "Medium"),
                ),
                // Open in buster, fixed in the releases after it.
                says(
                    package("chromium", "90.0.4430.212-1~deb10u1"),
                    "CVE-2022-0456",
                    open("end-of-life", "Unknown"),
                ),
                // An epoch is above all versions without one.
                says(
                    package("bind9", "9.99-1"),
                    "CVE-2020-8617",
                    fixed("1:9.11.5.P4+dfsg-5.1+deb10u1", "Unknown"),
                ),
                says(
                    package("openssl", "1.1.1d-0+deb10u8"),
                    "CVE-2022-0778",
                    Fine,
                ),
            ],
        )
        .release(
            "bullseye",
            Root::debian("bullseye", "11"),
            [
                // A tilde is before the end: 98.0.4758.80-1~deb11u1 is the backport.
                says(
                    package("chromium", "90.0.4430.212-1"),
                    "CVE-2022-0456",
                    fixed("98.0.4758.80-1~deb11u1", "Unknown"),
                ),
                says(
                    package("openssl", "1.1.1k-1+deb11u1"),
                    "CVE-2022-0778",
                    fixed("1.1.1k-1+deb11u2", "Unknown"),
                ),
                says(
                    package("sope", "5.0.1-2"),
                    "CVE-2025-53603",
                    fixed("5.0.1-2+deb11u1", "Unknown"),
                ),
            ],
        )
        .release(
            "bookworm",
            Root::debian("bookworm", "12"),
            [
                says(
                    package("chromium", "98.0.4758.102-1"),
                    "CVE-2022-0456",
                    Fine,
                ),
                says(package("sope", "5.8.0-1+deb12u1"), "CVE-2025-53603", Fine),
            ],
        )
}
