//! Builds a database of a million advisories and prints what it costs to build, open and ask it.
//!
//! `cargo run --release -p clair-vulndb --example bench_open [ADVISORIES]`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss)]

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::Scheme;
use clair_vulndb::{Database, Provenance, Store, export, import};
use jiff::Timestamp;

/// Statements of each advisory.
const STATEMENTS: u64 = 3;

const NAMESPACES: u64 = 12;

/// Distinct package names: with the namespaces, about 1.4 million keys.
const PACKAGES: u64 = 160_000;

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(1_000_000, |count| count.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let timed = |what: &str, run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        println!("{what:<44}{:>12.3?}", start.elapsed());
    };

    timed("making the advisories alone", &mut || {
        black_box(
            (0..count)
                .map(advisory)
                .map(|made| made.aliases.len())
                .sum::<usize>(),
        );
    });
    timed("making them, build and commit", &mut || {
        build(dir.path(), count);
    });
    println!("{:<44}{:>12}", "peak memory after the build", peak_memory());
    let size: u64 = fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    println!(
        "{:<44}{:>8.1} MiB",
        "size",
        size as f64 / f64::from(1 << 20)
    );

    let mut opens: Vec<Duration> = (0..21)
        .map(|_| {
            let start = Instant::now();
            black_box(Database::open(dir.path()).unwrap());
            start.elapsed()
        })
        .collect();
    opens.sort_unstable();
    println!("{:<44}{:>12.3?}", "open, median of 21", opens[10]);

    let database = Database::open(dir.path()).unwrap();
    timed("first look-up (checks the package index)", &mut || {
        black_box(ask(&database, 0, count));
    });
    timed("first look-up by id (checks the id index)", &mut || {
        black_box(database.by_id("CVE-2020-0000001").unwrap().len());
    });
    ask_many(&database, count);
    timed("verify", &mut || database.verify().unwrap());

    let mut file = Vec::new();
    timed("export", &mut || {
        export(dir.path(), &mut file).unwrap();
    });
    println!(
        "{:<44}{:>8.1} MiB",
        "export size",
        file.len() as f64 / f64::from(1 << 20)
    );
    let other = tempfile::tempdir().unwrap();
    timed("import", &mut || {
        import(other.path(), &mut &*file).unwrap();
    });
    println!(
        "{:<44}{:>12}",
        "peak memory, mapped files included",
        peak_memory()
    );
}

/// Numbers without visible order, the same in every run.
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

fn namespace(number: u64) -> Namespace {
    Namespace::debian(&format!("release{number}"))
}

/// The statement of an advisory: where, about what.
fn key(advisory: u64, statement: u64) -> (Namespace, String) {
    let seed = scattered(advisory * STATEMENTS + statement);
    (
        namespace((seed >> 40) % NAMESPACES),
        format!("lib{}-package{}", seed % PACKAGES % 97, seed % PACKAGES),
    )
}

fn advisory(number: u64) -> Advisory {
    let mut advisory = Advisory::new(format!("CVE-{}-{number:07}", 2000 + number % 25));
    advisory.aliases = vec![format!("DSA-{}", number / 3)];
    // Words in some order compress about as well as prose.
    let words = [
        "buffer",
        "overflow",
        "remote",
        "attacker",
        "the",
        "in",
        "a",
        "of",
        "crafted",
        "memory",
        "parser",
        "denial",
        "service",
        "execute",
        "arbitrary",
        "code",
        "before",
        "version",
    ];
    for word in 0..45 {
        let seed = scattered(number * 64 + word);
        let length = u64::try_from(words.len()).unwrap();
        advisory.description += words[usize::try_from(seed % length).unwrap()];
        advisory.description.push(' ');
    }
    advisory.links = vec![format!("https://nvd.nist.gov/vuln/detail/{}", advisory.id)];
    advisory.severity = "important".to_owned();
    advisory.normalized_severity = Severity::High;
    advisory.issued = Timestamp::from_second(1_600_000_000 + i64::try_from(number).unwrap()).ok();
    advisory.cvss = vec![format!(
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:{}",
        number % 500
    )];
    advisory.affected = (0..STATEMENTS)
        .map(|statement| {
            let (namespace, package) = key(number, statement);
            let seed = scattered(number);
            Affected::of(
                namespace,
                package,
                PackageKind::Source,
                Vulnerable::before(
                    Scheme::Dpkg,
                    format!("{}.{}.{}-1", seed % 20, seed % 300, seed % 17),
                ),
                FixState::Fixed,
            )
        })
        .collect();
    advisory
}

fn build(dir: &std::path::Path, count: u64) {
    let mut update = Store::open(dir).unwrap().lock().unwrap();
    let mut writer = update.writer("bench").unwrap();
    for number in 0..count {
        writer.add(&advisory(number)).unwrap();
    }
    let finished = writer.finish(Provenance {
        feed: "bench".to_owned(),
        url: String::new(),
        fetched: Timestamp::UNIX_EPOCH,
        upstream: None,
        fingerprint: String::new(),
        skipped: [].into(),
        parser_version: 1,
    });
    update.replace(finished.unwrap());
    update.commit().unwrap();
}

/// Looks up what some statement is about and reads all that is said; gives how much that is.
fn ask(database: &Database, number: u64, count: u64) -> usize {
    let (namespace, package) = key(scattered(number) % count, number % STATEMENTS);
    let mut found = 0;
    for candidate in database.candidates(&namespace, &package, PackageKind::Source) {
        let candidate = candidate.unwrap();
        found += candidate.ranges().filter_map(|range| range.fixed).count();
    }
    found
}

fn ask_many(database: &Database, count: u64) {
    const ASKED: u64 = 200_000;
    let average = |what: &str, run: &dyn Fn(u64) -> usize| {
        let start = Instant::now();
        let found: usize = (0..ASKED).map(run).sum();
        let each = start.elapsed() / u32::try_from(ASKED).unwrap();
        let what = format!("{what} ({:.1} found)", found as f64 / ASKED as f64);
        println!("{what:<44}{each:>12.3?}");
    };
    average("making the question alone", &|number| {
        black_box(key(scattered(number) % count, number % STATEMENTS));
        0
    });
    average("look-up of a present package", &|number| {
        ask(database, number, count)
    });
    average("look-up of an absent package", &|number| {
        let name = format!("lib{}-absent", number % 97);
        let place = namespace(number % NAMESPACES);
        database
            .candidates(&place, &name, PackageKind::Source)
            .count()
    });
    average("look-up, with the advisories", &|number| {
        let (namespace, package) = key(scattered(number) % count, number % STATEMENTS);
        database
            .candidates(&namespace, &package, PackageKind::Source)
            .map(|candidate| candidate.unwrap().advisory().unwrap().aliases().len())
            .sum()
    });
    average("look-up by id, with the statements", &|number| {
        let number = scattered(number) % count;
        let id = format!("cve-{}-{number:07}", 2000 + number % 25);
        let found = database.by_id(&id).unwrap();
        let statements = found.iter().flat_map(|found| found.statements().unwrap());
        statements.map(Result::unwrap).count()
    });
    average("one text", &|number| {
        let number = scattered(number) % count;
        let id = format!("cve-{}-{number:07}", 2000 + number % 25);
        let found = database.by_id(&id).unwrap();
        found[0].text().unwrap().links.len()
    });
}

/// What Linux says of the memory that the process had at most.
fn peak_memory() -> String {
    fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .map_or_else(|| "unknown".to_owned(), |size| size.trim().to_owned())
}
