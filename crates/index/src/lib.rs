//! From an image to its index report.
//!
//! [`index`] reads every layer once, several at a time, and shows the files to the analyzers. What
//! they find in a layer depends on nothing but the layer, so [`LayerFindings`] is a value that can
//! be kept in a [`LayerCache`] and shared by images. [`merge`] then puts the layers together by the
//! rules of the file system, and [`report`] writes the result in the form of Clair's API.

mod cache;
mod layer;
mod merge;
mod origins;
mod read;
mod reading;
mod report;
mod tree;

pub use cache::{DirectoryCache, LayerCache, NoCache, fingerprint};
pub use layer::{FileFindings, LayerFindings, LayerProblem, Link};
pub use merge::{Inventory, Located, merge};
pub use read::{Indexed, Options, index, read_layer};
pub use report::report;
