//! Compares answers with what the description of the API says of them.

use std::sync::LazyLock;

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::Answer;

/// The description as the repository has it, in the order in which the gateway puts it together.
const TEXT: &str = concat!(
    include_str!("../../../openapi/info.yaml"),
    "paths:\n",
    include_str!("../../../openapi/discovery.yaml"),
    include_str!("../../../openapi/indexer.yaml"),
    include_str!("../../../openapi/matcher.yaml"),
    include_str!("../../../openapi/notifier.yaml"),
    include_str!("../../../openapi/admin.yaml"),
    "components:\n",
    include_str!("../../../openapi/responses.yaml"),
    "  schemas:\n",
    include_str!("../../../openapi/reports.yaml"),
    include_str!("../../../openapi/updates.yaml"),
    include_str!("../../../openapi/operation.yaml"),
);

pub(crate) fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_saphyr::from_str(TEXT).unwrap());
    &DOCUMENT
}

/// Follows a reference, if the value is one.
pub(crate) fn resolve(value: &Value) -> &Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => resolve(at(reference)),
        None => value,
    }
}

/// What a reference names.
pub(crate) fn at(reference: &str) -> &'static Value {
    let pointer = reference
        .strip_prefix('#')
        .expect("references are to the same document");
    let found = document().pointer(pointer);
    found.unwrap_or_else(|| panic!("{reference} is not there"))
}

/// What validates a schema that refers to others of the description.
pub(crate) fn validator(schema: &Value) -> Validator {
    let mut whole = schema.clone();
    whole["components"] = document()["components"].clone();
    jsonschema::draft202012::new(&whole).unwrap()
}

/// Checks that the description knows the answer: its status, its form, its content.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(method, path) else {
        return;
    };
    let responses = &operation["responses"];
    let status = answer.status.as_str();
    let response = responses.get(status).or_else(|| responses.get("default"));
    let response = response.unwrap_or_else(|| panic!("{method} {path}: {status} is not described"));
    let response = resolve(response);
    if *method == Method::HEAD {
        return;
    }
    let Some(content) = response.get("content") else {
        assert_eq!(
            answer.text(),
            "",
            "{method} {path} {status}: a body that is not described"
        );
        return;
    };
    let form = answer.header("content-type").expect("bodies have a type");
    let form = form.split(';').next().unwrap();
    let described = content.get(form);
    let described = described.unwrap_or_else(|| panic!("{method} {path} {status}: form {form}"));
    if !form.ends_with("json") || answer.headers.contains_key("content-encoding") {
        return;
    }
    // What broke off is no document, and is not meant to be one.
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return;
    };
    let schema = described.get("schema").cloned().unwrap_or(json!(true));
    let errors: Vec<_> = validator(&schema)
        .iter_errors(&body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{method} {path} {status}: {errors:#?}");
}

/// The operation that a request asks for.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let paths = document()["paths"].as_object().unwrap();
    let matching = |template: &str| {
        let (template, path) = (template.split('/'), path.split('/'));
        template.clone().count() == path.clone().count()
            && template
                .zip(path)
                .all(|(part, given)| part == given || part.starts_with('{'))
    };
    // A path without parameters counts more.
    let mut found: Vec<_> = paths
        .iter()
        .filter(|(template, _)| matching(template))
        .collect();
    found.sort_by_key(|(template, _)| template.contains('{'));
    let (_, item) = found.first()?;
    item.get(method.as_str().to_lowercase())
}
