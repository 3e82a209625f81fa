//! Which distribution the release files of real systems tell.

#![allow(clippy::unwrap_used, reason = "helpers of tests, outside of #[test]")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clair_inventory::{OsRelease, ReleaseFiles, detect};
use clair_model::Distribution;
use support::{borrowed, corpus, names_in, read_text, release_files};

/// Every table has the columns: directory, did, version, version id, code name.
const ALPINE: &str = "
    3.3  | alpine | 3.3  | |
    3.4  | alpine | 3.4  | |
    3.5  | alpine | 3.5  | |
    3.6  | alpine | 3.6  | |
    3.7  | alpine | 3.7  | |
    3.8  | alpine | 3.8  | |
    3.9  | alpine | 3.9  | |
    3.10 | alpine | 3.10 | |
    3.11 | alpine | 3.11 | |
    3.12 | alpine | 3.12 | |
    3.13 | alpine | 3.13 | |
    3.14 | alpine | 3.14 | |
    3.15 | alpine | 3.15 | |
    3.16 | alpine | 3.16 | |
    3.17 | alpine | 3.17 | |
    3.18 | alpine | 3.18 | |
    edge | alpine | edge | |
";

const DEBIAN: &str = "
    7  | debian | 7 (wheezy)    | 7  | wheezy
    8  | debian | 8 (jessie)    | 8  | jessie
    9  | debian | 9 (stretch)   | 9  | stretch
    10 | debian | 10 (buster)   | 10 | buster
    11 | debian | 11 (bullseye) | 11 | bullseye
    12 | debian | 12 (bookworm) | 12 | bookworm
";

const DISTROLESS: &str = "
    9  | debian | 9 (stretch)   | 9  | stretch
    10 | debian | 10 (buster)   | 10 | buster
    11 | debian | 11 (bullseye) | 11 | bullseye
";

/// Directory 11 is no Ubuntu: it is there to be told apart.
const UBUNTU: &str = "
    10.04 | ubuntu | 10.04 (Lucid)   | 10.04 | lucid
    11    | debian | 11 (bullseye)   | 11    | bullseye
    12.04 | ubuntu | 12.04 (Precise) | 12.04 | precise
    12.10 | ubuntu | 12.10 (Quantal) | 12.10 | quantal
    13.04 | ubuntu | 13.04 (Raring)  | 13.04 | raring
    13.10 | ubuntu | 13.10 (Saucy)   | 13.10 | saucy
    14.04 | ubuntu | 14.04 (Trusty)  | 14.04 | trusty
    14.10 | ubuntu | 14.10 (Utopic)  | 14.10 | utopic
    15.04 | ubuntu | 15.04 (Vivid)   | 15.04 | vivid
    15.10 | ubuntu | 15.10 (Wily)    | 15.10 | wily
    16.04 | ubuntu | 16.04 (Xenial)  | 16.04 | xenial
    16.10 | ubuntu | 16.10 (Yakkety) | 16.10 | yakkety
    17.04 | ubuntu | 17.04 (Zesty)   | 17.04 | zesty
    17.10 | ubuntu | 17.10 (Artful)  | 17.10 | artful
    18.04 | ubuntu | 18.04 (Bionic)  | 18.04 | bionic
    18.10 | ubuntu | 18.10 (Cosmic)  | 18.10 | cosmic
    19.04 | ubuntu | 19.04 (Disco)   | 19.04 | disco
    19.10 | ubuntu | 19.10 (Eoan)    | 19.10 | eoan
    20.04 | ubuntu | 20.04 (Focal)   | 20.04 | focal
    20.10 | ubuntu | 20.10 (Groovy)  | 20.10 | groovy
    21.04 | ubuntu | 21.04 (Hirsute) | 21.04 | hirsute
    21.10 | ubuntu | 21.10 (Impish)  | 21.10 | impish
    22.04 | ubuntu | 22.04 (Jammy)   | 22.04 | jammy
    22.10 | ubuntu | 22.10 (Kinetic) | 22.10 | kinetic
    23.04 | ubuntu | 23.04 (Lunar)   | 23.04 | lunar
    23.10 | ubuntu | 23.10 (Mantic)  | 23.10 | mantic
