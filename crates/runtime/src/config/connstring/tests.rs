use super::*;

fn parse(text: &str) -> Connstring {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn both_forms_say_the_same() {
    let pairs = parse("host=db port=5432 user=clair password=hunter2 dbname=clair sslmode=disable");
    for url in [
        "postgres://clair:hunter2@db:5432/clair?sslmode=disable",
        "postgresql://db/clair?user=clair&password=hunter2&port=5432&sslmode=disable",
    ] {
        assert_eq!(parse(url), pairs, "{url}");
    }
}

#[test]
fn the_url_for_the_driver_has_everything_in_its_query() {
    let url = parse(r"host=/var/run/postgresql user='o\'neil & co' password=a\ b\\c").url();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [
        ("host", "/var/run/postgresql"),
        ("password", r"a b\c"),
        ("user", "o'neil & co"),
    ];
    assert_eq!(
        pairs,
        expected.map(|(key, value)| (key.into(), value.into()))
    );
    assert_eq!(url.host_str(), None);
}

#[test]
fn encoded_parts_of_urls_are_decoded() {
    let connstring = parse("postgres://me%40x:p%2Fw%25@[::1]:1/d%20b");
    let url = connstring.url();
    let get = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    };
    assert_eq!(get("user").as_deref(), Some("me@x"));
    assert_eq!(get("password").as_deref(), Some("p/w%"));
    assert_eq!(get("host").as_deref(), Some("::1"));
    assert_eq!(get("dbname").as_deref(), Some("d b"));
}

#[test]
fn settings_of_the_session_are_passed_on_and_those_of_other_drivers_named() {
    let connstring =
        parse("host=db search_path=clair pool_max_conns=7 connect_timeout=3 pool_min_conns=1");
    assert_eq!(connstring.max_connections(), Some(7));
    let ignored: Vec<_> = connstring.ignored_keys().collect();
    assert_eq!(ignored, ["connect_timeout", "pool_min_conns"]);
    assert_eq!(
        connstring.url().as_str(),
        "postgres:///?host=db&options%5Bsearch_path%5D=clair"
    );
}

#[test]
fn passwords_are_not_shown() {
    for text in ["host=db password='hunter2 x'", "postgres://u:hunter2@db/"] {
        let connstring = parse(text);
        let shown = format!("{connstring} {connstring:?}");
        assert!(shown.contains("password=***"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn what_is_shown_reads_back() {
    let text = r"application_name='it\'s me' dbname='' host=db";
    assert_eq!(parse(text).to_string(), text);
}

#[test]
fn broken_strings_are_refused_without_showing_them() {
    for (text, expected) in [
        ("", "is empty"),
        ("   ", "is empty"),
        ("hunter2", r#"after "" that is not"#),
        ("host=db hunter2", r#"after "host" that is not"#),
        ("host=db user name=hunter2", r#"after "host" that is not"#),
        (
            "host=db password='hunter2",
            r#""password" in the connection string does not end"#,
        ),
        (
            r"password=hunter2\",
            r#""password" in the connection string does not end"#,
        ),
        ("host=a,b", "several hosts"),
        ("postgres://u:hunter2@a:1,b:2/db", "several hosts"),
        ("postgres://u:hunter2@a:port/db", "no URL"),
        ("host=a port=hunter2", r#""port""#),
        ("host=a pool_max_conns=0", r#""pool_max_conns""#),
    ] {
        let error = text.parse::<Connstring>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
