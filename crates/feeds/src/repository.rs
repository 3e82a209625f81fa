//! Repositories of rpm packages: where their index says that the list of updates lies.

use clair_model::Severity;

use crate::xml::Xml;
use crate::{FeedError, Fetched, Fetcher, Location, Source};

/// The index of a repository, from its root.
const INDEX: &str = "repodata/repomd.xml";

/// Where the `updateinfo` of a repository lies; none if it has none.
///
/// # Errors
///
/// When there is no repository, or its index cannot be read.
pub(crate) fn updateinfo(
    feed: &str,
    fetcher: &Fetcher,
    repository: &Location,
) -> Result<Option<Location>, FeedError> {
    let index = repository.join(INDEX);
    let Fetched::New { mut document, .. } = fetcher.fetch(&index, None)? else {
        return Ok(None);
    };
    let source = Source::new(feed, Vec::new());
    let mut found = None;
    let mut xml = Xml::open(&source, &mut document, "repomd")?;
    while let Some(start) = xml.next()? {
        if start.attribute("type") != "updateinfo" {
            xml.skip()?;
            continue;
        }
        let data = xml.element(start)?;
        let place = data.child("location").map(|it| it.attribute("href"));
        found = place
            .filter(|place| !place.is_empty())
            .map(|place| repository.join(place));
    }
    xml.finish().map(|()| found)
}

/// The severity that the words of Red Hat mean, which most vendors of rpm packages took over, or
/// those of Fedora's Bodhi.
pub(crate) fn severity(word: &str) -> Severity {
    match word.to_ascii_lowercase().as_str() {
        "low" => Severity::Low,
        "moderate" | "medium" => Severity::Medium,
        "important" | "high" => Severity::High,
        "critical" | "urgent" => Severity::Critical,
        _ => Severity::Unknown,
    }
}
