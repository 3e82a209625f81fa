//! Rows: the record format that packs the values of a row into its payload.

use std::borrow::Cow;

use crate::bytes::{Endian, slice};
use crate::error::Error;

/// SQLite allows no table more columns.
const MAX_COLUMNS: usize = 32_767;

/// How a database stores text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16(Endian),
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'r> {
    /// NULL. Also what the column declared `INTEGER PRIMARY KEY` holds: its value is the row id.
    Null,
    /// A whole number. SQLite stores floating point numbers without a fraction this way too.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// Text; bytes that are not of the database's encoding are replaced.
    Text(Cow<'r, str>),
    /// Bytes.
    Blob(&'r [u8]),
}

impl Value<'_> {
    /// The number, if this is a whole one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes, if this is a blob.
    pub fn as_blob(&self) -> Option<&[u8]> {
        match self {
            Self::Blob(bytes) => Some(bytes),
            _ => None,
        }
    }
}

/// One row of a table. It borrows the database file, unless its payload was in pieces.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    rowid: i64,
    payload: Cow<'a, [u8]>,
    columns: Vec<Column>,
    encoding: Encoding,
}

/// Where a value is in the payload and what it is.
#[derive(Debug, Clone, Copy)]
struct Column {
    serial: u64,
    at: usize,
    length: usize,
}

impl<'a> Row<'a> {
    /// Takes the payload of a row apart. `page` is where errors are said to be.
    pub(super) fn parse(
        rowid: i64,
        payload: Cow<'a, [u8]>,
        encoding: Encoding,
        page: u32,
    ) -> Result<Self, Error> {
        let bad = |why| Error::page(page, why);
        let short = "a row that ends within its values";
        let (header_length, mut at) = varint(&payload, 0).ok_or(bad(short))?;
        let header = usize::try_from(header_length)
            .ok()
            .and_then(|length| payload.get(..length))
            .ok_or(bad(short))?;
        let mut columns = Vec::new();
        let mut value_at = header.len();
        while at < header.len() {
            if columns.len() == MAX_COLUMNS {
                return Err(Error::Limit {
                    what: "columns in a row",
                    limit: MAX_COLUMNS,
                });
            }
            let (serial, next) = varint(header, at).ok_or(bad(short))?;
            let length = length(serial).ok_or(bad("a value of an unknown type"))?;
            slice(&payload, value_at, length).ok_or(bad(short))?;
            columns.push(Column {
                serial,
                at: value_at,
                length,
            });
            value_at += length;
            at = next;
        }
        Ok(Self {
            rowid,
            payload,
            columns,
            encoding,
        })
    }

    /// The row id, which is the primary key of tables with an integer one.
    pub fn rowid(&self) -> i64 {
        self.rowid
    }

    /// How many values are stored. Rows that are older than the last columns of their table lack
    /// those.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether no value is stored.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// The value of a column, counted from 0 in the order of declaration. Columns the row does not
    /// have are null.
    pub fn value(&self, column: usize) -> Value<'_> {
        let Some(&Column { serial, at, length }) = self.columns.get(column) else {
            return Value::Null;
        };
        let bytes = &self.payload[at..at + length];
        match serial {
            0 => Value::Null,
            1..=6 => Value::Integer(signed(bytes)),
            7 => Value::Real(f64::from_bits(signed(bytes).cast_unsigned())),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            _ if serial % 2 == 0 => Value::Blob(bytes),
            _ => Value::Text(text(bytes, self.encoding)),
        }
    }
}

/// How many bytes a value of a serial type takes. `None` for the types SQLite reserves.
fn length(serial: u64) -> Option<usize> {
    match serial {
        0 | 8 | 9 => Some(0),
        1 => Some(1),
        2 => Some(2),
        3 => Some(3),
        4 => Some(4),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((serial - 12) / 2).ok(),
    }
}

/// A big-endian number in two's complement of up to 8 bytes.
fn signed(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes
        .iter()
        .fold(start, |value, &byte| value << 8 | i64::from(byte))
}

fn text(bytes: &[u8], encoding: Encoding) -> Cow<'_, str> {
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes),
        Encoding::Utf16(order) => {
            let units = bytes.chunks_exact(2).filter_map(|unit| order.u16(unit, 0));
            let chars = char::decode_utf16(units);
            Cow::Owned(
                chars
                    .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect(),
            )
        }
    }
}

/// Reads a number of 1 to 9 bytes, 7 bits in each but the ninth, which has 8. Gives the number
/// and the offset behind it.
pub(super) fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for (position, &byte) in (at..).zip(bytes.get(at..)?.iter().take(9)) {
        if position - at == 8 {
            return Some((value << 8 | u64::from(byte), position + 1));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, position + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_varints_of_all_lengths() {
        assert_eq!(varint(&[0x7f], 0), Some((0x7f, 1)));
        assert_eq!(varint(&[9, 0x81, 0x00], 1), Some((0x80, 3)));
        assert_eq!(varint(&[0xff; 9], 0), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80; 8], 0), None);
        assert_eq!(varint(&[], 0), None);
        assert_eq!(varint(&[1], 5), None);
    }

    #[test]
    fn reads_every_kind_of_value() {
        let payload = [
            &[9, 0, 1, 3, 7, 8, 9, 16, 19][..],
            &[0xfe],
            &[0x01, 0x00, 0x00],
            &1.5f64.to_be_bytes(),
            &[7, 8],
            "ö!".as_bytes(),
        ]
        .concat();
        let row = Row::parse(7, Cow::Borrowed(&payload), Encoding::Utf8, 2).unwrap();
        let values: Vec<_> = (0..9).map(|column| row.value(column)).collect();
        assert_eq!(row.rowid(), 7);
        assert_eq!(row.len(), 8);
        assert_eq!(
            values,
            [
                Value::Null,
                Value::Integer(-2),
                Value::Integer(0x1_0000),
                Value::Real(1.5),
                Value::Integer(0),
                Value::Integer(1),
                Value::Blob(&[7, 8]),
                Value::Text("ö!".into()),
                Value::Null,
            ]
        );
    }

    #[test]
    fn refuses_values_beyond_the_payload_and_reserved_types() {
        for payload in [
            &[2, 1][..],
            &[2, 10, 0],
            &[9, 1],
            &[],
            &[10, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Row::parse(1, Cow::Borrowed(payload), Encoding::Utf8, 2).is_err());
        }
    }

    #[test]
    fn decodes_text_in_utf_16() {
        assert_eq!(
            text(&[0xf6, 0, b'!', 0], Encoding::Utf16(Endian::Little)),
            "ö!"
        );
        assert_eq!(
            text(&[0, 0xf6, 0xd8, 0], Encoding::Utf16(Endian::Big)),
            "ö\u{fffd}"
        );
    }
}
