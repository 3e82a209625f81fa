//! OSV.dev: the exports of ecosystems, <https://google.github.io/osv.dev/data/#data-dumps>, or any
//! other archive of OSV records.
//!
//! Below its own root the feed reads the ecosystems that no other feed reads. A mirror is read with
//! all that it has: whoever lays an export there wants it.

use std::io::Read;

use clair_model::Affected;
use jiff::Timestamp;

use super::publisher::{self, Publisher, fixed_vulnerabilities, one_vulnerability};
use super::{Record, ecosystems, export};
use crate::{
    About, Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Skip, Source, text,
};

/// The feed.
pub(crate) struct Osv;

/// The list of ecosystems, one a line.
const ECOSYSTEMS: &str = "ecosystems.txt";

/// The longest such list, in bytes. The real one has some thousand.
const LONGEST_LIST: u64 = 1 << 20;

/// The export of an ecosystem.
const EXPORT: &str = "all.zip";

impl Feed for Osv {
    fn about(&self) -> About {
        About {
            name: "osv",
            description: "OSV.dev exports of ecosystems that no other feed reads",
            upstream: "https://osv-vulnerabilities.storage.googleapis.com/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            return Ok(vec![export::source(self.name(), root)]);
        }
        let ecosystems = match listed(fetcher, root)? {
            Some(ecosystems) => ecosystems,
            None => laid_out(fetcher, root)?,
        };
        if ecosystems.is_empty() {
            return Ok(vec![export::source(self.name(), root)]);
        }
        let sources = ecosystems.into_iter().map(|ecosystem| {
            let label = ecosystem.to_lowercase().replace(' ', "-");
            let places = root.candidates(&format!("{ecosystem}/{EXPORT}"));
            Source::part(self.name(), &label, places)
        });
        Ok(sources.collect())
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        export::read(source, document, sink, self)
    }
}

/// The ecosystems that a root lists, without those that other feeds read. None if it has no list.
fn listed(fetcher: &Fetcher, root: &Location) -> Result<Option<Vec<String>>, FeedError> {
    let document = match fetcher.fetch(&root.join(ECOSYSTEMS), None) {
        Ok(Fetched::New { document, .. }) => document,
        Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let location = document.location().to_owned();
    let mut list = String::new();
    document
        .take(LONGEST_LIST)
        .read_to_string(&mut list)
        .map_err(|error| FeedError::from_read("osv", &location, error))?;
    let names = list.lines().map(str::trim);
    let wanted = |name: &&str| ecosystems::line_of(name).is_some_and(|line| !line.has_feed);
    let mut names: Vec<String> = names.filter(wanted).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(FeedError::malformed(
            "osv",
            &location,
            "it lists no ecosystem that is read",
        ));
    }
    Ok(Some(names))
}

/// The ecosystems that a mirror without a list has exports of.
fn laid_out(fetcher: &Fetcher, root: &Location) -> Result<Vec<String>, FeedError> {
    let names = fetcher.list(root)?.unwrap_or_default();
    let names = names.iter().filter_map(|name| name.strip_suffix('/'));
    let mut found = Vec::new();
    for name in names {
        if fetcher.exists(&root.candidates(&format!("{name}/{EXPORT}")))? {
            found.push(name.to_owned());
        }
    }
    Ok(found)
}

impl Publisher for Osv {
    /// Databases of vulnerabilities name the CVE as another name of the record. Distributions name
    /// it as what the record was made from, or as related to it, and may name several then.
    fn vulnerabilities(&self, record: &Record<'_>) -> Vec<String> {
        let is_alias = record.aliases.iter().any(|alias| text::is_cve(&alias.0));
        if is_alias || text::is_cve(&record.id) {
            one_vulnerability(record)
        } else {
            fixed_vulnerabilities(record)
        }
    }

    fn statements(&self, record: &Record<'_>, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        publisher::statements(record, None, publisher::stream(record.summary()), skip)
    }

    fn severity(&self, record: &Record<'_>) -> String {
        let word = record.severity_word();
        if word.is_empty() {
            publisher::severity_of_update(record.summary())
        } else {
            word
        }
    }

    fn link(&self, record: &Record<'_>) -> Option<String> {
        Some(format!("https://osv.dev/vulnerability/{}", record.id))
    }
}
