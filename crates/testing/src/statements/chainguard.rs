//! Chainguard and Wolfi, which have no releases.

use super::{Fine, Vendor, fixed, package, says};
use crate::{Manager, Root};

fn root(id: &str, name: &str) -> Root {
    let os_release = format!(
        "ID={id}\nNAME=\"{name}\"\nPRETTY_NAME=\"{name}\"\nVERSION_ID=\"20230214\"\n\
         HOME_URL=\"https://chainguard.dev\"\n"
    );
    Root::new(Manager::Apk, &os_release)
}

/// Records of Chainguard's feed, and its list of fixes.
pub(super) fn chainguard() -> Vendor {
    Vendor::new("chainguard")
        .document(
            "chainguard/osv/CGA-224q-ccj5-2p53.json",
            "CGA-224q-ccj5-2p53.json",
        )
        .document(
            "chainguard/osv/CGA-22hv-wp9q-4779.json",
            "CGA-22hv-wp9q-4779.json",
        )
        .document(
            "chainguard/osv/CGA-xcpc-gm23-prj9.json",
            "CGA-xcpc-gm23-prj9.json",
        )
        .release(
            "rolling",
            root("chainguard", "Chainguard"),
            [
                says(
                    package("haproxy-2.2", "2.2.33-r0"),
                    "CVE-2025-32464",
                    fixed("2.2.34-r0", "Critical"),
                ),
                says(package("haproxy-2.2", "2.2.34-r0"), "CVE-2025-32464", Fine),
                // What is built from a package that is named, and the same for another architecture.
                says(
                    package("haproxy-2.8-doc", "2.8.17-r3").source("haproxy-2.8"),
                    "CVE-2025-32464",
                    fixed("2.8.18-r0", "Critical"),
                ),
                says(
                    package("haproxy-2.8", "2.8.17-r3").arch("aarch64"),
                    "CVE-2025-32464",
                    fixed("2.8.18-r0", "Critical"),
                ),
                // An entry of the record about Wolfi says nothing of Chainguard.
                says(package("haproxy-3.1", "3.1.6-r0"), "CVE-2025-32464", Fine),
                says(
                    package("langfuse-3-worker", "3.152.0-r1"),
                    "CVE-2026-24398",
                    fixed("3.153.0-r0", "Medium"),
                ),
                // The build for FIPS has the fix in another version.
                says(
                    package("langfuse-fips-3-worker", "3.152.0-r0"),
                    "CVE-2026-24398",
                    Fine,
                ),
                says(
                    package("syncthing", "2.0.14-r0"),
                    "CVE-2025-68121",
                    fixed("2.0.14-r1", "Medium"),
                ),
                says(
                    package("syncthing-fips", "2.0.14-r1"),
                    "CVE-2025-68121",
                    Fine,
                ),
                // Fixed in "0", which is: not affected.
                says(
                    package("syncthing-compat", "2.0.13-r0"),
                    "CVE-2025-68121",
                    Fine,
                ),
            ],
        )
}

/// The list of fixes of Chainguard, a slice in the form of Alpine's database.
pub(super) fn chainguard_secdb() -> Vendor {
    Vendor::new("chainguard")
        .named("chainguard-secdb")
        .document("chainguard/security.json", "security.json")
        .release(
            "rolling",
            root("chainguard", "Chainguard"),
            [
                says(
                    package("brotli", "1.0.8-r4"),
                    "CVE-2020-8927",
                    fixed("1.0.9-r0", "Unknown"),
                ),
                says(
                    package("curl", "7.86.0-r2"),
                    "CVE-2022-43551",
                    fixed("7.87.0-r0", "Unknown"),
                ),
                says(package("curl", "7.86.0-r2"), "CVE-2022-42916", Fine),
                says(package("coreutils", "9.1-r0"), "CVE-2016-2781", Fine),
                // Three releases of one version, with a fix in each.
                says(
                    package("binutils", "2.39-r2"),
                    "CVE-2022-38128",
                    fixed("2.39-r3", "Unknown"),
                ),
                says(package("binutils", "2.39-r2"), "CVE-2022-38533", Fine),
                says(
                    package("openssh", "9.1_p1-r9"),
                    "CVE-2023-25136",
                    fixed("9.2_p1-r0", "Unknown"),
                ),
                // Of the binaries the origin is asked.
                says(
                    package("libssl3", "3.0.7-r9").source("openssl"),
                    "CVE-2023-0286",
                    fixed("3.0.8-r0", "Unknown"),
                ),
                says(
                    package("glibc-locale-posix", "2.36-r9").source("glibc"),
                    "CVE-2023-25139",
                    fixed("2.37-r1", "Unknown"),
                ),
                says(
                    package("vim", "9.0.1391-r0"),
                    "CVE-2023-1264",
                    fixed("9.0.1392-r0", "Unknown"),
                ),
            ],
        )
}

/// The list of fixes of Wolfi.
pub(super) fn wolfi() -> Vendor {
    Vendor::new("wolfi")
        .document("wolfi/security.json", "security.json")
        .release(
            "rolling",
            root("wolfi", "Wolfi"),
            [
                says(
                    package("age", "1.2.0-r3"),
                    "CVE-2025-22871",
                    fixed("1.2.1-r4", "Unknown"),
                ),
                says(package("age", "1.2.1-r10"), "CVE-2025-22871", Fine),
                // An identifier of GitHub.
                says(
                    package("bat", "0.24.0-r3"),
                    "GHSA-2rxc-gjrp-vjhx",
                    fixed("0.24.0-r4", "Unknown"),
                ),
                says(package("bat", "0.24.0-r3"), "CVE-2024-43806", Fine),
                says(
                    package("avahi-libs", "0.8-r9").source("avahi"),
                    "CVE-2023-38469",
                    fixed("0.9_rc1-r0", "Unknown"),
                ),
                // A release candidate is before the release.
                says(
                    package("avahi-dev", "0.9-r0").source("avahi"),
                    "CVE-2023-38469",
                    Fine,
                ),
                says(package("avahi", "0.7-r0"), "CVE-2021-26720", Fine),
                says(
                    package("aws-cli-v2", "2.15.34-r5"),
                    "CVE-2024-0450",
                    fixed("2.15.35-r0", "Unknown"),
                ),
                says(package("aws-cli-v2", "2.15.34-r5"), "CVE-2024-4030", Fine),
                says(
                    package("binutils", "2.40-r2"),
                    "CVE-2023-1972",
                    fixed("2.40-r3", "Unknown"),
                ),
                // The same package with another fix for each line.
                says(
                    package("argo-cd-2.8", "2.8.4-r3"),
                    "CVE-2023-3978",
                    fixed("2.8.4-r4", "Unknown"),
                ),
                says(
                    package("argo-cd-2.9", "2.9.3-r4"),
                    "CVE-2023-49568",
                    fixed("2.9.3-r5", "Unknown"),
                ),
            ],
        )
}
