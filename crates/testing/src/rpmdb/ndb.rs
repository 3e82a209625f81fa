//! Writes ndb files with one page of slots.

use super::int;

/// A database of these records; record `i` is in slot `i + 2`.
pub fn build(records: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut slots = [&b"RpmP"[..], &numbers(&[0, 7, 1, 99, 0, 0, 0])].concat();
    let mut blobs = Vec::new();
    for (index, header) in records {
        let offset = 256 + blobs.len() / 16;
        let length = int(header.len());
        let mut blob = [&b"BlbS"[..], &numbers(&[*index, 1, length]), header].concat();
        blob.resize((blob.len() + 12).next_multiple_of(16) - 12, 0);
        let tail = [numbers(&[adler32(&blob), length]), b"BlbE".to_vec()].concat();
        blob.extend(tail);
        slots.extend(b"Slot");
        slots.extend(numbers(&[*index, int(offset), int(blob.len() / 16)]));
        blobs.extend(blob);
    }
    while slots.len() < 4096 {
        slots.extend(b"Slot");
        slots.extend([0; 12]);
    }
    [slots, blobs].concat()
}

fn numbers(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), &byte| {
        let low = (low + u32::from(byte)) % 65521;
        (low, (high + low) % 65521)
    });
    high << 16 | low
}
