//! ndb databases. A file starts with pages of slots, 16 bytes each, of which the first two are
//! the file's header; a slot in use points to a blob: a head, the rpm header, padding, and a tail
//! with a checksum. Offsets and sizes count in blocks of 16 bytes, all numbers are little-endian.
//! The layout is that of `lib/backend/ndb/rpmpkg.c` in the rpm sources.

use crate::bytes::{Endian, slice};
use crate::collect::Collector;
use crate::error::Error;
use crate::limits::{MAX_CHAIN_READS, MAX_HEADER_BYTES};

/// First bytes of the file.
pub(crate) const MAGIC: [u8; 4] = *b"RpmP";
const SLOT_MAGIC: [u8; 4] = *b"Slot";
const HEAD_MAGIC: [u8; 4] = *b"BlbS";
const TAIL_MAGIC: [u8; 4] = *b"BlbE";

/// Size of the header, a slot twice.
const HEADER_BYTES: usize = 32;
/// Size of a slot, and of the blocks slots count in.
const BLOCK: usize = 16;
const SLOTS_PER_PAGE: usize = 4096 / BLOCK;
const HEAD_BYTES: usize = 16;
const TAIL_BYTES: usize = 12;

/// Delivers every record of the database. Fails when the header is not of a known version or
/// the file ends before its slots.
pub(crate) fn read(bytes: &[u8], out: &mut Collector) -> Result<(), Error> {
    let (Some(version), Some(pages)) =
        (Endian::Little.u32(bytes, 4), Endian::Little.u32(bytes, 12))
    else {
        return Err(cut(HEADER_BYTES, bytes.len()));
    };
    if version != 0 {
        return Err(Error::Unsupported("this version of ndb"));
    }
    let slots = (pages as usize).saturating_mul(SLOTS_PER_PAGE);
    let table_bytes = slots.saturating_mul(BLOCK);
    let Some(table) = bytes.get(..table_bytes) else {
        return Err(cut(table_bytes, bytes.len()));
    };
    // Slots on top of each other could have the same bytes read for ever.
    let mut readable = bytes.len().saturating_mul(MAX_CHAIN_READS);
    for (number, slot) in (0..)
        .zip(table.chunks_exact(BLOCK))
        .skip(HEADER_BYTES / BLOCK)
    {
        let bad = |why| Error::Slot { slot: number, why };
        if !slot.starts_with(&SLOT_MAGIC) {
            out.problem(None, bad("no slot"));
            continue;
        }
        let field = |at| Endian::Little.u32(slot, at).unwrap_or_default();
        let (index, offset, blocks) = (field(4), field(8) as usize, field(12) as usize);
        if offset == 0 {
            continue; // a free slot
        }
        let record = i64::from(index);
        let blob = match blob(bytes, index, offset, blocks, slots) {
            Ok(blob) => blob,
            Err(why) => {
                out.problem(Some(record), bad(why));
                continue;
            }
        };
        let Some(left) = readable.checked_sub(blob.whole) else {
            out.problem(Some(record), bad("blobs on top of each other"));
            return Ok(());
        };
        readable = left;
        if !blob.intact {
            // rpm does not look at checksums when it lists packages, so this one is listed.
            out.problem(Some(record), bad("the checksum of the blob is wrong"));
        }
        out.header(record, blob.header);
    }
    Ok(())
}

fn cut(needed: usize, available: usize) -> Error {
    Error::Truncated {
        what: "ndb slots",
        needed,
        available,
    }
}

struct Blob<'a> {
    header: &'a [u8],
    /// Size of the whole blob in bytes.
    whole: usize,
    /// Whether the checksum is right.
    intact: bool,
}

/// Finds the blob a slot points to.
fn blob(
    bytes: &[u8],
    index: u32,
    offset: usize,
    blocks: usize,
    slots: usize,
) -> Result<Blob<'_>, &'static str> {
    if index == 0 {
        return Err("a record without a number");
    }
    if offset < slots {
        return Err("a blob among the slots");
    }
    let whole = blocks
        .checked_mul(BLOCK)
        .ok_or("a blob beyond the end of the file")?;
    let blob = offset
        .checked_mul(BLOCK)
        .and_then(|at| slice(bytes, at, whole))
        .ok_or("a blob beyond the end of the file")?;
    let field = |at| Endian::Little.u32(blob, at);
    let length = match (blob.starts_with(&HEAD_MAGIC), field(4), field(12)) {
        (true, Some(owner), Some(length)) if owner == index => length as usize,
        _ => return Err("no blob of this record where the slot points"),
    };
    if length > MAX_HEADER_BYTES {
        return Err("a blob over the limit for headers");
    }
    if whole != (HEAD_BYTES + length + TAIL_BYTES).next_multiple_of(BLOCK) {
        return Err("slot and blob differ about the length");
    }
    let (content, tail) = blob.split_at(whole - TAIL_BYTES);
    if field(content.len() + 4) != u32::try_from(length).ok() || !tail.ends_with(&TAIL_MAGIC) {
        return Err("no end of a blob where its length leads");
    }
    Ok(Blob {
        header: &blob[HEAD_BYTES..HEAD_BYTES + length],
        whole,
        intact: field(content.len()) == Some(adler32(content)),
    })
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65521;
    // As many bytes as can be added before either sum overflows 32 bits.
    const RUN: usize = 5552;
    let (mut low, mut high) = (1, 0);
    for run in bytes.chunks(RUN) {
        for &byte in run {
            low += u32::from(byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_the_checksum_of_rfc_1950() {
        assert_eq!(adler32(b""), 1);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        let long = vec![0xff; 100_000];
        assert_eq!(adler32(&long), adler32_slow(&long));
    }

    fn adler32_slow(bytes: &[u8]) -> u32 {
        let (low, high) = bytes.iter().fold((1u64, 0u64), |(low, high), &byte| {
            let low = (low + u64::from(byte)) % 65521;
            (low, (high + low) % 65521)
        });
        u32::try_from(high << 16 | low).unwrap()
    }
}
