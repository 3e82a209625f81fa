//! Numbers as versions write them: runs of ASCII digits, of any length.

/// The value of a run of digits. Compares like the number it writes, however long that is: leading
/// zeros do not count, and no digits at all are zero.
// The order of the fields is the order of the numbers: without leading zeros the longer run is
// the greater number, and runs of one length compare like text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number<'v> {
    len: usize,
    digits: &'v [u8],
}

impl<'v> Number<'v> {
    /// The number that `digits` write; the caller has made sure that they are digits.
    pub(crate) fn new(digits: &'v [u8]) -> Self {
        let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
        let digits = &digits[zeros..];
        Self {
            len: digits.len(),
            digits,
        }
    }

    /// The number as `u32`, if it fits.
    pub(crate) fn to_u32(self) -> Option<u32> {
        self.digits.iter().try_fold(0_u32, |value, digit| {
            value.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
        })
    }
}

/// Splits off the digits that `bytes` begin with.
pub(crate) fn split_digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    split_while(bytes, u8::is_ascii_digit)
}

/// Splits off the bytes at the beginning that `belongs` holds for.
pub(crate) fn split_while(bytes: &[u8], belongs: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes
        .iter()
        .position(|byte| !belongs(byte))
        .unwrap_or(bytes.len());
    bytes.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        let ascending = [
            "",
            "1",
            "9",
            "10",
            "018446744073709551616",
            "99999999999999999999",
        ];
        for pair in ascending.windows(2) {
            assert!(
                Number::new(pair[0].as_bytes()) < Number::new(pair[1].as_bytes()),
                "{pair:?}"
            );
        }
        assert_eq!(Number::new(b"007"), Number::new(b"7"));
        assert_eq!(Number::new(b"000"), Number::new(b""));
    }

    #[test]
    fn a_number_that_does_not_fit_is_none() {
        assert_eq!(Number::new(b"004294967295").to_u32(), Some(u32::MAX));
        assert_eq!(Number::new(b"4294967296").to_u32(), None);
        assert_eq!(Number::new("9".repeat(5000).as_bytes()).to_u32(), None);
        assert_eq!(Number::new(b"").to_u32(), Some(0));
    }
}
