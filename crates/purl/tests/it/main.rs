//! The tests that come with the specification,
//! <https://github.com/package-url/purl-spec/tree/main/tests>, for the types that packages of
//! reports and images have. They are read where the corpus is.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, outside of #[test]"
)]

use std::path::PathBuf;

use clair_purl::PackageUrl;
use clair_testing::corpus;
use serde_json::{Map, Value, json};

/// The types that are made or looked for here.
const TYPES: [&str; 20] = [
    "alpm",
    "apk",
    "bitnami",
    "cargo",
    "cocoapods",
    "composer",
    "conan",
    "conda",
    "cran",
    "deb",
    "golang",
    "hackage",
    "hex",
    "maven",
    "npm",
    "nuget",
    "oci",
    "pub",
    "pypi",
    "rpm",
];

#[test]
fn the_specification_agrees() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut files: Vec<PathBuf> = TYPES
        .iter()
        .map(|kind| corpus.join(format!("purl/types/{kind}-test.json")))
        .collect();
    files.push(corpus.join("purl/spec/specification-test.json"));
    let (mut tests, mut wrong) = (0, Vec::new());
    for file in &files {
        let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for test in document["tests"].as_array().unwrap() {
            tests += 1;
            let result = run(test["test_type"].as_str().unwrap(), &test["input"]);
            let expects_failure = test["expected_failure"].as_bool().unwrap();
            let agrees = match &result {
                Ok(value) => !expects_failure && *value == test["expected_output"],
                Err(_) => expects_failure,
            };
            if !agrees {
                wrong.push(format!("{} {result:?}", test["input"]));
            }
        }
    }
    println!("{tests} tests");
    // A qualifier in capitals is to be refused says one test, and to be read another.
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].contains("pkg:Rpm/fedora/curl@7.50.3-1.fc25?Arch=i386"));
    assert!(tests > 300, "{tests}");
}

fn run(kind: &str, input: &Value) -> Result<Value, String> {
    let parsed = || -> Result<PackageUrl<'_>, String> {
        let text = input.as_str().unwrap();
        text.parse().map_err(|error| format!("{error}"))
    };
    match kind {
        "parse" => parsed().map(|purl| parts(&purl)),
        "build" => built(input).map(|purl| json!(purl.to_string())),
        _ => parsed().map(|purl| json!(purl.to_string())),
    }
}

fn parts(purl: &PackageUrl<'_>) -> Value {
    let qualifiers: Map<String, Value> = purl
        .qualifiers()
        .iter()
        .map(|(key, value)| (key.to_string(), json!(value)))
        .collect();
    json!({
        "type": purl.ty(),
        "namespace": purl.namespace(),
        "name": purl.name(),
        "version": purl.version(),
        "qualifiers": (!qualifiers.is_empty()).then_some(qualifiers),
        "subpath": purl.subpath(),
    })
}

fn built(input: &Value) -> Result<PackageUrl<'static>, String> {
    let text = |name: &str| input[name].as_str().map(str::to_owned);
    let said = |error| format!("{error}");
    let mut purl = PackageUrl::new(
        text("type").unwrap_or_default(),
        text("name").unwrap_or_default(),
    )
    .map_err(said)?;
    if let Some(namespace) = text("namespace") {
        purl.with_namespace(namespace).map_err(said)?;
    }
    if let Some(version) = text("version") {
        purl.with_version(version).map_err(said)?;
    }
    for (key, value) in input["qualifiers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap().to_owned();
        purl.add_qualifier(key.clone(), value).map_err(said)?;
    }
    if let Some(subpath) = text("subpath") {
        purl.with_subpath(subpath).map_err(said)?;
    }
    purl.validate().map_err(said)?;
    Ok(purl)
}
