//! What has changed since Red Hat made its archive.

use std::io;

use clair_feeds::{FetchOptions, Fetcher, Fingerprint, Update, update_source};

use crate::archives::tar;
use crate::server::{Response, Server};
use crate::support::{Collected, corpus, feed};

const ARCHIVE: &str = "csaf_vex_2025-02-15.tar";

/// A document that says of one package that it is affected in this version.
fn vex(cve: &str, package: &str) -> String {
    format!(
        r#"{{"document":{{"tracking":{{"id":"{cve}"}}}},
        "product_tree":{{"branches":[{{"branches":[
        {{"product":{{"product_id":"r","product_identification_helper":{{"cpe":"cpe:/o:redhat:enterprise_linux:9"}}}}}},
        {{"product":{{"product_id":"p","product_identification_helper":{{"purl":"pkg:rpm/redhat/{package}?arch=src"}}}}}}
        ]}}],"relationships":[{{"full_product_name":{{"product_id":"r:p"}},
        "product_reference":"p","relates_to_product_reference":"r"}}]}},
        "vulnerabilities":[{{"cve":"{cve}","product_status":{{"known_affected":["r:p"]}}}}]}}"#
    )
}

const CHANGES: &str = "\"2024/cve-2024-1.json\",\"2025-02-16T10:00:00+00:00\"\n\
    \"2025/cve-2025-9.json\",\"2025-02-17T10:00:00+00:00\"\n\
    \"2024/cve-2024-4.json\",\"2025-02-17T10:00:00+00:00\"\n\
    \"2024/cve-2024-2.json\",\"2025-02-01T10:00:00+00:00\"\n\
    not a line\n";
const DELETIONS: &str = "\"2024/cve-2024-3.json\",\"2025-02-16T10:00:00+00:00\"\n";

fn server(changes: &'static str) -> Server {
    let archive = tar(&[
        ("2024/cve-2024-1.json", &vex("CVE-2024-1", "old")),
        ("2024/cve-2024-2.json", &vex("CVE-2024-2", "same")),
        ("2024/cve-2024-3.json", &vex("CVE-2024-3", "deleted")),
        ("2024/cve-2024-4.json", &vex("CVE-2024-4", "kept")),
    ]);
    Server::start(move |request| match request.path() {
        "/archive_latest.txt" => Response::new(200, ARCHIVE),
        "/csaf_vex_2025-02-15.tar" if request.says("if-none-match: \"archive\"") => {
            Response::new(304, "")
        }
        "/csaf_vex_2025-02-15.tar" => {
            Response::new(200, archive.clone()).with("ETag", "\"archive\"")
        }
        "/changes.csv" => Response::new(200, changes).with("ETag", "\"changes\""),
        "/deletions.csv" => Response::new(200, DELETIONS).with("ETag", "\"deletions\""),
        "/2024/cve-2024-1.json" => Response::new(200, vex("CVE-2024-1", "new")),
        "/2025/cve-2025-9.json" => Response::new(200, vex("CVE-2025-9", "added")),
        "/2024/cve-2024-4.json" => Response::new(200, "<html>"),
        _ => Response::new(404, ""),
    })
}

fn update(server: &Server, previous: Option<&Fingerprint>) -> Option<(Collected, Fingerprint)> {
    let fetcher = Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    })
    .unwrap();
    let feed = feed("rhel-vex");
    let source = feed.sources(&fetcher, &server.at("")).unwrap().remove(0);
    let open = |_: &_| Ok::<_, io::Error>(Collected::default());
    match update_source(feed.as_ref(), &source, &fetcher, previous, open).unwrap() {
        Update::Unchanged => None,
        Update::New {
            sink, fingerprint, ..
        } => Some((sink, fingerprint)),
    }
}

fn said(collected: &Collected) -> Vec<String> {
    let of = collected.advisories.iter();
    let mut said: Vec<String> = of
        .map(|advisory| format!("{} {}", advisory.id, advisory.affected[0].package))
        .collect();
    said.sort();
    said
}

#[test]
fn newer_documents_take_the_place_of_those_in_the_archive() {
    let server = server(CHANGES);
    let (collected, fingerprint) = update(&server, None).unwrap();
    assert_eq!(
        said(&collected),
        [
            "CVE-2024-1 new",
            "CVE-2024-2 same",
            // What came in its place could not be read.
            "CVE-2024-4 kept",
            "CVE-2025-9 added",
        ]
    );
    let lines = server.lines();
    assert!(
        !lines.iter().any(|line| line.contains("cve-2024-2")),
        "it is older: {lines:?}"
    );
    assert!(update(&server, Some(&fingerprint)).is_none());
}

