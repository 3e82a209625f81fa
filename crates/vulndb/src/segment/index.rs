//! The sections by which records are found. They follow from the records and nothing else.

use std::collections::HashMap;

use clair_model::PackageKind;

use super::code::{Damaged, put_count, put_varint, put_zigzag};

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// The number of the namespace.
    pub(super) namespace: u16,
    pub(super) kind: PackageKind,
    /// The string that is the name of the package.
    pub(super) package: u32,
}

/// Collects what is to be found, in the order of the advisories.
#[derive(Debug, Default)]
pub(super) struct IndexBuilder {
    numbers: HashMap<Key, u32>,
    keys: Vec<Key>,
    entries: Vec<Entry>,
    ids: Vec<Id>,
    id_bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: u32,
    advisory: u32,
    shape: u32,
}

/// A name of an advisory, and where it is in the bytes of all names.
#[derive(Debug, Clone, Copy)]
struct Id {
    start: u32,
    length: u32,
    advisory: u32,
}

/// The sections that find advisories by package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PackageSections {
    pub(super) keys: Vec<u8>,
    pub(super) postings: Vec<u8>,
    pub(super) index: Vec<u8>,
}

/// The sections that find advisories by id or alias.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IdSections {
    pub(super) ids: Vec<u8>,
    pub(super) index: Vec<u8>,
}

const TOO_LARGE: Damaged = Damaged("it states more than a segment can hold");
const REPEATED: Damaged = Damaged("a key appears twice");

/// The bytes under which the package index has a key.
pub(super) fn index_key(out: &mut Vec<u8>, namespace: u16, kind: PackageKind, package: &[u8]) {
    out.clear();
    out.extend(namespace.to_be_bytes());
    out.push(kind_code(kind));
    out.extend_from_slice(package);
}

/// The number that stands for a kind.
pub(super) fn kind_code(kind: PackageKind) -> u8 {
    match kind {
        PackageKind::Binary => 0,
        PackageKind::Source => 1,
    }
}

/// The kind of a number.
pub(super) fn kind_of(code: u8) -> Result<PackageKind, Damaged> {
    match code {
        0 => Ok(PackageKind::Binary),
        1 => Ok(PackageKind::Source),
        _ => Err(Damaged("a kind of package is unknown")),
    }
}

