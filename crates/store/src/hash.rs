//! Hashes of content, as identity.
//!
//! SHA-256 and not a faster hash, since what is hashed comes from images and feeds: whoever can
//! make two things with the same hash could have one taken for the other. With the processor's
//! instructions it costs less than writing the JSON that is hashed. The first 128 bits are enough
//! against collisions on purpose (2⁶⁴ attempts), and PostgreSQL has a type for them that is
//! compared and indexed as two words.

use aws_lc_rs::digest::{Context, SHA256, digest};
use uuid::Uuid;

/// The first 128 bits of the SHA-256 of some bytes.
pub(crate) fn of_bytes(bytes: &[u8]) -> Uuid {
    first_half(digest(&SHA256, bytes).as_ref())
}

/// The same of several parts, which count as different when they are divided differently.
pub(crate) fn of_parts(parts: &[Option<&str>]) -> Uuid {
    let mut context = Context::new(&SHA256);
    for part in parts {
        let length = part.map_or(u64::MAX, |part| part.len() as u64);
        context.update(&length.to_le_bytes());
        context.update(part.unwrap_or_default().as_bytes());
    }
    first_half(context.finish().as_ref())
}

/// All 256 bits, of parts that hold no zero byte but the last.
pub(crate) fn of_pair(first: &str, second: &str) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(first.as_bytes());
    context.update(&[0]);
    context.update(second.as_bytes());
    context.finish().as_ref().to_vec()
}

fn first_half(hash: &[u8]) -> Uuid {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_by_where_they_are_divided() {
        let hashes = [
            of_parts(&[Some("ab"), Some("c")]),
            of_parts(&[Some("a"), Some("bc")]),
            of_parts(&[Some("abc"), Some("")]),
            of_parts(&[Some("abc"), None]),
            of_parts(&[Some("abc")]),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..index].contains(hash), "{index}");
        }
    }
}
