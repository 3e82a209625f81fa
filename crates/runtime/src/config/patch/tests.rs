use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::config::decode::decode;
use crate::config::syntax::{Syntax, parse};

fn node(text: &str) -> Node {
    let path: Arc<Path> = Path::new("test.yaml").into();
    parse(text, Syntax::Yaml, &path).unwrap()
}

fn patched(document: &str, patch: &str) -> Result<serde_json::Value, String> {
    let mut root = node(document);
    apply(&mut root, node(patch)).map_err(|error| error.to_string())?;
    Ok(decode(root).unwrap())
}

#[test]
fn operations_do_what_the_standard_says() {
    let document = "{a: [x, z], b: {c: 1}}";
    for (patch, expected) in [
        (
            "[{op: add, path: /a/1, value: y}]",
            r#"{"a":["x","y","z"],"b":{"c":1}}"#,
        ),
        (
            "[{op: add, path: /a/-, value: y}]",
            r#"{"a":["x","z","y"],"b":{"c":1}}"#,
        ),
        (
            "[{op: add, path: /b/c, value: 2}]",
            r#"{"a":["x","z"],"b":{"c":2}}"#,
        ),
        ("[{op: remove, path: /a/0}]", r#"{"a":["z"],"b":{"c":1}}"#),
        ("[{op: remove, path: /b}]", r#"{"a":["x","z"]}"#),
        (
            "[{op: replace, path: /b/c, value: [1]}]",
            r#"{"a":["x","z"],"b":{"c":[1]}}"#,
        ),
        ("[{op: replace, path: '', value: {d: 1}}]", r#"{"d":1}"#),
        (
            "[{op: move, from: /b/c, path: /a/0}]",
            r#"{"a":[1,"x","z"],"b":{}}"#,
        ),
        (
            "[{op: copy, from: /a, path: /b/d}]",
            r#"{"a":["x","z"],"b":{"c":1,"d":["x","z"]}}"#,
        ),
        (
            "[{op: test, path: /b, value: {c: 1.0}}]",
            r#"{"a":["x","z"],"b":{"c":1}}"#,
        ),
        (
            "[{op: add, path: /x~1y~0z, value: 1}]",
            r#"{"a":["x","z"],"b":{"c":1},"x/y~z":1}"#,
        ),
        ("[]", r#"{"a":["x","z"],"b":{"c":1}}"#),
    ] {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(patched(document, patch), Ok(expected), "{patch}");
    }
}

#[test]
fn operations_that_do_not_fit_are_refused_with_their_place() {
    for (patch, expected) in [
        ("op: add", "a list of operations"),
        ("[x]", "test.yaml:1:2: an operation is a mapping"),
        ("[{op: frob, path: /a}]", "there is no operation \"frob\""),
        ("[{op: add, value: 1}]", "has no path"),
        ("[{op: add, path: /q}]", "has no value"),
        ("[{op: move, path: /q}]", "has no from"),
        ("[{op: add, path: q, value: 1}]", "no JSON pointer"),
        ("[{op: add, path: /a/3, value: 1}]", "there is no /a/3"),
        ("[{op: add, path: /a/01, value: 1}]", "there is no /a/01"),
        ("[{op: add, path: /b/c/d, value: 1}]", "there is no /b/c/d"),
        ("[{op: remove, path: /a/-}]", "there is no /a/-"),
        ("[{op: remove, path: ''}]", "whole document"),
        ("[{op: replace, path: /q, value: 1}]", "there is no /q"),
        ("[{op: move, from: /b, path: /b/c}]", "into itself"),
        ("[{op: test, path: /a/0, value: y}]", "another value"),
        (
            "- {op: remove, path: /b}\n- {op: remove, path: /b}",
            "test.yaml:2:3: there is no /b",
        ),
    ] {
        let error = patched("{a: [x, z], b: {c: 1}}", patch).unwrap_err();
        assert!(error.contains(expected), "{patch}: {error}");
    }
}
