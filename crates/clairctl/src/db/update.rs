//! `clairctl db update`: from the feeds straight into the database.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clair_feeds::{
    Feed, FetchOptions, Fetcher, Fingerprint, Location, Roots, Sink, Skip, Source, Summary,
    update_source,
};
use clair_model::{Advisory, Enrichment, SourceKind};
use clair_vulndb::{EnrichmentWriter, NewSegment, Provenance, SegmentWriter, Store, Update};
use clap::Args;
use jiff::Timestamp;

use super::DatabaseArguments;
use super::progress::Progress;

/// How often progress bars move.
const TICK: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    database: DatabaseArguments,
    /// Read all feeds from a mirror: a directory or URL with a directory for each feed.
    #[arg(long, value_name = "DIR|URL")]
    from: Option<Location>,
    /// Read one feed from elsewhere, from a directory, a document or a URL; may be repeated.
    #[arg(long, value_name = "FEED=LOCATION")]
    root: Vec<String>,
    /// Only these feeds, separated by commas.
    #[arg(long, value_name = "FEED", value_delimiter = ',')]
    only: Vec<String>,
    /// Read everything again, changed or not.
    #[arg(long)]
    force: bool,
    /// Use no network: fail where a feed is not in the file system.
    #[arg(long)]
    offline: bool,
    /// Print errors only.
    #[arg(short, long)]
    quiet: bool,
}

/// A source to be asked.
struct Job<'f> {
    feed: &'f dyn Feed,
    source: Source,
    previous: Option<Fingerprint>,
}

/// What a source answered.
enum Outcome {
    Unchanged(Fingerprint),
    New(Box<NewSegment>, Summary),
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let feeds = feeds(&arguments.only)?;
    let roots = roots(arguments)?;
    let fetcher = Fetcher::new(FetchOptions {
        offline: arguments.offline,
        ..FetchOptions::default()
    })?;
    let mut update = Store::open(&arguments.database.dir()?)?.lock()?;
    let mut failures = Vec::new();
    let mut jobs = Vec::new();
    for feed in &feeds {
        let feed = feed.as_ref();
        // A mirror need not have feeds that nobody named.
        if arguments.only.is_empty() && !roots.has(feed) {
            continue;
        }
        match list(feed, &roots, &fetcher) {
            Ok(sources) => {
                remove_missing(&mut update, feed, &sources)?;
                jobs.extend(sources.into_iter().map(|source| Job {
                    feed,
                    previous: previous(&update, &source, arguments.force),
                    source,
                }));
            }
            Err(error) => failures.push((feed.name().to_owned(), error)),
        }
    }
    let progress = Progress::new(arguments.quiet);
    for (job, outcome) in jobs
        .iter()
        .zip(ask_all(&update, &fetcher, &jobs, &progress))
    {
        let name = &job.source.name;
        let line = match outcome {
            Ok(Outcome::Unchanged(fingerprint)) => {
                let fingerprint = serde_json::to_string(&fingerprint)?;
                update.touch(name, Timestamp::now(), fingerprint)?;
                "unchanged".to_owned()
            }
            Ok(Outcome::New(segment, summary)) => {
                update.replace(*segment);
                describe(job.feed.about().kind, &summary)
            }
            Err(error) => {
                failures.push((name.clone(), error));
                continue;
            }
        };
        if !arguments.quiet {
            writeln!(io::stderr(), "{name}: {line}")?;
        }
    }
    update.commit().context("cannot commit the update")?;
    for (name, error) in &failures {
        writeln!(io::stderr(), "{name}: failed: {error:#}")?;
    }
    match failures.len() {
        0 => Ok(ExitCode::SUCCESS),
        1 => bail!("1 source failed; what the database had of it is kept"),
        count => bail!("{count} sources failed; what the database had of them is kept"),
    }
}

/// The feeds that were asked for, else all but those that say what others say.
fn feeds(only: &[String]) -> anyhow::Result<Vec<Box<dyn Feed>>> {
    if only.is_empty() {
        let feeds = clair_feeds::all().into_iter();
        return Ok(feeds.filter(|feed| feed.about().is_default).collect());
    }
    let mut feeds = Vec::new();
    for name in only {
        let feed = clair_feeds::by_name(name).ok_or_else(|| {
            let known: Vec<_> = clair_feeds::all().iter().map(|feed| feed.name()).collect();
            anyhow!("there is no feed {name:?}: known are {}", known.join(", "))
        })?;
        feeds.push(feed);
    }
    Ok(feeds)
}

fn roots(arguments: &Arguments) -> anyhow::Result<Roots> {
    let mut roots = match &arguments.from {
        Some(base) => Roots::mirror(base.clone()),
        None => Roots::upstream(),
    };
    for root in &arguments.root {
        roots.set(root)?;
    }
    Ok(roots)
}

fn list(feed: &dyn Feed, roots: &Roots, fetcher: &Fetcher) -> anyhow::Result<Vec<Source>> {
    let root = roots.of(feed)?;
    Ok(feed.sources(fetcher, &root)?)
}

