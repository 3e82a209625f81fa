//! Debian: the security tracker, <https://security-tracker.debian.org/>.
//!
//! One document holds everything: `{package: {id: record}}`, keyed by source packages. It is read
//! record by record, and every record becomes an advisory of its own, since all of a vulnerability
//! would only be known at the end of the document: a vulnerability in several packages is several
//! advisories of one id.

mod record;

use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};

use crate::json::{self, Entries, Output};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Source, catalog, text};

/// The feed.
pub(crate) struct Debian;

impl Feed for Debian {
    fn about(&self) -> About {
        About {
            name: "debian",
            description: "Debian security tracker: every supported release, testing and sid",
            upstream: "https://security-tracker.debian.org/tracker/data/",
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, _: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        Ok(catalog::document(self.name(), root, "json"))
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let location = document.location().to_owned();
        let mut output = Output::new(document, sink);
        let result = json::read(
            document,
            Packages {
                output: &mut output,
            },
        );
        match output.finish(source, &location, result)? {
            // Taken for true, it would say that Debian has no vulnerabilities.
            0 => Err(FeedError::malformed(
                &source.name,
                &location,
                "it has no packages",
            )),
            _ => Ok(None),
        }
    }
}

/// The whole document. Gives the number of packages.
struct Packages<'o, 's> {
    output: &'o mut Output<'s>,
}

impl<'de> DeserializeSeed<'de> for Packages<'_, '_> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Packages<'_, '_> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("source packages by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut packages: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(name) = packages.next_key::<String>()? {
            packages.next_value_seed(Entries {
                output: &mut *self.output,
                what: &format_args!("the vulnerabilities of {} by id", text::line(&name)),
                read_entry: &|id, json, skip| record::advisory(&name, id, json, skip),
            })?;
            count += 1;
        }
        Ok(count)
    }
}
