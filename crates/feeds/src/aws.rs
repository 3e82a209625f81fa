//! Amazon Linux: the security advisories (ALAS), <https://alas.aws.amazon.com/>, as the lists of
//! updates in its repositories.
//!
//! A repository is published under a new address with each release, which a list of mirrors
//! tells. A mirror of ours may have the lists themselves instead. The lists of `x86_64` name the
//! packages of other architectures too, but those of Amazon Linux 2, where `aarch64` has its own.
//!
//! Amazon Linux 2 has newer lines of some packages in repositories of their own, the extras
//! (`kernel-5.10`, `php8.2`), under the same names. A list of extras is about the line that it is
//! named after: that the kernel of `kernel-5.10` is fixed in 5.10.184 says nothing of a kernel
//! 4.14 of the core.

use std::io::Read;

use clair_model::{Namespace, Severity};
use jiff::Timestamp;
use serde::Deserialize;

use crate::updateinfo::{self, Vendor};
use crate::{
    About, Document, Feed, FeedError, Fetched, Fetcher, Location, Sink, Source, repository, text,
};

/// The feed.
pub(crate) struct Aws;

const UPSTREAM: &str = "https://cdn.amazonlinux.com/";

/// The releases: the last part of their namespace.
const RELEASES: [&str; 3] = ["2018.03", "2", "2023"];

/// The repositories: their directory in a mirror of ours, which begins with the release, and their
/// lists of mirrors below the upstream.
const REPOSITORIES: [(&str, &str); 4] = [
    ("2018.03", "2018.03/updates/x86_64/mirror.list"),
    ("2", "2/core/latest/x86_64/mirror.list"),
    ("2/aarch64", "2/core/latest/aarch64/mirror.list"),
    ("2023", "al2023/core/mirrors/latest/x86_64/mirror.list"),
];

/// The architecture that has lists of its own in Amazon Linux 2.
const OTHER: &str = "aarch64";

/// Amazon Linux 1 is not on the server of the others.
const FIRST: &str = "http://repo.us-west-2.amazonaws.com/";

/// What extras there are, below the upstream.
const CATALOG: &str = "2/extras-catalog.json";

/// The list of updates in a mirror of ours.
const LIST: &str = "updateinfo.xml";

/// The longest list of mirrors, in bytes, and how many of them are tried.
const LONGEST: u64 = 64 * 1024;
const TRIES: usize = 3;

impl Feed for Aws {
    fn about(&self) -> About {
        About {
            name: "aws",
            description: "Amazon Linux advisories: what is fixed in 1, 2 with its extras, and 2023",
            upstream: UPSTREAM,
            revision: 1,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            return Ok(vec![self.single(root)]);
        }
        let finder = Finder { fetcher, root };
        let mut sources = Vec::new();
        for (directory, mirrors) in REPOSITORIES {
            sources.extend(finder.source(directory, mirrors)?);
        }
        for topic in finder.topics()? {
            let extras = format!("2/extras/{topic}");
            let mirrors = |arch: &str| format!("{extras}/latest/{arch}/mirror.list");
            sources.extend(finder.source(&extras, &mirrors("x86_64"))?);
            let other = format!("{extras}/{OTHER}");
            sources.extend(finder.source(&other, &mirrors(OTHER))?);
        }
        if sources.is_empty() {
            let location = root.to_string();
            let reason = "it has no repositories";
            return Err(FeedError::malformed(self.name(), &location, reason));
        }
        Ok(sources)
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let parts: Vec<&str> = source.name.split('/').collect();
        let release = parts.get(1).copied().unwrap_or_default();
        if !RELEASES.contains(&release) {
            let reason = "its place does not tell the release, as 2023/updateinfo.xml does";
            return Err(FeedError::malformed(
                &source.name,
                document.location(),
                reason,
            ));
        }
        let topic = match parts[..] {
            [_, _, "extras", topic, ..] => Some(topic),
            _ => None,
        };
        let repository = Repository {
            release,
            is_extra: topic.is_some(),
            lines: topic.map_or_else(Vec::new, lines),
            is_other: parts.last() == Some(&OTHER),
        };
        updateinfo::read(source, document, sink, &repository).map(|()| None)
    }
}

impl Aws {
    /// The source of a document that was named by itself. Its place tells what it is if it is
    /// like that in a mirror.
    fn single(&self, document: &Location) -> Source {
        let mut directories: Vec<String> = document
            .parts_from_end()
            .into_iter()
            .skip(1)
            .take(4)
            .collect();
        directories.reverse();
        let release = directories
            .iter()
            .position(|name| RELEASES.contains(&name.as_str()))
            .unwrap_or(directories.len());
        let path = directories[release..].join("/");
        Source::part(self.name(), &path, vec![document.clone()])
    }
}

/// Looks for the lists of updates.
struct Finder<'f> {
    fetcher: &'f Fetcher,
    root: &'f Location,
}

