//! How much a layer may inflate to.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Limits;
use crate::header::Skip;
use crate::limits::RATIO_FLOOR;

/// What bounds the inflated bytes of a layer.
pub(super) struct Bounds<'a> {
    pub(super) limits: &'a Limits,
    /// Bytes of the layer that were read until now, as transferred.
    pub(super) compressed: &'a AtomicU64,
    pub(super) bounded_ratio: bool,
}

impl Bounds<'_> {
    /// Whether so many bytes may come of those that were read until now.
    pub(super) fn check(&self, produced: u64, bounded_ratio: bool) -> Result<(), LimitError> {
        let limits = self.limits;
        if produced > limits.layer_size {
            return Err(LimitError {
                what: format!("inflates to more than {} bytes", limits.layer_size),
                option: "--max-layer-size",
            });
        }
        let compressed = self.compressed.load(Ordering::Relaxed);
        if bounded_ratio && produced > RATIO_FLOOR && produced / limits.layer_ratio > compressed {
            return Err(LimitError {
                what: format!(
                    "inflates to more than {} times its size",
                    limits.layer_ratio
                ),
                option: "--max-layer-ratio",
            });
        }
        Ok(())
    }
}

/// Stops a stream that inflates without end.
pub(super) struct Bounded<'a, R> {
    inner: R,
    pub(super) produced: u64,
    bounds: &'a Bounds<'a>,
}

impl<'a, R: Read> Bounded<'a, R> {
    pub(super) fn new(inner: R, bounds: &'a Bounds<'a>) -> Self {
        Self {
            inner,
            produced: 0,
            bounds,
        }
    }
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(out)?;
        self.produced += length as u64;
        self.bounds
            .check(self.produced, self.bounds.bounded_ratio)?;
        Ok(length)
    }
}

impl<R: Read> Skip for Bounded<'_, R> {}

/// A limit that was passed, on its way through `io::Error`.
#[derive(Debug, thiserror::Error)]
#[error("the layer {what}; raise {option} if you trust the image")]
pub(super) struct LimitError {
    pub(super) what: String,
    pub(super) option: &'static str,
}

impl From<LimitError> for io::Error {
    fn from(error: LimitError) -> Self {
        Self::other(error)
    }
}
