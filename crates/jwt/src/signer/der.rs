//! The numbers of an RSA private key in DER (`RSAPrivateKey`, RFC 8017, appendix A.1.2).

/// The numbers, big-endian and without leading zeros.
#[derive(Debug)]
pub(super) struct RsaPrivateKey<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
    pub(super) d: &'a [u8],
    pub(super) p: &'a [u8],
    pub(super) q: &'a [u8],
    pub(super) dp: &'a [u8],
    pub(super) dq: &'a [u8],
    pub(super) qi: &'a [u8],
}

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;

impl<'a> RsaPrivateKey<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let (mut rest, after) = element(der, SEQUENCE)?;
        if !after.is_empty() {
            return None;
        }
        let mut integer = || {
            let (content, after) = element(rest, INTEGER)?;
            rest = after;
            let zeros = content.iter().take_while(|byte| **byte == 0).count();
            Some(&content[zeros..])
        };
        let version = integer()?;
        // Keys with more than two primes have version 1.
        version.is_empty().then_some(())?;
        Some(Self {
            n: integer()?,
            e: integer()?,
            d: integer()?,
            p: integer()?,
            q: integer()?,
            dp: integer()?,
            dq: integer()?,
            qi: integer()?,
        })
    }
}

/// The content of the first element, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    (*first == tag).then_some(())?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        // The length of the length. Keys are shorter than four gigabytes.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_without_leading_zeros() {
        let numbers = [0x00, 0x0100, 3, 4, 5, 6, 7, 8, 9].map(u16::to_be_bytes);
        let mut content = Vec::new();
        for number in &numbers {
            content.extend([INTEGER, 2]);
            content.extend(number);
        }
        let mut der = vec![SEQUENCE, 0x81, u8::try_from(content.len()).unwrap()];
        der.extend(content);
        let key = RsaPrivateKey::parse(&der).unwrap();
        assert_eq!(key.n, [1, 0]);
        assert_eq!(key.e, [3]);
        assert_eq!(key.qi, [9]);
        der.push(0);
        assert!(RsaPrivateKey::parse(&der).is_none());
    }

    #[test]
    fn what_is_no_key_is_none() {
        for der in [
            &[][..],
            &[SEQUENCE],
            &[SEQUENCE, 0],
            &[SEQUENCE, 0x85, 1, 1, 1, 1, 1],
            &[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[SEQUENCE, 3, INTEGER, 1, 1],
            &[INTEGER, 1, 0],
        ] {
            assert!(RsaPrivateKey::parse(der).is_none(), "{der:?}");
        }
    }
}
