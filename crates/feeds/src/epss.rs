//! FIRST: the Exploit Prediction Scoring System, <https://www.first.org/epss/>.
//!
//! Enrichments: how likely each CVE is exploited within thirty days. A table of all CVEs is made
//! every day, in comma-separated values with a comment in front, as
//! <https://www.first.org/epss/data_stats> describes.

use std::io::{self, BufRead, BufReader, Read};

use clair_model::facts::{self, Epss, RELEASE, Release};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::document::Meter;
use crate::facts::hand_over;
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, date, text};

/// The feed.
pub(crate) struct ExploitPrediction;

/// Lines have some thirty bytes.
const LINE: u64 = 4096;

/// For how many days the table of a day is looked for.
const DAYS: i64 = 4;

impl Feed for ExploitPrediction {
    fn about(&self) -> About {
        About {
            name: facts::EPSS,
            description: "FIRST EPSS: how likely each CVE is exploited within thirty days",
            upstream: "https://epss.empiricalsecurity.com/",
            revision: 1,
            ..About::ENRICHMENTS
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        let locations = if root.is_document() {
            vec![root.clone()]
        } else if let Location::Path(_) = root {
            newest(fetcher.list(root)?.unwrap_or_default())
                .map(|name| root.join(&name))
                .or_else(|| {
                    root.candidates("epss_scores-current.csv")
                        .into_iter()
                        .next()
                })
                .into_iter()
                .collect()
        } else {
            let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
            published(today).map(|name| root.join(&name)).collect()
        };
        Ok(vec![Source::new(self.name(), locations)])
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        let location = document.location().to_owned();
        let release = Table::new(source, document).read(sink)?;
        let Some(release) = release else {
            let reason = "it has no table of scores";
            return Err(FeedError::malformed(&source.name, &location, reason));
        };
        hand_over(source, sink, RELEASE, &release)?;
        Ok(timestamp(&release.date))
    }
}

/// What the publisher has: the newest table under a name of its own, else those of the last days.
fn published(today: Date) -> impl Iterator<Item = String> {
    let days = (0..DAYS).filter_map(move |ago| {
        let day = today.checked_sub(jiff::Span::new().days(ago)).ok()?;
        Some(format!("epss_scores-{day}.csv.gz"))
    });
    std::iter::once("epss_scores-current.csv.gz".to_owned()).chain(days)
}

/// The newest table of a directory: `current`, which sorts behind all days.
fn newest(names: Vec<String>) -> Option<String> {
    let is_table = |name: &String| {
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
        name.starts_with("epss_scores-") && name.strip_suffix(".csv").is_some()
    };
    names.into_iter().filter(is_table).max()
}

/// Some days have a time in a form of their own: `2024-10-25T00:00:00+0000`.
fn timestamp(text: &str) -> Option<Timestamp> {
    date::parse(text).or_else(|| date::parse(&format!("{}Z", text.strip_suffix("+0000")?)))
}

/// The document, line by line.
struct Table<'d> {
    source: &'d Source,
    location: String,
    meter: Meter,
    lines: BufReader<&'d mut Document>,
    line: Vec<u8>,
}

/// Where the columns are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    cve: usize,
    epss: usize,
    percentile: usize,
}

impl<'d> Table<'d> {
    fn new(source: &'d Source, document: &'d mut Document) -> Self {
        Self {
            source,
            location: document.location().to_owned(),
            meter: document.meter(),
            lines: BufReader::with_capacity(64 * 1024, document),
            line: Vec::new(),
        }
    }

