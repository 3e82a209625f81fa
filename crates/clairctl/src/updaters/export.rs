//! `clairctl export-updaters`: from the feeds into a file, without a database.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, anyhow, bail};
use clair_feeds::{Feed, FetchOptions, Fetcher, Roots, Source, Summary, Update, update_source};
use clair_interchange::{ExportSummary, Packing, SourceWriter, Written};
use clap::Args;
use jiff::Timestamp;

use super::{counts, left_out, write_whole};
use crate::remote::ServerArguments;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file; standard output if there is none, or for -.
    out: Option<PathBuf>,
    /// Write no file, and exit with 1, if any source fails.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    packing: PackingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct PackingArguments {
    /// Compress by gzip, as for a name that ends in .gz.
    #[arg(short, long, conflicts_with = "zstd")]
    gzip: bool,
    /// Compress by Zstandard, as for a name that ends in .zst.
    #[arg(short, long)]
    zstd: bool,
}

impl PackingArguments {
    fn of(&self, path: Option<&Path>) -> Packing {
        match (self.gzip, self.zstd) {
            (true, _) => Packing::Gzip,
            (_, true) => Packing::Zstd,
            _ => path.map_or(Packing::None, Packing::of_name),
        }
    }
}

/// A source to be read.
struct Job<'f> {
    feed: &'f dyn Feed,
    source: Source,
}

pub(crate) fn run(arguments: &Arguments, server: &ServerArguments) -> anyhow::Result<ExitCode> {
    let out = arguments
        .out
        .as_deref()
        .filter(|path| *path != Path::new("-"));
    let (feeds, roots, options) = configured(server)?;
    let fetcher = Fetcher::new(options)?;
    let spool = tempfile::tempdir().context("cannot make a temporary directory")?;
    let (jobs, mut failures) = list(&feeds, &roots, &fetcher);
    let mut sources = Vec::new();
    let mut total = ExportSummary::default();
    for (job, read) in jobs.iter().zip(read_all(spool.path(), &fetcher, &jobs)) {
        let name = &job.source.name;
        match read {
            Ok((written, summary)) => {
                let counts = counts(summary.advisories, summary.statements, summary.enrichments);
                writeln!(
                    io::stderr(),
                    "{name}: {counts}{}",
                    left_out(&summary.skipped)
                )?;
                total.add(written.summary());
                sources.push(written);
            }
            Err(error) => failures.push((name.clone(), error)),
        }
    }
    for (name, error) in &failures {
        writeln!(io::stderr(), "{name}: failed: {error:#}")?;
    }
    if arguments.strict && !failures.is_empty() {
        bail!("{} failed, and nothing was written", count(failures.len()));
    }
    let packing = arguments.packing.of(out);
    write_whole(out, |out| {
        clair_interchange::write(out, packing, Timestamp::now(), sources)
    })?;
    tell(&total)?;
    Ok(ExitCode::SUCCESS)
}

fn count(sources: usize) -> String {
    match sources {
        1 => "1 source".to_owned(),
        count => format!("{count} sources"),
    }
}

/// Says how much was written, and what only this program reads of it.
pub(crate) fn tell(summary: &ExportSummary) -> anyhow::Result<()> {
    let ExportSummary {
        advisories,
        statements,
        enrichments,
        losses,
    } = summary;
    let counts = counts(*advisories, *statements, *enrichments);
    writeln!(io::stderr(), "{counts}")?;
    for (loss, count) in losses {
        writeln!(
            io::stderr(),
            "of {count} statements, Clair does not read everything: {loss}"
        )?;
    }
    Ok(())
}

/// Feeds, where they are, and how they are fetched.
type Configured = (Vec<Box<dyn Feed>>, Roots, FetchOptions);

/// The feeds that the configuration chooses, and where they are; all of them at their vendors if
/// there is none.
fn configured(server: &ServerArguments) -> anyhow::Result<Configured> {
    let Some((path, services)) = server.configuration()? else {
        return Ok((
            clair_feeds::all(),
            Roots::upstream(),
            FetchOptions::default(),
        ));
    };
    let config = clair_updater::Config::of_command(&services)
        .with_context(|| format!("cannot use the configuration {}", path.display()))?;
    let mut roots = match &config.mirror {
        Some(mirror) => Roots::mirror(mirror.clone()),
        None => Roots::upstream(),
    };
    let mut feeds = clair_feeds::all();
    feeds.retain(|feed| {
        let wanted = config.feeds.get(feed.name());
        wanted.is_none_or(|wanted| wanted.enabled)
    });
    for feed in &feeds {
        let root = config
            .feeds
            .get(feed.name())
            .and_then(|wanted| wanted.root.clone());
        if let Some(root) = root {
            roots.replace(feed.as_ref(), root);
        }
    }
    feeds.retain(|feed| roots.has(feed.as_ref()));
    let options = FetchOptions {
        offline: config.offline,
        ..FetchOptions::default()
    };
    Ok((feeds, roots, options))
}

type Failures = Vec<(String, anyhow::Error)>;

fn list<'f>(
    feeds: &'f [Box<dyn Feed>],
    roots: &Roots,
    fetcher: &Fetcher,
) -> (Vec<Job<'f>>, Failures) {
    let (mut jobs, mut failures) = (Vec::new(), Vec::new());
    for feed in feeds {
        let feed = feed.as_ref();
        let sources = roots
            .of(feed)
            .map_err(anyhow::Error::from)
            .and_then(|root| Ok(feed.sources(fetcher, &root)?));
        match sources {
            Ok(sources) => jobs.extend(sources.into_iter().map(|source| Job { feed, source })),
            Err(error) => failures.push((feed.name().to_owned(), error)),
        }
    }
    (jobs, failures)
}

/// What came of reading a source.
type Read = anyhow::Result<(Written, Summary)>;

/// Reads all sources, several at a time, in the order of the jobs.
fn read_all(spool: &Path, fetcher: &Fetcher, jobs: &[Job<'_>]) -> Vec<Read> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Read>>> = jobs.iter().map(|_| Mutex::default()).collect();
    let work = || {
        while let Some((job, result)) = {
            let position = next.fetch_add(1, Ordering::Relaxed);
            jobs.get(position).zip(results.get(position))
        } {
            let read = read(spool, fetcher, job);
            if let Ok(mut result) = result.lock() {
                *result = Some(read);
            }
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(2, std::num::NonZero::get);
        for _ in 0..workers.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    let results = results.into_iter();
    results
        .map(|result| {
            let result = result.into_inner().ok().flatten();
            result.unwrap_or_else(|| Err(anyhow!("it was not read")))
        })
        .collect()
}

fn read(spool: &Path, fetcher: &Fetcher, job: &Job<'_>) -> anyhow::Result<(Written, Summary)> {
    let Job { feed, source } = job;
    let update = update_source(*feed, source, fetcher, None, |_| {
        Ok(SourceWriter::new(spool, &source.name))
    })?;
    match update {
        Update::New { sink, summary, .. } => Ok((sink.finish()?, summary)),
        Update::Unchanged => Err(anyhow!("unchanged since never")),
    }
}
