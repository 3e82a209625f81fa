//! Layers made to exhaust whoever indexes them.

use std::time::{Duration, Instant};

use clair_image::{Error, Limits, PlatformSelector, Source};
use clair_index::{LayerFindings, read_layer};

use crate::image::zstd;
use crate::indexed::{DEBIAN, dpkg, findings, inventory, packages};
use crate::memory_source::MemorySource;
use crate::tar::{Header, Tar};

fn read(layer: &[u8], limits: &Limits) -> Result<LayerFindings, Error> {
    let source = MemorySource::new(&[layer.to_vec()]);
    let image = &source.images(&PlatformSelector::Default).unwrap()[0];
    let analyzers = clair_inventory::all();
    read_layer(&source, &image.layers[0], &analyzers, limits, &|_| {})
}

/// Long names compress a thousandfold; what is kept of a layer is bounded in bytes.
#[test]
fn a_layer_with_more_names_than_are_kept_is_refused() {
    let limits = Limits {
        entries: 500_000,
        ..Limits::default()
    };
    let name = |number: usize| format!("{}{number}", "directory/".repeat(100));
    type Add = fn(Tar, &str) -> Tar;
    let kinds: [(&str, Add); 5] = [
        ("symlinks", |tar, name| tar.symlink(name, "x")),
        ("targets", |tar, name| {
            tar.symlink(&name[name.len() - 4..], name)
        }),
        ("whiteouts", |tar, name| {
            tar.file(&format!("{name}/.wh.x"), "")
        }),
        ("opaque", |tar, name| {
            tar.file(&format!("{name}/.wh..wh..opq"), "")
        }),
        ("wanted", |tar, name| {
            tar.hardlink(&format!("{name}/etc/os-release"), "x")
        }),
    ];
    for (kind, add) in kinds {
        let tar = (0..10_000).fold(Tar::new(), |tar, number| add(tar, &name(number)));
        let Err(Error::Limit { what, .. }) = read(&zstd(&tar.end()), &limits) else {
            panic!("{kind} are kept without a bound");
        };
        assert_eq!(
            what, "has more than 8000000 bytes of names and findings",
            "{kind}"
        );
    }
}

#[test]
fn a_layer_with_a_hundred_thousand_links_is_no_matter() {
    let layer = (0..100_000).fold(Tar::new(), |tar, number| {
        tar.symlink(&format!("node_modules/.bin/{number}"), "../package/cli.js")
    });
    let layer = layer.file("etc/os-release", DEBIAN).end();
    assert_eq!(findings(&layer).links.len(), 100_000);
}

/// A name costs 512 bytes; each has the same database read once more.
#[test]
fn a_database_with_any_number_of_names_is_read_a_bounded_number_of_times() {
    let database: Vec<String> = (0..20_000).map(|number| format!("p{number} 1")).collect();
    let database = dpkg(&database.iter().map(String::as_str).collect::<Vec<_>>());
    let limits = Limits {
        file_size: 10 * database.len() as u64,
        ..Limits::default()
    };
    let tar = Tar::new().file("database", &database);
    let tar = (0..1000).fold(tar, |tar, number| {
        tar.hardlink(&format!("{number}/var/lib/dpkg/status"), "database")
    });
    let found = read(&tar.end(), &limits).unwrap();
    assert_eq!(found.files.len(), 10);
    assert_eq!(found.problems.len(), 990);
    assert!(found.problems.iter().all(|problem| problem.limit));
}

/// Every file against every removal would be billions of comparisons.
#[test]
fn many_files_below_many_removals_and_links_merge_in_time() {
    let lists = (0..20_000).fold(Tar::new(), |tar, number| {
        tar.file(&format!("var/lib/dpkg/info/{number}.list"), "/.\n")
    });
    let lists = lists.file("etc/os-release", DEBIAN).end();
    let whiteouts = (0..100_000).fold(Tar::new(), |tar, number| {
        tar.file(&format!("other/place/.wh.{number}"), "")
    });
    let links = (0..50_000).fold(Tar::new(), |tar, number| {
        tar.symlink(&format!("{number}/etc/os-release"), "/var/lib/dpkg")
    });
    let layers = [lists, links.end(), whiteouts.end()];
    let start = Instant::now();
    let found = inventory(&layers);
    assert!(!found.distributions.is_empty());
    assert!(
        start.elapsed() < Duration::from_mins(1),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn absolute_and_climbing_names_are_what_they_are_below_the_root() {
    let layer = Tar::new()
        .file("/etc/os-release", DEBIAN)
        .file("../../var/lib/dpkg/status", dpkg(&["bash 5"]))
        .end();
    assert_eq!(packages(&inventory(&[layer])), ["bash 5"]);
}

/// Neither is opened, nor does it hide what a link of the same name would lead to.
#[test]
fn devices_and_pipes_in_place_of_databases_are_passed_over() {
    let device = |kind, path| Header::new(kind, path);
    let layer = Tar::new()
        .file("etc/os-release", DEBIAN)
        .member(&device(b'3', "var/lib/dpkg/status"), b"")
        .member(&device(b'6', "lib/apk/db/installed"), b"")
        .member(&device(b'4', "var/lib/rpm/Packages"), b"")
        .end();
    let found = inventory(&[layer]);
    assert_eq!(packages(&found), [""; 0]);
    assert_eq!(found.distributions.len(), 1);
}

#[test]
fn a_path_of_three_hundred_kilobytes_is_told() {
    let path = format!("{}var/lib/dpkg/status", "directory/".repeat(30_000));
    let layer = Tar::new()
        .file(&path, dpkg(&["bash 5"]))
        .file("etc/os-release", DEBIAN)
        .end();
    let found = inventory(&[layer]);
    let told = crate::indexed::gaps(&found);
    assert!(
        told.iter()
            .any(|gap| gap.starts_with("limit-reached directory/")),
        "{told:?}"
    );
    assert!(told.iter().all(|gap| gap.len() < 500), "{told:?}");
}
