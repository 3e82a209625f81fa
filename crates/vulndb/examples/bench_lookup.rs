//! Measures look-ups in a database that is there: of packages that it speaks of, picked evenly from
//! all its sources, and of packages that it does not.
//!
//! `cargo run --release -p clair-vulndb --example bench_lookup DIRECTORY`
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::cast_precision_loss)]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use clair_model::{Namespace, PackageKind};
use clair_vulndb::Database;

/// How many packages are asked for.
const ASKED: usize = 100_000;

type Key = (Namespace, String, PackageKind);

fn main() {
    let directory = PathBuf::from(std::env::args_os().nth(1).unwrap());
    let database = Database::open(&directory).unwrap();
    let (keys, statements) = keys(&database);
    println!("{:<60}{statements} statements", "look-ups in a database of");
    measure(&database, "of a package that is there, first time", &keys);
    measure(&database, "of a package that is there", &keys);
    let absent: Vec<Key> = keys
        .into_iter()
        .map(|(namespace, package, kind)| (namespace, format!("{package}-absent"), kind))
        .collect();
    measure(&database, "of a package that is not", &absent);
}

/// Packages that the database speaks of, in no order, each as often as statements speak of it.
fn keys(database: &Database) -> (Vec<Key>, usize) {
    let all = || {
        let sources = database.sources().iter();
        sources
            .filter_map(|source| database.advisories(&source.name))
            .flatten()
            .flat_map(|advisory| advisory.unwrap().affected)
    };
    let statements = all().count();
    let mut keys: Vec<Key> = all()
        .step_by(statements.div_ceil(ASKED).max(1))
        .map(|affected| (affected.namespace, affected.package, affected.kind))
        .collect();
    // Neighbours would be found in the same pages.
    for position in 1..keys.len() {
        keys.swap(
            position,
            position.wrapping_mul(0x9e37_79b9) % (position + 1),
        );
    }
    (keys, statements)
}

fn measure(database: &Database, what: &str, keys: &[Key]) {
    let mut times = Vec::with_capacity(keys.len());
    let mut found = 0_usize;
    for (namespace, package, kind) in keys {
        let start = Instant::now();
        let candidates = database.candidates(namespace, package, *kind);
        found += black_box(candidates.map(Result::unwrap).count());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let total: std::time::Duration = times.iter().sum();
    let (median, slow) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    print!("{what:<60}median {median:.1?}, p99 {slow:.1?}");
    if found > 0 {
        let each = total.as_nanos() as f64 / found as f64;
        let statements = found as f64 / keys.len() as f64;
        print!(", {each:.0} ns for each of {statements:.1} statements");
    }
    println!();
}