    /// Hands all scores to the sink; nothing where there are none.
    fn read(mut self, sink: &mut dyn Sink) -> Result<Option<Release>, FeedError> {
        let mut release = Release::default();
        let mut columns = None;
        let mut count = 0_u64;
        while let Some(line) = self.next()? {
            if line.is_empty() {
            } else if let Some(comment) = line.strip_prefix('#') {
                read_comment(comment, &mut release);
            } else if let Some(columns) = columns {
                match score(line, columns) {
                    Ok((cve, epss)) => {
                        let cve = cve.to_owned();
                        hand_over(self.source, sink, &cve, &epss)?;
                        count += 1;
                    }
                    Err(reason) => sink.skipped(reason, &text::line(line)),
                }
            } else {
                columns = Some(Columns::of(line).ok_or_else(|| {
                    let reason =
                        "the first line does not name the columns cve, epss and percentile";
                    FeedError::malformed(&self.source.name, &self.location, reason)
                })?);
            }
        }
        Ok((count > 0).then_some(release))
    }

    /// The next line, without its end.
    fn next(&mut self) -> Result<Option<&str>, FeedError> {
        self.line.clear();
        let mut read = || {
            self.meter.record().map_err(io::Error::other)?;
            let mut lines = self.lines.by_ref().take(LINE);
            lines.read_until(b'\n', &mut self.line)
        };
        let length = read()
            .map_err(|error| FeedError::from_read(&self.source.name, &self.location, error))?;
        if length as u64 == LINE && !self.line.ends_with(b"\n") {
            return Err(self.malformed("a line is too long"));
        }
        match std::str::from_utf8(&self.line) {
            _ if length == 0 => Ok(None),
            Ok(line) => Ok(Some(line.trim())),
            Err(_) => Err(FeedError::malformed(
                &self.source.name,
                &self.location,
                "a line is not UTF-8",
            )),
        }
    }

    fn malformed(&self, reason: &str) -> FeedError {
        FeedError::malformed(&self.source.name, &self.location, reason)
    }
}

/// `model_version:v2023.03.01,score_date:2024-10-25T00:00:00+0000`.
fn read_comment(comment: &str, release: &mut Release) {
    for part in comment.split(',') {
        match part.trim().split_once(':') {
            Some(("model_version", version)) => release.version = text::line(version),
            Some(("score_date", date)) => release.date = text::line(date),
            _ => {}
        }
    }
}

impl Columns {
    fn of(line: &str) -> Option<Self> {
        let place = |name: &str| line.split(',').position(|column| column.trim() == name);
        Some(Self {
            cve: place("cve")?,
            epss: place("epss")?,
            percentile: place("percentile")?,
        })
    }
}

fn score(line: &str, columns: Columns) -> Result<(&str, Epss), Skip> {
    let field = |place: usize| line.split(',').nth(place).map(str::trim);
    let share = |place: usize| {
        let number: f64 = field(place)?.parse().ok()?;
        (0.0..=1.0).contains(&number).then_some(number)
    };
    let cve = field(columns.cve).unwrap_or_default();
    if !text::is_cve(cve) {
        return Err(Skip::BadId);
    }
    let epss = share(columns.epss).ok_or(Skip::Malformed)?;
    let percentile = share(columns.percentile).ok_or(Skip::Malformed)?;
    Ok((cve, Epss { epss, percentile }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_table_is_looked_for_first() {
        let names: Vec<_> = published(Date::constant(2025, 3, 1)).collect();
        assert_eq!(names[0], "epss_scores-current.csv.gz");
        assert_eq!(names[1], "epss_scores-2025-03-01.csv.gz");
        assert_eq!(names[2], "epss_scores-2025-02-28.csv.gz");
        assert_eq!(names.len(), 5);
        let directory = [
            "README",
            "epss_scores-2025-02-28.csv",
            "epss_scores-2025-03-01.csv.gz",
        ];
        assert_eq!(
            newest(directory.map(str::to_owned).to_vec()).unwrap(),
            "epss_scores-2025-03-01.csv.gz"
        );
    }

    #[test]
    fn dates_are_read_in_the_forms_that_they_had() {
        for text in [
            "2024-10-25T00:00:00+0000",
            "2024-10-25T00:00:00Z",
            "2024-10-25",
        ] {
            assert_eq!(timestamp(text).unwrap().to_string(), "2024-10-25T00:00:00Z");
        }
        assert_eq!(timestamp("+0000"), None);
    }
}