";

/// Oracle keeps the release file of what it rebuilds beside its own.
const RHEL: &str = "
    7            | rhel        | 7        | 7        |
    8            | rhel        | 8        | 8        |
    9            | rhel        | 9        | 9        |
    atomichost-7 | rhel        | 7        | 7        |
    hummingbird  | hummingbird | 20251124 | 20251124 |
    oracle-6     | ol          | 6        | 6        | Oracle Linux 6
    oracle-7     | ol          | 7        | 7        | Oracle Linux 7
    oracle-8     | ol          | 8        | 8        | Oracle Linux 8
    oracle-9     | ol          | 9        | 9        | Oracle Linux 9
";

const PYTHON_DISTRO: &str = "
    almalinux10     | almalinux     | 10.0 (Purple Lion)     | 10.0     |
    alpine          | alpine        | 3.23                   |          |
    altlinux10      | altlinux      | 10.1                   | 10.1     |
    amazon2014      | amzn          | 2014.03                | 2014.03  |
    amazon2016      | amzn          | 2016.03                | 2016.03  |
    amazon2023      | amzn          | 2023                   | 2023     |
    arch            | arch          |                        |          |
    armbian         | debian        | 10 (buster)            | 10       | buster
    bttcb1          | debian        | 11 (bullseye)          | 11       | bullseye
    buildroot       | buildroot     | 2022.02                | 2022.02  |
    centos5         | centos        | 5.11                   | 5.11     |
    centos7         | centos        | 7 (Core)               | 7        |
    centosstream10  | centos        | 10                     | 10       |
    centosstream8   | centos        | 8                      | 8        |
    centosstream9   | centos        | 9                      | 9        |
    cloudlinux5     | cloudlinux    | 5.11                   | 5.11     |
    cloudlinux6     | cloudlinux    | 6.8                    | 6.8      |
    cloudlinux7     | cloudlinux    | 7.3 (Yury Malyshev)    | 7.3      |
    coreos          | coreos        | 899.15.0               | 899.15.0 |
    debian10        | debian        | 10 (buster)            | 10       | buster
    debian13        | debian        | 13 (trixie)            | 13       | trixie
    debian8         | debian        | 8 (jessie)             | 8        | jessie
    debiantesting   | debian        | bookworm               |          | bookworm
    exherbo         | exherbo       |                        |          |
    fedora19        | fedora        | 19 (Schrödinger’s Cat) | 19       |
    fedora23        | fedora        | 23 (Twenty Three)      | 23       |
    fedora30        | fedora        | 30 (Thirty)            | 30       |
    fedora42        | fedora        | 42 (Forty Two)         | 42       |
    gentoo          | gentoo        |                        |          |
    guix            | guix          |                        |          |
    kali            | kali          | 2017.1                 | 2017.1   |
    kvmibm1         | kvmibm        | 1.1.1 (Z)              | 1.1.1    |
    linuxmint17     | ubuntu        | 14.04 (Trusty)         | 14.04    | trusty
    mageia5         | mageia        | 5                      | 5        |
    mandriva2011    | mandriva      | 2011.0                 | 2011.0   | turtle
    manjaro1512     | manjaro       |                        |          |
    openelec6       | openelec      | 6.0.3                  | 6.0      |
    opensuse15      | opensuse-leap | 15.2                   | 15.2     |
    opensuse42      | opensuse-leap | 42.1                   | 42.1     |
    oracle7         | ol            | 7                      | 7        | Oracle Linux 7
    raspbian7       | raspbian      | 7 (wheezy)             | 7        |
    raspbian8       | raspbian      | 8 (jessie)             | 8        |
    rhel10          | rhel          | 10                     | 10       |
    rhel5           | rhel          | 5                      | 5        |
    rhel6           | rhel          | 6                      | 6        |
    rhel7           | rhel          | 7                      | 7        |
    rhel9           | rhel          | 9                      | 9        |
    rocky           | rocky         | 8.4 (Green Obsidian)   | 8.4      |
    rocky10         | rocky         | 10.0 (Red Quartz)      | 10.0     |
    rocky9          | rocky         | 9.3 (Blue Onyx)        | 9.3      |
    scientific6     | scientific    | 6.4                    | 6.4      |
    scientific7     | scientific    | 7.2 (Nitrogen)         | 7.2      |
    slackware14     | slackware     | 14.1                   | 14.1     |
    sles12          | sles          | 12                     | 12.1     |
    ubuntu14        | ubuntu        | 14.04 (Trusty)         | 14.04    | trusty
    ubuntu16        | ubuntu        | 16.04 (Xenial)         | 16.04    | xenial
    ubuntu24        | ubuntu        | 24.04 (Noble)          | 24.04    | noble
    ubuntu2504      | ubuntu        | 25.04 (Plucky)         | 25.04    | plucky
    ubuntu2510      | ubuntu        | 25.10 (Questing)       | 25.10    | questing
    ubuntu2604      | ubuntu        | 26.04 (Resolute)       | 26.04    | resolute
