//! The key id in an `OpenPGP` signature packet (RFC 9580 sections 4.2 and 5.2). Nothing is
//! verified here: the id tells which vendor's key a package claims to be signed with.

use std::fmt::Write;

use crate::bytes::{Endian, slice};

const SIGNATURE_PACKET: u8 = 2;
const ISSUER: u8 = 16;
const ISSUER_FINGERPRINT: u8 = 33;
const KEY_ID_BYTES: usize = 8;

/// The id of the signing key as 16 lowercase hexadecimal digits, if the packet names one.
pub(crate) fn key_id(packet: &[u8]) -> Option<String> {
    let id = issuer(body(packet)?)?;
    let mut text = String::with_capacity(2 * KEY_ID_BYTES);
    for byte in id {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

/// The contents of the packet, if it is a signature. A length that is wrong is not minded: only
/// the start of the body is read.
fn body(packet: &[u8]) -> Option<&[u8]> {
    let &first = packet.first()?;
    let (kind, header) = match first >> 6 {
        // The older form has the width of the length in its lowest two bits.
        0b10 => (
            first >> 2 & 0x0f,
            1 + *[1, 2, 4, 0].get(usize::from(first & 3))?,
        ),
        0b11 => match packet.get(1)? {
            0..=191 => (first & 0x3f, 2),
            192..=223 => (first & 0x3f, 3),
            255 => (first & 0x3f, 6),
            _ => return None,
        },
        _ => return None,
    };
    (kind == SIGNATURE_PACKET)
        .then(|| packet.get(header..))
        .flatten()
}

fn issuer(body: &[u8]) -> Option<&[u8]> {
    match body.first()? {
        // Version, length of what is hashed, type, time, and then the key id.
        3 => slice(body, 7, KEY_ID_BYTES),
        4 => {
            let hashed = usize::from(Endian::Big.u16(body, 4)?);
            let unhashed = usize::from(Endian::Big.u16(body, 6 + hashed)?);
            let areas = [slice(body, 6, hashed)?, slice(body, 8 + hashed, unhashed)?];
            areas.into_iter().find_map(subpacket_issuer)
        }
        6 => {
            let hashed = Endian::Big.u32(body, 4)? as usize;
            subpacket_issuer(slice(body, 8, hashed)?)
        }
        _ => None,
    }
}

/// Looks through subpackets for the one that names the issuer.
fn subpacket_issuer(mut area: &[u8]) -> Option<&[u8]> {
    while let Some(&first) = area.first() {
        let (header, length) = match first {
            0..=191 => (1, usize::from(first)),
            192..=254 => (
                2,
                (usize::from(first) - 192) * 256 + usize::from(*area.get(1)?) + 192,
            ),
            255 => (5, Endian::Big.u32(area, 1)? as usize),
        };
        let (&kind, value) = slice(area, header, length)?.split_first()?;
        match (kind & 0x7f, value) {
            (ISSUER, id) if id.len() == KEY_ID_BYTES => return Some(id),
            // The id of a version 4 key is the end of its fingerprint, later it is the start.
            (ISSUER_FINGERPRINT, [4, fingerprint @ ..]) => {
                return fingerprint.last_chunk::<8>().map(|id| &id[..]);
            }
            (ISSUER_FINGERPRINT, [_, fingerprint @ ..]) => return fingerprint.get(..KEY_ID_BYTES),
            _ => area = &area[header + length..],
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; 8] = [0x05, 0xb5, 0x55, 0xb3, 0x84, 0x83, 0xc6, 0x5d];

    #[test]
    fn reads_the_id_of_a_version_3_signature() {
        let mut packet = vec![0x89, 0x02, 0x15, 3, 5, 0, 1, 2, 3, 4];
        packet.extend(ID);
        assert_eq!(key_id(&packet).as_deref(), Some("05b555b38483c65d"));
    }

    #[test]
    fn reads_the_id_from_either_subpacket_of_a_version_4_signature() {
        let mut unhashed = vec![
            0x89, 0x02, 0x15, 4, 0, 1, 8, 0, 6, 5, 2, 1, 2, 3, 4, 0, 10, 9, 16,
        ];
        unhashed.extend(ID);
        assert_eq!(key_id(&unhashed).as_deref(), Some("05b555b38483c65d"));

        let mut hashed = vec![0xc2, 0x33, 4, 0, 1, 8, 0, 23, 22, 33, 4];
        hashed.extend([0xee; 12]);
        hashed.extend(ID);
        hashed.extend([0, 0]);
        assert_eq!(key_id(&hashed).as_deref(), Some("05b555b38483c65d"));
    }

    #[test]
    fn other_bytes_have_no_id() {
        assert_eq!(key_id(&[]), None);
        assert_eq!(key_id(&[0x99, 1, 2, 3]), None);
        assert_eq!(key_id(&[0x89, 0, 9, 4, 0, 1, 8, 0xff, 0xff]), None);
        assert_eq!(key_id(&[0x89, 0, 9, 4, 0, 1, 8, 0, 1, 0, 0, 0]), None);
    }
}
