//! A fetched document: its decompressed bytes, bounded and counted.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clair_compression::Decoder;
use thiserror::Error;

/// How much of a document we are willing to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole document, decompressed. 32 GiB: archives of a file for each
    /// vulnerability are the largest.
    pub document: u64,
    /// Bytes of one record, which is what is held in memory at once, as its bytes and as what they
    /// mean. 16 MiB: the largest that are published have a few.
    pub record: u64,
    /// Records. 20 million.
    pub records: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document: 32 << 30,
            record: 16 << 20,
            records: 20_000_000,
        }
    }
}

/// A document is larger than its reader wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LimitReached {
    /// All of it.
    #[error("more than {0} bytes decompressed")]
    Document(u64),
    /// One record.
    #[error("a record of more than {0} bytes")]
    Record(u64),
    /// The number of records.
    #[error("more than {0} records")]
    Records(u64),
}

impl LimitReached {
    /// The limit that an error from reading tells of, however other readers have wrapped it.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(limit) = error.downcast_ref::<Self>() {
                return Some(*limit);
            }
            // An `io::Error` does not count what it wraps as its source.
            next = match error
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
            {
                Some(wrapped) => Some(wrapped),
                None => error.source(),
            };
        }
        None
    }
}

/// A document, fetched as far as it is read.
///
/// Reading gives the decompressed bytes, and fails where they pass a limit. A document that is a
/// directory cannot be read as one, only by a feed that looks for its members.
pub struct Document {
    location: String,
    length: Option<u64>,
    content: Content,
    meter: Meter,
    beside: Option<Box<dyn Any + Send>>,
}

pub(crate) enum Content {
    Stream(Box<dyn Read + Send>),
    Directory(PathBuf),
}

impl Document {
    /// The document that a stream holds, compressed in any way that its first bytes tell.
    ///
    /// # Errors
    ///
    /// When the first bytes cannot be read.
    pub fn from_reader(
        location: &str,
        reader: impl Read + Send + 'static,
        limits: Limits,
    ) -> io::Result<Self> {
        Self::from_encoded(location, reader, false, limits)
    }

    /// The same, for a stream that the server has compressed once more for its way here.
    pub(crate) fn from_encoded(
        location: &str,
        reader: impl Read + Send + 'static,
        is_encoded: bool,
        limits: Limits,
    ) -> io::Result<Self> {
        let meter = Meter::new(limits);
        let counted = Counted {
            inner: reader,
            meter: meter.clone(),
        };
        let decoder = Decoder::new(counted)?;
        let stream: Box<dyn Read + Send> = if is_encoded {
            Box::new(Decoder::new(decoder)?)
        } else {
            Box::new(decoder)
        };
        Ok(Self {
            location: location.to_owned(),
            length: None,
            content: Content::Stream(stream),
            meter,
            beside: None,
        })
    }

    /// The document whose records are the files of a directory.
    pub fn from_directory(path: &Path, limits: Limits) -> Self {
        Self {
            location: path.display().to_string(),
            length: None,
            content: Content::Directory(path.to_owned()),
            meter: Meter::new(limits),
            beside: None,
        }
    }

    pub(crate) fn with_length(self, length: Option<u64>) -> Self {
        Self { length, ..self }
    }

    /// Puts something beside it, for the feed that has fetched both.
    pub(crate) fn with(self, beside: Box<dyn Any + Send>) -> Self {
        Self {
            beside: Some(beside),
            ..self
        }
    }

    /// Takes what was put beside it.
    pub(crate) fn take_beside<T: 'static>(&mut self) -> Option<Box<T>> {
        self.beside.take().and_then(|beside| beside.downcast().ok())
    }

    /// Where it lies, without credentials.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// How many bytes there are to read before decompression, if that is known.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The number of bytes read so far, before decompression: for progress bars, from any thread.
    pub fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.meter.0.fetched)
    }

    /// Notes that a record begins about here, for the limit of records: readers run ahead by their
    /// buffers.
    pub fn mark(&self) {
        self.meter.mark();
    }

    pub(crate) fn meter(&self) -> Meter {
        self.meter.clone()
    }

    /// Its first bytes, which stay to be read.
    pub(crate) fn start(&mut self, length: u64) -> io::Result<Vec<u8>> {
        let Content::Stream(stream) = &mut self.content else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let mut start = Vec::new();
        stream.by_ref().take(length).read_to_end(&mut start)?;
        let rest = std::mem::replace(stream, Box::new(io::empty()));
        *stream = Box::new(io::Cursor::new(start.clone()).chain(rest));
        Ok(start)
    }

    pub(crate) fn directory(&self) -> Option<&Path> {
        match &self.content {
            Content::Directory(path) => Some(path),
            Content::Stream(_) => None,
        }
    }

    /// Opens a file of the directory that this document is, under its limits.
    pub(crate) fn open_member(&self, path: &Path) -> io::Result<impl Read + use<>> {
        let file = std::fs::File::open(path)?;
        let counted = Counted {
            inner: file,
            meter: self.meter.clone(),
        };
        Ok(self.meter.bound(Decoder::new(counted)?))
    }

    /// Writes all that is left of it to `target`, however long its records are.
    pub(crate) fn spool(&mut self, target: &mut impl Write) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            self.meter.mark();
            let length = match self.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if length == 0 {
                return Ok(());
            }
            target.write_all(&buffer[..length])?;
        }
    }
}