#[test]
fn changes_alone_do_not_have_everything_read_again_at_once() {
    let (_, fingerprint) = update(&server(CHANGES), None).unwrap();
    let other = server("");
    // The same document elsewhere is another one, so the mark of the place is moved.
    let fingerprint = Fingerprint {
        location: other.at(ARCHIVE).to_string(),
        tag: fingerprint
            .tag
            .map(|tag| tag.replace("\"changes\"", "\"older\"")),
        ..fingerprint
    };
    assert!(update(&other, Some(&fingerprint)).is_none());
    let long_ago = Fingerprint {
        tag: fingerprint.tag.map(|tag| {
            let (marks, _) = tag.rsplit_once('\n').unwrap();
            format!("{marks}\n2025-02-16T00:00:00Z")
        }),
        ..fingerprint
    };
    let (collected, _) = update(&other, Some(&long_ago)).unwrap();
    assert_eq!(said(&collected).len(), 3);
}

#[test]
fn an_archive_without_lists_is_read_as_it_is() {
    let archive = tar(&[("2024/cve-2024-1.json", &vex("CVE-2024-1", "old"))]);
    let server = Server::start(move |request| match request.path() {
        "/archive_latest.txt" => Response::new(200, ARCHIVE),
        "/csaf_vex_2025-02-15.tar" => Response::new(200, archive.clone()),
        _ => Response::new(404, ""),
    });
    let (collected, _) = update(&server, None).unwrap();
    assert_eq!(said(&collected), ["CVE-2024-1 old"]);
}

/// A server that answers with the files of a bundle: `-- /path etag:… --` before each.
fn bundled(bundle: &str, archive: Vec<u8>) -> Server {
    let mut files: Vec<(String, String, String)> = Vec::new();
    let mut lines = bundle.lines();
    let described = lines.next().unwrap();
    assert!(described.contains("last-modified:Mon, 11 Dec 2023 00:00:00 GMT"));
    for line in lines {
        let heading = line
            .strip_prefix("-- ")
            .and_then(|it| it.strip_suffix(" --"));
        match (heading, files.last_mut()) {
            (Some(heading), _) => {
                let (path, header) = heading.split_once(' ').unwrap_or((heading, ""));
                let tag = header.trim().strip_prefix("etag:").unwrap_or_default();
                files.push((path.to_owned(), tag.trim().to_owned(), String::new()));
            }
            (None, Some((_, _, content))) => {
                content.push_str(line);
                content.push('\n');
            }
            (None, None) => {}
        }
    }
    Server::start(move |request| {
        let path = request.path();
        if path.ends_with(".tar.zst") {
            return Response::new(200, archive.clone())
                .with("Last-Modified", "Mon, 11 Dec 2023 00:00:00 GMT");
        }
        let found = files.iter().find(|(known, _, _)| known == path);
        found.map_or_else(
            || Response::new(404, ""),
            |(_, tag, content)| {
                let tag = format!("\"{tag}\"");
                Response::new(200, content.clone()).with("ETag", &tag)
            },
        )
    })
}

/// The server of claircore's tests for its updater, whose archive the corpus does not have: two
/// documents are newer than it, and two were withdrawn. Claircore asks for nothing that is older than
/// the time of the archive, and for no document twice.
#[test]
fn a_server_of_documents_as_another_reader_is_tested_with_it() {
    let Some(corpus) = corpus() else { return };
    let bundle = corpus.join("feeds/redhat/vex-server-claircore.txtar");
    let bundle = std::fs::read_to_string(bundle).unwrap();
    let archive = tar(&[
        ("2023/cve-2023-0030.json", &vex("CVE-2023-0030", "same")),
        ("2023/cve-2023-0044.json", &vex("CVE-2023-0044", "old")),
        (
            "2023/cve-2024-0002.json",
            &vex("CVE-2024-0002", "withdrawn"),
        ),
    ]);
    let server = bundled(&bundle, archive);
    let (collected, fingerprint) = update(&server, None).unwrap();
    let mut ids: Vec<&str> = collected
        .advisories
        .iter()
        .map(|advisory| advisory.id.as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["CVE-2023-0030", "CVE-2023-0118"]);
    // What is in their place speaks of nothing that can be in an image, or of products by name.
    assert!(!said(&collected).iter().any(|it| it.contains("old")));
    let lines = server.lines();
    let asked = |path: &str| lines.iter().filter(|line| line.contains(path)).count();
    assert_eq!(asked("cve-2023-0044.json"), 1);
    assert_eq!(asked("cve-2023-0118.json"), 1);
    assert_eq!(asked("cve-2024-0002.json"), 0, "it was withdrawn");
    assert!(update(&server, Some(&fingerprint)).is_none());
}
