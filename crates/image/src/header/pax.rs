//! The records of a PAX extended header: POSIX, pax, "pax Interchange Format".

use super::sparse::{self, number};

/// The records that matter. Of a key that comes twice the later holds; an empty value takes a
/// record back.
#[derive(Debug, Default)]
pub(super) struct PaxRecords {
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) size: Option<u64>,
    pub(super) sparse: Option<sparse::Records>,
}

impl PaxRecords {
    pub(super) fn parse(mut data: &[u8]) -> Result<Self, &'static str> {
        let mut records = Self::default();
        while !data.is_empty() {
            let (record, rest) = split_record(data).ok_or("bad PAX record")?;
            records.take(record)?;
            data = rest;
        }
        Ok(records)
    }

    fn take(&mut self, (key, value): Record<'_>) -> Result<(), &'static str> {
        match key {
            b"path" => self.path = name(value)?,
            b"linkpath" => self.link = name(value)?,
            b"size" if value.is_empty() => self.size = None,
            b"size" => self.size = Some(number(value).ok_or("bad PAX size")?),
            key => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    let sparse = self.sparse.get_or_insert_default();
                    sparse.record(key, value)?;
                }
            }
        }
        Ok(())
    }
}

/// Names end at a NUL wherever they are used, so one that contains any is a trap.
fn name(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    if value.contains(&0) {
        return Err("a NUL in the name of a PAX record");
    }
    Ok(value.to_vec())
}

/// Key and value.
type Record<'a> = (&'a [u8], &'a [u8]);

/// Splits the first record off: `LENGTH KEY=VALUE` and a line end. The length counts all of it and
/// alone tells where the record ends: values may contain line ends.
fn split_record(data: &[u8]) -> Option<(Record<'_>, &[u8])> {
    // More digits than this are no length of anything that was read.
    let space = data.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(number(&data[..space])?).ok()?;
    let (record, rest) = data.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    (!key.is_empty()).then_some(((key, value), rest))
}
