//! Any value of the model.

use std::collections::BTreeMap;

use clair_model::{
    Advisory, Affected, Algorithm, Digest, Distribution, Environment, FixState, Gap, GapKind, Id,
    IndexReport, IndexState, JsonText, Manifest, ManifestLayer, PackageKind, ReportDistribution,
    ReportPackage, ReportRepository, ReportVulnerability, Severity, VulnerabilityReport,
    Vulnerable,
};
use clair_version::{Range, Scheme};
use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,8}"
}

fn digest() -> impl Strategy<Value = Digest> {
    let sha256 = any::<[u8; 32]>().prop_map(|hash| Digest::new(Algorithm::Sha256, &hash));
    let sha512 = vec(any::<u8>(), 64).prop_map(|hash| Digest::new(Algorithm::Sha512, &hash));
    prop_oneof![sha256, sha512].prop_map(Option::unwrap)
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond())
        .prop_map(|nanoseconds| Timestamp::from_nanosecond(nanoseconds).unwrap())
}

fn by_id<T: std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = BTreeMap<Id, T>> {
    btree_map(any::<u64>().prop_map(Id), value, 0..3)
}

fn package_kind() -> impl Strategy<Value = PackageKind> {
    select(&[PackageKind::Binary, PackageKind::Source][..])
}

fn severity() -> impl Strategy<Value = Severity> {
    select(&Severity::ALL[..])
}

fn fix_state() -> impl Strategy<Value = FixState> {
    select(&FixState::ALL[..])
}

fn package() -> impl Strategy<Value = ReportPackage> {
    let fields = (
        [text(), text(), text(), text(), text(), text(), text()],
        option::of(package_kind()),
        option::of(text()),
    );
    let leaf = fields.prop_map(|(texts, kind, detector)| {
        let [id, name, version, normalized_version, module, arch, cpe] = texts;
        ReportPackage {
            id,
            name,
            version,
            kind,
            source: None,
            normalized_version,
            module,
            arch,
            cpe,
            detector,
        }
    });
    leaf.prop_recursive(2, 4, 1, |source| {
        (source.clone(), option::of(source)).prop_map(|(package, source)| ReportPackage {
            source: source.map(Box::new),
            ..package
        })
    })
}

fn distribution() -> impl Strategy<Value = ReportDistribution> {
    let texts = [(); 9].map(|()| text());
    texts.prop_map(
        |[
            id,
            did,
            name,
            version,
            version_code_name,
            version_id,
            arch,
            cpe,
            pretty_name,
        ]| {
            ReportDistribution {
                id,
                distribution: Distribution {
                    did,
                    name,
                    version,
                    version_code_name,
                    version_id,
                    arch,
                    cpe,
                    pretty_name,
                },
            }
        },
    )
}

fn repository() -> impl Strategy<Value = ReportRepository> {
    let texts = [(); 5].map(|()| text());
    texts.prop_map(|[id, name, key, uri, cpe]| ReportRepository {
        id,
        name,
        key,
        uri,
        cpe,
    })
}

fn environment() -> impl Strategy<Value = Environment> {
    (text(), digest(), text(), option::of(vec(text(), 0..3))).prop_map(
        |(package_db, introduced_in, distribution_id, repository_ids)| Environment {
            package_db,
            introduced_in,
            distribution_id,
            repository_ids,
        },
    )
}

fn gap() -> impl Strategy<Value = Gap> {
    let kinds = [
        GapKind::UnknownDistribution,
        GapKind::NoFeed,
        GapKind::EndOfLife,
        GapKind::UnparsedVersion,
        GapKind::UnparsedAdvisory,
        GapKind::StaleFeed,
        GapKind::UnreadFile,
        GapKind::LimitReached,
        GapKind::NoPackages,
    ];
    (select(kinds.to_vec()), text(), text())
        .prop_map(|(kind, subject, message)| Gap::new(kind, subject, message))
}

fn vulnerability() -> impl Strategy<Value = ReportVulnerability> {
    let texts = [(); 7].map(|()| text());
    let statement = (
        package(),
        distribution(),
        repository(),
        fix_state(),
        severity(),
    );
    let facts = (
        option::of(timestamp()),
        vec(text(), 0..3),
        option::of(text()),
        vec(text(), 0..3),
        option::of(0..=100_u8),
    );
    (texts, statement, facts).prop_map(|(texts, statement, facts)| {
        let [
            id,
            updater,
            name,
            description,
            links,
            severity,
            fixed_in_version,
        ] = texts;
        let (package, distribution, repository, fix_state, normalized_severity) = statement;
        let (issued, aliases, note, cvss, risk) = facts;
        ReportVulnerability {
            id,
            updater,
            name,
            description,
            issued,
            links,
            severity,
            normalized_severity,
            package,
            distribution,
            repository,
            fixed_in_version,
            aliases,
            fix_state,
            note,
            cvss,
            risk,
        }
    })
}

