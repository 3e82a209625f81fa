//! What distributions and their releases are called in package URLs.

use clair_model::Distribution;

/// Namespaces by `ID` of os-release: first the one that we write, then those that others do.
///
/// Where the definition of a type names one it is that, as `redhat` and `opensuse` in
/// <https://github.com/package-url/purl-spec/blob/main/types-doc/rpm-definition.md>; else it is the
/// `ID`. The others are those of Syft, Trivy and OSV.
const NAMESPACES: &[(&str, &[&str])] = &[
    ("almalinux", &["almalinux", "alma"]),
    ("amzn", &["amzn", "amazon"]),
    ("azurelinux", &["azurelinux", "azure"]),
    ("mariner", &["mariner", "cbl-mariner"]),
    ("ol", &["oracle", "ol", "oraclelinux"]),
    ("opensuse", &["opensuse"]),
    (
        "opensuse-leap",
        &["opensuse", "opensuse-leap", "opensuse.leap"],
    ),
    (
        "opensuse-tumbleweed",
        &["opensuse", "opensuse-tumbleweed", "opensuse.tumbleweed"],
    ),
    ("photon", &["photon", "vmware"]),
    ("rhel", &["redhat", "rhel"]),
    ("rocky", &["rocky", "rocky-linux", "rockylinux"]),
    ("sled", &["suse", "sled", "sles"]),
    ("sles", &["suse", "sles"]),
    ("sles_sap", &["suse", "sles", "sles_sap"]),
    ("sl-micro", &["suse", "sl-micro", "sle-micro"]),
    ("sle-micro", &["suse", "sle-micro"]),
];

/// The namespace that we write.
pub(crate) fn namespace(distribution: &Distribution) -> &str {
    let known = NAMESPACES.iter().find(|(did, _)| *did == distribution.did);
    known.map_or(distribution.did.as_str(), |(_, names)| names[0])
}

/// Whether that is a namespace of the distribution.
pub(crate) fn is_namespace(distribution: &Distribution, name: &str) -> bool {
    let known = NAMESPACES.iter().find(|(did, _)| *did == distribution.did);
    name == distribution.did || known.is_some_and(|(_, names)| names.contains(&name))
}

/// The qualifier `distro`, as Syft and Trivy write it: `debian-12`, `alpine-3.20`, `debian-sid`
/// and `wolfi`, where there is no number.
pub(crate) fn qualifier(distribution: &Distribution) -> String {
    let mut releases = releases(distribution);
    match releases.next() {
        Some(release) => format!("{}-{release}", distribution.did),
        None => distribution.did.clone(),
    }
}

/// Whether the qualifier `distro` of a URL means the distribution. It is written with the name of
/// the distribution, the release, or both: `debian-12`, `debian-12.5`, `bookworm`, `ubuntu/jammy`,
/// `3.20`. Where one tells less of the number than the other, that counts as the same.
pub(crate) fn is_qualifier(distribution: &Distribution, text: &str) -> bool {
    let text = text.to_lowercase();
    let names = NAMESPACES
        .iter()
        .filter(|(did, _)| *did == distribution.did)
        .flat_map(|(_, names)| names.iter().copied());
    let mut names = names.chain([distribution.did.as_str()]);
    let is_release = |text: &str| releases(distribution).any(|own| is_same_release(own, text));
    if is_release(&text) {
        return true;
    }
    // Canonical has its pockets there: `esm-infra/focal`.
    if distribution.did == "ubuntu"
        && text
            .rsplit_once('/')
            .is_some_and(|(_, release)| is_release(release))
    {
        return true;
    }
    names.any(|name| match text.strip_prefix(name) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(['-', '/', ':']).is_some_and(is_release),
        None => false,
    })
}

/// Number, branch and code name: what there is of them.
fn releases(distribution: &Distribution) -> impl Iterator<Item = &str> {
    // Alpine's branch is its version; elsewhere that is a text for people.
    let branch = Some(distribution.version.as_str())
        .filter(|version| distribution.did == "alpine" && !version.contains(' '));
    [
        Some(distribution.version_id.as_str()),
        branch,
        Some(distribution.version_code_name.as_str()),
    ]
    .into_iter()
    .flatten()
    .filter(|release| !release.is_empty())
}

fn is_same_release(own: &str, other: &str) -> bool {
    let begins = |long: &str, short: &str| {
        long.strip_prefix(short)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    own.eq_ignore_ascii_case(other)
        || (is_number(own) && is_number(other) && (begins(own, other) || begins(other, own)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(did: &str, version: &str, id: &str, codename: &str) -> Distribution {
        Distribution {
            did: did.to_owned(),
            version: version.to_owned(),
            version_id: id.to_owned(),
            version_code_name: codename.to_owned(),
            ..Distribution::default()
        }
    }

    #[test]
    fn a_release_is_known_by_each_of_its_names() {
        let debian = distribution("debian", "12 (bookworm)", "12", "bookworm");
        let ubuntu = distribution("ubuntu", "22.04 (Jammy Jellyfish)", "22.04", "jammy");
        let alpine = distribution("alpine", "3.20", "", "");
        let rhel = distribution("rhel", "9.4 (Plow)", "9.4", "");
        let leap = distribution("opensuse-leap", "15.5", "15.5", "");
        let wolfi = distribution("wolfi", "", "", "");
        for (of, names, others) in [
            (
                &debian,
                &[
                    "debian-12",
                    "debian-12.5",
                    "bookworm",
                    "debian-bookworm",
                    "debian",
                ][..],
                &["debian-11", "debian-1", "trixie", "ubuntu-12", "12x"][..],
            ),
            (
                &ubuntu,
                &[
                    "ubuntu-22.04",
                    "jammy",
                    "ubuntu/jammy",
                    "22.04",
                    "esm-apps/jammy",
                ],
                &["ubuntu-22.10", "ubuntu-2", "focal"],
            ),
            (
                &alpine,
                &["alpine-3.20", "alpine-3.20.3", "3.20.0"],
                &["alpine-3.2", "alpine-3.21"],
            ),
            (
                &rhel,
                &["rhel-9.4", "redhat-9.4", "rhel-9"],
                &["rhel-9.2", "rhel-8", "centos-9"],
            ),
            (
                &leap,
                &["opensuse-leap-15.5", "opensuse.leap-15.5"],
                &["opensuse-leap-15.4"],
            ),
            (&wolfi, &["wolfi"], &["wolfi-20230201x", "chainguard"]),
        ] {
            for name in names {
                assert!(is_qualifier(of, name), "{} is {name}", of.did);
            }
            for other in others {
                assert!(!is_qualifier(of, other), "{} is not {other}", of.did);
            }
            assert!(is_qualifier(of, &qualifier(of)));
            assert!(is_namespace(of, namespace(of)));
        }
        assert_eq!(
            qualifier(&distribution("debian", "", "", "sid")),
            "debian-sid"
        );
    }
}
