//! Files that are not what they should be: an error that names the line, and never more memory
//! than a line takes.

use clair_interchange::{Error, Packing};
use clair_model::Advisory;
use proptest::prelude::*;

use crate::support::{line, read, write};

const GOOD: &str = r#"{"name":"CVE-2024-0001","package":{"name":"a","kind":"source"},"distribution":{"did":"debian","version_id":"12"},"fixed_in_version":"1"}"#;

#[track_caller]
fn is_refused(file: impl AsRef<[u8]>, expected: &str) {
    let error = read(file).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_is_wrong_is_said_with_the_line() {
    let good = line("debian/updater", GOOD);
    is_refused("", "updates.json has no updates in it");
    is_refused("\n\n", "updates.json has no updates in it");
    is_refused(format!("{good}{{"), "updates.json, line 2: EOF");
    is_refused(format!("{good}\n{{}}"), "line 3: missing field `Updater`");
    is_refused(good.replace("vulnerability\"}", "x\"}"), "line 1: Kind: ");
    is_refused(line("a b", GOOD), "line 1: Updater: ");
    is_refused(
        line("debian/updater", "null"),
        "line 1: Vuln: it is missing",
    );
    is_refused(line("debian/updater", "1"), "line 1: Vuln: ");
    is_refused(
        line("debian/updater", &GOOD.replace(r#""CVE-2024-0001""#, "1")),
        "line 1: Vuln: invalid type: integer",
    );
    is_refused(good.replace("2026-01-02T", "yesterday"), "line 1: ");
    is_refused(good.replace("5a4a5c5b", "x"), "line 1: ");
    is_refused(
        format!("{good}{}", line("rhel-vex", GOOD)),
        "line 2: Updater: ",
    );
}

#[test]
fn a_line_without_an_end_is_not_kept_in_memory() {
    let file = line("debian/updater", GOOD).replace("CVE", &"x".repeat(9 << 20));
    is_refused(file, "line 1: it has more than 8388608 bytes");
}

#[test]
fn a_compressed_file_that_was_cut_off_is_no_shorter_file() {
    let advisories = |count: u32| {
        let mut received = read(line("debian/updater", GOOD)).unwrap();
        let one = received.advisories.remove("debian").unwrap().remove(0);
        let each = move |number| Advisory {
            id: format!("CVE-2024-{number:05}"),
            ..one.clone()
        };
        (0..count).map(each).collect::<Vec<_>>()
    };
    for packing in [Packing::Gzip, Packing::Zstd] {
        let (file, _) = write(packing, &[("debian", advisories(5000))]);
        for length in [file.len() - 1, file.len() / 2] {
            let error = read(&file[..length]).unwrap_err();
            assert!(
                matches!(error, Error::Read { .. } | Error::Line { .. }),
                "{error}"
            );
        }
    }
}

#[test]
fn an_update_that_is_not_wanted_is_passed_over() {
    struct Unwilling(usize);
    impl clair_interchange::Receiver for Unwilling {
        fn begin(&mut self, _: &clair_interchange::Update) -> Result<bool, Error> {
            self.0 += 1;
            Ok(false)
        }
        fn advisory(&mut self, advisory: Advisory) -> Result<(), Error> {
            panic!("{} was not wanted", advisory.id)
        }
        fn enrichment(&mut self, enrichment: clair_model::Enrichment) -> Result<(), Error> {
            panic!("{enrichment:?} was not wanted")
        }
        fn skipped(&mut self, reason: clair_feeds::Skip) {
            panic!("nothing was wanted, {reason}")
        }
        fn end(&mut self) -> Result<(), Error> {
            panic!("nothing was begun")
        }
    }
    let file = [line("debian/updater", GOOD), line("debian/updater", GOOD)].concat();
    let mut unwilling = Unwilling(0);
    clair_interchange::read(&mut crate::support::document(file), &mut unwilling).unwrap();
    assert_eq!(unwilling.0, 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_damage_makes_it_panic(
        place in any::<proptest::sample::Index>(),
        piece in "[\\PC\"{}:,0]{0,8}",
        length in 0_usize..8,
    ) {
        let mut file: Vec<char> = line("debian/updater", GOOD).chars().collect();
        let start = place.index(file.len());
        let end = (start + length).min(file.len());
        file.splice(start..end, piece.chars());
        let file: String = file.into_iter().collect();
        if let Ok(received) = read(file) {
            for advisory in received.advisories.values().flatten() {
                prop_assert!(!advisory.id.is_empty());
                prop_assert!(!advisory.affected.is_empty());
                prop_assert!(!advisory.description.contains(char::is_control));
            }
        }
    }
}
