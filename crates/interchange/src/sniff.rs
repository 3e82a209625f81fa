//! Telling a file of this format from others.

use std::io::Read as _;

use clair_compression::{Compression, Decoder};

/// How a file is compressed that begins like one of this format; `None` for any other file. Some
/// kilobytes of its beginning are enough.
pub fn compression_of(beginning: &[u8]) -> Option<Compression> {
    let mut decoder = Decoder::new(beginning).ok()?;
    let mut first = [0];
    decoder.read_exact(&mut first).ok()?;
    (first == *b"{").then(|| decoder.compression())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_first_character_however_it_is_packed() {
        let json = br#"{"Updater":"debian/updater"}"#;
        assert_eq!(compression_of(json), Some(Compression::None));
        let packed = zstd::encode_all(&json[..], 1).unwrap();
        assert_eq!(compression_of(&packed), Some(Compression::Zstd));
        for other in [&b""[..], b"clair-vulndb\nxp\n", b"[]", b"\x1f\x8b"] {
            assert_eq!(compression_of(other), None);
        }
    }
}
