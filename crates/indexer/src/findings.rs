//! Layer findings as they are kept: postcard, which is compact and fast to read.

use clair_index::LayerFindings;

/// Goes up with the form of what is kept.
const FORM: u32 = 2;

/// Names what findings depend on besides their layer: the state of the indexer, and their form.
pub(crate) fn key(state: &str) -> String {
    format!("{state}.{FORM}")
}

pub(crate) fn encode(findings: &LayerFindings) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(findings)
}

pub(crate) fn decode(bytes: &[u8]) -> Result<LayerFindings, postcard::Error> {
    postcard::from_bytes(bytes)
}
