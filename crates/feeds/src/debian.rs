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
use serde_json::value::RawValue;

use crate::json::{self, Output};
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
            packages.next_value_seed(Records {
                output: self.output,
                package: &name,
            })?;
            count += 1;
        }
        Ok(count)
    }
}

/// All records of a package.
struct Records<'o, 's> {
    output: &'o mut Output<'s>,
    package: &'o str,
}

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the vulnerabilities of {} by id",
            text::line(self.package)
        )
    }

    fn visit_map<A: MapAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while let Some(id) = records.next_key::<String>()? {
            self.output.record()?;
            // As text first: a record of another shape is then an error of its own only.
            let json: Box<RawValue> = records.next_value()?;
            let output = &mut *self.output;
            let advisory = record::advisory(self.package, &id, json.get(), &mut |skip, subject| {
                output.skip(skip, subject);
            });
            if let Some(advisory) = advisory {
                self.output.advisory(advisory)?;
            }
        }
        Ok(())
    }
}
