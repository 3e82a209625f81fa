//! Feeds of enrichments: NVD, EPSS, KEV and Vulnrichment.

use clair_feeds::{FetchOptions, Fetcher, Limits, Update, update_source};
use clair_model::facts::{Epss, Exploitation, Kev, Nvd, RELEASE, Release, Vulnrichment};
use serde::de::DeserializeOwned;

use crate::corpus::read;
use crate::server::{Response, Server};
use crate::support::{Collected, chain, corpus, feed, parse, parse_within, refused};

pub(crate) const NVD: &str = r#"{"resultsPerPage":1,"timestamp":"2025-08-06T03:00:00.928","vulnerabilities":[
    {"cve":{"id":"CVE-2024-1000","vulnStatus":"Analyzed","metrics":{
        "cvssMetricV40":[{"source":"cna@example.org","type":"Secondary","cvssData":{"version":"4.0",
            "vectorString":"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:X",
            "baseScore":9.3,"baseSeverity":"CRITICAL","Safety":"NOT_DEFINED"}}],
        "cvssMetricV31":[{"source":"nvd@nist.gov","type":"Primary","exploitabilityScore":3.9,
            "cvssData":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            "baseScore":9.8,"baseSeverity":"CRITICAL","attackVector":"NETWORK","scope":"UNCHANGED"}},
            {"source":"x","type":"Primary","cvssData":{"version":"3.1"}}],
        "cvssMetricV2":[{"source":"nvd@nist.gov","type":"Primary","baseSeverity":"HIGH",
            "cvssData":{"version":"2.0","vectorString":"AV:N/AC:L/Au:N/C:P/I:P/A:P","baseScore":7.5}}]}}},
    {"cve":{"id":"CVE-2024-1001","vulnStatus":"Rejected","metrics":{}}},
    {"cve":{"id":"CVE-2024-1002","vulnStatus":"Received","metrics":{}}},
    {"cve":{"id":"CVE-x"}},
    {"cve":7}]}"#;

pub(crate) const EPSS: &str = "#model_version:v2025.03.14,score_date:2025-09-03T12:55:00Z\n\
    cve,epss,percentile\nCVE-2024-1000,0.00042,0.12345\r\nCVE-2024-1001,1.5,0.1\n\
    CVE-2024-1002,0.1\nGHSA-1,0.1,0.1\nCVE-2024-1003,NaN,0.1\n\nCVE-2024-1004,1,1\n";

pub(crate) const KEV: &str = r#"{"title":"x","catalogVersion":"2025.08.25","dateReleased":
    "2025-08-25T17:04:19.9796Z","count":3,"more":{"a":[1]},"vulnerabilities":[{"cveID":" CVE-2024-1000 ",
    "vendorProject":"v","product":"p","vulnerabilityName":"A \u001bflaw","dateAdded":"2025-08-25",
    "shortDescription":"d","requiredAction":"a","dueDate":"2025-09-15",
    "knownRansomwareCampaignUse":"Known","notes":"","cwes":[]},{"cveID":"x"},[]]}"#;

pub(crate) const CISA: &str = r#"{"cveMetadata":{"cveId":"CVE-2024-1000","state":"PUBLISHED"},"containers":{"cna":{},
    "adp":[{"providerMetadata":{"orgId":"af854a3a-2127-422b-91ae-364da2661108","shortName":"CVE"}},
    {"providerMetadata":{"orgId":"134c704f-9b21-4f2e-91b3-4a467353bcc0","shortName":"CISA-ADP"},
    "problemTypes":[{"descriptions":[{"cweId":"CWE-89"},{"cweId":"x"},{"description":"y"}]}],
    "metrics":[{"cvssV3_1":{"version":"3.1","vectorString":"CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H",
    "baseScore":7.2,"baseSeverity":"HIGH"}},{"other":{"type":"kev","content":{"dateAdded":"2025"}}},
    {"other":{"type":"ssvc","content":{"timestamp":"2024-08-14T16:17:28Z","options":[
    {"Exploitation":"PoC"},{"Automatable":"no"},{"Technical Impact":"Total"}]}}}]}]}}"#;

fn value<T: DeserializeOwned>(collected: &Collected, tag: &str) -> T {
    let mut found = collected
        .enrichments
        .iter()
        .filter(|enrichment| enrichment.tags == [tag]);
    let value = found.next().unwrap().value.get();
    assert!(found.next().is_none(), "{tag} twice");
    serde_json::from_str(value).unwrap()
}

