//! The files of a dpkg database. Each input is read as every kind of them.
#![no_main]

use clair_fuzz::analyze;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    analyze("var/lib/dpkg/status", data);
    analyze("var/lib/dpkg/status.d/libc6", data);
    analyze("var/lib/dpkg/status.d/libc6.md5sums", data);
    analyze("var/lib/dpkg/info/libc6:amd64.list", data);
});
