//! Which distribution a root file system is.
//!
//! os-release decides where it exists; older distributions have a line of text in a file of their
//! own. For the distributions that Clair knows, the fields are those that Clair reports, since
//! its clients show and compare them.

use clair_model::{Distribution, releases};

use crate::{OsRelease, ReleaseFiles};

/// Tells the distribution from the release files of one root.
///
/// Gives `None` when there is no release file, or none that says anything.
pub fn detect(files: &ReleaseFiles<'_>) -> Option<Distribution> {
    let found = from_os_release(files)
        .or_else(|| from_lsb_release(files))
        .or_else(|| from_release_line(files))
        .or_else(|| from_alpine_files(files))
        .or_else(|| from_debian_version(files))?;
    Some(normalised(found, files))
}

fn from_os_release(files: &ReleaseFiles<'_>) -> Option<Distribution> {
    ["etc/os-release", "usr/lib/os-release"]
        .into_iter()
        .filter_map(|path| files.get(path))
        .map(|text| OsRelease::parse(text))
        .find(|release| !release.get("ID").is_empty() || !release.get("NAME").is_empty())
        .map(|release| {
            let get = |key: &str| release.get(key).to_owned();
            let mut did = get("ID").to_lowercase();
            match (did.as_str(), release.get("NAME")) {
                // Gives the ID of what it rebuilds.
                (_, name) if name.starts_with("Scientific Linux") => {
                    "scientific".clone_into(&mut did);
                }
                // Before release 15.
                ("opensuse", "openSUSE Leap") => "opensuse-leap".clone_into(&mut did),
                _ => {}
            }
            Distribution {
                did,
                name: get("NAME"),
                version: get("VERSION"),
                version_code_name: get("VERSION_CODENAME"),
                version_id: get("VERSION_ID"),
                arch: String::new(),
                cpe: get("CPE_NAME"),
                pretty_name: get("PRETTY_NAME"),
            }
        })
}

fn from_lsb_release(files: &ReleaseFiles<'_>) -> Option<Distribution> {
    let release = OsRelease::parse(files.get("etc/lsb-release")?);
    let name = release.get("DISTRIB_ID");
    let version = release.get("DISTRIB_RELEASE");
    let description = release.get("DISTRIB_DESCRIPTION");
    // Other distributions keep a file of this name with nothing in it.
    (!name.is_empty() && !version.is_empty()).then(|| Distribution {
        did: id_of(description).map_or_else(|| name.to_lowercase(), |(_, did)| did.to_owned()),
        name: name.to_owned(),
        version: version.to_owned(),
        version_code_name: release.get("DISTRIB_CODENAME").to_owned(),
        version_id: version.to_owned(),
        pretty_name: description.to_owned(),
        ..Distribution::default()
    })
}

/// Names as they stand in front of "release", and the ids that os-release has for them. A name
/// that begins with another stands before it.
const NAMES: &[(&str, &str)] = &[
    ("AlmaLinux", "almalinux"),
    ("Amazon Linux", "amzn"),
    ("CentOS", "centos"),
    ("CloudLinux", "cloudlinux"),
    ("Fedora", "fedora"),
    ("Mandriva Linux", "mandriva"),
    ("Oracle Linux", "ol"),
    ("Red Hat Enterprise Linux", "rhel"),
    ("Rocky Linux", "rocky"),
    ("Scientific Linux", "scientific"),
    ("SUSE Linux Enterprise", "sles"),
    ("openSUSE", "opensuse"),
    ("VMware Photon", "photon"),
];

fn id_of(line: &str) -> Option<(&'static str, &'static str)> {
    let known = NAMES.iter().find(|(name, _)| line.starts_with(name));
    known.copied()
}

/// `NAME release 6.8 (Final)`, or what SUSE and Photon write.
fn from_release_line(files: &ReleaseFiles<'_>) -> Option<Distribution> {
    const FILES: &[&str] = &[
        "etc/almalinux-release",
        "etc/rocky-release",
        "etc/oracle-release",
        "etc/centos-release",
        "etc/fedora-release",
        "etc/mandriva-release",
        "etc/photon-release",
        "etc/SuSE-release",
        "etc/system-release",
        "etc/redhat-release",
        "etc/issue",
    ];
    FILES.iter().find_map(|path| {
        let text = files.get(path)?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        let line = line.trim_start_matches("Welcome to ").trim();
        let (name, did) = id_of(line)?;
        let version = line.split_whitespace().find(|word| is_number(word))?;
        let version_id = version.trim_end_matches(|last: char| !last.is_ascii_digit());
        let before_release = line.split(" release ").next().unwrap_or(name);
        let name = if before_release.len() < line.len() {
            before_release
        } else {
            name
        };
        Some(Distribution {
            did: did.to_owned(),
            name: name.to_owned(),
            version: version_id.to_owned(),
            version_id: version_id.to_owned(),
            pretty_name: line.to_owned(),
            ..Distribution::default()
        })
    })
}

