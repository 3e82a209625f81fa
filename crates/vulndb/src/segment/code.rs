//! The alphabet of the format: variable-length numbers and length-prefixed texts.

use std::fmt;

/// What is wrong with some bytes. The segment they are from adds its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged(pub(crate) &'static str);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Appends a number.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// Appends a signed number.
pub(super) fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Appends how many elements follow, or how long something is.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    put_varint(out, count as u64);
}

/// Appends a text.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// Reads from the front of some bytes and never past their end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Reads from `position` of a section on.
    pub(super) fn at(section: &'a [u8], position: u64) -> Result<Self, Damaged> {
        usize::try_from(position)
            .ok()
            .and_then(|position| section.get(position..))
            .map(Self::new)
            .ok_or(Damaged("a position lies outside its section"))
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Damaged> {
        let (&first, rest) = self
            .bytes
            .split_first()
            .ok_or(Damaged("a record ends early"))?;
        self.bytes = rest;
        Ok(first)
    }

    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(Damaged("a record ends early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (taken, rest) = self
            .bytes
            .split_first_chunk()
            .ok_or(Damaged("a record ends early"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Damaged> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged("a number has too many digits"))
    }

    pub(super) fn varint32(&mut self) -> Result<u32, Damaged> {
        u32::try_from(self.varint()?).map_err(|_| Damaged("a number is too large"))
    }

    pub(super) fn zigzag(&mut self) -> Result<i64, Damaged> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A position that is written as the difference to the one before.
    pub(super) fn moved_from(&mut self, previous: u32) -> Result<u32, Damaged> {
        i64::from(previous)
            .checked_add(self.zigzag()?)
            .and_then(|position| u32::try_from(position).ok())
            .ok_or(Damaged("a position is out of range"))
    }

    /// How many elements follow. Each takes at least a byte, so a count above the number of bytes
    /// is wrong, and memory may be set aside for a right one.
    pub(super) fn count(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.varint()?)
            .ok()
            .filter(|&count| count <= self.bytes.len())
            .ok_or(Damaged("a list is longer than its section"))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = self.count()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Damaged("a text is not UTF-8"))
    }

    /// A text that stands in the strings section.
    pub(super) fn string(&mut self, strings: &'a [u8]) -> Result<&'a str, Damaged> {
        Cursor::at(strings, self.varint()?)?.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_read_back(value in any::<u64>(), signed in any::<i64>()) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            put_zigzag(&mut bytes, signed);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.varint(), Ok(value));
            prop_assert_eq!(cursor.zigzag(), Ok(signed));
            prop_assert!(cursor.is_empty());
        }

        #[test]
        fn any_bytes_read_as_something_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            let mut cursor = Cursor::new(&bytes);
            let _ = cursor.moved_from(7);
            let _ = cursor.text();
            let _ = cursor.string(&bytes);
            let _ = cursor.array::<8>();
        }
    }

    #[test]
    fn a_number_that_never_ends_is_an_error() {
        assert!(Cursor::new(&[0xff; 11]).varint().is_err());
        assert!(Cursor::new(&[0xff; 3]).varint().is_err());
    }

    #[test]
    fn a_list_cannot_be_longer_than_what_is_there() {
        assert!(Cursor::new(&[3, 0, 0]).count().is_err());
        assert_eq!(Cursor::new(&[2, 0, 0]).count(), Ok(2));
    }
}
