//! Documents in OVAL, as Oracle's.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| clair_fuzz::feed::parse("oracle", "oracle/2024", data));
