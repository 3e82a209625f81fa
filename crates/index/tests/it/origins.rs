//! Which repositories packages come from.

use clair_index::{FileFindings, Inventory, LayerFindings, merge, report};
use clair_inventory::{Findings, History, Origin, Provenance};
use clair_model::{Id, Package, PackageManager, Repository};

use crate::image::sha256;
use crate::tar::Tar;

const DATABASE: &str = "var/lib/rpm/rpmdb.sqlite";
const HISTORY: &str = "var/lib/dnf/history.sqlite";
const RHEL: &str = "ID=\"rhel\"\nVERSION_ID=\"9.4\"\nPRETTY_NAME=\"Red Hat Enterprise Linux 9.4 (Plow)\"\nNAME=\"Red Hat Enterprise Linux\"\n";
const FEDORA: &str = "ID=fedora\nVERSION_ID=41\n";

fn file(path: &str, findings: Findings) -> FileFindings {
    FileFindings {
        path: path.to_owned(),
        analyzer: "test".to_owned(),
        findings,
    }
}

/// Release files that make it a distribution.
fn release(text: &str) -> FileFindings {
    file(
        "etc/os-release",
        Findings {
            release: Some(text.to_owned()),
            ..Findings::default()
        },
    )
}

/// The database of rpm, with packages of one version.
fn rpms(names: &[&str]) -> FileFindings {
    rpms_at(DATABASE, names)
}

fn rpms_at(path: &str, names: &[&str]) -> FileFindings {
    let packages = names.iter().map(|&name| Package {
        name: name.to_owned(),
        version: "1-1.el9".to_owned(),
        arch: "x86_64".to_owned(),
        manager: PackageManager::Rpm,
        source: None,
        module: None,
        vendor: None,
    });
    file(
        path,
        Findings {
            packages: packages.collect(),
            ..Findings::default()
        },
    )
}

fn manifest(path: &str, repositories: &[&str], consults_history: bool) -> FileFindings {
    file(
        path,
        Findings {
            provenance: Some(Provenance::Manifest {
                repositories: repositories.iter().map(|&id| id.to_owned()).collect(),
                consults_history,
            }),
            ..Findings::default()
        },
    )
}

fn named(name: &str) -> String {
    format!("root/buildinfo/content_manifests/{name}.json")
}

/// What DNF remembers: packages with their repositories, in the order of their names.
fn history(path: &str, origins: &[(&str, &str)]) -> FileFindings {
    let repositories: Vec<String> = origins.iter().map(|(_, id)| (*id).to_owned()).collect();
    let origins = (0..).zip(origins).map(|(repository, (name, _))| Origin {
        name: (*name).to_owned(),
        version: "1-1.el9".to_owned(),
        arch: "x86_64".to_owned(),
        repository,
    });
    file(
        path,
        Findings {
            provenance: Some(Provenance::History(History {
                origins: origins.collect(),
                repositories,
            })),
            ..Findings::default()
        },
    )
}

fn merged(layers: Vec<Vec<FileFindings>>) -> Inventory {
    let layers: Vec<_> = (0_u8..)
        .zip(layers)
        .map(|(number, files)| {
            let findings = LayerFindings {
                files,
                ..LayerFindings::default()
            };
            (sha256(&[number]), findings)
        })
        .collect();
    let stacked: Vec<_> = layers
        .iter()
        .map(|(digest, layer)| (digest, layer))
        .collect();
    merge(&stacked)
}

/// `package: repositories`.
fn origins(layers: Vec<Vec<FileFindings>>) -> Vec<String> {
    let inventory = merged(layers);
    let shown = inventory.packages.iter().map(|located| {
        let ids = located.repositories.iter();
        let ids: Vec<_> = ids
            .map(|&index| inventory.repositories[index].rpm_id().unwrap())
            .collect();
        format!("{}: {}", located.package.name, ids.join(" "))
    });
    shown.collect()
}

#[test]
fn a_manifest_speaks_of_what_its_own_layer_installed() {
    let layers = vec![
        vec![
            release(RHEL),
            rpms(&["bash"]),
            manifest(&named("ubi9"), &["baseos"], false),
        ],
        vec![
            rpms(&["bash", "httpd"]),
            manifest(&named("httpd"), &["appstream", "baseos"], false),
        ],
        // Built by somebody else on top.
        vec![rpms(&["bash", "httpd", "vim"])],
    ];
    assert_eq!(
        origins(layers),
        [
            "bash: baseos",
            "httpd: appstream baseos",
            "vim: appstream baseos"
        ]
    );
}

#[test]
fn manifests_of_one_name_speak_of_their_layers_all_the_same() {
    let path = "usr/share/buildinfo/content-sets.json";
    let layers = vec![
        vec![
            release(RHEL),
            rpms(&["bash"]),
            manifest(path, &["base"], false),
        ],
        vec![
            rpms(&["bash", "httpd"]),
            manifest(path, &["product"], false),
        ],
    ];
    assert_eq!(origins(layers), ["bash: base", "httpd: product"]);
}

