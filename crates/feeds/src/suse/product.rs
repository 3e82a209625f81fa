//! The products of SUSE, by the names that its documents and its criteria have for them.

use clair_model::Namespace;

use crate::oval::Scope;

/// The product that a criterion demands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Product<'a> {
    name: &'a str,
    /// First part of its namespace; none for products that no image is made of.
    family: Option<&'static str>,
    release: String,
    /// Whether it is what everybody has. Modules, extensions and extended support add packages,
    /// or newer ones, to those of the same release.
    is_base: bool,
}

/// Products by the beginning of their names, longer ones first.
const FAMILIES: [(&str, Option<&str>, bool); 12] = [
    ("openSUSE Leap Micro ", Some("opensuse-leap-micro"), true),
    ("openSUSE Leap ", Some("opensuse-leap"), true),
    ("openSUSE Tumbleweed", Some("opensuse-tumbleweed"), true),
    ("openSUSE ", Some("opensuse"), true),
    (
        "SUSE Linux Enterprise Server for SAP Applications ",
        Some("sles"),
        false,
    ),
    ("SUSE Linux Enterprise Server ", Some("sles"), true),
    ("SUSE Linux Enterprise Module ", Some("sles"), false),
    ("SUSE Linux Enterprise Micro ", Some("sle-micro"), true),
    ("SUSE Linux Micro ", Some("sle-micro"), true),
    ("SUSE Linux Enterprise ", None, false),
    ("SUSE ", None, false),
    ("HPE Helion", None, false),
];

impl<'a> Product<'a> {
    /// Reads the comment of a criterion: `SUSE Linux Enterprise Server 15 SP3-LTSS is installed`.
    /// That of a package is no product.
    pub(super) fn parse(comment: &'a str) -> Option<Self> {
        let name = comment.strip_suffix(" is installed")?;
        let (start, family, is_main) = FAMILIES
            .into_iter()
            .find(|(start, ..)| name.starts_with(start))?;
        let rest = name[start.len()..].trim();
        let is_rolling = start.ends_with("Tumbleweed");
        let (release, is_whole) = release(rest);
        Some(Self {
            name,
            family: family.filter(|_| is_rolling || !release.is_empty()),
            release,
            is_base: is_main && (is_whole || is_rolling),
        })
    }

    /// Where it is looked up, if it is.
    pub(super) fn scope(&self) -> Option<Scope> {
        let family = self.family?;
        let namespace = if family == "opensuse-tumbleweed" {
            Namespace::rolling(family)
        } else {
            Namespace::release(family, &self.release)
        };
        Some(Scope {
            note: (!self.is_base).then(|| self.name.to_owned()),
            ..Scope::of(namespace)
        })
    }
}

/// The number of a release as os-release has it, and whether nothing else is said: `15 SP3` is
/// 15.3, and `15 SP3-LTSS` more than that. Modules have their names in front.
fn release(text: &str) -> (String, bool) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_number = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let before_hyphen = |word: &str| word.split('-').next().unwrap_or_default().to_owned();
    let Some(place) = words
        .iter()
        .position(|word| is_number(&before_hyphen(word)))
    else {
        return (String::new(), false);
    };
    let mut release = before_hyphen(words[place]);
    let mut used = place + 1;
    let mut is_whole = place == 0 && release == words[place];
    if let Some(pack) = words.get(used).and_then(|word| word.strip_prefix("SP")) {
        let number = before_hyphen(pack);
        if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) {
            release = format!("{release}.{number}");
            is_whole &= number == pack;
            used += 1;
        }
    }
    (release, is_whole && used == words.len())
}

/// The product that a document is about, if it is one that images are made of: `opensuse.leap.15.6`.
///
/// SUSE stopped to publish for openSUSE 13.2 and SUSE Linux Enterprise 10, which no image has, long
/// ago.
pub(super) fn of_document(stem: &str) -> Option<&str> {
    const NUMBERED: [&str; 4] = [
        "opensuse.leap.micro.",
        "opensuse.leap.",
        "suse.linux.enterprise.server.",
        "suse.linux.enterprise.micro.",
    ];
    let is_number = |rest: &str| {
        rest.split('.').count() <= 2
            && rest.split('.').all(|part| {
                (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
            })
            && rest != "10"
    };
    let is_numbered = NUMBERED
        .iter()
        .any(|start| stem.strip_prefix(start).is_some_and(is_number));
    (is_numbered || stem == "opensuse.tumbleweed").then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str) -> Option<(String, Option<String>)> {
        let comment = format!("{name} is installed");
        let scope = Product::parse(&comment)?.scope()?;
        Some((scope.namespace.to_string(), scope.note))
    }

    #[test]
    fn service_packs_are_releases_and_what_is_added_to_them_is_noted() {
        for (name, namespace, is_noted) in [
            ("openSUSE Leap 15.3", "opensuse-leap:15.3", false),
            ("openSUSE Leap 15.3 NonFree", "opensuse-leap:15.3", true),
            ("openSUSE Leap Micro 5.3", "opensuse-leap-micro:5.3", false),
            ("openSUSE Tumbleweed", "opensuse-tumbleweed", false),
            ("SUSE Linux Enterprise Server 15", "sles:15", false),
            ("SUSE Linux Enterprise Server 15 SP3", "sles:15.3", false),
            ("SUSE Linux Enterprise Server 16.0", "sles:16.0", false),
            (
                "SUSE Linux Enterprise Server 15 SP3-LTSS",
                "sles:15.3",
                true,
            ),
            ("SUSE Linux Enterprise Server 12-LTSS", "sles:12", true),
            (
                "SUSE Linux Enterprise Module for Basesystem 15 SP5",
                "sles:15.5",
                true,
            ),
            (
                "SUSE Linux Enterprise Server for SAP Applications 15 SP1",
                "sles:15.1",
                true,
            ),
            ("SUSE Linux Enterprise Micro 5.5", "sle-micro:5.5", false),
        ] {
            let (found, note) = scope(name).unwrap();
            assert_eq!(found, namespace, "{name}");
            assert_eq!(note.is_some(), is_noted, "{name}");
        }
        assert_eq!(scope("SUSE Linux Enterprise Live Patching 15 SP5"), None);
        assert_eq!(scope("SUSE Manager Server 4.2"), None);
        assert_eq!(Product::parse("bash-4.4-1.2 is installed"), None);
    }

    #[test]
    fn documents_of_products_that_images_are_made_of_are_wanted() {
        for (stem, is) in [
            ("suse.linux.enterprise.server.15", true),
            ("suse.linux.enterprise.server.15.5", true),
            ("suse.linux.enterprise.server.10", false),
            ("suse.linux.enterprise.server.15-patch", false),
            ("suse.linux.enterprise.desktop.15", false),
            ("opensuse.leap.15.6", true),
            ("opensuse.leap.micro.5.3", true),
            ("opensuse.tumbleweed", true),
            ("opensuse.13.2", false),
            ("suse.openstack.cloud.7", false),
        ] {
            assert_eq!(of_document(stem).is_some(), is, "{stem}");
        }
    }
}
