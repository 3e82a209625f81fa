//! Archives on their way: between threads that pack or unpack and streams of chunks.

use std::io::{self, Read, Write};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::sync::mpsc;

/// Bytes of a chunk that is sent.
const CHUNK: usize = 64 * 1024;

/// Cuts what is written into chunks.
#[derive(Debug)]
pub(crate) struct ChunkWriter {
    buffer: BytesMut,
    chunks: mpsc::Sender<Bytes>,
}

impl ChunkWriter {
    pub(crate) fn new(chunks: mpsc::Sender<Bytes>) -> Self {
        Self {
            buffer: BytesMut::with_capacity(CHUNK),
            chunks,
        }
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = self.buffer.split().freeze();
        self.buffer.reserve(CHUNK);
        self.chunks
            .blocking_send(chunk)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Joins chunks. A stream that broke off is an error, unlike one that ended.
#[derive(Debug)]
pub(crate) struct ChunkReader {
    chunk: Bytes,
    chunks: mpsc::Receiver<Option<Bytes>>,
    has_ended: bool,
}

impl ChunkReader {
    /// Reads until there comes a `None`.
    pub(crate) fn new(chunks: mpsc::Receiver<Option<Bytes>>) -> Self {
        Self {
            chunk: Bytes::new(),
            chunks,
            has_ended: false,
        }
    }
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.has_ended {
            match self.chunks.blocking_recv() {
                Some(Some(chunk)) => self.chunk = chunk,
                Some(None) => self.has_ended = true,
                None => return Err(io::Error::other("the caller broke off")),
            }
        }
        let length = buffer.len().min(self.chunk.len());
        buffer[..length].copy_from_slice(&self.chunk[..length]);
        self.chunk.advance(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_any_pieces_is_read_as_it_was() {
        let written: Vec<u8> = (0..300_000_u32)
            .map(|number| (number % 251) as u8)
            .collect();
        let (sender, mut receiver) = mpsc::channel(100);
        let mut writer = ChunkWriter::new(sender);
        for piece in written.chunks(70_001) {
            writer.write_all(piece).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);

        let (sender, reading) = mpsc::channel(100);
        while let Some(chunk) = receiver.blocking_recv() {
            assert!(chunk.len() <= CHUNK);
            sender.blocking_send(Some(chunk)).unwrap();
        }
        sender.blocking_send(None).unwrap();
        let mut read = Vec::new();
        ChunkReader::new(reading).read_to_end(&mut read).unwrap();
        assert!(read == written);
    }

    #[test]
    fn a_stream_that_breaks_off_is_no_end() {
        let (sender, receiver) = mpsc::channel(1);
        sender
            .blocking_send(Some(Bytes::from_static(b"half")))
            .unwrap();
        drop(sender);
        let error = ChunkReader::new(receiver)
            .read_to_end(&mut Vec::new())
            .unwrap_err();
        assert_eq!(error.to_string(), "the caller broke off");
    }
}
