//! Pages of lists that are too long for one answer.

use clair_rpc::ErrorCode;
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::failure::Failure;

/// What page is wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// How many elements; zero for as many as is usual.
    #[serde(default, deserialize_with = "size")]
    pub(super) page_size: u32,
    /// Where to go on.
    #[serde(default)]
    pub(super) next: String,
}

/// What page an answer is.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    /// How many elements it has at most.
    size: u32,
    /// Where to go on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Wanted {
    /// The page that was given for it, by a service that has these sizes.
    pub(super) fn page(&self, usual: u32, largest: u32, next: String) -> Page {
        let size = if self.page_size == 0 {
            usual
        } else {
            self.page_size
        };
        Page {
            size: size.min(largest),
            next: (!next.is_empty()).then_some(next),
        }
    }
}

/// A service refuses what a client takes for the beginning of the next page: the client calls it
/// otherwise than the service.
pub(super) fn failed(status: tonic::Status) -> Failure {
    let error = clair_rpc::Error::from(status);
    let is_token = error.code() == ErrorCode::InvalidArgument
        && error
            .fields()
            .iter()
            .any(|field| field.field == "page_token");
    if is_token {
        return Failure::bad_request("next is not that of a page");
    }
    error.into()
}

/// A number that is not negative. Larger ones than a service takes are as good as its largest.
fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let size: u64 = text.parse().map_err(|_| {
        de::Error::custom(format_args!("page_size {text:?} is no number of elements"))
    })?;
    Ok(size.try_into().unwrap_or(u32::MAX))
}
