//! Digests of bytes, computed beside the work on them.
//!
//! Inflating and walking a layer fills one core; hashing on the same thread would add a third to
//! that. So chunks of bytes are handed, without copying, to a thread that hashes them.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use aws_lc_rs::digest::{Context, SHA256, SHA512};
use clair_model::{Algorithm, Digest};

/// The digest of some bytes.
pub fn digest_of(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    let mut hash = Hasher::new(algorithm);
    hash.update(bytes);
    hash.finish()
}

/// Hashes bytes as they come.
pub(crate) struct Hasher {
    algorithm: Algorithm,
    context: Context,
}

impl Hasher {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let context = Context::new(match algorithm {
            Algorithm::Sha256 => &SHA256,
            Algorithm::Sha512 => &SHA512,
        });
        Self { algorithm, context }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        let hash = self.context.finish();
        Digest::new(self.algorithm, hash.as_ref())
            .unwrap_or_else(|| unreachable!("a hash has the length of its algorithm"))
    }
}

/// Chunks are this large. Larger ones leave the second level cache before they are hashed.
const CHUNK: usize = 256 * 1024;

/// So many chunks may wait to be hashed before the reader does.
const IN_FLIGHT: usize = 4;

/// A reader whose bytes are hashed on another thread.
pub(crate) struct HashingReader<'scope, R> {
    inner: R,
    chunk: Arc<Vec<u8>>,
    position: usize,
    total: u64,
    filled: SyncSender<Arc<Vec<u8>>>,
    emptied: Receiver<Arc<Vec<u8>>>,
    worker: ScopedJoinHandle<'scope, Digest>,
}

impl<'scope, R: Read> HashingReader<'scope, R> {
    pub(crate) fn new<'env>(
        inner: R,
        algorithm: Algorithm,
        scope: &'scope Scope<'scope, 'env>,
    ) -> Self {
        let (filled, to_hash) = sync_channel::<Arc<Vec<u8>>>(IN_FLIGHT);
        let (give_back, emptied): (Sender<Arc<Vec<u8>>>, _) = channel();
        let worker = scope.spawn(move || {
            let mut hasher = Hasher::new(algorithm);
            for chunk in to_hash {
                hasher.update(&chunk);
                // The reader may be gone already; then nobody needs the buffer.
                let _ = give_back.send(chunk);
            }
            hasher.finish()
        });
        Self {
            inner,
            chunk: Arc::new(Vec::new()),
            position: 0,
            total: 0,
            filled,
            emptied,
            worker,
        }
    }

    /// Reads what is left, and gives the digest of everything.
    pub(crate) fn finish(mut self) -> io::Result<(R, u64, Digest)> {
        while self.refill()? {}
        drop(self.filled);
        match self.worker.join() {
            Ok(digest) => Ok((self.inner, self.total, digest)),
            Err(_) => Err(io::Error::other("the hashing thread is gone")),
        }
    }

    /// Gets the next chunk; `false` at the end.
    fn refill(&mut self) -> io::Result<bool> {
        let mut buffer = self.empty_buffer();
        // Room for a chunk is kept across uses; only what was read counts.
        buffer.resize(CHUNK, 0);
        let mut length = 0;
        while length < CHUNK {
            match self.inner.read(&mut buffer[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        buffer.truncate(length);
        self.total += length as u64;
        self.position = 0;
        self.chunk = Arc::new(buffer);
        if length == 0 {
            return Ok(false);
        }
        self.filled
            .send(Arc::clone(&self.chunk))
            .map_err(|_| io::Error::other("the hashing thread is gone"))?;
        Ok(true)
    }

    fn empty_buffer(&mut self) -> Vec<u8> {
        self.chunk = Arc::default();
        self.emptied
            .try_iter()
            .find_map(|chunk| Arc::try_unwrap(chunk).ok())
            .unwrap_or_else(|| Vec::with_capacity(CHUNK))
    }

    /// Passes over `count` bytes, which are still hashed, without copying them.
    pub(crate) fn skip(&mut self, mut count: u64) -> io::Result<u64> {
        let asked = count;
        while count > 0 {
            let available = (self.chunk.len() - self.position) as u64;
            if available == 0 {
                if !self.refill()? {
                    break;
                }
                continue;
            }
            let step = available.min(count);
            self.position += usize::try_from(step).unwrap_or(0);
            count -= step;
        }
        Ok(asked - count)
    }
}

impl<R: Read> Read for HashingReader<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.position == self.chunk.len() && !self.refill()? {
            return Ok(0);
        }
        let length = out.len().min(self.chunk.len() - self.position);
        out[..length].copy_from_slice(&self.chunk[self.position..self.position + length]);
        self.position += length;
        Ok(length)
    }
}

/// The digest of everything a reader has.
pub(crate) fn digest_of_reader(algorithm: Algorithm, reader: &mut impl Read) -> io::Result<Digest> {
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(length) => hasher.update(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