impl Finder<'_> {
    /// The source of a repository; none if it has no list, or is not there.
    fn source(&self, directory: &str, mirrors: &str) -> Result<Option<Source>, FeedError> {
        let locations = match self.mirrors(mirrors)? {
            Some(mirrors) => Vec::from_iter(self.first(&mirrors)?),
            None => {
                let candidates = self.root.candidates(&format!("{directory}/{LIST}"));
                let exists = self.fetcher.exists(&candidates)?;
                if exists { candidates } else { Vec::new() }
            }
        };
        Ok((!locations.is_empty()).then(|| Source::part("aws", directory, locations)))
    }

    /// The repositories that a list of mirrors has; none where there is no list.
    fn mirrors(&self, path: &str) -> Result<Option<Vec<Location>>, FeedError> {
        let is_upstream = self.root.to_string() == UPSTREAM;
        let place = match FIRST.parse::<Location>() {
            Ok(first) if is_upstream && path.starts_with("2018.03/") => first.join(path),
            _ => self.root.join(path),
        };
        let Some(document) = self.optional(&place)? else {
            return Ok(None);
        };
        let mut list = String::new();
        let read = document.take(LONGEST).read_to_string(&mut list);
        read.map_err(|error| FeedError::from_read("aws", &place.to_string(), error))?;
        let mirrors = list
            .lines()
            .filter_map(|line| line.trim().parse().ok())
            .filter(|mirror| matches!(mirror, Location::Http(_)))
            .take(TRIES);
        Ok(Some(mirrors.collect()))
    }

    /// The list of updates of the first mirror that can be read.
    fn first(&self, mirrors: &[Location]) -> Result<Option<Location>, FeedError> {
        let mut failure = None;
        for mirror in mirrors {
            match repository::updateinfo("aws", self.fetcher, mirror) {
                Ok(list) => return Ok(list),
                Err(error) => {
                    tracing::warn!(%mirror, %error, "not read");
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// The extras of Amazon Linux 2, by name.
    fn topics(&self) -> Result<Vec<String>, FeedError> {
        #[derive(Deserialize)]
        struct Catalog {
            topics: Vec<Topic>,
        }
        #[derive(Deserialize)]
        struct Topic {
            n: String,
        }
        let place = self.root.join(CATALOG);
        let names = match self.optional(&place)? {
            Some(document) => {
                let catalog: Catalog = serde_json::from_reader(document).map_err(|error| {
                    let reason = text::line(&error.to_string());
                    FeedError::malformed("aws", &place.to_string(), reason)
                })?;
                catalog.topics.into_iter().map(|topic| topic.n).collect()
            }
            None => self
                .fetcher
                .list(&self.root.join("2/extras/"))?
                .unwrap_or_default(),
        };
        let names = names.iter().map(|name| name.trim_end_matches('/'));
        let is_topic = |name: &&str| {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
            (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
        };
        Ok(text::distinct(names.filter(is_topic).map(str::to_owned)))
    }

    fn optional(&self, place: &Location) -> Result<Option<Document>, FeedError> {
        match self.fetcher.fetch(place, None) {
            Ok(Fetched::New { document, .. }) => Ok(Some(document)),
            Ok(Fetched::Unchanged) | Err(FeedError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A repository whose list is read.
struct Repository<'a> {
    release: &'a str,
    is_extra: bool,
    /// The versions that its name has, if it is one of extras.
    lines: Vec<&'a str>,
    /// Whether it is that of the other architecture, beside one that has all else.
    is_other: bool,
}

/// The versions in the name of extras: `5.10` of `kernel-5.10`, two of
/// `lamp-mariadb10.2-php7.2`.
fn lines(topic: &str) -> Vec<&str> {
    topic
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|number| number.trim_matches('.'))
        .filter(|number| !number.is_empty())
        .collect()
}

impl Vendor for Repository<'_> {
    fn namespace(&self) -> Namespace {
        Namespace::release("amzn", self.release)
    }

    fn severity(&self, word: &str) -> Severity {
        repository::severity(word)
    }

    fn introduced(&self, version: &str) -> Option<String> {
        let (epoch, number) = match version.split_once(':') {
            Some((epoch, number)) => (format!("{epoch}:"), number),
            None => (String::new(), version),
        };
        let line = self.lines.iter().find(|line| {
            let rest = number.strip_prefix(**line);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        })?;
        Some(format!("{epoch}{line}"))
    }

    fn may_be_empty(&self) -> bool {
        self.is_extra
    }

    fn arches(&self, mut listed: Vec<String>) -> Option<Vec<String>> {
        if self.is_other {
            listed.retain(|arch| arch == OTHER);
            return (!listed.is_empty()).then_some(listed);
        }
        Some(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_are_about_the_line_that_they_are_named_after() {
        for (topic, version, introduced) in [
            ("kernel-5.10", "5.10.184-175.731.amzn2", Some("5.10")),
            ("kernel-5.10", "5.100.1-1.amzn2", None),
            ("php8.2", "8.2.7-1.amzn2", Some("8.2")),
            ("postgresql14", "14.8-1.amzn2.0.1", Some("14")),
            ("nginx1", "1:1.22.1-1.amzn2.0.1", Some("1:1")),
            (
                "lamp-mariadb10.2-php7.2",
                "3:10.2.38-1.amzn2",
                Some("3:10.2"),
            ),
            ("docker", "20.10.23-1.amzn2.0.1", None),
        ] {
            let repository = Repository {
                release: "2",
                is_extra: true,
                lines: lines(topic),
                is_other: false,
            };
            assert_eq!(
                repository.introduced(version).as_deref(),
                introduced,
                "{topic}"
            );
        }
    }
}
