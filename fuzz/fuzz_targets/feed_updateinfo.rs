//! Lists of updates, as Amazon's.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| clair_fuzz::feed::parse("aws", "aws/2/extras/kernel-5.10", data));
