//! Scans of what is no plain distribution, and of what is out of support.

use clair_testing::corpus;

use crate::support::{Machine, Root, findings, tracker};

fn list(version: &str) -> String {
    format!(
        r#"{{"elasticsearch": {{"arch": "amd64", "distro": "debian-12", "version": "{version}"}}}}"#
    )
}

fn debian() -> Root {
    Root::debian("bookworm", "12").with("bash", "5.2.15-2", "bash")
}

#[test]
fn components_of_bitnami_are_found_beside_the_distribution() {
    let Some(corpus) = corpus() else { return };
    let machine = Machine::new();
    let archive = std::fs::read(corpus.join("feeds/osv/Bitnami/all.zip")).unwrap();
    machine.write_bytes("mirror/bitnami/all.zip", &archive);
    machine.update("mirror", "bitnami");
    let facts = [("bash", "CVE-2024-0003", "bookworm", Some("5.2.16-1"), "low")];
    machine.write("mirror/debian/json", &tracker(&facts));
    machine.update("mirror", "debian");

    let image = machine.root("root", &debian());
    machine.write(
        "root/opt/bitnami/.bitnami_components.json",
        &list("7.9.1-3"),
    );
    let report = machine.json(&["scan", &image]);
    let found = findings(&report);
    for expected in [
        ("CVE-2020-7020", "7.9.2"),
        ("CVE-2020-7021", "7.10.0"),
        ("CVE-2024-0003", "5.2.16-1"),
    ] {
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert!(found.contains(&expected), "{expected:?}: {found:?}");
    }
    // Fixed in 7.9.0.
    assert!(found.iter().all(|(name, _)| name != "CVE-2020-7019"));
    assert_eq!(report["coverage"], serde_json::json!([]));
    let explained = machine.succeed(&["scan", &image, "--explain", "CVE-2020-7020", "-o", "table"]);
    assert!(explained.contains("the image is affected"), "{explained}");
    let table = machine.succeed(&["scan", &image, "-o", "table"]);
    assert!(table.contains("elasticsearch  7.9.1-3"), "{table}");
}

#[test]
fn components_without_data_are_told() {
    let machine = Machine::new();
    let facts = [("bash", "CVE-2024-0003", "bookworm", Some("5.2.16-1"), "low")];
    machine.write("mirror/debian/json", &tracker(&facts));
    machine.update("mirror", "debian");
    let image = machine.root("root", &debian());
    machine.write(
        "root/opt/bitnami/.bitnami_components.json",
        &list("7.9.1-3"),
    );
    let report = machine.json(&["scan", &image]);
    assert_eq!(report["coverage"][0]["kind"], "no-feed");
    assert_eq!(report["coverage"][0]["subject"], "bitnami");
}

#[test]
fn a_release_out_of_support_is_told_in_the_table_and_in_the_report() {
    let machine = Machine::new();
    let facts = [("bash", "CVE-2024-0003", "buster", Some("5.0-5"), "low")];
    machine.write("mirror/debian/json", &tracker(&facts));
    machine.update("mirror", "debian");
    let buster = Root::debian("buster", "10").with("bash", "5.0-4", "bash");
    let image = machine.root("root", &buster);
    let report = machine.json(&["scan", &image]);
    assert_eq!(report["coverage"][0]["kind"], "end-of-life");
    assert_eq!(
        report["coverage"][0]["subject"],
        "Debian GNU/Linux 10 (buster)"
    );
    let table = machine.succeed(&["scan", &image, "-o", "table"]);
    let told = "security support ended on 2024-06-30";
    assert!(table.contains(told), "{table}");
}
