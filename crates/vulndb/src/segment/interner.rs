//! A section of length-prefixed byte strings in which equal ones are stored once.

use std::hash::{BuildHasher, RandomState};

use super::code::{Cursor, put_count};

/// A section under construction.
///
/// A string takes its own bytes and about twelve for the table that finds it again. The table's
/// hashes are keyed at random, so that a feed cannot choose strings that collide; what it decides,
/// the order of the section, is that in which strings came.
#[derive(Debug)]
pub(super) struct Interner {
    section: Vec<u8>,
    /// Open addressing, a power of two in size, at most three quarters full.
    slots: Vec<Slot>,
    used: usize,
    hasher: RandomState,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    position: u32,
    hash: u32,
}

/// No string can begin there: positions that would reach it are refused.
const VACANT: u32 = u32::MAX;

/// The section would become too large for 32-bit positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Interner {
    pub(super) fn new() -> Self {
        Self {
            section: Vec::new(),
            slots: vec![Slot::vacant(); 1024],
            used: 0,
            hasher: RandomState::new(),
        }
    }

    /// The section so far.
    pub(super) fn section(&self) -> &[u8] {
        &self.section
    }

    /// The string at a position that [`intern`](Self::intern) gave.
    pub(super) fn get(&self, position: u32) -> &[u8] {
        Cursor::at(&self.section, u64::from(position))
            .and_then(|mut cursor| {
                let length = cursor.count()?;
                cursor.bytes(length)
            })
            .unwrap_or_default()
    }

    /// The position of a string, which is added if it is new.
    pub(super) fn intern(&mut self, bytes: &[u8]) -> Result<u32, Full> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "half of the hash is plenty for a table of 32-bit positions"
        )]
        let hash = self.hasher.hash_one(bytes) as u32;
        let slot = self.slot_of(hash, |interner, position| interner.get(position) == bytes);
        if self.slots[slot].position != VACANT {
            return Ok(self.slots[slot].position);
        }
        let position = u32::try_from(self.section.len()).map_err(|_| Full)?;
        if position == VACANT {
            return Err(Full);
        }
        put_count(&mut self.section, bytes.len());
        self.section.extend_from_slice(bytes);
        self.slots[slot] = Slot { position, hash };
        self.used += 1;
        if self.used * 4 > self.slots.len() * 3 {
            self.grow();
        }
        Ok(position)
    }

    /// Where a string of this hash is, or belongs.
    fn slot_of(&self, hash: u32, is_same: impl Fn(&Self, u32) -> bool) -> usize {
        let mask = self.slots.len() - 1;
        let mut index = hash as usize & mask;
        loop {
            let slot = self.slots[index];
            if slot.position == VACANT || (slot.hash == hash && is_same(self, slot.position)) {
                return index;
            }
            index = (index + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let larger = vec![Slot::vacant(); self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, larger) {
            if slot.position != VACANT {
                let index = self.slot_of(slot.hash, |_, _| false);
                self.slots[index] = slot;
            }
        }
    }
}

impl Slot {
    fn vacant() -> Self {
        Self {
            position: VACANT,
            hash: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_are_stored_once_and_found_after_growing() {
        let mut interner = Interner::new();
        let strings: Vec<String> = (0..5000).map(|n| format!("string {n}")).collect();
        let positions: Vec<u32> = strings
            .iter()
            .map(|string| interner.intern(string.as_bytes()).unwrap())
            .collect();
        let size = interner.section().len();
        for (string, position) in strings.iter().zip(positions) {
            assert_eq!(interner.intern(string.as_bytes()), Ok(position));
            assert_eq!(interner.get(position), string.as_bytes());
        }
        assert_eq!(interner.section().len(), size);
        assert_eq!(interner.intern(b"").map(|at| interner.get(at).len()), Ok(0));
    }
}