#[test]
fn layers_below_the_first_manifest_have_what_it_has() {
    let layers = vec![
        vec![release(RHEL), rpms(&["bash"])],
        vec![manifest(&named("ubi9"), &["baseos"], false)],
    ];
    assert_eq!(origins(layers), ["bash: baseos"]);
}

#[test]
fn what_a_layer_has_several_manifests_of_it_has_of_all() {
    let layers = vec![vec![
        release(RHEL),
        rpms(&["bash"]),
        manifest(&named("a"), &["one"], false),
        manifest(&named("b"), &["two"], false),
    ]];
    assert_eq!(origins(layers), ["bash: one two"]);
}

#[test]
fn the_history_counts_where_there_is_no_manifest_or_it_refers_to_it() {
    let base = |consults| {
        vec![
            release(RHEL),
            rpms(&["bash", "zlib"]),
            manifest(&named("ubi9"), &["baseos"], consults),
            history(HISTORY, &[("bash", "build-root")]),
        ]
    };
    assert_eq!(origins(vec![base(false)]), ["bash: baseos", "zlib: baseos"]);
    assert_eq!(
        origins(vec![base(true)]),
        ["bash: build-root", "zlib: baseos"]
    );
    let own = vec![
        rpms(&["bash", "vim", "zlib"]),
        history(HISTORY, &[("bash", "build-root"), ("vim", "appstream")]),
    ];
    assert_eq!(
        origins(vec![base(false), own]),
        ["bash: baseos", "vim: appstream", "zlib: baseos"]
    );
}

#[test]
fn without_any_manifest_a_package_may_come_from_all_that_the_history_knows() {
    let installed = |text| {
        vec![
            release(text),
            rpms(&["bash", "vim"]),
            history(
                "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
                &[("vim", "appstream")],
            ),
        ]
    };
    assert_eq!(
        origins(vec![installed(RHEL)]),
        ["bash: appstream", "vim: appstream"]
    );
    // Whose vendor does not speak of products has no use for them.
    assert_eq!(origins(vec![installed(FEDORA)]), ["bash: ", "vim: "]);
}

#[test]
fn a_nested_root_file_system_has_its_own() {
    let layers = vec![vec![
        release(RHEL),
        rpms(&["bash"]),
        manifest(&named("ubi9"), &["baseos"], false),
        rpms_at("mnt/var/lib/rpm/rpmdb.sqlite", &["kernel"]),
        manifest(
            "mnt/usr/share/buildinfo/content-sets.json",
            &["nested"],
            false,
        ),
    ]];
    assert_eq!(origins(layers), ["bash: baseos", "kernel: nested"]);
}

#[test]
fn the_report_has_repositories_by_their_ids_as_clair_has_them() {
    let inventory = merged(vec![vec![
        release(RHEL),
        rpms(&["bash"]),
        manifest(&named("ubi9"), &["b", "a"], false),
    ]]);
    let report = report(sha256(b""), inventory);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(
        json["repository"],
        serde_json::json!({
            "1": {"id": "1", "key": "rhel-cpe-repository", "uri": "repoid=a", "cpe": ""},
            "2": {"id": "2", "key": "rhel-cpe-repository", "uri": "repoid=b", "cpe": ""},
        })
    );
    assert_eq!(
        json["environments"]["1"][0]["repository_ids"],
        serde_json::json!(["1", "2"])
    );
}

#[test]
fn images_that_an_image_was_built_on_are_listed_and_compare_with_nothing() {
    let dockerfile = |name: &str| {
        format!(
            "FROM scratch\nLABEL com.redhat.component={name}-container name={name} architecture=x86_64\n"
        )
    };
    let inventory = crate::indexed::inventory(&[
        Tar::new()
            .file(
                "root/buildinfo/Dockerfile-ubi8-8.4-206.1626828523",
                dockerfile("ubi8"),
            )
            .end(),
        Tar::new()
            .file(
                "root/buildinfo/Dockerfile-quay-clair-rhel8-v3.5.5-4",
                dockerfile("quay/clair-rhel8"),
            )
            .end(),
    ]);
    assert_eq!(inventory.repositories, [Repository::container_catalog()]);
    let report = report(sha256(b""), inventory);
    let shown: Vec<_> = report
        .packages
        .values()
        .map(|package| {
            format!(
                "{} {} {}",
                package.name, package.version, package.normalized_version
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "quay/clair-rhel8 v3.5.5-4 rhctag:3.5.0.0.0.0.0.0.0.0",
            "ubi8 8.4-206.1626828523 unmatchable:0.0.0.0.0.0.0.0.0.0",
        ]
    );
    let source = report.packages[&Id(1)].source.as_ref().unwrap();
    assert_eq!(source.name, "quay/clair-rhel8-container");
}
