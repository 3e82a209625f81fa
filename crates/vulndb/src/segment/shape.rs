//! Shapes: what a statement says apart from who says it and about which package.
//!
//! Many statements share one: "all versions, no fix yet" fits any package.

use clair_model::{Affected, FixState, Severity, Vulnerable};
use clair_version::{RangeRef, Scheme};

use super::code::{Cursor, Damaged, put_count, put_varint};
use super::interner::{Full, Interner};

const HAS_SEVERITY: u8 = 1;
const HAS_NORMALIZED: u8 = 2;
const HAS_NOTE: u8 = 4;
const HAS_MODULE: u8 = 8;

const HAS_INTRODUCED: u8 = 1;
const HAS_FIXED: u8 = 2;
const HAS_LAST_AFFECTED: u8 = 4;

/// A decoded shape. All of it has been checked, the lists too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) fix_state: FixState,
    pub(crate) severity: Option<&'a str>,
    pub(crate) normalized_severity: Option<Severity>,
    pub(crate) note: Option<&'a str>,
    pub(crate) module: Option<&'a str>,
    arches: Elements<'a>,
    ranges: Elements<'a>,
}

/// The architectures of a statement, in the order in which the source has them.
#[derive(Debug, Clone)]
pub struct Arches<'a>(Elements<'a>);

/// The vulnerable ranges of a statement, in the order in which the source has them.
#[derive(Debug, Clone)]
pub struct Ranges<'a>(Elements<'a>);

/// Elements of a list that were decoded once already, so that decoding them again succeeds.
#[derive(Debug, Clone, Copy)]
struct Elements<'a> {
    left: usize,
    cursor: Cursor<'a>,
    strings: &'a [u8],
}

/// Appends the shape of a statement.
pub(super) fn put_shape(
    out: &mut Vec<u8>,
    affected: &Affected,
    strings: &mut Interner,
) -> Result<(), Full> {
    let flags = flag(HAS_SEVERITY, affected.severity.as_ref())
        | flag(HAS_NORMALIZED, affected.normalized_severity.as_ref())
        | flag(HAS_NOTE, affected.note.as_ref())
        | flag(HAS_MODULE, affected.module.as_ref());
    out.push(flags);
    out.push(affected.vulnerable.scheme.code());
    out.push(affected.fix_state.code());
    out.extend(affected.normalized_severity.map(Severity::code));
    for text in [&affected.severity, &affected.note, &affected.module] {
        put_optional(out, text.as_deref(), strings)?;
    }
    put_count(out, affected.arches.len());
    for arch in &affected.arches {
        put_optional(out, Some(arch), strings)?;
    }
    put_count(out, affected.vulnerable.ranges.len());
    for range in &affected.vulnerable.ranges {
        out.push(
            flag(HAS_INTRODUCED, range.introduced.as_ref())
                | flag(HAS_FIXED, range.fixed.as_ref())
                | flag(HAS_LAST_AFFECTED, range.last_affected.as_ref()),
        );
        for bound in [&range.introduced, &range.fixed, &range.last_affected] {
            put_optional(out, bound.as_deref(), strings)?;
        }
    }
    Ok(())
}

fn flag<T>(bit: u8, value: Option<&T>) -> u8 {
    if value.is_some() { bit } else { 0 }
}

fn put_optional(out: &mut Vec<u8>, text: Option<&str>, strings: &mut Interner) -> Result<(), Full> {
    if let Some(text) = text {
        put_varint(out, u64::from(strings.intern(text.as_bytes())?));
    }
    Ok(())
}

impl<'a> Shape<'a> {
    /// Decodes the shape at a position of its section.
    pub(super) fn decode(
        shapes: &'a [u8],
        position: u32,
        strings: &'a [u8],
    ) -> Result<Self, Damaged> {
        let mut cursor = Cursor::at(shapes, u64::from(position))?;
        let length = cursor.count()?;
        let mut cursor = Cursor::new(cursor.bytes(length)?);
        let [flags, scheme, fix_state] = cursor.array()?;
        if flags >= HAS_MODULE << 1 {
            return Err(Damaged("a statement has unknown parts"));
        }
        let normalized_severity = if flags & HAS_NORMALIZED == 0 {
            None
        } else {
            Some(severity(cursor.byte()?)?)
        };
        let mut optional = |bit: u8| {
            (flags & bit != 0)
                .then(|| cursor.string(strings))
                .transpose()
        };
        let severity = optional(HAS_SEVERITY)?;
        let note = optional(HAS_NOTE)?;
        let module = optional(HAS_MODULE)?;
        let arches = Elements::checked(&mut cursor, strings, Elements::arch)?;
        let ranges = Elements::checked(&mut cursor, strings, Elements::range)?;
        Ok(Self {
            scheme: Scheme::from_code(scheme).ok_or(Damaged("a version scheme is unknown"))?,
            fix_state: FixState::from_code(fix_state).ok_or(Damaged("a fix state is unknown"))?,
            severity,
            normalized_severity,
            note,
            module,
            arches,
            ranges,
        })
    }

    pub(crate) fn arches(&self) -> Arches<'a> {
        Arches(self.arches)
    }

    pub(crate) fn ranges(&self) -> Ranges<'a> {
        Ranges(self.ranges)
    }

    /// The versions, in a form that owns its text.
    pub(crate) fn to_vulnerable(self) -> Vulnerable {
        Vulnerable {
            scheme: self.scheme,
            ranges: self.ranges().map(RangeRef::to_range).collect(),
        }
    }
}

/// The severity of a code in a record.
pub(super) fn severity(code: u8) -> Result<Severity, Damaged> {
    Severity::from_code(code).ok_or(Damaged("a severity is unknown"))
}

impl<'a> Elements<'a> {
    /// Takes a list off the front of a record, having decoded all of it.
    fn checked<T>(
        record: &mut Cursor<'a>,
        strings: &'a [u8],
        decode: impl Fn(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Self, Damaged> {
        let left = record.count()?;
        let elements = Self {
            left,
            cursor: *record,
            strings,
        };
        let mut rest = elements;
        for _ in 0..left {
            decode(&mut rest)?;
        }
        *record = rest.cursor;
        Ok(elements)
    }

    fn next<T>(&mut self, decode: impl Fn(&mut Self) -> Result<T, Damaged>) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        decode(self).ok()
    }

    fn arch(&mut self) -> Result<&'a str, Damaged> {
        self.cursor.string(self.strings)
    }

    fn range(&mut self) -> Result<RangeRef<'a>, Damaged> {
        let flags = self.cursor.byte()?;
        if flags >= HAS_LAST_AFFECTED << 1 {
            return Err(Damaged("a version range has unknown parts"));
        }
        let mut bound = |bit: u8| {
            (flags & bit != 0)
                .then(|| self.cursor.string(self.strings))
                .transpose()
        };
        Ok(RangeRef {
            introduced: bound(HAS_INTRODUCED)?,
            fixed: bound(HAS_FIXED)?,
            last_affected: bound(HAS_LAST_AFFECTED)?,
        })
    }
}

impl<'a> Iterator for Arches<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(Elements::arch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl ExactSizeIterator for Arches<'_> {}

impl<'a> Iterator for Ranges<'a> {
    type Item = RangeRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(Elements::range)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.left, Some(self.0.left))
    }
}

impl ExactSizeIterator for Ranges<'_> {}
