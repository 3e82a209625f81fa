//! The description of the API in itself. That it has the routes of the router and no others is a
//! test beside these, and that answers are as it says is checked by every other one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::description::{at, document, resolve, validator};

/// Every object in the document, with the way to it.
fn visit(value: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
    see(path, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(member, &format!("{path}/{name}"), see);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                visit(element, &format!("{path}/{index}"), see);
            }
        }
        _ => {}
    }
}

/// The operations, by method and path.
fn operations() -> BTreeMap<String, (&'static Value, &'static Value)> {
    let mut operations = BTreeMap::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if method != "parameters" {
                operations.insert(format!("{method} {path}"), (item, operation));
            }
        }
    }
    operations
}

#[test]
fn it_is_of_the_version_that_it_says() {
    assert_eq!(document()["openapi"], "3.1.0");
    for key in ["title", "version", "description"] {
        assert!(document()["info"][key].is_string(), "{key}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let mut used = BTreeSet::new();
    visit(document(), "#", &mut |_, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            at(reference);
            used.insert(reference.to_owned());
        }
    });
    // What stands on the lines of a stream has no place to be referred to from.
    let on_lines = BTreeSet::from(["#/components/schemas/UpdateEvent".to_owned()]);
    for kind in ["schemas", "responses", "parameters", "headers"] {
        for name in document()["components"][kind].as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(
                used.contains(&reference) || on_lines.contains(&reference),
                "{reference}"
            );
        }
    }
}

#[test]
fn every_schema_is_one() {
    for schema in document()["components"]["schemas"]
        .as_object()
        .unwrap()
        .values()
    {
        validator(schema);
    }
    let mut count = 0;
    visit(document(), "#", &mut |_, value| {
        if let Some(schema) = value.get("schema") {
            validator(schema);
            count += 1;
        }
    });
    assert!(count > 50, "{count}");
}

#[test]
fn every_operation_has_a_name_of_its_own_and_a_summary() {
    let mut names = BTreeSet::new();
    let tags: Vec<_> = document()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    for (name, (_, operation)) in operations() {
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_else(|| panic!("{name}"));
        assert!(names.insert(id), "{id}");
        assert!(operation["summary"].is_string(), "{name}");
        assert!(tags.contains(&&operation["tags"][0]), "{name}");
    }
    assert!(names.len() > 20, "{names:?}");
}

#[test]
fn every_parameter_of_a_path_is_described() {
    for (name, (item, operation)) in operations() {
        let (_, path) = name.split_once(' ').unwrap();
        let in_path: BTreeSet<&str> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let lists = [item.get("parameters"), operation.get("parameters")];
        let parameters = lists
            .into_iter()
            .flatten()
            .flat_map(|list| list.as_array().unwrap());
        let described: BTreeSet<&str> = parameters
            .map(resolve)
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| {
                assert_eq!(parameter["required"], true, "{name}");
                parameter["name"].as_str().unwrap()
            })
            .collect();
        assert_eq!(described, in_path, "{name}");
    }
}

#[test]
fn every_operation_tells_what_failures_look_like() {
    for (name, (_, operation)) in operations() {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("default"), "{name}");
        for (status, response) in responses {
            let response = resolve(response);
            assert!(response["description"].is_string(), "{name} {status}");
            let is_failure = status == "default" || matches!(status.as_bytes()[0], b'4' | b'5');
            if is_failure && status != "412" {
                let schema = &response["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Error", "{name} {status}");
            }
        }
        let is_open = operation["security"][0] == serde_json::json!({});
        assert!(is_open || responses.contains_key("401"), "{name}");
    }
}
