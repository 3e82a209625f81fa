//! The content of a file that a visitor asked for.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of one file: in memory while they are few, else in an unlinked temporary file that
/// is mapped. Either way they are a slice.
pub struct Content(Bytes);

enum Bytes {
    Memory(Vec<u8>),
    Mapped(Mmap),
}

impl Content {
    /// Takes all of `reader`, of which `size` bytes are expected, keeping at most `memory` bytes
    /// in memory.
    ///
    /// # Errors
    ///
    /// When reading fails, ends early, or the temporary file cannot be written.
    pub(crate) fn read(reader: &mut impl Read, size: u64, memory: u64) -> io::Result<Self> {
        // A header may claim any size; the buffer grows with what really comes.
        const FIRST: u64 = 1024 * 1024;
        if size <= memory {
            let mut bytes = Vec::with_capacity(usize::try_from(size.min(FIRST)).unwrap_or(0));
            reader.take(size).read_to_end(&mut bytes)?;
            ensure_whole(bytes.len() as u64, size)?;
            return Ok(Self::from(bytes));
        }
        let mut file = tempfile::tempfile()?;
        let copied = io::copy(&mut reader.take(size), &mut file)?;
        ensure_whole(copied, size)?;
        file.flush()?;
        Self::map(&file)
    }

    /// Maps a file that this process alone can reach.
    #[allow(unsafe_code)]
    pub(crate) fn map(file: &File) -> io::Result<Self> {
        // SAFETY: the file is an unlinked temporary one: nobody else has it open, and it is not
        // written to after this point, so the mapped bytes cannot change or vanish.
        let mapped = unsafe { Mmap::map(file)? };
        Ok(Self(Bytes::Mapped(mapped)))
    }
}

fn ensure_whole(found: u64, expected: u64) -> io::Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::UnexpectedEof,
        format!("the file ends after {found} of {expected} bytes"),
    ))
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Memory(bytes))
    }
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Bytes::Memory(bytes) => bytes,
            Bytes::Mapped(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.len())
    }
}
