use proptest::prelude::*;

use super::*;

fn cpe(text: &str) -> Cpe {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn both_forms_are_read_and_the_formatted_string_is_written() {
    for (text, written) in [
        (
            "cpe:/a:redhat:enterprise_linux:9::appstream",
            "cpe:2.3:a:redhat:enterprise_linux:9:*:appstream:*:*:*:*:*",
        ),
        (
            "cpe:/o:redhat:enterprise_linux:10.1",
            "cpe:2.3:o:redhat:enterprise_linux:10.1:*:*:*:*:*:*:*",
        ),
        (
            "cpe:2.3:A:RedHat:quay:3:*:el8:*:*:*:*:*",
            "cpe:2.3:a:redhat:quay:3:*:el8:*:*:*:*:*",
        ),
        (
            "cpe:/a:hp:insight_diagnostics:7.4.0.1570:-:~~online~win2003~x64~",
            "cpe:2.3:a:hp:insight_diagnostics:7.4.0.1570:-:*:*:online:win2003:x64:*",
        ),
        (
            "cpe:/a:foo%5cbar:big%24money_manager_2010:%02:-%3f",
            "cpe:2.3:a:foo\\\\bar:big\\$money_manager_2010:*:-\\?:*:*:*:*:*:*",
        ),
        (
            "cpe:/a:redhat:openshift:4.*::el8",
            "cpe:2.3:a:redhat:openshift:4.*:*:el8:*:*:*:*:*",
        ),
        ("cpe:/", "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*"),
        (
            "cpe:2.3:a:a:b\\:c:1.?:*:*:*:*:*:*:*",
            "cpe:2.3:a:a:b\\:c:1.?:*:*:*:*:*:*:*",
        ),
    ] {
        let read = cpe(text);
        assert_eq!(read.to_string(), written, "{text}");
        assert_eq!(cpe(written), read, "{written}");
    }
}

#[test]
fn a_uri_says_the_same_as_the_formatted_string() {
    for (uri, formatted) in [
        (
            "cpe:/a:redhat:rhel_eus:9.2::appstream",
            "cpe:2.3:a:redhat:rhel_eus:9.2:*:appstream:*:*:*:*:*",
        ),
        (
            "cpe:/o:redhat:enterprise_linux:7",
            "cpe:2.3:o:redhat:enterprise_linux:7:*:*:*:*:*:*:*",
        ),
        (
            "cpe:/a:redhat:a%2bb:1:-:~~~x64~~",
            "cpe:2.3:a:redhat:a\\+b:1:-:*:*:*:x64:*:*",
        ),
        (
            "cpe:/a:redhat:openshift:4.%02::el8:en",
            "cpe:2.3:a:redhat:openshift:4.*:*:el8:en:*:*:*:*",
        ),
        ("cpe:/a:b:%2d:1.%01", "cpe:2.3:a:b:\\-:1.?:*:*:*:*:*:*:*"),
        ("cpe:/", "cpe:2.3:*:*:*:*:*:*:*:*:*:*:*"),
    ] {
        assert_eq!(cpe(uri).to_string(), formatted, "{uri}");
        assert_eq!(cpe(formatted).to_uri(), uri, "{formatted}");
    }
}

#[test]
fn what_is_no_name_is_refused() {
    for (text, error) in [
        ("", ParseCpeError::Prefix),
        ("cpe:2.2:a", ParseCpeError::Prefix),
        ("cpe:/x:a", ParseCpeError::Part),
        ("cpe:/a:b:c:d:e:f:g:h", ParseCpeError::Attributes),
        ("cpe:/a:b:c:d:e:~f~g", ParseCpeError::Attributes),
        ("cpe:2.3:a:b:c", ParseCpeError::Attributes),
        ("cpe:2.3:a:b:c:*:*:*:*:*:*:*:*:*", ParseCpeError::Attributes),
        ("cpe:2.3:a:b::*:*:*:*:*:*:*:*", ParseCpeError::Attributes),
        ("cpe:2.3:a:b:c*d:*:*:*:*:*:*:*:*", ParseCpeError::Character),
        ("cpe:2.3:a:b:c:*:*:*:*:*:*:*:\\", ParseCpeError::Character),
        ("cpe:/a:b%", ParseCpeError::Character),
        ("cpe:/a:b%zz", ParseCpeError::Character),
        ("cpe:/a:b%00", ParseCpeError::Character),
        ("cpe:/a:\u{1b}", ParseCpeError::Character),
    ] {
        assert_eq!(text.parse::<Cpe>(), Err(error), "{text}");
    }
    let long = format!("cpe:/a:{}", "a".repeat(MAX_LENGTH));
    assert_eq!(long.parse::<Cpe>(), Err(ParseCpeError::Length));
}

#[test]
fn a_name_means_what_it_leaves_open() {
    let is_superset = |a, b| cpe(a).is_superset_of(&cpe(b));
    let channel = "cpe:/a:redhat:enterprise_linux:8::appstream";
    assert!(is_superset("cpe:/a:redhat:enterprise_linux:8", channel));
    assert!(is_superset("cpe:/a:redhat", channel));
    assert!(is_superset(channel, channel));
    assert!(!is_superset(channel, "cpe:/a:redhat:enterprise_linux:8"));
    assert!(!is_superset(
        "cpe:/a:redhat:enterprise_linux:8",
        "cpe:/a:redhat:enterprise_linux:85"
    ));
    assert!(!is_superset("cpe:/o:redhat:enterprise_linux:8", channel));
    assert!(!is_superset("cpe:/a:b:c:-", "cpe:/a:b:c:1"));
    assert!(!is_superset("cpe:/a:b:c:1", "cpe:/a:b:c:-"));
    assert!(is_superset("cpe:/a:b:c", "cpe:/a:b:c:-"));
}

#[test]
fn unknown_parts_of_a_value_fit_what_is_there() {
    let is_superset = |version: &str, other: &str| {
        let name = |version| cpe(&format!("cpe:2.3:a:b:c:{version}:*:*:*:*:*:*:*"));
        name(version).is_superset_of(&name(other))
    };
    assert!(is_superset("8.*", "8.5"));
    assert!(is_superset("8.*", "8."));
    assert!(is_superset("*5", "8.5"));
    assert!(is_superset("8.?", "8.5"));
    assert!(is_superset("8.??", "8.5"));
    assert!(is_superset("??", "85"));
    assert!(!is_superset("8.?", "8.55"));
    assert!(!is_superset("8.*", "9.5"));
    assert!(
        !is_superset("8.*", "8.?"),
        "what they have in common is undefined"
    );
    assert!(!is_superset("8\\*", "85"));
    assert!(is_superset("8\\**", "8\\*5"));
}

proptest! {
    #[test]
    fn what_is_read_is_written_so_that_it_reads_the_same(text in "cpe:(/|2.3:)[aoh*](:[a-z0-9*?~%\\\\._-]{0,4}){0,12}") {
        if let Ok(read) = text.parse::<Cpe>() {
            let written = read.to_string();
            prop_assert_eq!(written.parse::<Cpe>(), Ok(read.clone()), "{}", written);
            let uri = read.to_uri();
            prop_assert_eq!(uri.parse::<Cpe>(), Ok(read.clone()), "{}", uri);
            prop_assert!(read.is_superset_of(&read));
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = text.parse::<Cpe>();
        let _ = format!("cpe:/{text}").parse::<Cpe>();
        let _ = format!("cpe:2.3:{text}").parse::<Cpe>();
    }
}