fn enrichment() -> impl Strategy<Value = JsonText> {
    by_id(vec(btree_map(text(), text(), 0..3), 0..3))
        .prop_map(|facts| JsonText::of(&facts).unwrap())
}

type Contents = (
    BTreeMap<Id, ReportPackage>,
    BTreeMap<Id, ReportDistribution>,
    BTreeMap<Id, ReportRepository>,
    BTreeMap<Id, Vec<Environment>>,
    Vec<Gap>,
);

fn contents() -> impl Strategy<Value = Contents> {
    (
        by_id(package()),
        by_id(distribution()),
        by_id(repository()),
        by_id(vec(environment(), 0..3)),
        vec(gap(), 0..3),
    )
}

pub(crate) fn index_report() -> impl Strategy<Value = IndexReport> {
    let states = [
        IndexState::CheckManifest,
        IndexState::FetchLayers,
        IndexState::ScanLayers,
        IndexState::Coalesce,
        IndexState::IndexManifest,
        IndexState::IndexError,
        IndexState::IndexFinished,
    ];
    let outcome = (select(states.to_vec()), any::<bool>(), text());
    (digest(), contents(), outcome).prop_map(|(manifest_hash, contents, (state, success, err))| {
        let (packages, distributions, repository, environments, coverage) = contents;
        IndexReport {
            manifest_hash,
            state,
            packages,
            distributions,
            repository,
            environments,
            success,
            err,
            coverage,
        }
    })
}

pub(crate) fn vulnerability_report() -> impl Strategy<Value = VulnerabilityReport> {
    let found = (
        by_id(vulnerability()),
        by_id(vec(any::<u64>().prop_map(Id), 0..3)),
        btree_map(text(), vec(enrichment(), 0..3), 0..3),
    );
    (digest(), contents(), found).prop_map(|(manifest_hash, contents, found)| {
        let (packages, distributions, repository, environments, coverage) = contents;
        let (vulnerabilities, package_vulnerabilities, enrichments) = found;
        VulnerabilityReport {
            manifest_hash,
            packages,
            distributions,
            repository,
            environments,
            vulnerabilities,
            package_vulnerabilities,
            enrichments,
            coverage,
        }
    })
}

fn range() -> impl Strategy<Value = Range> {
    [(); 3]
        .map(|()| option::of(text()))
        .prop_map(|[introduced, fixed, last_affected]| Range {
            introduced,
            fixed,
            last_affected,
        })
}

fn affected() -> impl Strategy<Value = Affected> {
    let subject = (
        text(),
        text(),
        package_kind(),
        vec(text(), 0..3),
        option::of(text()),
    );
    let versions = (select(Scheme::ALL.to_vec()), vec(range(), 0..3));
    let verdict = (
        fix_state(),
        option::of(text()),
        option::of(severity()),
        option::of(text()),
    );
    (subject, versions, verdict).prop_map(|(subject, (scheme, ranges), verdict)| {
        let (namespace, package, kind, arches, module) = subject;
        let (fix_state, severity, normalized_severity, note) = verdict;
        Affected {
            namespace: namespace.parse().unwrap(),
            package,
            kind,
            arches,
            module,
            vulnerable: Vulnerable { scheme, ranges },
            fix_state,
            severity,
            normalized_severity,
            note,
        }
    })
}

pub(crate) fn advisory() -> impl Strategy<Value = Advisory> {
    let texts = [(); 3].map(|()| text());
    let lists = [(); 4].map(|()| vec(text(), 0..3));
    let times = [(); 2].map(|()| option::of(timestamp()));
    (texts, lists, times, severity(), vec(affected(), 0..3)).prop_map(
        |(texts, lists, times, normalized_severity, affected)| {
            let [id, description, severity] = texts;
            let [aliases, links, cvss, cwes] = lists;
            let [issued, modified] = times;
            Advisory {
                id,
                aliases,
                description,
                issued,
                modified,
                links,
                severity,
                normalized_severity,
                cvss,
                cwes,
                affected,
            }
        },
    )
}

pub(crate) fn manifest() -> impl Strategy<Value = Manifest> {
    let headers = btree_map(text(), vec(text(), 0..3), 0..3);
    let layer = (digest(), text(), headers).prop_map(|(hash, uri, headers)| ManifestLayer {
        hash,
        uri,
        headers,
    });
    (digest(), vec(layer, 1..4)).prop_map(|(hash, layers)| Manifest { hash, layers })
}
