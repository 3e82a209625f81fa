//! The database of apk.
#![no_main]

use clair_fuzz::analyze;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| analyze("lib/apk/db/installed", data));
