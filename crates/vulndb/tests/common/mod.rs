//! What the tests share: advisories of all kinds, and databases of them.
#![allow(dead_code, reason = "each test uses some of it")]

use std::path::Path;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Severity, Vulnerable};
use clair_version::{Range, Scheme};
use clair_vulndb::{Database, Provenance, Store};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) fn provenance(second: i64) -> Provenance {
    Provenance {
        feed: "test".to_owned(),
        url: "https://example.org/feed".to_owned(),
        fetched: Timestamp::from_second(second).unwrap(),
        upstream: None,
        fingerprint: r#"{"etag":"x"}"#.to_owned(),
        skipped: [("no version".to_owned(), 3)].into(),
        parser_version: 1,
    }
}

/// Puts sources in place of those of the same names.
pub(crate) fn commit(dir: &Path, sources: &[(&str, &[Advisory])]) {
    let mut update = Store::open(dir).unwrap().lock_wait().unwrap();
    for (name, advisories) in sources {
        let mut writer = update.writer(name).unwrap();
        for advisory in *advisories {
            writer.add(advisory).unwrap();
        }
        update.replace(writer.finish(provenance(1)).unwrap());
    }
    update.commit().unwrap();
}

pub(crate) fn namespace(name: &str) -> Namespace {
    name.parse().unwrap()
}

/// A statement of the plainest kind.
pub(crate) fn affected(place: &str, package: &str, fixed: &str) -> Affected {
    Affected::of(
        namespace(place),
        package,
        PackageKind::Source,
        Vulnerable::before(Scheme::Dpkg, fixed),
        FixState::Fixed,
    )
}

/// `count` advisories about some packages, with texts.
pub(crate) fn plain(count: usize) -> Vec<Advisory> {
    (0..count)
        .map(|number| Advisory {
            aliases: vec![format!("DSA-{number}"), "Shared-Alias".to_owned()],
            description: format!("A flaw of kind {} was found in {number}.", number % 7),
            links: vec![format!("https://example.org/{number}")],
            severity: "important".to_owned(),
            normalized_severity: Severity::High,
            issued: Some(Timestamp::from_second(1_700_000_000).unwrap()),
            cvss: vec!["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".to_owned()],
            cwes: vec!["CWE-79".to_owned()],
            affected: (0..3)
                .map(|release| {
                    affected(
                        &format!("debian:{release}"),
                        &format!("package-{}", number % 50),
                        &format!("1.{number}-{release}"),
                    )
                })
                .collect(),
            ..Advisory::new(format!("CVE-2024-{number:04}"))
        })
        .collect()
}

/// Everything that a database can be asked, of a segment of `advisories`; counts the errors.
pub(crate) fn ask_everything(database: &Database, advisories: &[Advisory]) -> usize {
    let mut errors = 0;
    for advisory in advisories {
        for statement in &advisory.affected {
            let place = &statement.namespace;
            for candidate in database.candidates(place, &statement.package, statement.kind) {
                match candidate.and_then(|candidate| {
                    let _ = candidate.to_affected();
                    candidate.advisory()?.to_advisory()
                }) {
                    Ok(_) => {}
                    Err(_) => errors += 1,
                }
            }
        }
        for id in advisory.aliases.iter().chain([&advisory.id]) {
            match database.by_id(id) {
                Ok(found) => {
                    let broken = found.iter().filter(|found| found.to_advisory().is_err());
                    errors += broken.count();
                }
                Err(_) => errors += 1,
            }
        }
    }
    errors
}

/// Texts that are often equal, sometimes odd.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(vec!["", "a", "b", "openssl", "CVE-1", "cve-1", "1.0-1", "a\0", "a\0b"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,40}",
        1 => "[a-c]{17,20}",
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..3)
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (any::<i32>(), 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| Timestamp::new(second.into(), nano).unwrap())
}

fn range() -> impl Strategy<Value = Range> {
    let bound = || prop::option::of(text());
    (bound(), bound(), bound()).prop_map(|(introduced, fixed, last_affected)| Range {
        introduced,
        fixed,
        last_affected,
    })
}

fn statement() -> impl Strategy<Value = Affected> {
    let what = (
        select(vec!["debian:12", "debian:13", "alpine:3.18", "", "a\0b"]),
        text(),
        select(vec![PackageKind::Binary, PackageKind::Source]),
        texts(),
        prop::option::of(text()),
    );
    let says = (
        select(Scheme::ALL),
        prop::collection::vec(range(), 0..3),
        select(&FixState::ALL[..]),
        prop::option::of(text()),
        prop::option::of(select(&Severity::ALL[..])),
        prop::option::of(text()),
    );
    (what, says).prop_map(
        |(
            (place, package, kind, arches, module),
            (scheme, ranges, fix_state, severity, normalized_severity, note),
        )| {
            Affected {
                namespace: namespace(place),
                package,
                kind,
                arches,
                module,
                vulnerable: Vulnerable { scheme, ranges },
                fix_state,
                severity,
                normalized_severity,
                note,
            }
        },
    )
}

fn advisory() -> impl Strategy<Value = Advisory> {
    let names = (text(), texts(), text(), text());
    let rest = (
        prop::option::of(timestamp()),
        prop::option::of(timestamp()),
        texts(),
        select(&Severity::ALL[..]),
        texts(),
        texts(),
    );
    (names, rest, prop::collection::vec(statement(), 0..5)).prop_map(
        |(
            (id, aliases, description, severity),
            (issued, modified, links, normalized_severity, cvss, cwes),
            affected,
        )| {
            Advisory {
                id,
                aliases,
                description,
                issued,
                modified,
                links,
                severity,
                normalized_severity,
                cvss,
                cwes,
                affected,
            }
        },
    )
}

pub(crate) fn advisories() -> impl Strategy<Value = Vec<Advisory>> {
    prop::collection::vec(advisory(), 0..12)
}
