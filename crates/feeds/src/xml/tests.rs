use std::io::Cursor;

use super::*;
use crate::Limits;

fn source() -> Source {
    Source::new("test", Vec::new())
}

/// All records right below the root.
fn records(text: &str, limits: Limits) -> Result<Vec<Element>, FeedError> {
    let bytes = Cursor::new(text.as_bytes().to_vec());
    let mut document = Document::from_reader("test", bytes, limits).unwrap();
    let mut xml = Xml::open(&source(), &mut document, "root")?;
    let mut records = Vec::new();
    while let Some(start) = xml.next()? {
        if start.name == "other" {
            xml.skip()?;
        } else {
            records.push(xml.element(start)?);
        }
    }
    xml.finish().map(|()| records)
}

fn refused(text: &str) -> String {
    records(text, Limits::default()).unwrap_err().to_string()
}

#[test]
fn a_record_has_its_text_attributes_and_children_whatever_their_prefixes() {
    let text = r#"<?xml version="1.0"?><!-- a --><x:root xmlns:x="y">
        <other><a><b/></a></other>
        <x:record x:id=" 1 " id="2"><name>a &lt;&#98;&gt; <![CDATA[<c>]]></name><empty/></x:record>
        </x:root> "#;
    let records = records(text, Limits::default()).unwrap();
    assert_eq!(records.len(), 1);
    let record = &records[0];
    assert_eq!(
        (record.name.as_str(), record.attribute("id")),
        ("record", "1")
    );
    assert_eq!(record.text_of("name"), "a <b> <c>");
    assert_eq!(
        (record.text_of("empty"), record.attribute("none")),
        ("", "")
    );
}

#[test]
fn what_is_no_such_document_is_told_with_its_place() {
    for (text, reason) in [
        ("", "it is no XML document, at byte 0"),
        ("{}", "it is no XML document, at byte 2"),
        ("<html></html>", "its root is \"html\", not \"root\""),
        ("<root><a>", "it ends early, at byte 9"),
        (
            "<root><a></b></root>",
            "expected `</a>`, but `</b>` was found",
        ),
        ("<root></root><more/>", "something follows its end"),
        (
            "<root><a>&unknown;</a></root>",
            "unknown entity \"unknown\"",
        ),
        (
            "<!DOCTYPE r [<!ENTITY a 'b'>]><root/>",
            "a document type declaration",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn records_without_bounds_are_refused() {
    let deep = format!("<root>{}", "<a>".repeat(1000));
    assert!(refused(&deep).contains("elements more than 64 deep"));
    let wide = format!("<root><a>{}</a></root>", "<b/>".repeat(ELEMENTS));
    assert!(refused(&wide).contains("a record of more than 500000 elements"));
    let attributes = r#" a="""#.repeat(100);
    assert!(refused(&format!("<root><a{attributes}/></root>")).contains("64 attributes"));

    let long = format!("<root><a>{}</a></root>", "x".repeat(1 << 20));
    let limits = Limits {
        record: 1 << 17,
        ..Limits::default()
    };
    assert!(matches!(
        records(&long, limits),
        Err(FeedError::Limit { .. })
    ));
}
