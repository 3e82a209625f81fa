//! Amazon Linux: lists of updates, and where they lie.

use std::fs;

use clair_feeds::{FetchOptions, Fetcher, Location};
use clair_model::Severity;

use crate::corpus::read;
use crate::server::{Response, Server};
use crate::support::{Collected, corpus, feed, parse, refused};

fn fetcher() -> Fetcher {
    Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    })
    .unwrap()
}

fn arches(collected: &Collected) -> Vec<String> {
    let affected = collected.advisories.iter().flat_map(|it| &it.affected);
    affected
        .map(|affected| format!("{} {}", affected.package, affected.arches.join(" ")))
        .collect()
}

fn list(packages: &str) -> String {
    format!(
        r#"<?xml version="1.0" ?><updates><update type="security"><id>ALAS2-2024-1</id>
        <severity>important</severity><issued date="2024-01-02 03:04"/>
        <references><reference href="https://a.example/1" id="CVE-2024-1000" title=""/>
        <reference href="https://a.example/2" id="CVE-2024-1001" title=""/>
        <reference href="https://a.example/3" id="RHSA-2024:1" title=""/></references>
        <pkglist><collection short="amazon-linux-2">{packages}</collection></pkglist>
        </update></updates>"#
    )
}

const PACKAGES: &str = r#"
    <package arch="x86_64" epoch="1" name="a" release="2" version="1"/>
    <package arch="noarch" epoch="0" name="b" release="2" version="1"/>
    <package arch="aarch64" epoch="1" name="a" release="2" version="1"/>
    <package arch="src" epoch="1" name="a" release="2" version="1"/>
    <package arch="x86_64" epoch="0" name="c" release="" version=""/>"#;

#[test]
fn an_update_is_an_advisory_for_each_of_its_vulnerabilities() {
    let collected = parse("aws/2", list(PACKAGES)).unwrap();
    assert_eq!(
        collected.statements(),
        [
            "CVE-2024-1000 amzn:2 a: fixed < 1:1-2",
            "CVE-2024-1000 amzn:2 b: fixed < 1-2",
            "CVE-2024-1001 amzn:2 a: fixed < 1:1-2",
            "CVE-2024-1001 amzn:2 b: fixed < 1-2",
        ]
    );
    assert_eq!(arches(&collected)[..2], ["a aarch64 x86_64", "b noarch"]);
    assert_eq!(collected.reasons(), ["no-version: ALAS2-2024-1 c"]);
    let first = &collected.advisories[0];
    assert_eq!(first.aliases, ["ALAS2-2024-1"]);
    assert_eq!(first.links, ["https://a.example/1", "https://a.example/3"]);
    assert_eq!(first.issued.unwrap().to_string(), "2024-01-02T03:04:00Z");
    assert_eq!(first.normalized_severity, Severity::High);
}

#[test]
fn the_list_of_the_other_architecture_is_about_that_alone() {
    let collected = parse("aws/2/aarch64", list(PACKAGES)).unwrap();
    assert_eq!(arches(&collected)[..1], ["a aarch64"]);
    assert_eq!(collected.statements().len(), 2);
}

#[test]
fn extras_begin_with_their_line() {
    let kernel =
        r#"<package arch="x86_64" epoch="0" name="kernel" release="1.amzn2" version="5.10.9"/>"#;
    let collected = parse("aws/2/extras/kernel-5.10", list(kernel)).unwrap();
    assert_eq!(
        collected.statements()[0],
        "CVE-2024-1000 amzn:2 kernel: fixed >= 5.10, < 5.10.9-1.amzn2"
    );
}

