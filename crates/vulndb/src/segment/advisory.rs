//! Advisory records: everything of an advisory but its texts, which are compressed elsewhere.

use clair_model::{Advisory, Severity};
use jiff::Timestamp;

use super::code::{Cursor, Damaged, put_count, put_text, put_varint, put_zigzag};
use super::interner::{Full, Interner};
use super::shape::severity;
use super::text::{self, AdvisoryText, TextPosition};

const HAS_ISSUED: u8 = 1;
const HAS_MODIFIED: u8 = 2;
const HAS_TEXT: u8 = 4;

/// A decoded advisory record.
#[derive(Debug, Clone)]
pub(crate) struct Head<'a> {
    pub(crate) id: &'a str,
    pub(crate) severity: &'a str,
    pub(crate) normalized_severity: Severity,
    pub(crate) issued: Option<Timestamp>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) aliases: Vec<&'a str>,
    pub(crate) cvss: Vec<&'a str>,
    pub(crate) cwes: Vec<&'a str>,
    pub(super) text: Option<TextPosition>,
    /// What comes after: the statements, and other records.
    pub(super) statements: Cursor<'a>,
}

/// A statement as an advisory record refers to it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StatementRef {
    pub(super) key: u32,
    pub(super) shape: u32,
}

/// Appends the record of an advisory, except its statements.
pub(super) fn put_head(
    out: &mut Vec<u8>,
    advisory: &Advisory,
    text: Option<TextPosition>,
    strings: &mut Interner,
) -> Result<(), Full> {
    let mut flags = 0;
    for (bit, is_present) in [
        (HAS_ISSUED, advisory.issued.is_some()),
        (HAS_MODIFIED, advisory.modified.is_some()),
        (HAS_TEXT, text.is_some()),
    ] {
        flags |= if is_present { bit } else { 0 };
    }
    out.push(flags);
    put_text(out, &advisory.id);
    out.push(advisory.normalized_severity.code());
    put_varint(out, strings.intern(advisory.severity.as_bytes())?.into());
    for time in [advisory.issued, advisory.modified].into_iter().flatten() {
        put_zigzag(out, time.as_second());
        put_zigzag(out, time.subsec_nanosecond().into());
    }
    put_count(out, advisory.aliases.len());
    for alias in &advisory.aliases {
        put_text(out, alias);
    }
    for list in [&advisory.cvss, &advisory.cwes] {
        put_count(out, list.len());
        for text in list {
            put_varint(out, strings.intern(text.as_bytes())?.into());
        }
    }
    if let Some(text) = text {
        put_varint(out, text.block.into());
        put_varint(out, text.offset.into());
    }
    Ok(())
}

/// Appends the statements of an advisory, which completes its record.
pub(super) fn put_statements(out: &mut Vec<u8>, statements: &[StatementRef]) {
    put_count(out, statements.len());
    let mut previous = StatementRef::default();
    for &statement in statements {
        put_zigzag(out, i64::from(statement.key) - i64::from(previous.key));
        put_zigzag(out, i64::from(statement.shape) - i64::from(previous.shape));
        previous = statement;
    }
}

impl<'a> Head<'a> {
    /// Decodes the record at a position of its section.
    pub(super) fn decode(
        advisories: &'a [u8],
        position: u32,
        strings: &'a [u8],
    ) -> Result<Self, Damaged> {
        let mut cursor = Cursor::at(advisories, u64::from(position))?;
        let flags = cursor.byte()?;
        if flags >= HAS_TEXT << 1 {
            return Err(Damaged("an advisory has unknown parts"));
        }
        let has = |bit: u8| flags & bit != 0;
        let id = cursor.text()?;
        let normalized_severity = severity(cursor.byte()?)?;
        let severity = cursor.string(strings)?;
        let issued = has(HAS_ISSUED)
            .then(|| timestamp(&mut cursor))
            .transpose()?;
        let modified = has(HAS_MODIFIED)
            .then(|| timestamp(&mut cursor))
            .transpose()?;
        let aliases = list(&mut cursor, Cursor::text)?;
        let cvss = list(&mut cursor, |cursor| cursor.string(strings))?;
        let cwes = list(&mut cursor, |cursor| cursor.string(strings))?;
        let text = if has(HAS_TEXT) {
            Some(TextPosition {
                block: cursor.varint32()?,
                offset: cursor.varint32()?,
            })
        } else {
            None
        };
        Ok(Self {
            id,
            severity,
            normalized_severity,
            issued,
            modified,
            aliases,
            cvss,
            cwes,
            text,
            statements: cursor,
        })
    }

    /// The block that holds its texts, if it has any.
    pub(crate) fn text_block(&self) -> Option<u32> {
        self.text.map(|at| at.block)
    }

    /// Its texts, from the block that holds them.
    pub(crate) fn text_in(&self, block: &[u8]) -> Result<AdvisoryText, Damaged> {
        match self.text {
            Some(at) => text::decode(block, at.offset),
            None => Ok(AdvisoryText::default()),
        }
    }

    /// The statements, and how many they are.
    pub(super) fn statements(&self) -> Result<StatementRefs<'a>, Damaged> {
        let mut cursor = self.statements;
        Ok(StatementRefs {
            left: cursor.count()?,
            cursor,
            previous: StatementRef::default(),
        })
    }
}

/// Decodes the statements of an advisory record one by one, and ends after an error.
#[derive(Debug, Clone)]
pub(super) struct StatementRefs<'a> {
    pub(super) left: usize,
    /// What has not been decoded; after the last statement, the records that follow.
    pub(super) cursor: Cursor<'a>,
    previous: StatementRef,
}

impl StatementRefs<'_> {
    fn decode(&mut self) -> Result<StatementRef, Damaged> {
        self.previous = StatementRef {
            key: self.cursor.moved_from(self.previous.key)?,
            shape: self.cursor.moved_from(self.previous.shape)?,
        };
        Ok(self.previous)
    }
}

impl Iterator for StatementRefs<'_> {
    type Item = Result<StatementRef, Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let decoded = self.decode();
        if decoded.is_err() {
            self.left = 0;
        }
        Some(decoded)
    }
}

fn timestamp(cursor: &mut Cursor<'_>) -> Result<Timestamp, Damaged> {
    let second = cursor.zigzag()?;
    i32::try_from(cursor.zigzag()?)
        .ok()
        .and_then(|nanosecond| Timestamp::new(second, nanosecond).ok())
        .ok_or(Damaged("a date is out of range"))
}

pub(super) fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    mut decode: impl FnMut(&mut Cursor<'a>) -> Result<T, Damaged>,
) -> Result<Vec<T>, Damaged> {
    // Not more memory than what the bytes at hand can fill.
    let count = cursor.count()?;
    (0..count).map(|_| decode(cursor)).collect()
}