impl IndexBuilder {
    /// Adds a statement of an advisory; gives the number of its key.
    pub(super) fn statement(
        &mut self,
        key: Key,
        advisory: u32,
        shape: u32,
    ) -> Result<u32, Damaged> {
        let next = u32::try_from(self.keys.len()).map_err(|_| TOO_LARGE)?;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
        }
        self.entries.push(Entry {
            key: number,
            advisory,
            shape,
        });
        Ok(number)
    }

    /// Adds a name of an advisory. A name may be added twice.
    pub(super) fn id(&mut self, id: &str, advisory: u32) -> Result<(), Damaged> {
        let start = u32::try_from(self.id_bytes.len()).map_err(|_| TOO_LARGE)?;
        let length = u32::try_from(id.len()).map_err(|_| TOO_LARGE)?;
        self.id_bytes
            .extend(id.bytes().map(|byte| byte.to_ascii_lowercase()));
        self.ids.push(Id {
            start,
            length,
            advisory,
        });
        Ok(())
    }

    /// How many statements were added.
    pub(super) fn statements(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Builds the sections that find by package. `ranks` maps the number of a namespace to its
    /// place in the sorted section of namespaces; `package` gives the bytes of a package name.
    pub(super) fn packages<'s>(
        &mut self,
        ranks: &[u16],
        package: impl Fn(u32) -> &'s [u8],
    ) -> Result<PackageSections, Damaged> {
        self.numbers = HashMap::new();
        let rank = |key: &Key| ranks.get(usize::from(key.namespace)).copied();
        let mut order = Vec::with_capacity(self.keys.len());
        let mut name = Vec::new();
        for (number, key) in (0_u32..).zip(&self.keys) {
            let rank = rank(key).ok_or(Damaged("a namespace is unknown"))?;
            index_key(&mut name, rank, key.kind, package(key.package));
            order.push((prefix(&name), key.package, number));
        }
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| package(a.1).cmp(package(b.1))));

        let (starts, entries) = self.grouped();
        let mut positions = vec![0_u32; self.keys.len()];
        let mut postings = Vec::new();
        let mut index = fst::MapBuilder::memory();
        for (_, _, number) in order {
            let number = number as usize;
            let key = self.keys[number];
            let rank = rank(&key).ok_or(Damaged("a namespace is unknown"))?;
            let position = u32::try_from(postings.len()).map_err(|_| TOO_LARGE)?;
            positions[number] = position;
            index_key(&mut name, rank, key.kind, package(key.package));
            index
                .insert(&name, u64::from(position))
                .map_err(|_| REPEATED)?;

            let list = &entries[starts[number]..starts[number + 1]];
            put_varint(&mut postings, rank.into());
            postings.push(kind_code(key.kind));
            put_varint(&mut postings, key.package.into());
            put_count(&mut postings, list.len());
            let (mut advisory, mut shape) = (0, 0);
            for &(next_advisory, next_shape) in list {
                put_varint(&mut postings, u64::from(next_advisory - advisory));
                put_zigzag(&mut postings, i64::from(next_shape) - i64::from(shape));
                (advisory, shape) = (next_advisory, next_shape);
            }
        }
        Ok(PackageSections {
            keys: positions.iter().flat_map(|at| at.to_le_bytes()).collect(),
            postings,
            index: index.into_inner().map_err(|_| TOO_LARGE)?,
        })
    }

    /// The statements (advisory, shape) sorted by key number, in each key by their order of
    /// addition, and where each key's begin; one more position ends the last.
    fn grouped(&mut self) -> (Vec<usize>, Vec<(u32, u32)>) {
        let entries = std::mem::take(&mut self.entries);
        let mut starts = vec![0_usize; self.keys.len() + 2];
        for entry in &entries {
            starts[entry.key as usize + 2] += 1;
        }
        for key in 2..starts.len() {
            starts[key] += starts[key - 1];
        }
        // While filling, element `key + 1` is where the next entry of `key` goes; in the end it
        // is where the next key begins.
        let mut grouped = vec![(0, 0); entries.len()];
        for entry in entries {
            let next = &mut starts[entry.key as usize + 1];
            grouped[*next] = (entry.advisory, entry.shape);
            *next += 1;
        }
        (starts, grouped)
    }

    /// Builds the sections that find by id.
    pub(super) fn ids(&mut self) -> Result<IdSections, Damaged> {
        let bytes = std::mem::take(&mut self.id_bytes);
        let ids = std::mem::take(&mut self.ids);
        let text = |id: &Id| &bytes[id.start as usize..][..id.length as usize];
        let mut sorted: Vec<_> = ids.iter().map(|id| (prefix(text(id)), *id)).collect();
        drop(ids);
        sorted.sort_unstable_by(|(a_first, a), (b_first, b)| {
            a_first
                .cmp(b_first)
                .then_with(|| text(a).cmp(text(b)))
                .then(a.advisory.cmp(&b.advisory))
        });
        sorted.dedup_by(|(_, a), (_, b)| a.advisory == b.advisory && text(a) == text(b));

        let mut ids = Vec::new();
        let mut index = fst::MapBuilder::memory();
        for list in sorted.chunk_by(|(_, a), (_, b)| text(a) == text(b)) {
            index
                .insert(text(&list[0].1), ids.len() as u64)
                .map_err(|_| REPEATED)?;
            put_count(&mut ids, list.len());
            let mut advisory = 0;
            for (_, id) in list {
                put_varint(&mut ids, u64::from(id.advisory - advisory));
                advisory = id.advisory;
            }
        }
        Ok(IdSections {
            ids,
            index: index.into_inner().map_err(|_| TOO_LARGE)?,
        })
    }
}

/// The first bytes as a number that sorts as they do, which decides most comparisons at once. Ties
/// are left to a comparison of the whole.
fn prefix(bytes: &[u8]) -> u128 {
    let mut first = [0; 16];
    let length = bytes.len().min(first.len());
    first[..length].copy_from_slice(&bytes[..length]);
    u128::from_be_bytes(first)
}
