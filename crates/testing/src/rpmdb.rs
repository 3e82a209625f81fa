//! Writers of rpm headers and of the three formats of rpm's database.
//!
//! They are small, not whole: what they write is valid, of one page size and without indices.
//! Nothing of our own reader is used, so that the two can be held against each other.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

pub mod bdb;
pub mod ndb;
pub mod sqlite;

/// Writes a header blob, <https://rpm-software-management.github.io/rpm/manual/format_header.html>.
#[derive(Debug, Clone, Default)]
pub struct HeaderBuilder {
    index: Vec<u8>,
    store: Vec<u8>,
}

impl HeaderBuilder {
    /// Adds an entry of any type: what the index says, and what is put into the store.
    #[must_use]
    pub fn raw(mut self, tag: u32, kind: u32, count: usize, value: &[u8]) -> Self {
        for number in [tag, kind, int(self.store.len()), int(count)] {
            self.index.extend(number.to_be_bytes());
        }
        self.store.extend(value);
        self
    }

    /// Adds a text.
    #[must_use]
    pub fn string(self, tag: u32, value: &str) -> Self {
        self.raw(tag, 6, 1, format!("{value}\0").as_bytes())
    }

    /// Adds texts.
    #[must_use]
    pub fn strings(self, tag: u32, values: &[&str]) -> Self {
        let store: Vec<u8> = values
            .iter()
            .flat_map(|value| [value.as_bytes(), &[0]].concat())
            .collect();
        self.raw(tag, 8, values.len(), &store)
    }

    /// Adds numbers. They are aligned in the store.
    #[must_use]
    pub fn integers(mut self, tag: u32, values: &[u32]) -> Self {
        self.store.resize(self.store.len().next_multiple_of(4), 0);
        let store: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_be_bytes())
            .collect();
        self.raw(tag, 4, values.len(), &store)
    }

    /// Adds bytes.
    #[must_use]
    pub fn binary(self, tag: u32, value: &[u8]) -> Self {
        self.raw(tag, 7, value.len(), value)
    }

    /// The blob.
    #[must_use]
    pub fn build(self) -> Vec<u8> {
        let counts = [int(self.index.len() / 16), int(self.store.len())];
        let counts: Vec<u8> = counts
            .iter()
            .flat_map(|count| count.to_be_bytes())
            .collect();
        [counts, self.index, self.store].concat()
    }
}

fn int(number: usize) -> u32 {
    u32::try_from(number).unwrap()
}
