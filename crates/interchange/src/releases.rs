//! Releases that have a number with some and a code name with others.

/// Debian's, from <https://www.debian.org/releases/>.
const DEBIAN: [(&str, &str); 10] = [
    ("6", "squeeze"),
    ("7", "wheezy"),
    ("8", "jessie"),
    ("9", "stretch"),
    ("10", "buster"),
    ("11", "bullseye"),
    ("12", "bookworm"),
    ("13", "trixie"),
    ("14", "forky"),
    ("15", "duke"),
];

/// Ubuntu's, from <https://wiki.ubuntu.com/Releases>.
const UBUNTU: [(&str, &str); 26] = [
    ("12.04", "precise"),
    ("14.04", "trusty"),
    ("14.10", "utopic"),
    ("15.04", "vivid"),
    ("15.10", "wily"),
    ("16.04", "xenial"),
    ("16.10", "yakkety"),
    ("17.04", "zesty"),
    ("17.10", "artful"),
    ("18.04", "bionic"),
    ("18.10", "cosmic"),
    ("19.04", "disco"),
    ("19.10", "eoan"),
    ("20.04", "focal"),
    ("20.10", "groovy"),
    ("21.04", "hirsute"),
    ("21.10", "impish"),
    ("22.04", "jammy"),
    ("22.10", "kinetic"),
    ("23.04", "lunar"),
    ("23.10", "mantic"),
    ("24.04", "noble"),
    ("24.10", "oracular"),
    ("25.04", "plucky"),
    ("25.10", "questing"),
    ("26.04", "resolute"),
];

fn second(table: &[(&str, &'static str)], first: &str) -> Option<&'static str> {
    let found = table.iter().find(|(known, _)| *known == first);
    found.map(|(_, second)| *second)
}

fn first(table: &[(&'static str, &str)], second: &str) -> Option<&'static str> {
    let found = table.iter().find(|(_, known)| *known == second);
    found.map(|(first, _)| *first)
}

pub(crate) fn debian_codename(number: &str) -> Option<&'static str> {
    second(&DEBIAN, number)
}

pub(crate) fn debian_number(codename: &str) -> Option<&'static str> {
    first(&DEBIAN, codename)
}

pub(crate) fn ubuntu_codename(number: &str) -> Option<&'static str> {
    second(&UBUNTU, number)
}

pub(crate) fn ubuntu_number(codename: &str) -> Option<&'static str> {
    first(&UBUNTU, codename)
}
