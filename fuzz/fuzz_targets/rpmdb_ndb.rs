//! rpm databases in the format of ndb.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| clair_fuzz::rpmdb::check(data, None));
