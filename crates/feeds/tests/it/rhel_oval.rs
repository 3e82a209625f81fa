//! Red Hat's errata as OVAL.

use clair_feeds::{FetchOptions, Fetcher};
use clair_model::FixState;

use crate::corpus::read;
use crate::server::{Response, Server};
use crate::support::{corpus, feed};

#[test]
fn documents_are_those_of_errata_that_the_manifest_lists() {
    let server = Server::start(|request| match request.path() {
        "/PULP_MANIFEST" => Response::new(
            200,
            "RHEL8/rhel-8.oval.xml.bz2,aa,1\nRHEL8/rhel-8-including-unpatched.oval.xml.bz2,aa,1\n\
             RHEL9/rhel-9.2-eus.oval.xml.bz2,aa,1\nRHEL9/rhel-9-unaffected.oval.xml.bz2,aa,1\n\
             ../x.oval.xml,aa,1\nREADME,aa,1\n",
        ),
        _ => Response::new(404, ""),
    });
    let fetcher = Fetcher::new(FetchOptions::default()).unwrap();
    let sources = feed("rhel-oval").sources(&fetcher, &server.at("")).unwrap();
    let names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(
        names,
        ["rhel-oval/RHEL8/rhel-8", "rhel-oval/RHEL9/rhel-9.2-eus"]
    );
    let place = sources[0].locations[0].to_string();
    assert!(place.ends_with("/RHEL8/rhel-8.oval.xml.bz2"), "{place}");
    assert!(!feed("rhel-oval").about().is_default);
}

#[test]
fn documents_as_they_were_published() {
    let Some(corpus) = corpus() else { return };
    let collected = read(
        "rhel-oval/RHEL8/rhel-8",
        &corpus.join("feeds/redhat/oval-v2/rhel-8.oval.xml.gz"),
    );
    let statements = collected.statements();
    let expected = "CVE-2019-10195 cpe:/a:redhat:enterprise_linux:8::appstream ipa-server: fixed < 4.8.0-13.module+el8.1.0+4923+c6efe041";
    let about: Vec<_> = statements
        .iter()
        .filter(|it| it.contains(" ipa-server:"))
        .collect();
    assert!(about.iter().any(|it| it.starts_with(expected)), "{about:?}");
    let of_module = collected
        .advisories
        .iter()
        .flat_map(|advisory| &advisory.affected);
    let of_module: Vec<_> = of_module.filter(|it| it.package == "ipa-server").collect();
    assert!(
        of_module
            .iter()
            .all(|it| it.module.as_deref() == Some("idm:DL1"))
    );
    assert!(of_module.iter().all(|it| it.fix_state == FixState::Fixed));
    assert!(
        collected.advisories.len() > 300,
        "{}",
        collected.advisories.len()
    );
    for name in ["ansible-1.x", "ansible-2.8"] {
        let path = corpus.join(format!("feeds/redhat/oval-v2/{name}.oval.xml"));
        assert!(!read("rhel-oval/x", &path).advisories.is_empty(), "{name}");
    }
}
