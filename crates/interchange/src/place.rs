//! Namespaces, and the distributions and repositories that Clair's matchers look for.
//!
//! Each of Clair's matchers compares some fields of the distribution that an image has with those
//! of the vulnerability, literally: `did`, `name` and `version_id` of Debian and Ubuntu, `did`,
//! `name` and `pretty_name` of Alpine, and so on. So they are written as its scanners find them.
//! A namespace that Clair has no notion of gets a distribution that no image has, so that nothing
//! is matched by mistake.

use std::borrow::Cow;

use clair_cpe::Cpe;
use clair_feeds::{Skip, text};
use clair_model::{Distribution as Release, Namespace, PackageManager, releases};
use clair_version::Scheme;

use crate::vulnerability::{Distribution, Repository};

/// How Clair calls repositories of rpm packages by their products.
const RED_HAT: &str = "rhel-cpe-repository";

/// Where a vulnerability is looked up by Clair.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) distribution: Option<Distribution<'static>>,
    pub(crate) repository: Option<Repository<'static>>,
}

impl Place {
    /// Where Clair looks up what is said of a namespace.
    pub(crate) fn of(namespace: &Namespace) -> Self {
        let Some(name) = product(namespace) else {
            return Self {
                distribution: Some(distribution(namespace)),
                repository: None,
            };
        };
        let name = name.to_string();
        let repository = Repository {
            cpe: name.clone().into(),
            name: name.into(),
            key: RED_HAT.into(),
            uri: Cow::default(),
        };
        Self {
            distribution: None,
            repository: Some(repository),
        }
    }

    /// A place where Clair finds nothing, for what it would misunderstand.
    pub(crate) fn nowhere(namespace: &Namespace) -> Self {
        Self {
            distribution: Some(unknown(namespace)),
            repository: None,
        }
    }
}

/// The product that a namespace is of. Clair would have to be told in which streams of tags an image
/// is fixed, so namespaces of images are none.
fn product(namespace: &Namespace) -> Option<Cpe> {
    let name = namespace.cpe().filter(|_| !namespace.is_of_images());
    name?.parse().ok()
}

fn distribution(namespace: &Namespace) -> Distribution<'static> {
    let (family, release) = split(namespace);
    match family {
        "debian" => debian(release),
        "alpine" => {
            let mark = if release == "edge" { "" } else { "v" };
            Distribution {
                version: release.to_owned().into(),
                ..named(
                    "alpine",
                    "Alpine Linux",
                    "",
                    format!("Alpine Linux {mark}{release}"),
                )
            }
        }
        "ubuntu" => match release.split_once(':') {
            // What is only fixed for subscribers is fixed in the same packages.
            None | Some((_, "pro")) => ubuntu(release.trim_end_matches(":pro")),
            Some(_) => unknown(namespace),
        },
        "amzn" => {
            let name = if release == "2018.03" {
                "Amazon Linux AMI"
            } else {
                "Amazon Linux"
            };
            named("amzn", name, release, format!("{name} {release}"))
        }
        "ol" if is_number(release) => Distribution {
            version_code_name: format!("Oracle Linux {release}").into(),
            ..named(
                "ol",
                "Oracle Linux Server",
                release,
                format!("Oracle Linux Server {release}"),
            )
        },
        "photon" => named(
            "photon",
            "VMware Photon OS",
            release,
            "VMware Photon OS/Linux".to_owned(),
        ),
        "sles" => {
            // Clair does not tell service packs apart.
            let (major, pack) = release.split_once('.').unwrap_or((release, ""));
            let mut pretty_name = format!("SUSE Linux Enterprise Server {major}");
            if !pack.is_empty() {
                pretty_name.push_str(" SP");
                pretty_name.push_str(pack);
            }
            Distribution {
                version: major.to_owned().into(),
                ..named("sles", "SLES", release, pretty_name)
            }
        }
        "opensuse-leap" => named(
            "opensuse-leap",
            "openSUSE Leap",
            release,
            format!("openSUSE Leap {release}"),
        ),
        _ if release.contains(':') => unknown(namespace),
        _ => {
            let pretty_name = format!("{family} {release}");
            named(family, family, release, pretty_name.trim_end().to_owned())
        }
    }
}

fn debian(codename: &str) -> Distribution<'static> {
    let name = "Debian GNU/Linux";
    let known = releases::debian_number(codename);
    let version = match known {
        Some(number) => format!("{number} ({codename})"),
        None => codename.to_owned(),
    };
    Distribution {
        version_code_name: codename.to_owned().into(),
        pretty_name: format!("{name} {version}").into(),
        version: version.into(),
        // Images of testing and unstable have none, and would get what is said of the other.
        ..named("debian", name, known.unwrap_or(codename), String::new())
    }
}

