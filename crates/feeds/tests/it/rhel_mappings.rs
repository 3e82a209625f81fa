//! Which products Red Hat's repositories are for.

use clair_model::facts::RhelMapping;

use crate::corpus::read;
use crate::support::{Collected, corpus, parse, refused};

fn mapping(collected: &Collected, tag: &str) -> Option<RhelMapping> {
    let mut enrichments = collected.enrichments.iter();
    let found = enrichments.find(|it| it.tags == [tag])?;
    Some(found.value.read().unwrap())
}

#[test]
fn repositories_have_products_and_images_have_names() {
    let json = r#"{"data":{"a-rpms":{"cpes":["cpe:/o:redhat:a:1","nonsense"],"repo_relative_urls":["x"]},
        "b-rpms":{"cpes":[]}},"other":[1]}"#;
    let collected = parse("rhel-mappings", json).unwrap();
    assert_eq!(
        mapping(&collected, "a-rpms").unwrap().products,
        ["cpe:/o:redhat:a:1"]
    );
    assert_eq!(mapping(&collected, "b-rpms"), None);
    assert_eq!(collected.reasons(), ["malformed: a-rpms"]);
    let json = r#"{"data":{"ubi8":["ubi8","rhel8/ubi"],"c":5,"d e":["x"]}}"#;
    let collected = parse("rhel-mappings", json).unwrap();
    assert_eq!(
        mapping(&collected, "ubi8").unwrap().images,
        ["ubi8", "rhel8/ubi"]
    );
    assert_eq!(collected.reasons(), ["malformed: c", "bad-id: d e"]);
}

#[test]
fn what_maps_nothing_is_no_mapping() {
    for json in [
        "",
        "[]",
        "{}",
        r#"{"data":{}}"#,
        r#"{"data":[]}"#,
        r#"{"data":{"a":["b"]}"#,
    ] {
        refused("rhel-mappings", json);
    }
    refused(
        "rhel-mappings",
        format!(r#"{{"data":{{"a":{}"#, "[".repeat(100_000)),
    );
}

#[test]
fn the_mapping_as_it_was_published() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("feeds/redhat/repository-to-cpe.json.gz");
    let collected = read("rhel-mappings", &path);
    // As another reader counts those that have products.
    assert_eq!(collected.enrichments.len(), 8_564);
    let of = |id| mapping(&collected, id).unwrap().products;
    assert_eq!(
        of("rhel-9-for-x86_64-appstream-rpms"),
        ["cpe:/a:redhat:enterprise_linux:9::appstream"]
    );
    assert_eq!(
        of("rhel-8-for-x86_64-baseos-eus-rpms__8_DOT_4"),
        ["cpe:/o:redhat:rhel_eus:8.4::baseos"]
    );
}
