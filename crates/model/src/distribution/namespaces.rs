//! Which namespaces the packages of a distribution have: one line for each distribution.

use super::Distribution;
use crate::PackageManager::{self, Apk, Dpkg, Pacman, Portage, Rpm};
use crate::{Namespace, lifecycle, releases};

/// The packages of a distribution, and how its vendor's data is divided.
struct Line {
    /// `ID` of os-release, in lower case.
    did: &'static str,
    /// What installs the packages that the data speaks of.
    manager: PackageManager,
    /// The first part of the namespaces.
    family: &'static str,
    /// What their second part is.
    release: Release,
}

/// The level of releases at which a vendor's data speaks.
enum Release {
    /// There are no releases, or they do not matter: everything is the newest there is.
    Rolling,
    /// Code name: `bookworm`.
    CodeName,
    /// Version, where that is a branch: `3.18`, `edge`.
    Branch,
    /// First part of the number: `9` of `9.6`. Minor releases replace each other.
    Major,
    /// Two parts of the number: `15.5`, and `15` of a service pack that has no number.
    Minor,
    /// As [`Minor`](Self::Minor), with Canonical's pockets beside it.
    Ubuntu,
    /// As [`Major`](Self::Major), with pockets for Oracle's special builds.
    Oracle,
    /// Amazon's: all of `2014.03` to `2018.03` got the same updates.
    Amazon,
    /// openEuler's number with the service pack, in lower case: `22.03-lts-sp2`.
    ServicePack,
    /// ALT's branch of the repository: `p10`, `c9f2`, `sisyphus`.
    Alt,
}

/// The distributions whose vendor divides its data by products.
const RED_HAT: &str = "rhel";

const fn line(
    did: &'static str,
    manager: PackageManager,
    family: &'static str,
    release: Release,
) -> Line {
    Line {
        did,
        manager,
        family,
        release,
    }
}

/// The distributions whose vendors publish security data. Those of one family share it.
///
/// - The universal base images have the os-release of Red Hat Enterprise Linux. CentOS was a
///   rebuild of it, and CentOS Stream is what becomes its next minor release; neither has data
///   of its own. What Red Hat says of products apart from the system is known by their CPE, and
///   gets namespaces by it when repositories are matched.
/// - Service packs of SUSE have a date of their own from which on they get no more updates, and
///   its data names each. The editions share their packages.
/// - Chainguard says of both of its distributions that they have no versions:
///   <https://github.com/chainguard-dev/vulnerability-scanner-support>.
/// - Gentoo publishes advisories (<https://security.gentoo.org/glsa>), which no feed reads yet.
/// - Images of Bitnami are Debian or Photon. What Bitnami adds is an ecosystem of its own:
///   [`PackageManager::ecosystem`].
const TABLE: &[Line] = &[
    line("almalinux", Rpm, "almalinux", Release::Major),
    line("alpine", Apk, "alpine", Release::Branch),
    line("altlinux", Rpm, "altlinux", Release::Alt),
    line("amzn", Rpm, "amzn", Release::Amazon),
    line("arch", Pacman, "arch", Release::Rolling),
    line("azurelinux", Rpm, "azurelinux", Release::Minor),
    line("centos", Rpm, RED_HAT, Release::Major),
    line("chainguard", Apk, "chainguard", Release::Rolling),
    line("debian", Dpkg, "debian", Release::CodeName),
    line("echo", Dpkg, "echo", Release::Rolling),
    line("fedora", Rpm, "fedora", Release::Major),
    line("gentoo", Portage, "gentoo", Release::Rolling),
    line("hummingbird", Rpm, "hummingbird", Release::Rolling),
    line("mageia", Rpm, "mageia", Release::Major),
    line("mariner", Rpm, "mariner", Release::Minor),
    line("minimos", Apk, "minimos", Release::Rolling),
    line("ol", Rpm, "ol", Release::Oracle),
    line("openeuler", Rpm, "openeuler", Release::ServicePack),
    line("opensuse", Rpm, "opensuse", Release::Minor),
    line("opensuse-leap", Rpm, "opensuse-leap", Release::Minor),
    line(
        "opensuse-leap-micro",
        Rpm,
        "opensuse-leap-micro",
        Release::Minor,
    ),
    line(
        "opensuse-microos",
        Rpm,
        "opensuse-tumbleweed",
        Release::Rolling,
    ),
    line(
        "opensuse-tumbleweed",
        Rpm,
        "opensuse-tumbleweed",
        Release::Rolling,
    ),
    line("photon", Rpm, "photon", Release::Minor),
    line("rhel", Rpm, RED_HAT, Release::Major),
    line("rocky", Rpm, "rocky", Release::Major),
    line("sl-micro", Rpm, "sle-micro", Release::Minor),
    line("sle-micro", Rpm, "sle-micro", Release::Minor),
    line("sle-micro-rancher", Rpm, "sle-micro", Release::Minor),
    line("sled", Rpm, "sles", Release::Minor),
    line("sles", Rpm, "sles", Release::Minor),
    line("sles_sap", Rpm, "sles", Release::Minor),
    line("ubuntu", Dpkg, "ubuntu", Release::Ubuntu),
    line("wolfi", Apk, "wolfi", Release::Rolling),
];