";

const CLAIRCORE: &str = "
    Alpine            | alpine        | 3.10                                |       |
    Bionic            | ubuntu        | 18.04 (Bionic)                      | 18.04 | bionic
    Buster            | debian        | 10 (buster)                         | 10    | buster
    DistrolessCorrupt | debian        | 12 (bookworm)                       | 12    | bookworm
    DistrolessValid   | debian        | 12 (bookworm)                       | 12    | bookworm
    EmptyKey          | fedora        | 30 (Container Image)                | 30    |
    OpenSUSe          | opensuse-leap | 15.1                                | 15.1  |
    Silverblue        | fedora        | 30.20191008.1 (Workstation Edition) | 30    |
    Toolbox           | fedora        | 30 (Container Image)                | 30    |
    Ubi8              | rhel          | 8                                   | 8     |
    Vyos              | vyos          | 1.4-rolling-202307070317 (current)  | 1.4-rolling-202307070317 | bookworm
";

#[test]
fn alpine_is_told_by_its_branch_or_edge() {
    check_directories("osrelease/alpine", ALPINE);
}

#[test]
fn debian_is_told_by_its_number_and_code_name() {
    check_directories("osrelease/debian/dist", DEBIAN);
}

#[test]
fn distroless_is_the_debian_that_it_was_made_from() {
    check_directories("osrelease/debian/distroless_dist", DISTROLESS);
}

#[test]
fn ubuntu_is_told_by_its_number_and_code_name() {
    check_directories("osrelease/ubuntu/dist", UBUNTU);
}

#[test]
fn red_hat_is_told_by_its_major_version_and_oracle_is_not_red_hat() {
    check_directories("osrelease/rhel", RHEL);
}

#[test]
fn sixty_distributions_are_told() {
    check_directories("osrelease/python-distro", PYTHON_DISTRO);
}

#[test]
fn alpine_has_the_fields_that_clair_gives_it_from_os_release_and_from_issue_alone() {
    let Some(corpus) = corpus() else { return };
    let root = corpus.join("osrelease/alpine");
    for directory in names_in(&root) {
        let want = read_text(root.join(&directory).join("want"));
        let want: Vec<Distribution> = serde_json::from_str::<Vec<BTreeMap<String, String>>>(&want)
            .unwrap()
            .into_iter()
            .map(|fields| distribution(&fields))
            .collect();
        let mut files = release_files(&root.join(&directory));
        assert_eq!(Vec::from_iter(detect(&borrowed(&files))), want);
        files.remove("etc/os-release");
        assert_eq!(Vec::from_iter(detect(&borrowed(&files))), want, "issue");
    }
}

#[test]
fn os_release_files_have_the_assignments_that_claircore_expects() {
    let Some(corpus) = corpus() else { return };
    let mut cases = BTreeMap::new();
    for (name, parts) in txtar_cases(&corpus.join("osrelease/claircore")) {
        let expected: BTreeMap<String, String> = serde_json::from_str(&parts["Parsed"]).unwrap();
        let found = OsRelease::parse(&parts["os-release"]);
        assert_eq!(found.values(), &expected, "{name}");
        cases.insert(
            name,
            found_row(&files(&[("etc/os-release", &parts["os-release"])])),
        );
    }
    compare("osrelease/claircore", CLAIRCORE, &cases);
}