/// Removes what the feed had and has no more, such as a branch that left its mirror.
fn remove_missing(update: &mut Update, feed: &dyn Feed, sources: &[Source]) -> anyhow::Result<()> {
    let gone: Vec<String> = update
        .sources()
        .filter(|known| known.feed == feed.name())
        .filter(|known| !sources.iter().any(|source| source.name == known.name))
        .map(|known| known.name.clone())
        .collect();
    for name in gone {
        tracing::info!(source = name, "no longer published, removed");
        update.remove(&name)?;
    }
    Ok(())
}

fn previous(update: &Update, source: &Source, force: bool) -> Option<Fingerprint> {
    let mut known = update.sources().filter(|_| !force);
    let known = known.find(|known| known.name == source.name)?;
    serde_json::from_str(&known.fingerprint).ok()
}

/// Asks all sources, several at a time, while progress is shown. The outcomes are in the order of
/// the jobs.
fn ask_all(
    update: &Update,
    fetcher: &Fetcher,
    jobs: &[Job<'_>],
    progress: &Progress,
) -> Vec<anyhow::Result<Outcome>> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<anyhow::Result<Outcome>>>> =
        jobs.iter().map(|_| Mutex::default()).collect();
    let work = || {
        while let Some((job, outcome)) = {
            let position = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(position).zip(outcomes.get(position))
        } {
            let asked = ask(update, fetcher, job, progress);
            progress.end(&job.source.name);
            if let Ok(mut outcome) = outcome.lock() {
                *outcome = Some(asked);
            }
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let workers: Vec<_> = (0..workers.min(jobs.len()))
            .map(|_| scope.spawn(work))
            .collect();
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            progress.tick();
            thread::sleep(TICK);
        }
    });
    outcomes
        .into_iter()
        .map(|outcome| {
            let outcome = outcome.into_inner().ok().flatten();
            outcome.unwrap_or_else(|| Err(anyhow!("it was not asked")))
        })
        .collect()
}

fn ask(
    update: &Update,
    fetcher: &Fetcher,
    job: &Job<'_>,
    progress: &Progress,
) -> anyhow::Result<Outcome> {
    let Job {
        feed,
        source,
        previous,
    } = job;
    let asked = Timestamp::now();
    let updated = update_source(*feed, source, fetcher, previous.as_ref(), |document| {
        progress.begin(&source.name, document);
        SegmentSink::new(update, *feed, &source.name).map_err(io::Error::other)
    })?;
    match (updated, previous) {
        (clair_feeds::Update::Unchanged, Some(previous)) => {
            Ok(Outcome::Unchanged(previous.clone()))
        }
        (clair_feeds::Update::Unchanged, None) => Err(anyhow!("unchanged since never")),
        (
            clair_feeds::Update::New {
                sink,
                fingerprint,
                date,
                summary,
            },
            _,
        ) => {
            let skipped = summary.skipped.iter();
            let provenance = Provenance {
                feed: feed.name().to_owned(),
                url: fingerprint.location.clone(),
                fetched: asked,
                upstream: date,
                parser_version: fingerprint.revision,
                fingerprint: serde_json::to_string(&fingerprint)?,
                skipped: skipped
                    .map(|(reason, &count)| (reason.name().to_owned(), count))
                    .collect(),
            };
            let segment = Box::new(sink.finish(provenance)?);
            Ok(Outcome::New(segment, summary))
        }
    }
}

/// Writes records into a segment.
enum SegmentSink {
    Advisories(Box<SegmentWriter>),
    Enrichments(Box<EnrichmentWriter>),
}

impl SegmentSink {
    fn new(update: &Update, feed: &dyn Feed, source: &str) -> Result<Self, clair_vulndb::Error> {
        match feed.about().kind {
            SourceKind::Vulnerability => {
                let writer = update.writer(source)?;
                Ok(Self::Advisories(Box::new(writer)))
            }
            SourceKind::Enrichment => {
                let writer = update.enrichment_writer(source)?;
                Ok(Self::Enrichments(Box::new(writer)))
            }
        }
    }

    fn finish(self, provenance: Provenance) -> Result<NewSegment, clair_vulndb::Error> {
        match self {
            Self::Advisories(writer) => writer.finish(provenance),
            Self::Enrichments(writer) => writer.finish(provenance),
        }
    }
}

impl Sink for SegmentSink {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        match self {
            Self::Advisories(writer) => writer.add(&advisory).map_err(io::Error::other),
            Self::Enrichments(_) => Err(io::Error::other("an advisory of a feed of enrichments")),
        }
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        match self {
            Self::Advisories(_) => Err(io::Error::other("an enrichment of a feed of advisories")),
            Self::Enrichments(writer) => writer.add(&enrichment).map_err(io::Error::other),
        }
    }

    fn skipped(&mut self, _reason: Skip, _subject: &str) {
        // They are counted by whoever runs the update.
    }
}

fn describe(kind: SourceKind, summary: &Summary) -> String {
    let counts = match kind {
        SourceKind::Vulnerability => format!(
            "{} advisories, {} statements",
            summary.advisories, summary.statements
        ),
        SourceKind::Enrichment => format!("{} enrichments", summary.enrichments),
    };
    let skipped = summary.skipped.iter();
    let skipped = skipped.map(|(reason, count)| format!("{count} left out ({reason})"));
    let parts: Vec<String> = std::iter::once(counts).chain(skipped).collect();
    parts.join(", ")
}