#[test]
fn what_is_no_security_update_is_counted_and_what_is_no_list_refused() {
    let bugfix = list(PACKAGES).replace("type=\"security\"", "type=\"bugfix\"");
    let collected = parse("aws/2", bugfix).unwrap();
    assert_eq!(collected.reasons(), ["not-security: ALAS2-2024-1"]);
    let empty = parse("aws/2/extras/docker", "<updates/>").unwrap();
    assert!(empty.advisories.is_empty());
    for (name, text, reason) in [
        ("aws/2", "<updates/>", "it has no updates"),
        ("aws/2", "<updates><update>", "it ends early"),
        ("aws/7", "<updates/>", "its place does not tell the release"),
    ] {
        let error = refused(name, text);
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn repositories_are_found_by_their_mirrors_and_the_catalog_of_extras() {
    let index = r#"<repomd><data type="primary"><location href="repodata/p.xml"/></data>
        <data type="updateinfo"><location href="repodata/updateinfo.xml.gz"/></data></repomd>"#;
    let without =
        r#"<repomd><data type="primary"><location href="repodata/p.xml"/></data></repomd>"#;
    let server = Server::start(move |request| {
        let mut lines = request.header.lines();
        let host = lines.find_map(|line| line.strip_prefix("host: "));
        let host = host.unwrap_or_default();
        let mirrors = |path: &str| Response::new(200, format!("http://{host}/{path}\n"));
        match request.path() {
            "/2/core/latest/x86_64/mirror.list" => mirrors("guid/core"),
            "/2/core/latest/aarch64/mirror.list" => mirrors("guid/arm/"),
            "/2/extras/docker/latest/x86_64/mirror.list" => mirrors("guid/docker"),
            "/2/extras/empty/latest/x86_64/mirror.list" => mirrors("guid/empty"),
            "/2/extras-catalog.json" => Response::new(
                200,
                r#"{"topics":[{"n":"docker"},{"n":"empty"},{"n":"../x"}]}"#,
            ),
            "/guid/empty/repodata/repomd.xml" => Response::new(200, without),
            path if path.ends_with("/repodata/repomd.xml") => Response::new(200, index),
            _ => Response::new(404, ""),
        }
    });
    let sources = feed("aws").sources(&fetcher(), &server.at("")).unwrap();
    let found: Vec<(String, String)> = sources
        .into_iter()
        .map(|source| {
            let location = source.locations[0].to_string();
            let path = location.splitn(4, '/').last().unwrap().to_owned();
            (source.name, path)
        })
        .collect();
    let expected = [
        ("aws/2", "guid/core/repodata/updateinfo.xml.gz"),
        ("aws/2/aarch64", "guid/arm/repodata/updateinfo.xml.gz"),
        (
            "aws/2/extras/docker",
            "guid/docker/repodata/updateinfo.xml.gz",
        ),
    ];
    assert_eq!(
        found,
        expected.map(|(name, path)| (name.to_owned(), path.to_owned()))
    );
}

#[test]
fn a_mirror_may_have_the_lists_themselves() {
    let directory = tempfile::tempdir().unwrap();
    for place in ["2", "2023", "2/extras/docker"] {
        let place = directory.path().join(place);
        fs::create_dir_all(&place).unwrap();
        fs::write(place.join("updateinfo.xml"), list(PACKAGES)).unwrap();
    }
    let root: Location = directory.path().to_str().unwrap().parse().unwrap();
    let sources = feed("aws").sources(&fetcher(), &root).unwrap();
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["aws/2", "aws/2023", "aws/2/extras/docker"]);
    let single = root.join("2/extras/docker/updateinfo.xml");
    let sources = feed("aws").sources(&fetcher(), &single).unwrap();
    assert_eq!(sources[0].name, "aws/2/extras/docker");
}

#[test]
fn lists_as_they_were_published() {
    let Some(corpus) = corpus() else { return };
    let amazon = corpus.join("feeds/amazon");
    let fixtures = amazon.join("vlu/fixtures");
    for (name, path, advisories, statements) in [
        (
            "aws/2018.03",
            amazon.join("amazon_linux_1_updateinfo.xml"),
            2,
            10,
        ),
        ("aws/2", amazon.join("amazon_linux_2_updateinfo.xml"), 3, 31),
        ("aws/2", fixtures.join("updateinfo_1_item.xml.gz"), 2, 26),
        ("aws/2", fixtures.join("updateinfo_2_items.xml.gz"), 16, 260),
        ("aws/2023", fixtures.join("updateinfo_AL2022.xml.gz"), 4, 48),
        ("aws/2023", fixtures.join("updateinfo_AL2023.xml.gz"), 2, 42),
    ] {
        let collected = read(name, &path);
        assert!(collected.skipped.is_empty(), "{name}");
        let counts = (collected.advisories.len(), collected.statements().len());
        assert_eq!(counts, (advisories, statements), "{}", path.display());
    }
    let first = read("aws/2018.03", &amazon.join("amazon_linux_1_updateinfo.xml"));
    let second = read("aws/2", &amazon.join("amazon_linux_2_updateinfo.xml"));
    let third = read("aws/2023", &fixtures.join("updateinfo_AL2023.xml.gz"));
    let mut statements = first.statements();
    statements.extend(second.statements());
    statements.extend(third.statements());
    for expected in [
        "CVE-2011-3192 amzn:2018.03 httpd: fixed < 2.2.21-1.18.amzn1",
        "CVE-2011-3192 amzn:2018.03 httpd-tools: fixed < 2.2.21-1.18.amzn1",
        "CVE-2011-3192 amzn:2018.03 mod_ssl: fixed < 1:2.2.21-1.18.amzn1",
        "CVE-2011-3192 amzn:2018.03 httpd-manual: fixed < 2.2.21-1.18.amzn1",
        "CVE-2011-3208 amzn:2018.03 cyrus-imapd: fixed < 2.3.16-6.4.amzn1",
        "CVE-2011-3208 amzn:2018.03 cyrus-imapd-utils: fixed < 2.3.16-6.4.amzn1",
        "CVE-2017-5754 amzn:2 kernel: fixed < 4.9.76-38.79.amzn2",
        "CVE-2017-5715 amzn:2 kernel-headers: fixed < 4.9.76-38.79.amzn2",
        "CVE-2017-5715 amzn:2 perf: fixed < 4.9.76-38.79.amzn2",
        "CVE-2022-24903 amzn:2023 rsyslog: fixed < 8.2204.0-3.amzn2023.0.2",
        "CVE-2014-3634 amzn:2023 rsyslog-doc: fixed < 8.2204.0-3.amzn2023.0.2",
    ] {
        assert!(statements.iter().any(|it| it == expected), "{expected}");
    }
    let cut = fs::read(fixtures.join("updateinfo_invalid.xml.gz")).unwrap();
    let error = refused("aws/2", cut);
    assert!(error.contains("is not a document of aws/2"), "{error}");
}