#[test]
fn debian_sid_is_told_from_testing_by_what_apt_installs_from() {
    let Some(corpus) = corpus() else { return };
    let image = corpus.join("images/debuerreotype-sid");
    let os_release = read_text(image.join("rootfs.os-release"));
    let sources = read_text(image.join("rootfs.debian-sources"));
    let version = read_text(image.join("rootfs.debian_version"));

    let sid = files(&[
        ("etc/os-release", &os_release),
        ("etc/apt/sources.list.d/debian.sources", &sources),
    ]);
    assert_eq!(found_row(&sid), "debian | sid |  | sid");
    let old_style = files(&[
        ("etc/debian_version", &version),
        (
            "etc/apt/sources.list",
            "deb [arch=amd64] http://deb.debian.org/debian unstable main\n",
        ),
    ]);
    assert_eq!(found_row(&old_style), "debian | sid |  | sid");
    let no_sources = files(&[("etc/os-release", &os_release)]);
    assert_eq!(found_row(&no_sources), "debian | trixie |  | trixie");
    let commented = files(&[
        ("etc/os-release", &os_release),
        (
            "etc/apt/sources.list",
            "# deb http://deb.debian.org/debian sid main\ndeb http://deb.debian.org/debian trixie main\n",
        ),
    ]);
    assert_eq!(found_row(&commented), "debian | trixie |  | trixie");
}

#[test]
fn a_stable_debian_stays_so_with_sources_of_its_own_and_of_sid() {
    let Some(corpus) = corpus() else { return };
    let image = corpus.join("images/debuerreotype-bookworm");
    let os_release = read_text(image.join("rootfs.os-release"));
    let sources = read_text(image.join("rootfs.debian-sources"));
    let stable = files(&[
        ("etc/os-release", &os_release),
        ("etc/apt/sources.list.d/debian.sources", &sources),
        (
            "etc/apt/sources.list",
            "deb http://deb.debian.org/debian sid main\n",
        ),
    ]);
    assert_eq!(found_row(&stable), "debian | 12 (bookworm) | 12 | bookworm");
}