fn is_number(version: &str) -> bool {
    version.starts_with(|first: char| first.is_ascii_digit())
}

fn from_alpine_files(files: &ReleaseFiles<'_>) -> Option<Distribution> {
    let issue = files.get("etc/issue").copied().unwrap_or_default();
    let version = files.get("etc/alpine-release").map(|text| text.trim());
    let version = version.or_else(|| {
        let (_, rest) = issue.split_once("Alpine Linux ")?;
        rest.split_whitespace().next()
    })?;
    let edge = version.contains("_alpha") || issue.contains("(edge)");
    is_number(version).then(|| Distribution {
        did: "alpine".to_owned(),
        version_id: version.to_owned(),
        pretty_name: if edge {
            ALPINE_EDGE.to_owned()
        } else {
            String::new()
        },
        ..Distribution::default()
    })
}

fn from_debian_version(files: &ReleaseFiles<'_>) -> Option<Distribution> {
    let version = files.get("etc/debian_version")?.trim();
    let testing = version.strip_suffix("/sid");
    (testing.is_some() || is_number(version)).then(|| Distribution {
        did: "debian".to_owned(),
        version_id: match testing {
            Some(_) => String::new(),
            None => version.split('.').next().unwrap_or(version).to_owned(),
        },
        version_code_name: testing.unwrap_or_default().to_owned(),
        ..Distribution::default()
    })
}

/// The fields as Clair reports them, for the distributions that it knows.
fn normalised(found: Distribution, files: &ReleaseFiles<'_>) -> Distribution {
    match found.did.as_str() {
        "debian" => debian(found, files),
        "ubuntu" => ubuntu(&found),
        "alpine" => alpine(found),
        "rhel" => rhel(found),
        "amzn" => amazon(found),
        "ol" => oracle(found),
        "sles" | "sled" | "suse" => sles(found),
        "opensuse-leap" => leap(found),
        "photon" => photon(found),
        _ => found,
    }
}

/// A stable release has a number. Testing and sid have none and the same os-release; what apt
/// is set up to install from tells them apart.
fn debian(found: Distribution, files: &ReleaseFiles<'_>) -> Distribution {
    const NAME: &str = "Debian GNU/Linux";
    let number = found.version_id.split('.').next().unwrap_or_default();
    let mut codename = found.version_code_name.clone();
    if codename.is_empty() {
        let in_parentheses = found.version.rsplit_once('(');
        let word = in_parentheses.and_then(|(_, rest)| rest.split(')').next());
        // Testing before 11: PRETTY_NAME="Debian GNU/Linux stretch/sid", and no version.
        let testing = found.pretty_name.strip_suffix("/sid");
        word.or(releases::debian_codename(number))
            .or(testing.and_then(|name| name.split_whitespace().last()))
            .unwrap_or_default()
            .clone_into(&mut codename);
    }
    if number.is_empty() && follows_unstable(files) {
        "sid".clone_into(&mut codename);
    }
    let version = match (number, codename.as_str()) {
        ("", codename) => codename.to_owned(),
        (number, "") => number.to_owned(),
        (number, codename) => format!("{number} ({codename})"),
    };
    Distribution {
        did: found.did,
        name: NAME.to_owned(),
        pretty_name: format!("{NAME} {version}"),
        version,
        version_id: number.to_owned(),
        version_code_name: codename,
        arch: String::new(),
        cpe: String::new(),
    }
}

