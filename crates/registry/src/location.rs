//! Where a blob is, for whoever is to fetch it in our place.

use std::fmt;

use url::Url;

use crate::Secret;
use crate::transport::public;

/// Where a blob can be fetched, and with what.
///
/// Its `Debug` form shows neither: the address may be a signed one, which is a credential itself.
#[derive(Clone, PartialEq, Eq)]
pub struct BlobLocation {
    /// The address, after all redirects.
    pub url: Url,
    /// The value of the `Authorization` header that the address asks for. Only the registry gets
    /// one, and no storage that it redirects to.
    pub authorization: Option<Secret>,
}

impl fmt::Debug for BlobLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobLocation")
            .field("url", &public(&self.url))
            .field("authorization", &self.authorization)
            .finish()
    }
}
