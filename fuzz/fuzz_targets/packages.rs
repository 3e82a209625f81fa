//! Package databases of many small files, and what stands in for databases elsewhere. Each input is
//! read as every kind of them.
#![no_main]

use clair_fuzz::analyze;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    analyze("var/lib/pacman/local/gcc-libs-14.1.1-1/desc", data);
    analyze("var/lib/pacman/local/gcc-libs-14.1.1-1/files", data);
    analyze("usr/lib/opkg/status", data);
    analyze("usr/lib/opkg/info/busybox.control", data);
    analyze("usr/lib/opkg/info/busybox.list", data);
    analyze("var/db/pkg/dev-libs/openssl-3.0.13-r2/CONTENTS", data);
    analyze("opt/bitnami/.bitnami_components.json", data);
    analyze("opt/bitnami/redis/.spdx-redis.spdx", data);
    analyze("var/lib/rpmmanifest/container-manifest-1", data);
    analyze("var/lib/rpmmanifest/container-manifest-2", data);
});
