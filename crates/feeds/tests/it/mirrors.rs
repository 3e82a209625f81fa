//! Where the feeds look for their documents: upstreams, mirrors, single documents.

use std::fs;
use std::path::Path;

use clair_feeds::{
    FeedError, FetchOptions, Fetcher, Location, Roots, Source, Update, all, update_source,
};

use crate::archives::{record, tar};
use crate::server::{Response, Server};
use crate::support::{Collected, feed};

const LISTING: &str = r#"<html><body><a href="../">../</a>
    <a href="edge/">edge/</a> <a href="v3.10/">v3.10/</a> <a href="v3.9/">v3.9/</a>
    <a href="last-update">last-update</a> <a href="license.txt">license.txt</a></body></html>"#;

fn fetcher() -> Fetcher {
    Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    })
    .unwrap()
}

fn offline() -> Fetcher {
    Fetcher::new(FetchOptions {
        offline: true,
        ..FetchOptions::default()
    })
    .unwrap()
}

fn names(sources: &[Source]) -> Vec<&str> {
    sources.iter().map(|source| source.name.as_str()).collect()
}

fn alpine(root: &Location) -> Result<Vec<Source>, FeedError> {
    feed("alpine").sources(&fetcher(), root)
}

#[test]
fn branches_of_alpine_are_those_that_its_server_lists() {
    let server = Server::start(|request| match request.path() {
        "/" => Response::new(200, LISTING),
        "/v3.9/" => Response::new(200, r#"<a href="main.json">main.json</a>"#),
        "/v3.10/" | "/edge/" => Response::new(
            200,
            r#"<a href="community.json">c</a><a href="main.json">m</a><a href="main.yaml">m</a>"#,
        ),
        "/last-update" => Response::new(200, "1655237270\n"),
        _ => Response::new(404, ""),
    });
    let sources = alpine(&server.at("")).unwrap();
    assert_eq!(
        names(&sources),
        [
            "alpine/v3.9/main",
            "alpine/v3.10/main",
            "alpine/v3.10/community",
            "alpine/edge/main",
            "alpine/edge/community"
        ]
    );
    assert_eq!(sources[0].locations[0], server.at("v3.9/main.json"));
    assert_eq!(sources[0].date.unwrap().to_string(), "2022-06-14T20:07:50Z");
}

#[test]
fn a_listing_may_be_compressed_and_the_date_may_be_missing() {
    let listing = |page: &str| zstd::encode_all(page.as_bytes(), 1).unwrap();
    let server = Server::start(move |request| match request.path() {
        "/" => Response::new(200, listing(r#"<a href="v3.9/">v3.9/</a>"#)),
        "/v3.9/" => Response::new(200, listing(r#"<a href="main.json">main.json</a>"#)),
        _ => Response::new(404, ""),
    });
    let sources = alpine(&server.at("")).unwrap();
    assert_eq!(names(&sources), ["alpine/v3.9/main"]);
    assert_eq!(sources[0].date, None);
}

#[test]
fn branches_of_a_server_that_lists_nothing_are_looked_for() {
    let server = Server::start(|request| match request.path() {
        "/v3.18/main.json" | "/v3.18/community.json.zst" | "/v3.20/main.json.gz" => {
            Response::new(200, "")
        }
        _ => Response::new(404, ""),
    });
    let sources = alpine(&server.at("")).unwrap();
    assert_eq!(
        names(&sources),
        [
            "alpine/v3.18/main",
            "alpine/v3.18/community",
            "alpine/v3.20/main"
        ]
    );
    assert!(server.lines().iter().all(|line| line.starts_with("HEAD ")
        || line.ends_with('/')
        || line.ends_with("/last-update")));
    assert!(!server.lines().contains(&"HEAD /v3.40/main.json".to_owned()));
}

#[test]
fn a_root_without_branches_is_an_error() {
    let server = Server::start(|_| Response::new(404, ""));
    let error = alpine(&server.at("")).unwrap_err();
    assert!(error.to_string().ends_with("it has no branches"), "{error}");
    let error = alpine(&"/nowhere/at/all".parse().unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("it has no branches"), "{error}");
}

#[test]
fn a_document_by_itself_is_a_source() {
    for (document, name) in [
        (
            "https://a.example/alpine/v3.18/main.json",
            "alpine/v3.18/main",
        ),
        (
            "https://a.example/alpine/edge/community.json.gz",
            "alpine/edge/community",
        ),
        ("https://a.example/downloads/main.json", "alpine/main"),
    ] {
        let sources = alpine(&document.parse().unwrap()).unwrap();
        assert_eq!(names(&sources), [name]);
        assert_eq!(sources[0].locations, [document.parse().unwrap()]);
    }
    for feed in ["debian", "ubuntu"] {
        let document: Location = "https://a.example/any/name".parse().unwrap();
        let sources = crate::support::feed(feed)
            .sources(&offline(), &document)
            .unwrap();
        assert_eq!(
            (names(&sources), &sources[0].locations),
            (vec![feed], &vec![document])
        );
    }
}

/// A mirror as `--from` wants it.
fn mirror(root: &Path) {
    let write = |path: &str, content: &[u8]| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let secdb = r#"{"distroversion":"v3.18","packages":[
        {"pkg":{"name":"curl","secfixes":{"8.1.0-r0":["CVE-2023-28319"]}}}]}"#;
    write("alpine/v3.18/main.json", secdb.as_bytes());
    write("alpine/last-update", b"1655237270\n");
    let tracker = r#"{"bash":{"CVE-2024-1000":{"releases":{"sid":{"status":"open"}}}}}"#;
    write(
        "debian/json.zst",
        &zstd::encode_all(tracker.as_bytes(), 1).unwrap(),
    );
    write(
        "ubuntu/cve/2024/UBUNTU-CVE-2024-1001.json",
        record("CVE-2024-1001").as_bytes(),
    );
}

/// All feeds that a mirror has, offline: what each source came to.
fn round(root: &Location) -> Vec<(String, Update<Collected>)> {
    let (roots, fetcher) = (Roots::mirror(root.clone()), offline());
    let mut rounds = Vec::new();
    for feed in all().into_iter().filter(|feed| roots.has(&**feed)) {
        let root = roots.of(&*feed).unwrap();
        for source in feed.sources(&fetcher, &root).unwrap() {
            let update =
                update_source(
                    &*feed,
                    &source,
                    &fetcher,
                    None,
                    |_| Ok(Collected::default()),
                );
            rounds.push((source.name.clone(), update.unwrap()));
        }
    }
    rounds
}

#[test]
fn a_mirror_in_the_file_system_needs_no_network() {
    let directory = tempfile::tempdir().unwrap();
    mirror(directory.path());
    for root in [
        directory.path().to_str().unwrap().to_owned(),
        format!("file://{}", directory.path().display()),
    ] {
        let rounds = round(&root.parse().unwrap());
        let found: Vec<(&str, String)> = rounds
            .iter()
            .map(|(name, update)| match update {
                Update::New { sink, .. } => (name.as_str(), sink.one().id.clone()),
                Update::Unchanged => panic!("{name} has no previous state"),
            })
            .collect();
        let expected = [
            ("alpine/v3.18/main", "CVE-2023-28319"),
            ("debian", "CVE-2024-1000"),
            ("ubuntu", "CVE-2024-1001"),
        ];
        assert_eq!(found, expected.map(|(name, id)| (name, id.to_owned())));
        let Update::New { date, .. } = &rounds[0].1 else {
            unreachable!()
        };
        assert_eq!(date.unwrap().to_string(), "2022-06-14T20:07:50Z");
    }
}

#[test]
fn a_mirror_is_read_again_only_where_it_has_changed() {
    let directory = tempfile::tempdir().unwrap();
    mirror(directory.path());
    let root: Location = directory.path().to_str().unwrap().parse().unwrap();
    let ubuntu = feed("ubuntu");
    let mut source = ubuntu
        .sources(&offline(), &root.join("ubuntu/"))
        .unwrap()
        .remove(0);
    let update = |previous: Option<&_>| {
        update_source(&*ubuntu, &source, &offline(), previous, |_| {
            Ok(Collected::default())
        })
        .unwrap()
    };
    let Update::New { fingerprint, .. } = update(None) else {
        panic!()
    };
    assert!(matches!(update(Some(&fingerprint)), Update::Unchanged));
    // Another record in the directory.
    let file = directory
        .path()
        .join("ubuntu/cve/2024/UBUNTU-CVE-2024-1002.json");
    fs::write(file, record("CVE-2024-1002")).unwrap();
    let Update::New { summary, .. } = update(Some(&fingerprint)) else {
        panic!()
    };
    assert_eq!(summary.advisories, 2);
    // An archive beside the records is preferred, as the whole.
    fs::write(
        directory.path().join("ubuntu/osv-all.tar"),
        tar(&[("a.json", &record("CVE-2024-1003"))]),
    )
    .unwrap();
    let Update::New {
        summary,
        fingerprint,
        ..
    } = update(Some(&fingerprint))
    else {
        panic!()
    };
    assert_eq!(summary.advisories, 1);
    assert!(fingerprint.location.ends_with("osv-all.tar"));
    source.locations.clear();
    assert!(matches!(
        update_source(&*ubuntu, &source, &offline(), None, |_| Ok(
            Collected::default()
        )),
        Err(FeedError::NotFound { .. })
    ));
}

#[test]
fn offline_no_feed_asks_the_network() {
    for feed in all() {
        let root = Roots::upstream().of(&*feed).unwrap();
        let result = feed.sources(&offline(), &root).and_then(|sources| {
            update_source(&*feed, &sources[0], &offline(), None, |_| {
                Ok(Collected::default())
            })
        });
        let error = result.unwrap_err();
        assert!(matches!(error, FeedError::Offline { .. }), "{error:?}");
    }
}

#[test]
fn the_sample_of_this_repository_is_a_mirror_without_a_flaw() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample");
    let rounds = round(&sample.to_str().unwrap().parse().unwrap());
    let sources: Vec<&str> = rounds.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(sources, ["alpine/v3.18/main", "debian", "ubuntu"]);
    let mut statements = Vec::new();
    for (name, update) in rounds {
        let Update::New { sink, summary, .. } = update else {
            panic!("{name} has no previous state")
        };
        assert!(summary.skipped.is_empty(), "{name}: {summary:?}");
        statements.extend(sink.statements());
    }
    for statement in [
        "CVE-2023-38545 alpine:3.18 curl: fixed < 8.4.0-r0",
        "CVE-2023-38545 debian:bookworm curl: fixed < 7.88.1-10+deb12u4",
        "CVE-2023-38545 ubuntu:22.04 curl: fixed < 7.81.0-1ubuntu1.14",
        "CVE-2023-45853 alpine:3.18 zlib: not-affected no version",
        "CVE-2023-45853 debian:bookworm zlib: will-not-fix < 1:1.3.dfsg-3 \
         (contrib/minizip not built and src:zlib not producing binary packages)",
        "CVE-2016-20013 ubuntu:24.04 glibc: affected any version",
    ] {
        assert!(statements.iter().any(|it| it == statement), "{statement}");
    }
}
