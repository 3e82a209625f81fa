//! AlmaLinux and Rocky Linux: updates of single packages and of streams of modules.

use super::{Fine, Vendor, fixed, package, rpm_root, says};
use crate::{Root, RpmFormat};

fn alma(version: &str) -> Root {
    let format = match version.split('.').next() {
        Some("8") => RpmFormat::BerkeleyDb,
        _ => RpmFormat::Sqlite,
    };
    rpm_root(format, "almalinux", "AlmaLinux", version)
}

/// All OSV records of 8 and 9.
pub(super) fn almalinux() -> Vendor {
    Vendor::new("almalinux")
        .members("osv/AlmaLinux-8/all.zip", "")
        .members("osv/AlmaLinux-9/all.zip", "")
        .release(
            "8",
            alma("8.10 (Cerulean Leopard)"),
            [
                says(
                    package("glibc", "2.28-225.el8_8.5").arch("i686"),
                    "CVE-2023-4911",
                    fixed("2.28-225.el8_8.6", "High"),
                ),
                // The same vulnerability in two streams of a module.
                says(
                    package("nodejs", "1:16.20.2-3.module_el8.9.0+3674+57ca3d31")
                        .module("nodejs:16:8090020231122:a75119d5"),
                    "CVE-2024-22019",
                    fixed("1:16.20.2-4.module_el8.9.0+3747+ead8229c", "High"),
                ),
                says(
                    package("nodejs", "1:18.19.1-1.module_el8.9.0+3753+4de0891b")
                        .module("nodejs:18:8090020240301:a75119d5"),
                    "CVE-2024-22019",
                    Fine,
                ),
                says(
                    package("postgresql-server", "13.17-1.module_el8.10.0+3890+9b8d9d9c")
                        .module("postgresql:13:8100020240901:489197e6")
                        .source("postgresql"),
                    "CVE-2024-10979",
                    fixed("13.18-1.module_el8.10.0+3928+8233d274", "High"),
                ),
                // Newer than the fix of stream 13, and vulnerable by that of stream 16.
                says(
                    package("postgresql", "16.5-1.module_el8.10.0+3901+a5a6a5a5")
                        .module("postgresql:16:8100020240901:489197e6"),
                    "CVE-2024-10979",
                    fixed("16.6-1.module_el8.10.0+3930+ecf33554", "High"),
                ),
                // The record lists the build for 9 beside that for 8.
                says(
                    package("java-21-openjdk-headless", "1:21.0.5.0.10-3.el8.alma.1")
                        .source("java-21-openjdk"),
                    "CVE-2024-21208",
                    Fine,
                ),
                says(
                    package("java-21-openjdk", "1:21.0.4.0.7-1.el8"),
                    "CVE-2024-21208",
                    fixed("1:21.0.5.0.10-3.el8.alma.1", "Medium"),
                ),
                // Of the stream that the title names with a package: "httpd:2.4/mod_http2".
                says(
                    package("mod_http2", "1.15.7-8.module_el8.9.0+3652+7a2e8e5d.3")
                        .module("httpd:2.4:8090020231201:489197e6"),
                    "CVE-2024-27316",
                    fixed("1.15.7-8.module_el8.9.0+3809+48080a14.5.alma.1", "High"),
                ),
                // Older than all fixes, but of no stream that is spoken of.
                says(
                    package("postgresql", "10.23-4.module_el8.9.0+3707+acdaa5bd")
                        .module("postgresql:10:8090020231201:a75119d5"),
                    "CVE-2024-10979",
                    Fine,
                ),
            ],
        )
        .release(
            "9",
            alma("9.4 (Seafoam Ocelot)"),
            [
                // "Moderate"; the epoch 17 is above everything.
                says(
                    package("qemu-guest-agent", "17:8.2.0-10.el9_4").source("qemu-kvm"),
                    "CVE-2023-3019",
                    fixed("17:8.2.0-11.el9_4", "Medium"),
                ),
                says(
                    package("qemu-guest-agent", "17:8.2.0-11.el9_4").source("qemu-kvm"),
                    "CVE-2023-3019",
                    Fine,
                ),
                says(
                    package("glibc", "2.34-60.el9"),
                    "CVE-2023-4911",
                    fixed("2.34-60.el9_2.7", "High"),
                ),
                // "Low", "Critical", and a build of AlmaLinux's own.
                says(
                    package("libssh", "0.10.4-11.el9"),
                    "CVE-2023-6004",
                    fixed("0.10.4-13.el9", "Low"),
                ),
                says(
                    package("firefox", "115.9.1-1.el9_3"),
                    "CVE-2024-29944",
                    fixed("115.9.1-1.el9_3.alma.1", "Critical"),
                ),
                // Outside of modules.
                says(
                    package("nodejs", "1:16.20.2-3.el9_3"),
                    "CVE-2024-22019",
                    fixed("1:16.20.2-4.el9_3", "High"),
                ),
                says(
                    package("nodejs", "1:20.11.0-1.module_el9.3.0+76+bb5d9c1f")
                        .module("nodejs:20:9030020240201:rhel9"),
                    "CVE-2024-22019",
                    fixed("1:20.11.1-1.module_el9.3.0+88+29afeaa2", "High"),
                ),
                says(
                    package("nodejs", "1:18.19.1-1.module_el9.3.0+59+28b95644")
                        .module("nodejs:18:9030020240301:rhel9"),
                    "CVE-2024-22019",
                    Fine,
                ),
                // The update was built twice: either build has the fix.
                says(
                    package("postgresql", "16.4-1.module_el9.4.0+115+fb3ebec2")
                        .module("postgresql:16:9040020240801:rhel9"),
                    "CVE-2024-10979",
                    fixed("16.6-1.module_el9.5.0+127+50ff03a9", "High"),
                ),
                says(
                    package("postgresql", "16.6-1.module_el9.5.0+127+50ff03a9")
                        .module("postgresql:16:9050020241101:rhel9"),
                    "CVE-2024-10979",
                    Fine,
                ),
            ],
        )
}