#[test]
fn nvd_gives_the_assessments_of_all_versions_and_of_all_who_assess() {
    let collected = parse("nvd/2024", NVD).unwrap();
    assert!(collected.advisories.is_empty());
    let Nvd { cvss } = value(&collected, "CVE-2024-1000");
    let said: Vec<_> = cvss
        .iter()
        .map(|it| {
            (
                it.primary,
                it.data.version.as_str(),
                it.data.base_score,
                it.data.base_severity.as_str(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (false, "4.0", 9.3, "CRITICAL"),
            (true, "3.1", 9.8, "CRITICAL"),
            (true, "2.0", 7.5, "HIGH"),
        ]
    );
    assert_eq!(cvss[1].data.attack_vector, "NETWORK");
    assert_eq!(
        collected.reasons(),
        [
            "malformed: an assessment of CVE-2024-1000",
            "withdrawn: CVE-2024-1001",
            "nothing-added: CVE-2024-1002",
            "bad-id: CVE-x",
            "malformed: a vulnerability",
        ]
    );
    assert_eq!(collected.enrichments.len(), 1);
}

#[test]
fn epss_gives_scores_and_one_release() {
    let collected = parse("epss", EPSS).unwrap();
    let scored: Epss = value(&collected, "CVE-2024-1000");
    assert_eq!(
        scored,
        Epss {
            epss: 0.00042,
            percentile: 0.12345
        }
    );
    let release: Release = value(&collected, RELEASE);
    assert_eq!(release.version, "v2025.03.14");
    assert_eq!(release.date, "2025-09-03T12:55:00Z");
    assert_eq!(collected.enrichments.len(), 3);
    assert_eq!(
        collected.reasons(),
        [
            "malformed: CVE-2024-1001,1.5,0.1",
            "malformed: CVE-2024-1002,0.1",
            "bad-id: GHSA-1,0.1,0.1",
            "malformed: CVE-2024-1003,NaN,0.1",
        ]
    );
    // As of before 2022, and as other programs write tables.
    let other = "percentile, cve ,epss\n0.5,CVE-2024-1000,0.25";
    let scored: Epss = value(&parse("epss", other).unwrap(), "CVE-2024-1000");
    assert_eq!(
        scored,
        Epss {
            epss: 0.25,
            percentile: 0.5
        }
    );
}

#[test]
fn kev_gives_entries_and_one_release() {
    let collected = parse("kev", KEV).unwrap();
    let entry: Kev = value(&collected, "CVE-2024-1000");
    assert_eq!(entry.vulnerability_name, "A flaw");
    assert_eq!(entry.known_ransomware_campaign_use, "Known");
    let release: Release = value(&collected, RELEASE);
    assert_eq!(release.version, "2025.08.25");
    assert_eq!(
        collected.reasons(),
        ["bad-id: x", "malformed: an entry of the catalogue"]
    );
}

#[test]
fn vulnrichment_gives_what_cisa_adds() {
    let collected = parse("vulnrichment", CISA).unwrap();
    let added: Vulnrichment = value(&collected, "CVE-2024-1000");
    let ssvc = added.ssvc.unwrap();
    assert_eq!(ssvc.exploitation, Exploitation::Poc);
    assert!(!ssvc.automatable && ssvc.total_impact);
    assert_eq!(added.cvss[0].data.base_score.to_string(), "7.2");
    assert_eq!(added.cwes, ["CWE-89"]);

    let rejected = CISA.replace("PUBLISHED", "REJECTED");
    assert_eq!(
        parse("vulnrichment", rejected).unwrap().reasons(),
        ["withdrawn: CVE-2024-1000"]
    );
    let other = CISA.replace("134c704f", "00000000");
    assert_eq!(
        parse("vulnrichment", other).unwrap().reasons(),
        ["nothing-added: CVE-2024-1000"]
    );
    let unknown = CISA.replace("PoC", "perhaps");
    assert_eq!(
        parse("vulnrichment", unknown).unwrap().reasons(),
        ["malformed: the answers about CVE-2024-1000"]
    );
}

#[test]
fn a_document_that_says_nothing_is_refused() {
    for (source, document, reason) in [
        ("nvd/2024", r#"{"vulnerabilities":[]}"#, "it has no records"),
        ("nvd/2024", "{}", "it has no records"),
        ("nvd/2024", "[]", "an object with a list"),
        ("kev", r#"{"vulnerabilities":[{"#, "EOF"),
        ("epss", "", "it has no table"),
        ("epss", "cve,epss,percentile\n", "it has no table"),
        (
            "epss",
            "#x\ncve,epss\nCVE-2024-1000,1",
            "does not name the columns",
        ),
        (
            "epss",
            "<html>not found</html>",
            "does not name the columns",
        ),
        ("epss", "\u{feff}\0", "does not name the columns"),
        ("vulnrichment", "{}", "no records that can be read"),
    ] {
        let error = refused(source, document);
        assert!(error.contains(reason), "{source} {document}: {error}");
    }
    let long = format!("cve,epss,percentile\n{}", "7".repeat(10_000));
    assert!(refused("epss", long).contains("a line is too long"));
    assert!(refused("epss", &b"cve,epss,percentile\n\xff"[..]).contains("not UTF-8"));
}

#[test]
fn limits_hold_for_enrichments() {
    let limits = Limits {
        document: 1 << 20,
        record: 200,
        records: 3,
    };
    for (source, document) in [("epss", EPSS), ("nvd/2024", NVD), ("kev", KEV)] {
        let error = chain(&parse_within(source, document, limits).unwrap_err());
        assert!(error.contains("is over a limit"), "{source}: {error}");
    }
}

#[test]
fn a_year_of_nvd_whose_checksum_is_the_same_is_not_fetched() {
    let checksum = std::sync::Arc::new(std::sync::Mutex::new("a".repeat(64)));
    let shared = std::sync::Arc::clone(&checksum);
    let server = Server::start(move |request| match request.path() {
        "/nvdcve-2.0-2024.meta" => Response::new(
            200,
            format!("size:1\r\nsha256:{}\r\n", shared.lock().unwrap()),
        ),
        "/nvdcve-2.0-2024.json.gz" | "/nvdcve-2.0-2023.json.gz" => Response::new(200, NVD),
        _ => Response::new(404, ""),
    });
    let nvd = feed("nvd");
    let fetcher = Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    })
    .unwrap();
    let sources = nvd.sources(&fetcher, &server.at("")).unwrap();
    assert_eq!(sources[0].name, "nvd/2002");
    let source = sources
        .iter()
        .find(|source| source.name == "nvd/2024")
        .unwrap();
    let update = |previous: Option<&_>| {
        update_source(&*nvd, source, &fetcher, previous, |_| {
            Ok(Collected::default())
        })
        .unwrap()
    };
    let Update::New {
        fingerprint,
        summary,
        date,
        ..
    } = update(None)
    else {
        panic!("it was never read")
    };
    assert_eq!((summary.enrichments, summary.advisories), (1, 0));
    assert_eq!(date.unwrap().to_string(), "2025-08-06T03:00:00.928Z");
    assert!(matches!(update(Some(&fingerprint)), Update::Unchanged));
    *checksum.lock().unwrap() = "b".repeat(64);
    assert!(matches!(update(Some(&fingerprint)), Update::New { .. }));
    // Without a checksum beside it, it is fetched like any other.
    let source = sources
        .iter()
        .find(|source| source.name == "nvd/2023")
        .unwrap();
    let update = update_source(&*nvd, source, &fetcher, None, |_| Ok(Collected::default()));
    assert!(matches!(update.unwrap(), Update::New { .. }));
}

#[test]
fn the_table_of_a_day_serves_where_there_is_no_current_one() {
    let server = Server::start(|request| {
        let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
        if request.path() == format!("/epss_scores-{today}.csv.gz") {
            Response::new(200, EPSS)
        } else {
            Response::new(404, "")
        }
    });
    let epss = feed("epss");
    let fetcher = Fetcher::new(FetchOptions {
        retries: 0,
        ..FetchOptions::default()
    })
    .unwrap();
    let sources = epss.sources(&fetcher, &server.at("")).unwrap();
    let update = update_source(&*epss, &sources[0], &fetcher, None, |_| {
        Ok(Collected::default())
    });
    assert!(matches!(update.unwrap(), Update::New { summary, .. } if summary.enrichments == 3));
}

#[test]
fn real_documents_are_read_whole() {
    let Some(corpus) = corpus() else { return };
    let feeds = corpus.join("feeds");
    let kev = read(
        "kev",
        &feeds.join("cisa/known_exploited_vulnerabilities.json"),
    );
    assert_eq!((kev.enrichments.len(), kev.skipped.len()), (1404 + 1, 0));
    let release: Release = value(&kev, RELEASE);
    assert_eq!(release.version, "2025.08.25");
    let entry: Kev = value(&kev, "CVE-2025-48384");
    assert_eq!(entry.due_date, "2025-09-15");

    let epss = read("epss", &feeds.join("epss/claircore.csv"));
    assert_eq!((epss.enrichments.len(), epss.skipped.len()), (29 + 1, 0));
    let scored: Epss = value(&epss, "CVE-1999-0005");
    assert_eq!(
        scored,
        Epss {
            epss: 0.91963,
            percentile: 0.9903
        }
    );

    for (document, assessed) in [
        ("claircore-feed.json", 2),
        ("nvdcve-2.0-2025.json", 2),
        ("vuls-feed-2.0/nvdcve-2.0-2002.json.gz", 4),
        ("vuls-feed-2.0/nvdcve-2.0-2021.json.gz", 3),
        ("vuls-feed-2.0/nvdcve-2.0-modified.json.gz", 2),
    ] {
        let nvd = read("nvd", &feeds.join("nvd").join(document));
        assert_eq!(
            nvd.enrichments.len(),
            assessed,
            "{document}: {:?}",
            nvd.skips()
        );
    }

    let cisa = read(
        "vulnrichment",
        &feeds.join("cve5/vulnrichment-2023.tar.zst"),
    );
    let ssvc = |it: &&clair_model::Enrichment| {
        serde_json::from_str::<Vulnrichment>(it.value.get())
            .unwrap()
            .ssvc
            .is_some()
    };
    assert_eq!(cisa.enrichments.len(), 5757);
    assert_eq!(cisa.enrichments.iter().filter(ssvc).count(), 5757);
    assert_eq!(cisa.skips().values().sum::<usize>(), 14);
}
