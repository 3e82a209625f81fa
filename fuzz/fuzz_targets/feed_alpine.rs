//! The secdb of Alpine: one branch and repository.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| clair_fuzz::feed::parse("alpine", "alpine/v3.18/main", data));