impl Distribution {
    /// A distribution as far as a namespace tells it: one whose [`base_namespace`] it is, or is
    /// the general part of. `None` for a namespace that belongs to no distribution.
    ///
    /// [`base_namespace`]: Self::base_namespace
    pub fn of_namespace(namespace: &Namespace) -> Option<Self> {
        let mut parts = namespace.as_str().split(':');
        let family = parts.next().unwrap_or_default();
        let release = parts.next().unwrap_or_default().to_owned();
        let line = TABLE
            .iter()
            .find(|line| line.family == family && line.did == family)?;
        let is_number = release.starts_with(|first: char| first.is_ascii_digit());
        let (version_id, version_code_name) = if is_number {
            (release.clone(), String::new())
        } else {
            (String::new(), release.clone())
        };
        Some(Self {
            did: line.did.to_owned(),
            version: release,
            version_id,
            version_code_name,
            pretty_name: namespace.to_string(),
            ..Self::default()
        })
    }

    /// The namespaces in which the security data for a package of that manager and version may
    /// be, most specific last.
    ///
    /// Empty where no namespace is known for such packages of this distribution.
    pub fn namespaces(&self, manager: PackageManager, version: &str) -> Vec<Namespace> {
        let Some(line) = self.line().filter(|line| line.manager == manager) else {
            return Vec::new();
        };
        let mut namespaces = Vec::from_iter(self.base_namespace());
        if namespaces.is_empty() {
            return namespaces;
        }
        match line.release {
            Release::CodeName => {
                let origin = backport_origin(version).map(Namespace::debian);
                if let Some(origin) = origin.filter(|_| line.family == "debian") {
                    namespaces = vec![origin];
                }
            }
            Release::Ubuntu => namespaces.extend(pockets(&self.version_id, version)),
            Release::Oracle => {
                let release = parts_of(&self.version_id, 1);
                namespaces.extend(special_build(release, version));
            }
            _ => {}
        }
        namespaces
    }

    /// The namespace that a source must have data for to cover this distribution at all.
    pub fn base_namespace(&self) -> Option<Namespace> {
        let line = self.line()?;
        let release = match line.release {
            Release::Rolling => return Some(Namespace::rolling(line.family)),
            Release::CodeName => self.version_code_name.clone(),
            Release::Branch => self.version.clone(),
            Release::Major | Release::Oracle => parts_of(&self.version_id, 1).to_owned(),
            Release::Minor | Release::Ubuntu => parts_of(&self.version_id, 2).to_owned(),
            Release::Amazon => amazon(&self.version_id).to_owned(),
            Release::ServicePack => service_pack(&self.version),
            Release::Alt => self.alt_branch(),
        };
        (!release.is_empty()).then(|| Namespace::release(line.family, &release))
    }

    /// Whether packages of this manager are the distribution's own, so that its security data
    /// speaks of them.
    pub fn owns(&self, manager: PackageManager) -> bool {
        self.line().is_some_and(|line| line.manager == manager)
    }

    /// Whether its vendor speaks of packages by the products that they come from, which their
    /// repositories tell.
    pub fn is_divided_by_repositories(&self) -> bool {
        self.line().is_some_and(|line| line.family == RED_HAT)
    }