/// Whether apt's sources name sid: one-line style (`deb URI SUITE …`) or deb822 (`Suites: …`).
fn follows_unstable(files: &ReleaseFiles<'_>) -> bool {
    let lines = [
        "etc/apt/sources.list",
        "etc/apt/sources.list.d/debian.sources",
    ]
    .into_iter()
    .filter_map(|path| files.get(path))
    .flat_map(|text| text.lines());
    lines.map(str::trim).any(|line| {
        let is_source = line.starts_with("deb ") || line.starts_with("Suites:");
        is_source
            && line
                .split_whitespace()
                .any(|word| matches!(word, "sid" | "unstable"))
    })
}

fn ubuntu(found: &Distribution) -> Distribution {
    let mut codename = found.version_code_name.clone();
    if codename.is_empty() {
        // VERSION="14.04.6 LTS, Trusty Tahr", later VERSION="16.04.1 LTS (Xenial Xerus)".
        let name = found.version.split_once([',', '(']);
        let word = name.and_then(|(_, name)| name.split_whitespace().next());
        codename = word.unwrap_or_default().to_lowercase();
    }
    let mut title = codename.clone();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let number = &found.version_id;
    Distribution {
        did: found.did.clone(),
        name: "Ubuntu".to_owned(),
        version: if title.is_empty() {
            number.clone()
        } else {
            format!("{number} ({title})")
        },
        version_code_name: codename,
        version_id: number.clone(),
        arch: String::new(),
        cpe: String::new(),
        pretty_name: format!("Ubuntu {number}"),
    }
}

const ALPINE_EDGE: &str = "Alpine Linux edge";

/// A branch has two numbers; edge is known by its name, or by the alpha of the next release.
fn alpine(found: Distribution) -> Distribution {
    let edge = found.pretty_name == ALPINE_EDGE || found.version_id.contains("_alpha");
    let version = if edge {
        "edge".to_owned()
    } else {
        let mut parts = found.version_id.split('.');
        match (parts.next(), parts.next()) {
            (Some(major), Some(minor)) => format!("{major}.{minor}"),
            _ => found.version_id,
        }
    };
    Distribution {
        did: found.did,
        name: "Alpine Linux".to_owned(),
        pretty_name: if edge {
            ALPINE_EDGE.to_owned()
        } else {
            format!("Alpine Linux v{version}")
        },
        version,
        ..Distribution::default()
    }
}

fn major(version: &str) -> &str {
    version.split(['.', '-']).next().unwrap_or(version)
}

fn rhel(found: Distribution) -> Distribution {
    const NAME: &str = "Red Hat Enterprise Linux Server";
    let number = major(&found.version_id).to_owned();
    Distribution {
        did: found.did,
        name: NAME.to_owned(),
        pretty_name: format!("{NAME} {number}"),
        cpe: format!("cpe:2.3:o:redhat:enterprise_linux:{number}:*:*:*:*:*:*:*"),
        version: number.clone(),
        version_id: number,
        ..Distribution::default()
    }
}

fn amazon(found: Distribution) -> Distribution {
    Distribution {
        version: found.version_id.clone(),
        version_code_name: String::new(),
        ..found
    }
}

fn oracle(found: Distribution) -> Distribution {
    const NAME: &str = "Oracle Linux Server";
    let number = major(&found.version_id).to_owned();
    Distribution {
        did: found.did,
        name: NAME.to_owned(),
        version_code_name: format!("Oracle Linux {number}"),
        pretty_name: format!("{NAME} {number}"),
        version: number.clone(),
        version_id: number,
        arch: String::new(),
        cpe: String::new(),
    }
}

fn sles(found: Distribution) -> Distribution {
    let number = major(&found.version_id).to_owned();
    Distribution {
        did: "sles".to_owned(),
        name: "SLES".to_owned(),
        pretty_name: format!("SUSE Linux Enterprise Server {number}"),
        version: number,
        version_id: found.version_id,
        cpe: found.cpe,
        ..Distribution::default()
    }
}

fn leap(found: Distribution) -> Distribution {
    Distribution {
        did: found.did,
        name: "openSUSE Leap".to_owned(),
        pretty_name: format!("openSUSE Leap {}", found.version_id),
        version: found.version_id.clone(),
        version_id: found.version_id,
        cpe: found.cpe,
        ..Distribution::default()
    }
}

fn photon(found: Distribution) -> Distribution {
    Distribution {
        did: found.did,
        name: "VMware Photon OS".to_owned(),
        pretty_name: "VMware Photon OS/Linux".to_owned(),
        version: found.version_id.clone(),
        version_id: found.version_id,
        ..Distribution::default()
    }
}