/// The errata of 8 in the vendor's own form, a slice.
pub(super) fn almalinux_errata() -> Vendor {
    Vendor::new("almalinux")
        .named("almalinux-errata")
        .document("almalinux/errata/errata.json", "8/errata.json")
        .release(
            "8",
            alma("8.4 (Electric Cheetah)"),
            [
                says(
                    package("libsndfile", "1.0.28-10.el8"),
                    "CVE-2021-3246",
                    fixed("1.0.28-10.el8_4.1", "High"),
                ),
                says(
                    package("libsndfile", "1.0.28-10.el8_4.1"),
                    "CVE-2021-3246",
                    Fine,
                ),
                says(
                    package("libsndfile", "1.0.28-10.el8").arch("i686"),
                    "CVE-2021-3246",
                    fixed("1.0.28-10.el8_4.1", "High"),
                ),
                // The erratum has no build for this architecture.
                says(
                    package("libsndfile", "1.0.28-9.el8").arch("aarch64"),
                    "CVE-2021-3246",
                    Fine,
                ),
                says(
                    package("exiv2-libs", "0.27.3-2.el8").source("exiv2"),
                    "CVE-2021-31291",
                    fixed("0.27.3-3.el8_4", "High"),
                ),
                says(
                    package("exiv2-doc", "0.27.3-2.el8")
                        .source("exiv2")
                        .arch("noarch"),
                    "CVE-2021-31291",
                    fixed("0.27.3-3.el8_4", "High"),
                ),
                says(package("exiv2", "0.27.4-1.el8"), "CVE-2021-31291", Fine),
                // Of the module virt:rhel, with an epoch.
                says(
                    package(
                        "sgabios-bin",
                        "1:0.20170427git-2.module_el8.3.0+2010+7c76a223",
                    )
                    .source("sgabios")
                    .arch("noarch")
                    .module("virt:rhel:8030020210210212009:229f0a1c"),
                    "CVE-2019-11135",
                    fixed("1:0.20170427git-3.module_el8.3.0+2048+e7a0a3ea", "Medium"),
                ),
                // Built for two minor releases, each with the fix.
                says(
                    package("netcf-libs", "0.2.8-12.module_el8.3.0+2048+e7a0a3ea")
                        .source("netcf")
                        .module("virt:rhel:8030020210210212009:229f0a1c"),
                    "CVE-2019-11135",
                    Fine,
                ),
                says(
                    package("libiscsi", "1.18.0-8.module_el8.4.0+2523+3300d70f")
                        .module("virt:rhel:8040020210811063000:522a0ee4"),
                    "CVE-2019-11135",
                    Fine,
                ),
                // The same package outside of the module.
                says(package("libiscsi", "1.15.0-1.el8"), "CVE-2019-11135", Fine),
                // An update that fixes bugs.
                says(
                    package("dotnet-sdk-2.1", "2.1.520-1.el8").source("dotnet"),
                    "ALBA-2021:3240",
                    Fine,
                ),
            ],
        )
}

