//! Where feeds of several documents find them: servers with a listing and without, and mirrors.

use std::fs;

use clair_feeds::{FeedError, FetchOptions, Fetcher, Location, Source};

use crate::server::{Response, Server};
use crate::support::feed;

fn sources(name: &str, root: &Location) -> Result<Vec<Source>, FeedError> {
    let fetcher = Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    });
    feed(name).sources(&fetcher.unwrap(), root)
}

/// Names of sources with the last parts of where each may lie.
fn found(sources: Vec<Source>) -> Vec<String> {
    let found = sources.into_iter().map(|source| {
        let places: Vec<String> = source
            .locations
            .iter()
            .map(|place| place.to_string().rsplit('/').next().unwrap().to_owned())
            .collect();
        format!("{}: {}", source.name, places.join(" "))
    });
    found.collect()
}

/// A server whose root is a listing, and which has nothing else.
fn listing(names: &[&str]) -> Server {
    let links: Vec<String> = names
        .iter()
        .map(|name| format!(r#"<a href="{name}">{name}</a>"#))
        .collect();
    let page = links.join("\n");
    Server::start(move |request| match request.path() {
        "/" => Response::new(200, page.clone()),
        _ => Response::new(404, ""),
    })
}

#[test]
fn of_the_forms_of_a_document_the_smallest_is_fetched() {
    let server = listing(&[
        "com.oracle.elsa-2023.xml",
        "com.oracle.elsa-2024.xml.bz2",
        "com.oracle.elsa-2023.xml.gz",
        "com.oracle.elsa-all.xml.bz2",
        "com.oracle.ovmsa-2024.xml.bz2",
    ]);
    assert_eq!(
        found(sources("oracle", &server.at("")).unwrap()),
        [
            "oracle/2023: com.oracle.elsa-2023.xml.gz com.oracle.elsa-2023.xml",
            "oracle/2024: com.oracle.elsa-2024.xml.bz2",
        ]
    );
}

#[test]
fn products_of_suse_are_those_that_images_are_made_of() {
    let server = listing(&[
        "suse.linux.enterprise.server.15-affected.xml.gz",
        "suse.linux.enterprise.server.15-patch.xml.gz",
        "suse.linux.enterprise.server.15.xml.gz",
        "suse.linux.enterprise.server.15.5-affected.xml.gz",
        "suse.linux.enterprise.desktop.15.xml.gz",
        "opensuse.leap.15.6.xml.gz",
        "opensuse.leap.15.6-affected.xml.gz",
        "opensuse.tumbleweed.xml.gz",
        "opensuse.13.1.xml.gz",
    ]);
    assert_eq!(
        found(sources("suse", &server.at("")).unwrap()),
        [
            "suse/opensuse.leap.15.6: opensuse.leap.15.6-affected.xml.gz",
            "suse/opensuse.tumbleweed: opensuse.tumbleweed.xml.gz",
            "suse/suse.linux.enterprise.server.15: suse.linux.enterprise.server.15-affected.xml.gz",
        ]
    );
}

#[test]
fn without_a_listing_known_documents_are_looked_for() {
    let server = Server::start(|request| match request.path() {
        "/com.vmware.phsa-photon4.xml.gz"
        | "/com.vmware.phsa-photon5.xml"
        | "/com.oracle.elsa-2019.xml.bz2"
        | "/azurelinux-3.0-oval.xml" => Response::new(200, ""),
        _ => Response::new(404, ""),
    });
    let root = server.at("");
    assert_eq!(
        found(sources("photon", &root).unwrap()),
        [
            "photon/4: com.vmware.phsa-photon4.xml.gz",
            "photon/5: com.vmware.phsa-photon5.xml",
        ]
    );
    assert_eq!(
        found(sources("oracle", &root).unwrap()),
        ["oracle/2019: com.oracle.elsa-2019.xml.bz2"]
    );
    assert_eq!(
        found(sources("azurelinux", &root).unwrap()),
        ["azurelinux/azurelinux-3.0: azurelinux-3.0-oval.xml"]
    );
}

#[test]
fn branches_of_alt_are_those_that_its_interface_names() {
    let server = Server::start(|request| match request.path() {
        "/branches" => Response::new(200, r#"{"length":3,"branches":["p10","c9f2","../x"]}"#),
        _ => Response::new(404, ""),
    });
    assert_eq!(
        found(sources("alt", &server.at("")).unwrap()),
        ["alt/c9f2: c9f2", "alt/p10: p10"]
    );
    let broken = Server::start(|_| Response::new(200, "<html>"));
    let error = sources("alt", &broken.at("")).unwrap_err().to_string();
    assert!(error.contains("is not a document of alt"), "{error}");
}

#[test]
fn the_archive_of_red_hat_is_named_beside_it() {
    let server = Server::start(|request| match request.path() {
        "/archive_latest.txt" => Response::new(200, "csaf_vex_2024-01-02.tar.zst\n"),
        _ => Response::new(404, ""),
    });
    assert_eq!(
        found(sources("rhel-vex", &server.at("")).unwrap()),
        ["rhel-vex: csaf_vex_2024-01-02.tar.zst"]
    );
    let odd = Server::start(|_| Response::new(200, "../../x"));
    let error = sources("rhel-vex", &odd.at("")).unwrap_err().to_string();
    assert!(error.ends_with("it has no archive_latest.txt"), "{error}");
}

#[test]
fn mirrors_in_the_file_system_are_listed() {
    let directory = tempfile::tempdir().unwrap();
    for name in [
        "alt/p10.zip",
        "azurelinux/cbl-mariner-2.0-oval.xml.gz",
        "fedora/41/updates.json",
        "oracle/com.oracle.elsa-2024.xml",
        "photon/com.vmware.phsa-photon5.xml.zst",
        "rhel-vex/2024/cve-2024-1.json",
        "suse/opensuse.leap.15.6.xml",
        "suse/README.txt",
    ] {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let root: Location = directory.path().to_str().unwrap().parse().unwrap();
    for (name, expected) in [
        ("alt", "alt/p10"),
        ("azurelinux", "azurelinux/mariner-2.0"),
        ("fedora", "fedora/41"),
        ("oracle", "oracle/2024"),
        ("photon", "photon/5"),
        ("rhel-vex", "rhel-vex"),
        ("suse", "suse/opensuse.leap.15.6"),
    ] {
        let sources = sources(name, &root.join(&format!("{name}/"))).unwrap();
        assert_eq!(sources.len(), 1, "{name}");
        assert_eq!(sources[0].name, expected);
    }
}

#[test]
fn a_document_by_itself_tells_by_its_name_what_it_is() {
    for (feed, document, name) in [
        ("oracle", "com.oracle.elsa-2024.xml.bz2", "oracle/2024"),
        ("oracle", "mine.xml", "oracle"),
        ("photon", "com.vmware.phsa-photon5.xml.gz", "photon/5"),
        (
            "azurelinux",
            "azurelinux-3.0-oval.xml",
            "azurelinux/azurelinux-3.0",
        ),
        (
            "suse",
            "opensuse.leap.15.6-affected.xml.gz",
            "suse/opensuse.leap.15.6",
        ),
        ("alt", "c9f2.zip", "alt/c9f2"),
        ("fedora", "41/updateinfo.xml.zst", "fedora/41"),
        ("aws", "2/aarch64/updateinfo.xml.gz", "aws/2/aarch64"),
        ("rhel-vex", "csaf_vex_2024-01-02.tar.zst", "rhel-vex"),
    ] {
        let location = format!("https://a.example/{document}").parse().unwrap();
        let sources = sources(feed, &location).unwrap();
        assert_eq!(sources[0].name, name, "{document}");
        assert_eq!(sources[0].locations, [location]);
    }
}
