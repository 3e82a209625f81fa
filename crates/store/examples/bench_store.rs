//! Measures what the store does in bulk, on a throw-away PostgreSQL, beside a yardstick on the
//! same server.
//!
//! `cargo run --release -p clair-store --example bench_store [ADVISORIES [MANIFESTS]]`
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_store::{
    Change, Options, Outcome, PackageKey, Provenance, Record, Source, SourceKind, Store,
};
use clair_testing::Postgres;
use clair_version::Scheme;
use futures::TryStreamExt as _;

const SOURCE: Source<'_> = Source {
    name: "bench",
    feed: "bench",
    kind: SourceKind::Vulnerability,
};

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().unwrap());
    let advisories: u32 = arguments.next().unwrap_or(100_000);
    let manifests: u32 = arguments.next().unwrap_or(100_000);
    let address = Postgres::shared().database();
    let store = Store::connect(&address, &Options::default()).await.unwrap();
    store.migrate().await.unwrap();
    updates(&store, &address, advisories).await;
    reverse(&store, &address, manifests).await;
}

async fn updates(store: &Store, address: &str, count: u32) {
    println!("{count} advisories");
    let encode = |revision: u32| -> Vec<Record> {
        let made = (0..count).map(|n| advisory(n, if n % 100 == 0 { revision } else { 0 }));
        made.map(|advisory| Record::encode(&advisory).unwrap())
            .collect()
    };
    let (first, encoding) = timed(async || encode(0)).await;
    let json: usize = (0..1000)
        .map(|n| serde_json::to_vec(&advisory(n, 0)).unwrap().len())
        .sum::<usize>()
        / 1000;
    line(
        "encode, hash, compress",
        encoding,
        &format!("{json} bytes of JSON each"),
    );
    let yardstick = copy(address, &first);
    line("yardstick: COPY of the documents", yardstick, "");
    for (what, document) in [
        ("first update", first.clone()),
        ("the same again", first),
        ("1 % changed", encode(1)),
    ] {
        let (outcome, elapsed) = timed(async || apply(store, document.clone()).await).await;
        let changed = match outcome {
            Outcome::Unchanged => "unchanged".to_owned(),
            Outcome::Changed(operation) => format!("+{} -{}", operation.added, operation.removed),
        };
        line(
            what,
            elapsed,
            &format!("{:.2} x, {changed}", ratio(elapsed, yardstick)),
        );
    }
    let (read, elapsed) = timed(async || {
        let mut snapshot = store.snapshot(SOURCE.name).await.unwrap().unwrap();
        snapshot
            .records()
            .try_fold(0, async |sum, _| Ok(sum + 1))
            .await
            .unwrap()
    })
    .await;
    line("read all", elapsed, &format!("{read} advisories"));
    let operations = store.operations(SOURCE.kind, false).await.unwrap();
    let (newest, oldest) = (operations[0].reference, operations[1].reference);
    let (read, elapsed) = timed(async || {
        let difference = store.difference(Some(oldest), newest).await.unwrap();
        let page = store
            .changes(&difference, Change::Added, None, 10_000)
            .await
            .unwrap();
        page.len()
    })
    .await;
    line(
        "difference of two operations",
        elapsed,
        &format!("{read} added"),
    );
    let size = psql(
        address,
        "SELECT pg_size_pretty(pg_total_relation_size('advisory'))",
    );
    println!("  {:<42}{:>10}", "table of advisories", size);
}

async fn apply(store: &Store, documents: Vec<Record>) -> Outcome {
    let mut update = store.begin_update(&SOURCE).await.unwrap();
    update.add(documents).await.unwrap();
    update.commit(&Provenance::default()).await.unwrap()
}

/// Images of 200 packages: 150 of one of 200 bases, and 50 of their own choice. A base has one of
/// 25 versions of each of its packages.
async fn reverse(store: &Store, address: &str, manifests: u32) {
    println!("{manifests} manifests with 200 packages each");
    let (_, filling) = timed(async || psql(address, &images(manifests))).await;
    line("fill", filling, "");
    // A thousand advisories: each of a package, half of whose versions are affected.
    let names: Vec<String> = (0..1000).map(|n| format!("name-{n}")).collect();
    let names: Vec<_> = names
        .iter()
        .map(|name| (PackageKind::Source, name.as_str()))
        .collect();
    let (keys, elapsed) = timed(async || {
        let found = store.find_packages(&names).try_filter_map(async |found| {
            let version: u32 = found.package.version.parse().unwrap();
            Ok((version < 12).then_some(found.key))
        });
        found.try_collect::<Vec<PackageKey>>().await.unwrap()
    })
    .await;
    line(
        "find the packages of 1000 names",
        elapsed,
        &format!("{} affected", keys.len()),
    );
    let ((count, pairs), all) = timed(async || {
        let found = store.affected_manifests(&keys, None, None);
        found
            .try_fold((0, 0), async |(count, pairs), found| {
                Ok((count + 1, pairs + found.packages.len()))
            })
            .await
            .unwrap()
    })
    .await;
    let list = keys.iter().fold(String::new(), |mut list, key| {
        write!(list, "{}{}", if list.is_empty() { "" } else { "," }, key.0).unwrap();
        list
    });
    let (_, yardstick) = timed(async || {
        psql(
            address,
            &format!(
                "SELECT count(*), sum(length(digest)), sum(cardinality(packages)) FROM (
                     SELECT digest, array_agg(package) AS packages
                     FROM pair JOIN manifest ON manifest.id = pair.manifest
                     WHERE package = ANY('{{{list}}}') GROUP BY digest ORDER BY digest
                 ) AS found"
            ),
        )
    })
    .await;
    line(
        "yardstick: a table of pairs",
        yardstick,
        "without sending the result",
    );
    let what = format!(
        "{:.2} x, {count} manifests, {pairs} pairs",
        ratio(all, yardstick)
    );
    line("all affected manifests", all, &what);
    let (_, elapsed) = timed(async || {
        let found = store.affected_manifests(&keys[..20], None, Some(100));
        found.try_collect::<Vec<_>>().await.unwrap()
    })
    .await;
    line("a page of 100 for 20 packages", elapsed, "");
    for (what, table) in [("arrays", "manifest_packages"), ("pairs", "pair")] {
        let size = psql(
            address,
            &format!("SELECT pg_size_pretty(pg_total_relation_size('{table}'))"),
        );
        println!("  inverted index of {what:<24}{size:>10}");
    }
}

