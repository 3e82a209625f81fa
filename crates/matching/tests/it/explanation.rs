//! Why an image is, or is not, affected.

use clair_matching::{Explanation, explain};
use clair_model::{Advisory, Affected, FixState, IndexReport, Namespace, Severity, Vulnerable};
use clair_version::Scheme;

use crate::support::{about, advisory, bookworm, database_of, found, index, now, package, scan};

fn debian() -> Namespace {
    Namespace::debian("bookworm")
}

fn explained(image: &IndexReport, advisories: &[Advisory], id: &str) -> Explanation {
    let (_dir, database) = database_of(now(), advisories);
    explain(&database, image, id).unwrap()
}

#[test]
fn the_advisory_the_range_and_the_comparison_are_named() {
    let image = index(
        bookworm(),
        vec![package("dpkg", "libssl3 3.0.9-1+b2", "openssl 3.0.9-1")],
    );
    let mut data = advisory(
        "CVE-1-0001",
        Severity::High,
        vec![about(&debian(), "openssl", Some("3.0.10-1"))],
    );
    data.aliases = vec!["DSA-1-1".into()];
    // By an alias, in lower case.
    let explanation = explained(&image, &[data], "dsa-1-1");
    assert!(explanation.affected);
    let shown = explanation.to_string();
    for part in [
        "dsa-1-1: the image is affected",
        "libssl3 3.0.9-1+b2 amd64: affected",
        "CVE-1-0001 of source says: source package openssl in debian:bookworm: < 3.0.10-1 \
         vulnerable, fixed",
        "3.0.9-1 is in < 3.0.10-1",
    ] {
        assert!(shown.contains(part), "{part:?} is missing in\n{shown}");
    }
}

#[test]
fn what_does_not_affect_is_told_with_the_reason() {
    let image = index(bookworm(), vec![package("dpkg", "a 2", "a 2")]);
    let cleared = Affected {
        vulnerable: Vulnerable::none(Scheme::Dpkg),
        fix_state: FixState::NotAffected,
        note: Some("vulnerable code not present".into()),
        ..about(&debian(), "a", None)
    };
    let data = [
        advisory(
            "CVE-1-0001",
            Severity::Low,
            vec![about(&debian(), "a", Some("2"))],
        ),
        advisory("CVE-1-0002", Severity::Low, vec![cleared]),
        advisory(
            "CVE-1-0003",
            Severity::Low,
            vec![about(&debian(), "b", None)],
        ),
        advisory(
            "CVE-1-0004",
            Severity::Low,
            vec![about(&Namespace::debian("sid"), "a", None)],
        ),
    ];
    for (id, reason) in [
        ("CVE-1-0001", "2 is in none of the vulnerable ranges"),
        ("CVE-1-0002", "the vendor says that it is not affected"),
        ("CVE-1-0003", "b is not installed"),
        ("CVE-1-0004", "there are statements for debian:sid only"),
        ("CVE-1-0005", "no source in the database knows it"),
    ] {
        let explanation = explained(&image, &data, id);
        assert!(!explanation.affected, "{id}");
        let shown = explanation.to_string();
        assert!(shown.contains(reason), "{id}: {shown}");
    }
}

#[test]
fn explanation_and_report_agree_on_every_vulnerability() {
    let versions = ["0", "1~rc1", "1", "1-1", "1.5-2", "2", "x:1"];
    let packages: Vec<_> = versions
        .iter()
        .enumerate()
        .map(|(number, version)| {
            let name = format!("p{} {version}", number % 3);
            package("dpkg", &name, &name)
        })
        .collect();
    let image = index(bookworm(), packages);
    let cleared = |statement: Affected| Affected {
        vulnerable: Vulnerable::none(Scheme::Dpkg),
        fix_state: FixState::NotAffected,
        ..statement
    };
    let mut data = Vec::new();
    for (number, fixed) in ["1", "1.5-1", "y:0", "9"].into_iter().enumerate() {
        for package in 0..4 {
            let statement = about(&debian(), &format!("p{package}"), Some(fixed));
            let mut statements = vec![statement.clone()];
            if (number + package) % 3 == 0 {
                statements.push(cleared(statement));
            }
            let id = format!("CVE-{number}-{package:04}");
            data.push(advisory(&id, Severity::Low, statements));
        }
    }
    let report = scan(&image, &data);
    let (_dir, database) = database_of(now(), &data);
    let mut affected = 0;
    for advisory in &data {
        let is_found = (1..=image.packages.len() as u64)
            .any(|package| found(&report, package).contains(&advisory.id.as_str()));
        let explanation = explain(&database, &image, &advisory.id).unwrap();
        assert_eq!(explanation.affected, is_found, "{explanation}");
        affected += usize::from(is_found);
    }
    assert!(affected > 3 && affected < data.len() - 3);
}
