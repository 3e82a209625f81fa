//! Debian's security tracker.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| clair_fuzz::feed::parse("debian", "debian", data));
