//! Security databases in the form of Alpine's: the fixes of packages, by the version that has them.
//!
//! The form is that of Alpine's secfixes-tracker, <https://gitlab.alpinelinux.org/alpine/infra/docker/secdb>.

mod package;

use std::fmt;

use clair_model::Namespace;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{self, Output};
use crate::{Document, FeedError, Sink, Source};

/// What is particular about the documents of one distribution.
pub(crate) trait Publisher {
    /// Where one can read about a CVE, whose id follows.
    fn tracker(&self) -> Option<&'static str>;

    /// Where a document holds, by the release that it states.
    ///
    /// # Errors
    ///
    /// When that is none, or another one than is expected: says so.
    fn namespace(&self, stated: Option<&str>) -> Result<Namespace, String>;
}

/// Reads a document.
///
/// # Errors
///
/// When it is none or ends early, a limit is passed, or the sink refuses.
pub(crate) fn read(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
    publisher: &dyn Publisher,
) -> Result<(), FeedError> {
    let location = document.location().to_owned();
    let mut output = Output::new(document, sink);
    let result = json::read(
        document,
        Database {
            output: &mut output,
            publisher,
        },
    );
    output.finish(source, &location, result)
}

/// A whole document.
struct Database<'o, 's> {
    output: &'o mut Output<'s>,
    publisher: &'o dyn Publisher,
}

impl<'de> DeserializeSeed<'de> for Database<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Database<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a security database with a list of packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut stated: Option<String> = None;
        let mut has_packages = false;
        while let Some(field) = fields.next_key::<String>()? {
            match field.as_str() {
                "distroversion" => {
                    let release: String = fields.next_value()?;
                    let namespace = self.publisher.namespace(Some(&release));
                    namespace.map_err(A::Error::custom)?;
                    stated = Some(release);
                }
                "packages" => {
                    has_packages = true;
                    let namespace = self.publisher.namespace(stated.as_deref());
                    fields.next_value_seed(Packages {
                        output: self.output,
                        namespace: namespace.map_err(A::Error::custom)?,
                        tracker: self.publisher.tracker(),
                    })?;
                }
                _ => drop(fields.next_value::<IgnoredAny>()?),
            }
        }
        if has_packages {
            Ok(())
        } else {
            Err(A::Error::missing_field("packages"))
        }
    }
}

/// The list of packages. Empty, it may be `null`.
struct Packages<'o, 's> {
    output: &'o mut Output<'s>,
    namespace: Namespace,
    tracker: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Packages<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Packages<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of packages")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut packages: A) -> Result<(), A::Error> {
        loop {
            self.output.record()?;
            // As text first: a package of another shape is then an error of its own only.
            let Some(json) = packages.next_element::<Box<RawValue>>()? else {
                return Ok(());
            };
            let output = &mut *self.output;
            let advisories = package::advisories(
                &self.namespace,
                self.tracker,
                json.get(),
                &mut |skip, about| {
                    output.skip(skip, about);
                },
            );
            for advisory in advisories {
                self.output.advisory(advisory)?;
            }
        }
    }
}