fn ubuntu(release: &str) -> Distribution<'static> {
    let codename = releases::ubuntu_codename(release).unwrap_or_default();
    let mut version = release.to_owned();
    if let Some(first) = codename.chars().next() {
        let capital = first.to_ascii_uppercase();
        version = format!("{release} ({capital}{})", &codename[1..]);
    }
    Distribution {
        version: version.into(),
        version_code_name: codename.into(),
        ..named("ubuntu", "Ubuntu", release, format!("Ubuntu {release}"))
    }
}

/// One that no image has: the namespace stands where a number does.
fn unknown(namespace: &Namespace) -> Distribution<'static> {
    let text = namespace.as_str();
    named(
        namespace.family(),
        namespace.family(),
        text,
        text.to_owned(),
    )
}

fn named(did: &str, name: &str, version: &str, pretty_name: String) -> Distribution<'static> {
    Distribution {
        did: did.to_owned().into(),
        name: name.to_owned().into(),
        version: version.to_owned().into(),
        version_id: version.to_owned().into(),
        pretty_name: pretty_name.into(),
        ..Distribution::default()
    }
}

fn split(namespace: &Namespace) -> (&str, &str) {
    let text = namespace.as_str();
    text.split_once(':').unwrap_or((text, ""))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The namespaces in which a vulnerability is to be found. Several only where Clair does not
/// tell releases apart that we do.
///
/// # Errors
///
/// When there is nothing in our images that could be found there.
pub(crate) fn namespaces(
    distribution: Option<&Distribution<'_>>,
    repository: Option<&Repository<'_>>,
    fixed: &str,
) -> Result<Vec<Namespace>, Skip> {
    let distribution = distribution.filter(|it| !it.did.is_empty() || !it.name.is_empty());
    match (distribution, repository) {
        (Some(distribution), _) => of_distribution(distribution, fixed),
        (None, Some(repository)) if repository.key == RED_HAT => {
            of_product(&repository.name).map(|namespace| vec![namespace])
        }
        // Images of Red Hat's catalogue, and ecosystems of languages.
        (None, Some(_)) => Err(Skip::OtherProduct),
        (None, None) => Err(Skip::UnknownRelease),
    }
}

fn of_product(name: &str) -> Result<Namespace, Skip> {
    let cpe: Cpe = name.parse().map_err(|_| Skip::UnknownRelease)?;
    // Namespaces are named as vendors do.
    let uri = if name.starts_with("cpe:/") {
        name.to_owned()
    } else {
        cpe.to_uri()
    };
    if !text::is_name(&uri) {
        return Err(Skip::UnknownRelease);
    }
    Ok(Namespace::product(&uri))
}

fn of_distribution(distribution: &Distribution<'_>, fixed: &str) -> Result<Vec<Namespace>, Skip> {
    let Distribution {
        did,
        name,
        version,
        version_code_name,
        version_id,
        ..
    } = distribution;
    let did = match (&**did, &**name) {
        ("", "Debian GNU/Linux") => "debian",
        ("", "Ubuntu") => "ubuntu",
        ("", "Alpine Linux") => "alpine",
        ("", "Amazon Linux" | "Amazon Linux AMI") => "amzn",
        ("", "Oracle Linux Server") => "ol",
        ("", "SLES") => "sles",
        ("", "openSUSE Leap") => "opensuse-leap",
        (did, _) => did,
    };
    // Written by us for a namespace that Clair does not know.
    if version_id
        .strip_prefix(did)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    {
        return one(version_id);
    }
    let number = [version_id, version]
        .into_iter()
        .filter_map(|text| text.split_whitespace().next())
        .find(|number| text::is_name(number))
        .unwrap_or_default();
    let release = match did {
        "debian" if text::is_name(version_code_name) => version_code_name,
        "debian" => releases::debian_codename(number).unwrap_or(number),
        "ubuntu" if number.is_empty() => {
            releases::ubuntu_number(version_code_name).unwrap_or_default()
        }
        "alpine" => version.trim_start_matches('v'),
        "sles" if !version_id.is_empty() => version_id,
        "sles" => return service_packs(number),
        "ol" => return oracle(number, fixed),
        _ => number,
    };
    match (did, release) {
        ("debian" | "ubuntu" | "alpine", "") => Err(Skip::UnknownRelease),
        (_, "") => one(did),
        _ => one(&format!("{did}:{release}")),
    }
}

fn one(text: &str) -> Result<Vec<Namespace>, Skip> {
    let namespace: Namespace = text.parse().map_err(|_| Skip::UnknownRelease)?;
    let is_known = text::is_name(text) && scheme(&namespace).is_some();
    is_known
        .then(|| vec![namespace])
        .ok_or(Skip::UnknownRelease)
}

/// Oracle's special builds have versions above all ordinary ones. Clair mixes them.
fn oracle(release: &str, fixed: &str) -> Result<Vec<Namespace>, Skip> {
    let fixed = fixed.to_ascii_lowercase();
    let pocket = ["ksplice", "fips"]
        .into_iter()
        .find(|mark| fixed.contains(mark));
    let pocket = pocket.map_or_else(String::new, |pocket| format!(":{pocket}"));
    match release {
        "" => Err(Skip::UnknownRelease),
        _ => one(&format!("ol:{release}{pocket}")),
    }
}

/// All service packs of a release of SUSE Linux Enterprise Server, of which Clair only knows the
/// release: <https://www.suse.com/lifecycle>.
fn service_packs(major: &str) -> Result<Vec<Namespace>, Skip> {
    let (first, last) = match major {
        "11" => (0, 4),
        "12" => (0, 5),
        "15" => (0, 7),
        "16" => (0, 3),
        _ => return Err(Skip::UnknownRelease),
    };
    let packs = (first..=last).map(|pack| match (major, pack) {
        // From 16 on the first one has a number too.
        ("16", pack) => Namespace::release("sles", &format!("16.{pack}")),
        (_, 0) => Namespace::release("sles", major),
        (_, pack) => Namespace::release("sles", &format!("{major}.{pack}")),
    });
    Ok(packs.collect())
}

/// How versions of packages compare that are looked up in a namespace.
pub(crate) fn scheme(namespace: &Namespace) -> Option<Scheme> {
    if product(namespace).is_some() {
        return Some(Scheme::Rpm);
    }
    let family = namespace.family();
    if family == "bitnami" {
        return Some(Scheme::Bitnami);
    }
    let release = Release {
        did: family.to_owned(),
        ..Release::default()
    };
    let manager = PackageManager::ALL
        .iter()
        .find(|manager| release.owns(**manager));
    manager.map(|manager| manager.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(place: &Place) -> Result<Vec<Namespace>, Skip> {
        namespaces(place.distribution.as_ref(), place.repository.as_ref(), "")
    }

    #[test]
    fn a_namespace_is_found_again_where_it_was_put() {
        for text in [
            "debian:bookworm",
            "debian:sid",
            "ubuntu:22.04",
            "ubuntu:22.04:pro:fips-updates",
            "alpine:3.18",
            "alpine:edge",
            "amzn:2018.03",
            "amzn:2",
            "ol:8",
            "ol:8:ksplice",
            "photon:4.0",
            "sles:15",
            "sles:15.5",
            "opensuse-leap:15.6",
            "opensuse-tumbleweed",
            "cpe:/o:redhat:enterprise_linux:9",
            "cpe:/a:redhat:rhel_eus:9.2::appstream",
            "rocky:9",
            "openeuler:22.03-lts-sp2",
            "altlinux:p10",
            "wolfi",
            "arch",
            "bitnami",
        ] {
            let namespace: Namespace = text.parse().unwrap();
            assert_eq!(back(&Place::of(&namespace)), Ok(vec![namespace.clone()]));
            assert_eq!(back(&Place::nowhere(&namespace)), Ok(vec![namespace]));
        }
    }

    #[test]
    fn what_subscribers_get_is_found_where_clair_looks() {
        let place = Place::of(&"ubuntu:18.04:pro".parse().unwrap());
        let distribution = place.distribution.unwrap();
        assert_eq!(distribution.version_id, "18.04");
        assert_eq!(distribution.version, "18.04 (Bionic)");
    }

    #[test]
    fn what_clair_does_not_tell_apart_counts_everywhere() {
        let distribution = Distribution {
            did: "sles".into(),
            name: "SLES".into(),
            version: "12".into(),
            ..Distribution::default()
        };
        let found = namespaces(Some(&distribution), None, "").unwrap();
        assert_eq!(found.len(), 6);
        assert_eq!(found[5].as_str(), "sles:12.5");
    }

    #[test]
    fn special_builds_of_oracle_are_looked_up_apart() {
        let place = Place::of(&"ol:8".parse().unwrap());
        let found = namespaces(
            place.distribution.as_ref(),
            None,
            "10:1.1.1k-6.ksplice1.el8",
        );
        assert_eq!(found.unwrap()[0].as_str(), "ol:8:ksplice");
    }

    #[test]
    fn what_no_image_has_is_left_out() {
        let repository = |key: &'static str, name: &'static str| Repository {
            key: key.into(),
            name: name.into(),
            ..Repository::default()
        };
        for (repository, expected) in [
            (repository("", "pypi"), Skip::OtherProduct),
            (
                repository("rhcc-container-repository", "x"),
                Skip::OtherProduct,
            ),
            (repository(RED_HAT, "x"), Skip::UnknownRelease),
        ] {
            assert_eq!(namespaces(None, Some(&repository), ""), Err(expected));
        }
        let windows = named("windows", "Windows", "11", String::new());
        assert_eq!(
            namespaces(Some(&windows), None, ""),
            Err(Skip::UnknownRelease)
        );
    }
}
