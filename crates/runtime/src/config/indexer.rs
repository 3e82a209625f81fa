//! The indexer's section.

use std::num::NonZeroUsize;
use std::thread;

use serde::{Deserialize, Serialize};

use super::database::optional_connstring;
use super::{ByteSize, Connstring, Network};

/// How images are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Indexer {
    /// The database; else that of the section `database`.
    #[serde(
        deserialize_with = "optional_connstring",
        skip_serializing_if = "Option::is_none"
    )]
    pub connstring: Option<Connstring>,
    /// Whether to bring the schema up to date at the start.
    pub migrations: bool,
    /// Layers that one process reads at the same time; 0 for one per processor.
    pub layer_scan_concurrency: usize,
    /// Requests to index that one process serves at the same time, further ones are refused; 0 for
    /// four per processor, negative for no bound.
    pub index_report_request_concurrency: i64,
    /// Whether to fetch layers from private addresses only.
    pub airgap: bool,
    /// Where layers may be fetched from.
    pub egress: Egress,
    /// How large images may be.
    pub limits: LayerLimits,
}

impl Indexer {
    /// Layers that one process reads at the same time.
    pub fn concurrent_layers(&self) -> usize {
        match self.layer_scan_concurrency {
            0 => processors(),
            count => count,
        }
    }

    /// Requests that one process serves at the same time; `None` for no bound.
    pub fn concurrent_requests(&self) -> Option<usize> {
        match self.index_report_request_concurrency {
            0 => Some(4 * processors()),
            count => usize::try_from(count).ok(),
        }
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Which hosts may be asked for layers. Their URLs come from clients, so that addresses inside of
/// one's own network are refused unless they are allowed here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Egress {
    /// Private and shared networks (RFC 1918, RFC 4193, RFC 6598).
    pub allow_private: bool,
    /// This machine.
    pub allow_loopback: bool,
    /// `http:` URLs.
    pub allow_plain_http: bool,
    /// Networks that are allowed whatever the rest says, but for `deny_networks`.
    pub allow_networks: Vec<Network>,
    /// Networks that are refused whatever the rest says.
    pub deny_networks: Vec<Network>,
    /// Names of hosts that are allowed whatever their addresses, but for `deny_networks`.
    pub allow_hosts: Vec<String>,
}

impl Default for Egress {
    fn default() -> Self {
        Self {
            allow_private: false,
            allow_loopback: false,
            allow_plain_http: true,
            allow_networks: Vec::new(),
            deny_networks: Vec::new(),
            allow_hosts: Vec::new(),
        }
    }
}

/// How much is read of an image before it is given up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct LayerLimits {
    /// Layers of an image.
    pub layers: usize,
    /// Bytes a layer may inflate to.
    pub layer_size: ByteSize,
    /// How many times its compressed size a layer may inflate to, once it is past 1 GiB.
    pub layer_ratio: u64,
    /// Entries a layer may have.
    pub layer_entries: u64,
    /// Bytes of one file that is looked into; larger ones are passed over.
    pub file_size: ByteSize,
}

impl Default for LayerLimits {
    fn default() -> Self {
        Self {
            layers: 1000,
            layer_size: ByteSize::mebibytes(64 * 1024),
            layer_ratio: 250,
            layer_entries: 10_000_000,
            file_size: ByteSize::mebibytes(1024),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_concurrency_follows_clairs_rules() {
        let concurrent = |index_report_request_concurrency| {
            let indexer = Indexer {
                index_report_request_concurrency,
                ..Indexer::default()
            };
            indexer.concurrent_requests()
        };
        assert_eq!(concurrent(32), Some(32));
        assert_eq!(concurrent(-1), None);
        assert_eq!(concurrent(0), Some(4 * processors()));
    }
}
