//! Arch Linux: the security tracker, <https://security.archlinux.org/>.
//!
//! One document lists the groups of vulnerabilities (`AVG-…`) that were found in packages together.
//! Whoever installs from the repositories has the newest version of all packages, so there are no
//! releases.

mod group;

use jiff::Timestamp;

use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Source, catalog, json};

/// The feed.
pub(crate) struct Arch;

/// The list of all groups, whatever has become of them.
const DOCUMENT: &str = "all.json";

impl Feed for Arch {
    fn about(&self) -> About {
        About {
            name: "arch",
            description: "Arch Linux security tracker: what is or was vulnerable in the repositories",
            upstream: "https://security.archlinux.org/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        Ok(catalog::document(self.name(), root, DOCUMENT))
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        json::each_record(source, document, sink, &group::advisories).map(|()| None)
    }
}
