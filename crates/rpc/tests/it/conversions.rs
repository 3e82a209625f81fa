//! From the model to messages and back.

use clair_model::{Advisory, IndexReport, Manifest, VulnerabilityReport};
use clair_rpc::conversion::InvalidField;
use clair_rpc::proto::model::v1;
use proptest::prelude::*;
use prost::Message;

use crate::arbitrary;

/// A value of the model after a way over the wire.
fn carried<M, P>(value: M) -> M
where
    P: From<M> + Message + Default,
    M: TryFrom<P, Error = InvalidField>,
{
    let bytes = P::from(value).encode_to_vec();
    M::try_from(P::decode(&*bytes).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn a_vulnerability_report_comes_out_with_the_same_bytes_of_json(
        report in arbitrary::vulnerability_report(),
    ) {
        let before = serde_json::to_vec(&report).unwrap();
        let carried = carried::<VulnerabilityReport, v1::VulnerabilityReport>(report);
        prop_assert_eq!(serde_json::to_vec(&carried).unwrap(), before);
    }

    #[test]
    fn an_index_report_comes_out_with_the_same_bytes_of_json(
        report in arbitrary::index_report(),
    ) {
        let before = serde_json::to_vec(&report).unwrap();
        let carried = carried::<IndexReport, v1::IndexReport>(report);
        prop_assert_eq!(serde_json::to_vec(&carried).unwrap(), before);
    }

    #[test]
    fn an_advisory_comes_out_as_it_went_in(advisory in arbitrary::advisory()) {
        prop_assert_eq!(carried::<Advisory, v1::Advisory>(advisory.clone()), advisory);
    }

    #[test]
    fn a_manifest_comes_out_as_it_went_in(manifest in arbitrary::manifest()) {
        prop_assert_eq!(carried::<Manifest, v1::Manifest>(manifest.clone()), manifest);
    }

    #[test]
    fn bytes_that_are_no_report_are_refused_and_do_not_panic(bytes: Vec<u8>) {
        if let Ok(message) = v1::VulnerabilityReport::decode(&*bytes) {
            let _ = VulnerabilityReport::try_from(message);
        }
    }
}

fn digest() -> String {
    format!("sha256:{}", "0".repeat(64))
}

fn report() -> v1::VulnerabilityReport {
    v1::VulnerabilityReport {
        manifest_digest: digest(),
        ..v1::VulnerabilityReport::default()
    }
}

fn refused(message: v1::VulnerabilityReport) -> String {
    VulnerabilityReport::try_from(message)
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_wrong_is_named_with_the_way_to_it() {
    let mut no_digest = report();
    no_digest.manifest_digest.clear();
    assert!(refused(no_digest).starts_with("manifest_digest: digest \"\" has no algorithm"));

    let mut bad_kind = report();
    let source = v1::Package {
        kind: 77,
        ..v1::Package::default()
    };
    let package = v1::Package {
        source: Some(Box::new(source)),
        ..v1::Package::default()
    };
    bad_kind.packages.insert(7, package);
    assert_eq!(
        refused(bad_kind),
        "packages[7].source.kind: 77 is no value of its enum"
    );

    let mut bad_environment = report();
    let environment = v1::Environment {
        introduced_in: digest(),
        ..v1::Environment::default()
    };
    let environments = vec![environment, v1::Environment::default()];
    bad_environment
        .environments
        .insert(3, v1::Environments { environments });
    assert!(
        refused(bad_environment).starts_with("environments[3].environments[1].introduced_in: ")
    );

    let mut no_severity = report();
    no_severity
        .vulnerabilities
        .insert(1, v1::Vulnerability::default());
    assert_eq!(
        refused(no_severity),
        "vulnerabilities[1].normalized_severity: is unspecified"
    );

    let mut new_gap = report();
    new_gap.coverage.push(v1::Gap {
        kind: "of-the-future".into(),
        ..v1::Gap::default()
    });
    assert!(refused(new_gap).starts_with("coverage[0].kind: unknown variant `of-the-future`"));

    let mut no_json = report();
    let documents = vec!["{}".to_owned(), "{".to_owned()];
    no_json
        .enrichments
        .insert("cvss".into(), v1::Enrichments { documents });
    assert!(refused(no_json).starts_with("enrichments[\"cvss\"].documents[1]: "));
}

#[test]
fn a_time_that_is_none_is_refused() {
    for (seconds, nanos) in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0), (i64::MIN, 0)] {
        let advisory = v1::Advisory {
            normalized_severity: v1::Severity::Low.into(),
            issued: Some(prost_types::Timestamp { seconds, nanos }),
            ..v1::Advisory::default()
        };
        let error = Advisory::try_from(advisory).unwrap_err();
        assert_eq!(error.field, "issued", "{seconds} {nanos}");
    }
}

#[test]
fn an_image_without_layers_is_refused() {
    let manifest = v1::Manifest {
        digest: digest(),
        layers: Vec::new(),
    };
    let error = Manifest::try_from(manifest).unwrap_err();
    assert_eq!(error.to_string(), "layers: an image has at least one");
}
