//! The header of one package, and every value in it.
#![no_main]

use clair_rpmdb::header::Header;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(header) = Header::parse(data) else {
        return;
    };
    // Finding a tag looks through the entries, so only some are asked for.
    for entry in header.entries().take(64) {
        let _ = header.string(entry.tag);
        let _ = header.integer(entry.tag);
        let _ = header.binary(entry.tag);
        if let Ok(Some(values)) = header.integers(entry.tag) {
            assert!(values.len() <= data.len());
        }
        if let Ok(Some(values)) = header.strings(entry.tag) {
            let count = values.remaining();
            let read = values.take_while(Result::is_ok).count();
            assert!(read <= count);
        }
    }
});
