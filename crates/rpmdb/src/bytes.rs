//! Reading numbers and slices at offsets that come from the file and may be anything.

/// Order of the bytes in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endian {
    Little,
    Big,
}

impl Endian {
    /// The 16-bit number at `at`, if the bytes reach that far.
    pub(crate) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u16::from_le_bytes(*raw),
            Self::Big => u16::from_be_bytes(*raw),
        })
    }

    /// The 32-bit number at `at`, if the bytes reach that far.
    pub(crate) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::Little => u32::from_le_bytes(*raw),
            Self::Big => u32::from_be_bytes(*raw),
        })
    }
}

/// `length` bytes from `at` on, if they are all there.
pub(crate) fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// Which pages of a file were visited already.
#[derive(Debug)]
pub(crate) struct PageSet(Vec<u64>);

impl PageSet {
    /// An empty set able to hold the pages 0 to `pages` inclusive.
    pub(crate) fn new(pages: u32) -> Self {
        Self(vec![0; pages as usize / 64 + 1])
    }

    /// Adds a page. False if it was there already, or cannot be in the file.
    pub(crate) fn insert(&mut self, page: u32) -> bool {
        let bit = 1 << (page % 64);
        match self.0.get_mut(page as usize / 64) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_both_orders_and_not_past_the_end() {
        let bytes = [1, 2, 3, 4, 5];
        assert_eq!(Endian::Little.u32(&bytes, 1), Some(0x0504_0302));
        assert_eq!(Endian::Big.u16(&bytes, 3), Some(0x0405));
        assert_eq!(Endian::Big.u32(&bytes, 2), None);
        assert_eq!(Endian::Big.u16(&bytes, usize::MAX), None);
        assert_eq!(slice(&bytes, 4, usize::MAX), None);
    }

    #[test]
    fn a_page_enters_a_set_once() {
        let mut set = PageSet::new(64);
        assert!(set.insert(64));
        assert!(!set.insert(64));
        assert!(set.insert(0));
        assert!(!set.insert(1_000_000));
    }
}
