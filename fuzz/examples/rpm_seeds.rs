//! Writes small sound rpm databases as seeds: `rpm_seeds DIRECTORY`, with a directory for each
//! target in it. Real databases are so large that a change rarely hits what matters.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../../crates/rpmdb/tests/support/mod.rs"]
mod support;

use support::bdb::{self, Layout};
use support::{header, long_header, ndb, records, sqlite};

fn main() {
    let corpus = PathBuf::from(env::args_os().nth(1).expect("rpm_seeds DIRECTORY"));
    let few = &records()[..3];
    for big_endian in [false, true] {
        let layout = Layout {
            big_endian,
            page_size: 512,
        };
        let name = if big_endian { "big" } else { "little" };
        let target = corpus.join("rpmdb_bdb");
        write(&target, &format!("few-{name}"), &bdb::build(layout, few));
        write(
            &target,
            &format!("all-{name}"),
            &bdb::build(layout, &records()),
        );
    }
    let target = corpus.join("rpmdb_ndb");
    write(&target, "few", &ndb::build(few));
    write(&target, "all", &ndb::build(&records()));

    let target = corpus.join("rpmdb_sqlite");
    for page_size in [512, 1024] {
        let database = sqlite::build(page_size, "Packages", &records());
        write(&target, &format!("pages-of-{page_size}"), &database);
        let log = sqlite::wal(page_size, &[(2, 3, &database[page_size..2 * page_size])]);
        let both = [database.as_slice(), b"-- write-ahead log --", &log].concat();
        write(&target, &format!("log-of-{page_size}"), &both);
    }
    let target = corpus.join("rpm_header");
    write(&target, "small", &header("bash").build());
    write(&target, "long", &long_header("kernel", 500));
}

fn write(directory: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(directory).expect("a directory for seeds");
    fs::write(directory.join(format!("made-{name}")), bytes).expect("a seed");
}
