//! Real documents of all feeds whose updaters Clair has, and of others: what they state is stated
//! again after an export and an import.

use std::fs;
use std::io;

use clair_feeds::{Document, Limits, Sink, Skip, Source, by_name};
use clair_interchange::Packing;
use clair_model::{Advisory, Enrichment};
use clair_testing::corpus;

use crate::support::{read, statements, write};

#[derive(Default)]
struct Collected(Vec<Advisory>);

impl Sink for Collected {
    fn advisory(&mut self, advisory: Advisory) -> io::Result<()> {
        self.0.push(advisory);
        Ok(())
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> io::Result<()> {
        panic!("an enrichment of advisories: {enrichment:?}")
    }

    fn skipped(&mut self, _: Skip, _: &str) {}
}

fn parse(feed: &str, source: &str, path: &str) -> Option<Vec<Advisory>> {
    let path = corpus()?.join("feeds").join(path);
    let location = path.display().to_string();
    let limits = Limits::default();
    let mut document = if path.is_dir() {
        Document::from_directory(&path, limits)
    } else {
        Document::from_reader(&location, fs::File::open(path).unwrap(), limits).unwrap()
    };
    let source = Source {
        name: source.to_owned(),
        locations: Vec::new(),
        date: None,
    };
    let mut collected = Collected::default();
    let feed = by_name(feed).unwrap();
    feed.parse(&source, &mut document, &mut collected).unwrap();
    Some(collected.0)
}

#[test]
fn what_real_documents_state_is_stated_again() {
    for (feed, source, path) in [
        ("debian", "debian", "debian/tracker-from-DSA.json.gz"),
        ("ubuntu", "ubuntu", "ubuntu/osv/cve"),
        (
            "alpine",
            "alpine/v3.10/main",
            "alpine-secdb/json/v3.10/main.json",
        ),
        ("rhel-vex", "rhel-vex", "redhat/vex-claircore.tar.zst"),
        ("aws", "aws/2", "amazon/amazon_linux_2_updateinfo.xml"),
        ("oracle", "oracle/2024", "oracle/mock_ksplice_data.xml"),
        (
            "photon",
            "photon/3",
            "photon/com.vmware.phsa-photon3.xml.gz",
        ),
        ("arch", "arch", "arch/all.json"),
    ] {
        let Some(advisories) = parse(feed, source, path) else {
            return;
        };
        assert!(!advisories.is_empty(), "{source}");
        let expected = statements(&advisories);
        let (file, summary) = write(Packing::Zstd, &[(source, advisories)]);
        println!(
            "{source}: {} statements, {} bytes, Clair does not read {:?}",
            summary.statements,
            file.len(),
            summary.losses
        );
        let received = read(&file).unwrap();
        assert!(
            received.skipped.is_empty(),
            "{source}: {:?}",
            received.skipped
        );
        let found = statements(received.advisories.values().flatten());
        assert!(
            found == expected,
            "{source}: {} of {}",
            found.len(),
            expected.len()
        );
    }
}