    /// The last day on which the release gets security updates, where it is known. That of a
    /// rebuild is its own, even where it shares the data of what it rebuilds.
    pub fn end_of_life(&self) -> Option<jiff::civil::Date> {
        let base = self.base_namespace()?;
        let did = match self.name.as_str() {
            "CentOS Stream" => "centos-stream",
            _ => &self.did,
        };
        let own = base.as_str().replacen(base.family(), did, 1);
        lifecycle::end_of_life(&own).or_else(|| lifecycle::end_of_life(base.as_str()))
    }

    fn line(&self) -> Option<&'static Line> {
        TABLE.iter().find(|line| line.did == self.did)
    }

    /// The branch, which os-release tells by itself or by the product that is built from it.
    /// Products of the certified line (`SP`) have branches of their own; the CPEs beside the
    /// branch in ALT's errata tell which: <https://errata.altlinux.org>.
    fn alt_branch(&self) -> String {
        let named = [&self.version_code_name, &self.version_id, &self.version];
        if let Some(branch) = named.into_iter().find(|text| is_alt_branch(text)) {
            return branch.to_lowercase();
        }
        let number = self.version_id.as_str();
        let mut cpe = self.cpe.split(':').skip(3);
        if cpe.next().is_some_and(|product| product.starts_with("sp")) {
            let branch = match parts_of(number, 2) {
                "8.4" => "c9f2",
                "10" | "10.0" => "c10f1",
                "10.2" => "c10f2",
                _ => "",
            };
            return branch.to_owned();
        }
        match parts_of(number, 1) {
            "" => String::new(),
            // Images that are built from the rolling branch have a date for their number.
            date if date.len() == 8 => "sisyphus".to_owned(),
            major => format!("p{major}"),
        }
    }
}

/// The first parts of a number that dots divide.
fn parts_of(number: &str, count: usize) -> &str {
    let end = number.match_indices('.').nth(count - 1);
    end.map_or(number, |(dot, _)| &number[..dot])
}

fn amazon(number: &str) -> &str {
    if number.starts_with("201") {
        "2018.03"
    } else {
        parts_of(number, 1)
    }
}

/// `22.03 (LTS-SP2)` and `22.03 LTS` without what is no word.
fn service_pack(version: &str) -> String {
    let words = version.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '-'));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

fn is_alt_branch(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let number = text.strip_prefix(['p', 'c']).unwrap_or_default();
    text == "sisyphus" || number.starts_with(|first: char| first.is_ascii_digit())
}

/// The release whose package was built again for an older one, by the mark of a backport:
/// `~bpo12+1` is for release 12. It was taken from what became the next release, and is kept up
/// with that one's security updates (<https://backports.debian.org/Instructions/>). What the
/// tracker says of the older release is about another package there.
fn backport_origin(version: &str) -> Option<&'static str> {
    let (_, mark) = version.rsplit_once("~bpo")?;
    let number = mark.split(|c: char| !c.is_ascii_digit()).next()?;
    // Those of the first two were made of `6.0` and `7.0`.
    releases::debian_after(match number {
        "60" => "6",
        "70" => "7",
        number => number,
    })
}

/// Canonical tracks a vulnerability of a release in exactly one pocket: the archive while the
/// release is in standard support, Ubuntu Pro after it or for universe. FIPS builds have pockets
/// of their own, which say nothing about the ordinary build of the same package, so they are asked
/// only for versions that carry the mark.
fn pockets(release: &str, version: &str) -> Vec<Namespace> {
    let mut pockets = vec!["pro"];
    if version.to_ascii_lowercase().contains("fips") {
        pockets.extend(["pro:fips", "pro:fips-updates", "pro:fips-preview"]);
    }
    if version.contains("realtime") {
        pockets.push("pro:realtime");
    }
    let of_release = |pocket| Namespace::ubuntu_pocket(release, pocket);
    pockets.into_iter().map(of_release).collect()
}

/// Oracle builds some packages a second time, for Ksplice and validated for FIPS 140. The versions
/// of these are above all ordinary ones by their epochs, so that their fixes say nothing about
/// those.
fn special_build(release: &str, version: &str) -> Option<Namespace> {
    let version = version.to_ascii_lowercase();
    let pocket = ["ksplice", "fips"]
        .into_iter()
        .find(|mark| version.contains(mark))?;
    Some(Namespace::oracle_pocket(release, pocket))
}

#[cfg(test)]
mod tests;
