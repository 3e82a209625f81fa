//! Releases that have a number with some and a code name with others.

/// Debian's, from <https://www.debian.org/releases/>, oldest first.
const DEBIAN: [(&str, &str); 14] = [
    ("3.0", "woody"),
    ("3.1", "sarge"),
    ("4", "etch"),
    ("5", "lenny"),
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

type Table = [(&'static str, &'static str)];

fn by_number(table: &'static Table, number: &str) -> Option<usize> {
    table.iter().position(|(known, _)| *known == number)
}

fn number(table: &'static Table, codename: &str) -> Option<&'static str> {
    let found = table.iter().find(|(_, known)| *known == codename);
    found.map(|(number, _)| *number)
}

/// The code name of a release of Debian: of `12`, and of `6.0` as those before 7 were called.
pub fn debian_codename(number: &str) -> Option<&'static str> {
    let bare = || number.strip_suffix(".0").unwrap_or(number);
    let found = by_number(&DEBIAN, number).or_else(|| by_number(&DEBIAN, bare()));
    found.map(|index| DEBIAN[index].1)
}

/// The code name of the release of Debian that followed one.
pub fn debian_after(number: &str) -> Option<&'static str> {
    let next = DEBIAN.get(by_number(&DEBIAN, number)? + 1)?;
    Some(next.1)
}

/// The number of a release of Debian: `12`.
pub fn debian_number(codename: &str) -> Option<&'static str> {
    number(&DEBIAN, codename)
}

/// The code name of a release of Ubuntu: of `22.04`.
pub fn ubuntu_codename(number: &str) -> Option<&'static str> {
    by_number(&UBUNTU, number).map(|index| UBUNTU[index].1)
}

/// The number of a release of Ubuntu: `22.04`.
pub fn ubuntu_number(codename: &str) -> Option<&'static str> {
    number(&UBUNTU, codename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_have_numbers_and_code_names() {
        for (number, codename) in [
            ("12", Some("bookworm")),
            ("6.0", Some("squeeze")),
            ("3.1", Some("sarge")),
            ("3.0", Some("woody")),
            ("sid", None),
            ("", None),
        ] {
            assert_eq!(debian_codename(number), codename, "{number}");
        }
        assert_eq!(debian_number("bookworm"), Some("12"));
        assert_eq!(debian_after("12"), Some("trixie"));
        assert_eq!(debian_after("15"), None);
        assert_eq!(ubuntu_codename("22.04"), Some("jammy"));
        assert_eq!(ubuntu_number("jammy"), Some("22.04"));
    }
}
