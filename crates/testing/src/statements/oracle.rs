//! Oracle Linux: releases, and the builds for Ksplice.

use super::{Fine, Vendor, fixed, package, rpm_root, says};
use crate::{Root, RpmFormat};

fn ol(version: &str) -> Root {
    rpm_root(RpmFormat::BerkeleyDb, "ol", "Oracle Linux Server", version)
}

/// Errata of 2015 and 2021. In the mirror each has a year of its own.
pub(super) fn oracle() -> Vendor {
    Vendor::new("oracle")
        .document(
            "oracle/fetcher_oracle_test.1.xml",
            "com.oracle.elsa-2014.xml",
        )
        .document(
            "oracle/fetcher_oracle_test.2.xml",
            "com.oracle.elsa-2015.xml",
        )
        .document("oracle/mock_ksplice_data.xml", "com.oracle.elsa-2021.xml")
        .release(
            "5",
            ol("5.11"),
            [says(
                package("firefox", "38.0.1-1.0.1.el5_11"),
                "CVE-2015-2724",
                fixed("38.1.0-1.0.1.el5_11", "Low"),
            )],
        )
        .release(
            "6",
            ol("6.6"),
            [
                says(
                    package("firefox", "38.0.1-1.0.1.el6_6"),
                    "CVE-2015-2725",
                    fixed("38.1.0-1.0.1.el6_6", "Medium"),
                ),
                // The build of the release before is no fix here, the one after it is.
                says(
                    package("firefox", "38.1.0-1.0.1.el5_11"),
                    "CVE-2015-2725",
                    fixed("38.1.0-1.0.1.el6_6", "Medium"),
                ),
                says(
                    package("firefox", "38.1.0-1.0.1.el6_7"),
                    "CVE-2015-2725",
                    Fine,
                ),
            ],
        )
        .release(
            "7",
            ol("7.1"),
            [
                says(
                    package("firefox", "38.0.1-1.0.1.el7_1"),
                    "CVE-2015-2728",
                    fixed("38.1.0-1.0.1.el7_1", "Critical"),
                ),
                says(
                    package("firefox", "38.1.0-1.0.1.el7_1"),
                    "CVE-2015-2728",
                    Fine,
                ),
                says(
                    package("xerces-c", "3.1.1-6.el7"),
                    "CVE-2015-0252",
                    fixed("3.1.1-7.el7_1", "Medium"),
                ),
                says(
                    package("xerces-c-doc", "3.1.1-6.el7")
                        .source("xerces-c")
                        .arch("noarch"),
                    "CVE-2015-0252",
                    fixed("3.1.1-7.el7_1", "Medium"),
                ),
                says(package("xerces-c", "3.1.1-7.el7_1"), "CVE-2015-0252", Fine),
            ],
        )
        .release(
            "8",
            ol("8.3"),
            [
                // What is said of a build for Ksplice holds for such builds alone.
                says(
                    package("openssl-libs", "2:1.1.1g-12.ksplice1.el8_3").source("openssl"),
                    "CVE-2021-3449",
                    fixed("2:1.1.1g-15.ksplice1.el8_3", "High"),
                ),
                says(
                    package("openssl-libs", "1:1.1.1g-12.el8_3").source("openssl"),
                    "CVE-2021-3449",
                    Fine,
                ),
                says(
                    package("openssl", "2:1.1.1g-15.ksplice1.el8_3"),
                    "CVE-2021-3450",
                    Fine,
                ),
                // Spoken of for aarch64 alone.
                says(
                    package("openssl-static", "2:1.1.1g-12.ksplice1.el8_3")
                        .source("openssl")
                        .arch("aarch64"),
                    "CVE-2021-3450",
                    fixed("2:1.1.1g-15.ksplice1.el8_3", "High"),
                ),
                says(
                    package("openssl-static", "2:1.1.1g-12.ksplice1.el8_3").source("openssl"),
                    "CVE-2021-3450",
                    Fine,
                ),
            ],
        )
}
