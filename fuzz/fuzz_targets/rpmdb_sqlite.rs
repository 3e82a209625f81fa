//! rpm databases in the format of SQLite. What follows the mark is the write-ahead log.
#![no_main]

use libfuzzer_sys::fuzz_target;
use memchr::memmem;

const MARK: &[u8] = b"-- write-ahead log --";

fuzz_target!(|data: &[u8]| {
    let (database, log) = match memmem::find(data, MARK) {
        Some(at) => (&data[..at], Some(&data[at + MARK.len()..])),
        None => (data, None),
    };
    clair_fuzz::rpmdb::check(database, log);
});