fn images(manifests: u32) -> String {
    format!(
        "INSERT INTO package (hash, name, version, arch, module, source_name, source_version)
             SELECT gen_random_uuid(), 'name-' || n, v, 'amd64', '', 'name-' || n, v
             FROM generate_series(0, 1999) AS n, generate_series(0, 24) AS v;
         INSERT INTO manifest (digest, state)
             SELECT 'sha256:' || encode(sha256(n::text::bytea), 'hex'), 'IndexFinished'
             FROM generate_series(1, {manifests}) AS n;
         INSERT INTO manifest_packages
             SELECT id, ARRAY(
                 SELECT (id % 200 * 7 + n * 13) % 2000 * 25 + id % 25 + 1
                 FROM generate_series(0, 149) AS n
                 UNION
                 SELECT abs(hashint8(id * 1000 + n)::bigint) % 50000 + 1
                 FROM generate_series(0, 49) AS n
                 ORDER BY 1
             )
             FROM manifest;
         CREATE TABLE pair (manifest bigint, package bigint);
         INSERT INTO pair SELECT manifest, unnest(packages) FROM manifest_packages;
         ALTER TABLE pair ADD PRIMARY KEY (manifest, package);
         CREATE INDEX ON pair (package, manifest);
         VACUUM ANALYZE pair;
         VACUUM ANALYZE manifest_packages;
         VACUUM ANALYZE manifest;
         VACUUM ANALYZE package"
    )
}

fn advisory(number: u32, revision: u32) -> Advisory {
    let words = [
        "buffer",
        "overflow",
        "allows",
        "remote",
        "attackers",
        "to",
        "execute",
        "code",
    ];
    let description: Vec<String> = (0..60)
        .map(|n| {
            format!(
                "{}{}",
                words[((number + n * n) % 8) as usize],
                number * n % 97
            )
        })
        .collect();
    let affected = ["bullseye", "bookworm", "trixie", "sid"].map(|release| Affected {
        severity: Some("high".to_owned()),
        normalized_severity: Some(Severity::High),
        ..Affected::of(
            Namespace::debian(release),
            format!("package-{}", number % 5000),
            PackageKind::Source,
            Vulnerable::before(Scheme::Dpkg, format!("{}.{revision}", number % 50)),
            FixState::Fixed,
        )
    });
    Advisory {
        description: description.join(" "),
        links: vec![format!(
            "https://security-tracker.debian.org/tracker/CVE-2024-{number}"
        )],
        severity: "high".to_owned(),
        normalized_severity: Severity::High,
        affected: affected.to_vec(),
        ..Advisory::new(format!("CVE-2024-{number}"))
    }
}

/// Copies as many bytes as the documents have into a table with a key and nothing else.
fn copy(address: &str, documents: &[Record]) -> Duration {
    psql(
        address,
        "CREATE TABLE yardstick (hash uuid PRIMARY KEY, document bytea)",
    );
    let mut rows = String::new();
    for document in documents {
        write!(rows, "{}\t\\\\x", document.hash()).unwrap();
        for byte in document.packed() {
            write!(rows, "{byte:02x}").unwrap();
        }
        rows.push('\n');
    }
    let start = Instant::now();
    let mut psql = Command::new("psql")
        .args([
            "--no-psqlrc",
            "--quiet",
            "--command",
            "COPY yardstick FROM STDIN",
            address,
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    psql.stdin
        .take()
        .unwrap()
        .write_all(rows.as_bytes())
        .unwrap();
    assert!(psql.wait().unwrap().success());
    start.elapsed()
}

fn psql(address: &str, statements: &str) -> String {
    let mut command = Command::new("psql");
    command.args([
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
        "--set",
        "ON_ERROR_STOP=1",
    ]);
    for statement in statements.split(";\n") {
        command.args(["--command", statement]);
    }
    let output = command.arg(address).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

async fn timed<T>(work: impl AsyncFnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let value = work().await;
    (value, start.elapsed())
}

fn ratio(elapsed: Duration, yardstick: Duration) -> f64 {
    elapsed.as_secs_f64() / yardstick.as_secs_f64()
}

fn line(what: &str, elapsed: Duration, more: &str) {
    println!("  {what:<42}{:>8.3} s  {more}", elapsed.as_secs_f64());
}