#[test]
fn line_ends_of_windows_and_odd_quotes_do_not_matter() {
    let Some(corpus) = corpus() else { return };
    let text = read_text(corpus.join("hostile/made/crlf.os-release"));
    let release = OsRelease::parse(&text);
    assert_eq!(release.get("PRETTY_NAME"), r#"a\"b"#);
    assert_eq!(
        found_row(&files(&[("etc/os-release", &text)])),
        "debian | 12 (bookworm) | 12 | bookworm"
    );
}

#[test]
fn the_code_name_comes_from_wherever_the_release_wrote_it() {
    for (os_release, expected) in [
        (
            "ID=debian\nVERSION_ID=\"8\"\n",
            "debian | 8 (jessie) | 8 | jessie",
        ),
        (
            "ID=debian\nVERSION_ID=\"10\"\nVERSION=\"Debian GNU/Linux 10 (buster)\"\n",
            "debian | 10 (buster) | 10 | buster",
        ),
        (
            "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux stretch/sid\"\n",
            "debian | stretch |  | stretch",
        ),
        (
            "ID=ubuntu\nVERSION_ID=\"14.04\"\nVERSION=\"14.04.6 LTS, Trusty Tahr\"\n",
            "ubuntu | 14.04 (Trusty) | 14.04 | trusty",
        ),
        (
            "ID=ubuntu\nVERSION_ID=\"15.10\"\nVERSION=\"15.10 (Wily Werewolf)\"\n",
            "ubuntu | 15.10 (Wily) | 15.10 | wily",
        ),
        (
            "ID=ubuntu\nVERSION_ID=\"99.04\"\n",
            "ubuntu | 99.04 | 99.04 | ",
        ),
    ] {
        assert_eq!(
            found_row(&files(&[("etc/os-release", os_release)])),
            expected
        );
    }
}

#[test]
fn systems_older_than_os_release_are_told_by_a_line_of_text() {
    for (path, line, expected) in [
        (
            "etc/redhat-release",
            "Red Hat Enterprise Linux Server release 6.5 (Santiago)",
            "rhel | 6 | 6 | ",
        ),
        (
            "etc/redhat-release",
            "CentOS release 6.10 (Final)",
            "centos | 6.10 | 6.10 | ",
        ),
        (
            "etc/system-release",
            "Amazon Linux AMI release 2018.03",
            "amzn | 2018.03 | 2018.03 | ",
        ),
        (
            "etc/system-release",
            "Amazon Linux release 2 (Karoo)",
            "amzn | 2 | 2 | ",
        ),
        (
            "etc/oracle-release",
            "Oracle Linux Server release 5.11",
            "ol | 5 | 5 | Oracle Linux 5",
        ),
        (
            "etc/SuSE-release",
            "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11",
            "sles | 11 | 11 | ",
        ),
        (
            "etc/SuSE-release",
            "openSUSE 13.2 (x86_64)\nVERSION = 13.2",
            "opensuse | 13.2 | 13.2 | ",
        ),
        (
            "etc/photon-release",
            "VMware Photon OS 3.0\nPHOTON_BUILD_NUMBER=a0f216d",
            "photon | 3.0 | 3.0 | ",
        ),
        (
            "etc/issue",
            "\nWelcome to SUSE Linux Enterprise Server 11 SP3  (x86_64) - Kernel \\r (\\l).",
            "sles | 11 | 11 | ",
        ),
        ("etc/alpine-release", "3.18.4\n", "alpine | 3.18 |  | "),
        (
            "etc/alpine-release",
            "3.21.0_alpha20240923\n",
            "alpine | edge |  | ",
        ),
        (
            "etc/debian_version",
            "6.0.10\n",
            "debian | 6 (squeeze) | 6 | squeeze",
        ),
        (
            "etc/debian_version",
            "trixie/sid\n",
            "debian | trixie |  | trixie",
        ),
        (
            "etc/mandriva-release",
            "Mandriva Linux release 2011.0 (Official) for x86_64",
            "mandriva | 2011.0 | 2011.0 | ",
        ),
    ] {
        assert_eq!(
            found_row(&files(&[(path, line)])),
            expected,
            "{path}: {line}"
        );
    }
}

#[test]
fn the_distributions_that_clair_knows_have_its_names() {
    let rhel = "cpe:2.3:o:redhat:enterprise_linux:9:*:*:*:*:*:*:*";
    for (os_release, name, pretty_name, cpe) in [
        (
            "ID=debian\nVERSION_ID=12\nPRETTY_NAME=Distroless",
            "Debian GNU/Linux",
            "Debian GNU/Linux 12 (bookworm)",
            "",
        ),
        (
            "ID=ubuntu\nVERSION_ID=22.04\nPRETTY_NAME=\"Ubuntu 22.04.1 LTS\"",
            "Ubuntu",
            "Ubuntu 22.04",
            "",
        ),
        (
            "ID=alpine\nVERSION_ID=3.20.3",
            "Alpine Linux",
            "Alpine Linux v3.20",
            "",
        ),
        (
            "ID=rhel\nVERSION_ID=9.6\nNAME=\"Red Hat Enterprise Linux\"",
            "Red Hat Enterprise Linux Server",
            "Red Hat Enterprise Linux Server 9",
            rhel,
        ),
        (
            "ID=ol\nVERSION_ID=10.0",
            "Oracle Linux Server",
            "Oracle Linux Server 10",
            "",
        ),
        (
            "ID=sles\nVERSION_ID=15.5",
            "SLES",
            "SUSE Linux Enterprise Server 15",
            "",
        ),
        (
            "ID=opensuse-leap\nVERSION_ID=15.5",
            "openSUSE Leap",
            "openSUSE Leap 15.5",
            "",
        ),
        (
            "ID=photon\nVERSION_ID=4.0\nNAME=\"VMware Photon\"",
            "VMware Photon OS",
            "VMware Photon OS/Linux",
            "",
        ),
        (
            "ID=amzn\nVERSION_ID=2\nNAME=\"Amazon Linux\"\nPRETTY_NAME=\"Amazon Linux 2\"\nCPE_NAME=\"cpe:2.3:o:amazon:amazon_linux:2\"",
            "Amazon Linux",
            "Amazon Linux 2",
            "cpe:2.3:o:amazon:amazon_linux:2",
        ),
    ] {
        let found = detect(&files(&[("etc/os-release", os_release)])).unwrap();
        let found = [found.name, found.pretty_name, found.cpe];
        assert_eq!(found, [name, pretty_name, cpe], "{os_release}");
    }
}

#[test]
fn where_nothing_is_said_nothing_is_told() {
    assert_eq!(detect(&ReleaseFiles::new()), None);
    for path in clair_inventory::RELEASE_FILES {
        for text in ["", "\n", " ", "=", "kali-rolling", "Arch Linux \\r (\\l)\n"] {
            assert_eq!(detect(&files(&[(path, text)])), None, "{path}: {text:?}");
        }
    }
}

/// `did | version | version id | code name` of what the files tell.
fn found_row(files: &ReleaseFiles<'_>) -> String {
    match detect(files) {
        Some(found) => [
            found.did,
            found.version,
            found.version_id,
            found.version_code_name,
        ]
        .join(" | "),
        None => "nothing".to_owned(),
    }
}

fn files<'a>(files: &[(&'a str, &'a str)]) -> ReleaseFiles<'a> {
    files.iter().copied().collect()
}

fn check_directories(folder: &str, table: &str) {
    let Some(corpus) = corpus() else { return };
    let root = corpus.join(folder);
    let found = names_in(&root)
        .into_iter()
        .map(|name| {
            let files = release_files(&root.join(&name));
            let row = found_row(&borrowed(&files));
            (name, row)
        })
        .collect();
    compare(folder, table, &found);
}

/// Fails with all the rows that differ, and with those that one side does not have.
fn compare(folder: &str, table: &str, found: &BTreeMap<String, String>) {
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim);
        let name = cells.next().unwrap().to_owned();
        (name, cells.collect::<Vec<_>>().join(" | "))
    };
    let lines = table.lines().filter(|line| !line.trim().is_empty());
    let expected: BTreeMap<String, String> = lines.map(row).collect();
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    let wrong: Vec<String> = names
        .into_iter()
        .filter(|name| expected.get(*name) != found.get(*name))
        .map(|name| {
            let missing = || "(not there)".to_owned();
            let expected = expected.get(name).cloned().unwrap_or_else(missing);
            let found = found.get(name).cloned().unwrap_or_else(missing);
            format!("{name}\n  expected {expected}\n  found    {found}")
        })
        .collect();
    assert!(wrong.is_empty(), "{folder}:\n{}", wrong.join("\n"));
}

fn distribution(fields: &BTreeMap<String, String>) -> Distribution {
    let get = |key: &str| fields.get(key).cloned().unwrap_or_default();
    Distribution {
        did: get("did"),
        name: get("name"),
        version: get("version"),
        version_code_name: get("version_code_name"),
        version_id: get("version_id"),
        arch: get("arch"),
        cpe: get("cpe"),
        pretty_name: get("pretty_name"),
    }
}

/// The txtar archives of a directory: name of the archive, and its texts by their names.
fn txtar_cases(directory: &Path) -> Vec<(String, BTreeMap<String, String>)> {
    let parse = |text: &str| {
        let mut parts = BTreeMap::new();
        let mut part = String::new();
        for line in text.lines() {
            let header = line
                .strip_prefix("-- ")
                .and_then(|rest| rest.strip_suffix(" --"));
            if let Some(name) = header {
                name.clone_into(&mut part);
            } else {
                let text: &mut String = parts.entry(part.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
        parts
    };
    names_in(directory)
        .into_iter()
        .map(|name| {
            let parts = parse(&read_text(directory.join(&name)));
            (name.trim_end_matches(".txtar").to_owned(), parts)
        })
        .collect()
}