fn rocky_root(version: &str) -> Root {
    rpm_root(RpmFormat::Sqlite, "rocky", "Rocky Linux", version)
}

/// Records of three errata: of the source, of which all binaries are.
pub(super) fn rocky() -> Vendor {
    Vendor::new("rocky")
        .document("rocky/osv/RLSA-2021_3891.json", "RLSA-2021_3891.json")
        .document("rocky/osv/RLSA-2023_3220.json", "RLSA-2023_3220.json")
        .document("rocky/osv/RLSA-2024_3671.json", "RLSA-2024_3671.json")
        .release(
            "8",
            rocky_root("8.7 (Green Obsidian)"),
            [
                says(
                    package("java-11-openjdk", "1:11.0.12.0.7-4.el8_4"),
                    "CVE-2021-35550",
                    fixed("1:11.0.13.0.8-1.el8_4", "High"),
                ),
                says(
                    package("java-11-openjdk", "1:11.0.13.0.8-1.el8_4"),
                    "CVE-2021-35550",
                    Fine,
                ),
                // A file name of a source has no epoch, but its versions have.
                says(
                    package("java-11-openjdk-headless", "1:11.0.12.0.7-4.el8_4")
                        .source("java-11-openjdk"),
                    "CVE-2021-35603",
                    fixed("1:11.0.13.0.8-1.el8_4", "High"),
                ),
                says(
                    package("java-11-openjdk-devel", "1:11.0.14.0.9-2.el8_5")
                        .source("java-11-openjdk"),
                    "CVE-2021-35603",
                    Fine,
                ),
                // "0:" is no epoch.
                says(
                    package("firefox", "102.11.0-1.el8_7"),
                    "CVE-2023-32205",
                    fixed("0:102.11.0-2.el8_7", "High"),
                ),
                says(
                    package("firefox", "102.11.0-2.el8_7"),
                    "CVE-2023-32205",
                    Fine,
                ),
                // Of ruby only release 9 is spoken.
                says(
                    package("ruby", "3.3.0-1.module+el8.10.0+1+1")
                        .module("ruby:3.3:8100020240501:489197e6"),
                    "CVE-2024-27280",
                    Fine,
                ),
            ],
        )
        .release(
            "9",
            rocky_root("9.4 (Blue Onyx)"),
            [
                says(
                    package("ruby", "3.3.1-1.module+el9.4.0+20000+11111111")
                        .module("ruby:3.3:9040020240501:9"),
                    "CVE-2024-27280",
                    fixed("0:3.3.1-2.module+el9.4.0+20787+4c237fd3", "Medium"),
                ),
                says(
                    package("ruby", "3.3.1-2.module+el9.4.0+20787+4c237fd3")
                        .module("ruby:3.3:9040020240606:9"),
                    "CVE-2024-27280",
                    Fine,
                ),
                // Another stream of the module, and the package outside of it.
                says(
                    package("ruby", "3.1.2-142.module+el9.3.0+1+1")
                        .module("ruby:3.1:9030020240101:9"),
                    "CVE-2024-27280",
                    Fine,
                ),
                says(package("ruby", "3.0.4-160.el9_0"), "CVE-2024-27280", Fine),
                // By its source, which is ruby.
                says(
                    package("ruby-libs", "3.3.0-1.module+el9.4.0+19999+11111111")
                        .source("ruby")
                        .module("ruby:3.3:9040020240501:9"),
                    "CVE-2024-27282",
                    fixed("0:3.3.1-2.module+el9.4.0+20787+4c237fd3", "Medium"),
                ),
                // Built from ruby with a version of its own.
                says(
                    package("rubygem-json", "2.7.1-1.module+el9.4.0+19999+11111111")
                        .source("ruby")
                        .source_version("3.3.0-1.module+el9.4.0+19999+11111111")
                        .module("ruby:3.3:9040020240501:9"),
                    "CVE-2024-27282",
                    fixed("0:3.3.1-2.module+el9.4.0+20787+4c237fd3", "Medium"),
                ),
                says(
                    package("rubygem-pg", "1.5.4-1.module+el9.4.0+20787+4c237fd3")
                        .module("ruby:3.3:9040020240606:9"),
                    "CVE-2024-27282",
                    Fine,
                ),
                // Of firefox only release 8 is spoken.
                says(
                    package("firefox", "102.10.0-1.el9_1"),
                    "CVE-2023-32205",
                    Fine,
                ),
            ],
        )
}