impl Read for Document {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.content {
            Content::Stream(stream) => self.meter.bounded(stream, buffer),
            Content::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("location", &self.location)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// Counts what is read of a document and says when it is too much. Clones count together, since
/// the one who reads and the one who knows where a record begins are never the same.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Counts>);

struct Counts {
    limits: Limits,
    fetched: Arc<AtomicU64>,
    decompressed: AtomicU64,
    since_mark: AtomicU64,
    records: AtomicU64,
}

impl Meter {
    fn new(limits: Limits) -> Self {
        Self(Arc::new(Counts {
            limits,
            fetched: Arc::default(),
            decompressed: AtomicU64::new(0),
            since_mark: AtomicU64::new(0),
            records: AtomicU64::new(0),
        }))
    }

    pub(crate) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Notes that a record begins about here: readers run ahead by their buffers.
    pub(crate) fn mark(&self) {
        self.0.since_mark.store(0, Ordering::Relaxed);
    }

    /// Notes that a record begins, and counts it.
    pub(crate) fn record(&self) -> Result<(), LimitReached> {
        self.mark();
        let limit = self.0.limits.records;
        if self.0.records.fetch_add(1, Ordering::Relaxed) >= limit {
            return Err(LimitReached::Records(limit));
        }
        Ok(())
    }

    /// Counts decompressed bytes.
    pub(crate) fn add(&self, length: u64) -> Result<(), LimitReached> {
        let total = self.0.decompressed.fetch_add(length, Ordering::Relaxed);
        let record = self.0.since_mark.fetch_add(length, Ordering::Relaxed);
        let limits = self.0.limits;
        if total.saturating_add(length) > limits.document {
            return Err(LimitReached::Document(limits.document));
        }
        if record.saturating_add(length) > limits.record {
            return Err(LimitReached::Record(limits.record));
        }
        Ok(())
    }

    /// Counts and bounds what is read of a part of the document that was decompressed apart.
    pub(crate) fn bound<R: Read>(&self, inner: R) -> Bounded<R> {
        Bounded {
            inner,
            meter: self.clone(),
        }
    }

    fn bounded(&self, reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
        let length = reader.read(buffer)?;
        self.add(length as u64).map_err(io::Error::other)?;
        Ok(length)
    }
}

/// Counts bytes before decompression.
struct Counted<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.meter
            .0
            .fetched
            .fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// Counts and bounds bytes after decompression.
pub(crate) struct Bounded<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.bounded(&mut self.inner, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(document: u64, record: u64) -> Limits {
        Limits {
            document,
            record,
            records: 2,
        }
    }

    fn read(data: &[u8], limits: Limits) -> io::Result<Vec<u8>> {
        let mut document = Document::from_reader("x", io::Cursor::new(data.to_vec()), limits)?;
        let mut out = Vec::new();
        document.read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn compressed_bytes_are_counted_and_decompressed_ones_bounded() {
        let data = zstd::encode_all(&[7; 10_000][..], 1).unwrap();
        let size = data.len() as u64;
        let mut document =
            Document::from_reader("x", io::Cursor::new(data.clone()), Limits::default()).unwrap();
        let progress = document.progress();
        io::copy(&mut document, &mut io::sink()).unwrap();
        assert_eq!(progress.load(Ordering::Relaxed), size);

        assert_eq!(read(&data, limits(10_000, 10_000)).unwrap().len(), 10_000);
        for (limits, message) in [
            (limits(9_999, 20_000), "more than 9999 bytes decompressed"),
            (limits(20_000, 9_999), "a record of more than 9999 bytes"),
        ] {
            assert_eq!(read(&data, limits).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_record_begins_anew_at_its_mark() {
        let data = io::Cursor::new(vec![7; 30]);
        let mut document = Document::from_reader("x", data, limits(100, 10)).unwrap();
        let meter = document.meter();
        let mut buffer = [0; 10];
        for _ in 0..2 {
            document.read_exact(&mut buffer).unwrap();
            meter.record().unwrap();
        }
        assert_eq!(meter.record(), Err(LimitReached::Records(2)));
        let mut rest = Vec::new();
        document.spool(&mut rest).unwrap();
        assert_eq!(rest.len(), 10);
    }

    #[test]
    fn what_the_server_compressed_once_more_is_read_through_both() {
        let data = zstd::encode_all(&zstd::encode_all(&b"text"[..], 1).unwrap()[..], 1).unwrap();
        let mut document =
            Document::from_encoded("x", io::Cursor::new(data), true, Limits::default()).unwrap();
        let mut out = String::new();
        document.read_to_string(&mut out).unwrap();
        assert_eq!(out, "text");
    }
}
