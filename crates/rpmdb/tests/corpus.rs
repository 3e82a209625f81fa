//! Real databases against lists that other programs made of them. The corpus is not part of this
//! repository; see `corpus()` for where it is looked for.

#![allow(clippy::print_stdout, reason = "tells what was not run")]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clair_rpmdb::header::{Header, tag};
use clair_rpmdb::sqlite::Database;
use clair_rpmdb::{Error, Package, read};
use clair_testing::corpus;

/// Largest window of the compressed databases, as with `zstd --long=27`.
const WINDOW_LOG: u32 = 27;

fn decompress(path: &Path) -> Vec<u8> {
    let file = fs::File::open(path).unwrap();
    let mut decoder = zstd::Decoder::new(file).unwrap();
    decoder.window_log_max(WINDOW_LOG).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut decoder, &mut bytes).unwrap();
    bytes
}

/// The database in a folder, with the name it has there.
fn database(folder: &Path) -> Option<(String, Vec<u8>)> {
    ["Packages.zst", "Packages.db.zst", "rpmdb.sqlite.zst"]
        .iter()
        .find_map(|name| {
            let path = folder.join(name);
            path.is_file()
                .then(|| (path.display().to_string(), decompress(&path)))
        })
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(parent)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
}

/// A package as a line of `packages.tsv`.
fn row(package: &Package) -> String {
    let none = |text: &Option<String>| text.clone().unwrap_or("(none)".into());
    [
        package.name.clone(),
        package.epoch.map_or("-".into(), |epoch| epoch.to_string()),
        package.version.clone(),
        package.release.clone(),
        none(&package.arch),
        none(&package.source_rpm),
        package.modularity_label.clone().unwrap_or("-".into()),
    ]
    .join("\t")
}

#[test]
fn every_database_holds_what_rpm_lists() {
    let Some(corpus) = corpus() else { return };
    let mut compared = 0;
    for folder in folders(&corpus.join("pkgdb/rpm")) {
        let (Some((name, bytes)), Ok(list)) = (
            database(&folder),
            fs::read_to_string(folder.join("packages.tsv")),
        ) else {
            continue;
        };
        let contents = read(&bytes, None).unwrap();
        assert_eq!(contents.problems, [], "{name}");
        let mut expected: Vec<_> = list.lines().map(str::to_owned).collect();
        let mut found: Vec<_> = contents.packages.iter().map(row).collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{name}");
        for package in contents
            .packages
            .iter()
            .filter(|package| !package.is_public_key())
        {
            assert!(package.source().is_some(), "{name}: {}", package.name);
            assert!(package.install_time.is_some(), "{name}: {}", package.name);
            assert!(
                package.files.iter().all(|file| file.starts_with('/')),
                "{name}"
            );
        }
        compared += 1;
    }
    assert!(compared >= 9, "only {compared} databases found");
}

#[test]
fn modules_are_read_where_there_are_any() {
    let Some(corpus) = corpus() else { return };
    let (_, bytes) = database(&corpus.join("pkgdb/rpm/centos8-modularitylabel")).unwrap();
    let contents = read(&bytes, None).unwrap();
    assert!(
        contents
            .packages
            .iter()
            .any(|package| package.modularity_label.is_some())
    );
    assert!(
        contents
            .packages
            .iter()
            .any(|package| package.signing_key.is_some())
    );
}

/// The lists tell of other releases than the databases here, so some packages have other programs
/// by now. This many have all that the list says, which a wrong file list would not.
#[test]
fn programs_are_owned_by_the_packages_others_say() {
    let Some(corpus) = corpus() else { return };
    for (folder, list, agreeing) in [
        ("centos8-modularitylabel", "BDB", 44),
        ("sle15-bci", "NDB", 5),
        ("cbl-mariner-2.0", "SQLite", 8),
    ] {
        let (_, bytes) = database(&corpus.join("pkgdb/rpm").join(folder)).unwrap();
        let contents = read(&bytes, None).unwrap();
        let path = corpus.join(format!("pkgdb/rpm/claircore/Info.Files.{list}.txtar"));
        let owned = programs(&fs::read_to_string(path).unwrap());
        let agrees = |package: &&Package| {
            let programs = owned.get(&package.name);
            programs.is_some_and(|list| list.iter().all(|path| package.files.contains(path)))
        };
        assert_eq!(
            contents.packages.iter().filter(agrees).count(),
            agreeing,
            "{folder}"
        );
    }
}

/// Reads `"name": ["path", …]` as far as the lists need it.
fn programs(list: &str) -> BTreeMap<String, Vec<String>> {
    let mut owned = BTreeMap::<_, Vec<_>>::new();
    let mut name = String::new();
    for line in list.lines().map(str::trim) {
        let quoted: Vec<_> = line.split('"').collect();
        match quoted[..] {
            ["", key, after] if after.starts_with(':') => key.clone_into(&mut name),
            ["", path, "" | ","] => owned
                .entry(name.clone())
                .or_default()
                .push(format!("/{path}")),
            _ => {}
        }
    }
    owned
}

#[test]
fn a_raw_header_is_read() {
    let Some(corpus) = corpus() else { return };
    let blob = fs::read(corpus.join("pkgdb/rpm/claircore/package.header")).unwrap();
    let header = Header::parse(&blob).unwrap();
    assert_eq!(header.entries().count(), 0x4e);
    assert!(header.string(tag::NAME).unwrap().is_some());
    assert!(
        header
            .strings(tag::BASENAMES)
            .unwrap()
            .unwrap()
            .all(|name| name.is_ok())
    );
}

#[test]
fn other_sqlite_databases_are_read_too() {
    let Some(corpus) = corpus() else { return };
    for (path, table, rows) in [
        ("pkgdb/dnf/dnf4/var/lib/dnf/history.sqlite", "rpm", 55),
        (
            "pkgdb/dnf/dnf5/usr/lib/sysimage/libdnf5/transaction_history.sqlite",
            "pkg_name",
            123,
        ),
        ("pkgdb/rhel/matching-dnf-history.sqlite", "trans_item", 4),
    ] {
        let bytes = fs::read(corpus.join(path)).unwrap();
        let database = Database::open(&bytes, None).unwrap();
        let table = database.table(table).unwrap();
        assert_eq!(table.rows().flatten().count(), rows, "{path}");
        assert!(table.rows().all(|row| row.is_ok()), "{path}");
    }
}

#[test]
fn hostile_databases_give_errors_or_problems() {
    let Some(corpus) = corpus() else { return };
    let none = fs::read(corpus.join("hostile/claircore-no_packages.sqlite")).unwrap();
    assert_eq!(read(&none, None), Err(Error::NoTable("Packages".into())));
    let mut tried = 0;
    for folder in folders(&corpus.join("hostile/made")) {
        let Some((name, bytes)) = database(&folder) else {
            continue;
        };
        match read(&bytes, None) {
            Ok(contents) => {
                let [packages, problems] = [contents.packages.len(), contents.problems.len()];
                println!("{name}: {packages} packages, {problems} problems");
                assert_ne!(problems, 0, "{name}");
            }
            Err(error) => println!("{name}: {error}"),
        }
        tried += 1;
    }
    assert!(tried >= 4, "only {tried} hostile databases found");
}
