//! Red Hat's VEX documents: one, or an archive of them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| clair_fuzz::feed::parse("rhel-vex", "rhel-vex", data));
