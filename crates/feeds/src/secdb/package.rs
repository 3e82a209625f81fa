//! What the database says about one package, and what it means.

use std::borrow::Cow;
use std::collections::BTreeMap;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Vulnerable};
use clair_version::Scheme;
use serde::Deserialize;

use crate::{Skip, text};

/// The version that stands for "never affected".
///
/// It is the convention of maintainers for CVEs that are filed against a package without being
/// true of it: "having to attribute a security fix to version 0",
/// <https://ariadne.space/2021/06/04/a-slightly-delayed-monthly-status-update/>.
const NEVER_AFFECTED: &str = "0";

/// The longest package, in bytes. Real ones have some ten thousand; what is read of a long one can
/// take much more memory than its bytes.
const LARGEST: usize = 1 << 20;

/// How many words of an entry are looked at. Real ones have five at most.
const WORDS: usize = 100;

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    pkg: Package<'a>,
}

#[derive(Deserialize)]
struct Package<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// Vulnerabilities by the version that fixes them.
    #[serde(default)]
    secfixes: Option<BTreeMap<String, Option<Vec<String>>>>,
}

/// What is known of a vulnerability in the package.
struct Fix<'v> {
    version: &'v str,
    aliases: Vec<String>,
    note: Option<String>,
}

/// Reads an element of the list of packages: an advisory for each vulnerability, in the order of
/// their ids. What cannot be read of it goes to `skip`.
pub(super) fn advisories(
    namespace: &Namespace,
    tracker: Option<&str>,
    json: &str,
    skip: &mut dyn FnMut(Skip, &str),
) -> Vec<Advisory> {
    if json.len() > LARGEST {
        skip(Skip::TooLarge, "a package");
        return Vec::new();
    }
    let Ok(Entry { pkg: package }) = serde_json::from_str::<Entry<'_>>(json) else {
        skip(Skip::Malformed, "a package");
        return Vec::new();
    };
    if !text::is_name(&package.name) {
        skip(Skip::NoPackage, &package.name);
        return Vec::new();
    }
    let fixes = package.fixes(skip);
    fixes
        .into_iter()
        .map(|(id, fix)| fix.advisory(namespace, tracker, &package.name, id))
        .collect()
}

impl Package<'_> {
    /// Each vulnerability with the newest version that is said to fix it: where there are several,
    /// the earlier ones did not fix all of it.
    fn fixes(&self, skip: &mut dyn FnMut(Skip, &str)) -> BTreeMap<String, Fix<'_>> {
        let mut fixes: BTreeMap<String, Fix<'_>> = BTreeMap::new();
        for (version, entries) in self.secfixes.iter().flatten() {
            let is_version = text::can_be_version(version)
                && (version == NEVER_AFFECTED || Scheme::Apk.validate(version).is_ok());
            for entry in entries.iter().flatten() {
                let named = Named::parse(entry);
                let unusable = if named.vulnerabilities.is_empty() {
                    Some(Skip::BadId)
                } else {
                    (!is_version).then_some(Skip::BadVersion)
                };
                if let Some(reason) = unusable {
                    skip(reason, &format!("{} {version} {entry}", self.name));
                    continue;
                }
                for id in named.vulnerabilities {
                    let fix = fixes.entry(id).or_insert_with(|| Fix {
                        version: NEVER_AFFECTED,
                        aliases: Vec::new(),
                        note: None,
                    });
                    if Scheme::Apk.order(version, fix.version).is_gt() {
                        fix.version = version;
                    }
                    fix.note = fix.note.take().or_else(|| named.comment.clone());
                    fix.aliases.extend_from_slice(&named.others);
                }
            }
        }
        fixes
    }
}

impl Fix<'_> {
    fn advisory(
        self,
        namespace: &Namespace,
        tracker: Option<&str>,
        package: &str,
        id: String,
    ) -> Advisory {
        let (fix_state, vulnerable) = if self.version == NEVER_AFFECTED {
            (FixState::NotAffected, Vulnerable::none(Scheme::Apk))
        } else {
            (
                FixState::Fixed,
                Vulnerable::before(Scheme::Apk, self.version),
            )
        };
        let mut advisory = Advisory::new(id);
        if let Some(tracker) = tracker.filter(|_| text::is_cve(&advisory.id)) {
            advisory.links.push(format!("{tracker}{}", advisory.id));
        }
        advisory.aliases = text::distinct(self.aliases.into_iter());
        advisory.affected = vec![Affected {
            note: self.note,
            ..Affected::of(
                namespace.clone(),
                package,
                PackageKind::Source,
                vulnerable,
                fix_state,
            )
        }];
        advisory
    }
}

/// What an entry names. Most are a CVE and nothing else; some are free text:
///
/// - `CVE-2016-9818 XSA-201`: the vulnerability, and the advisory of those who found it. The
///   latter is another name to find it by, though it may well be about other vulnerabilities too.
/// - `CVE-2017-5753 CVE-2017-5715 XSA-254 XPTI`: two CVEs are two vulnerabilities, never two names
///   of one. Each of them has all the other names.
/// - `XSA-207`, `CVE-????-????? XSA-295`: without a CVE the first id is the name.
/// - `CVE-2018-14468 (FrameRelay)`: a comment, which becomes the note.
/// - `CVE_2019-2426`, `CVE-2017-17434-1`, `CVE-2017-8073.patch`: a CVE, written sloppily.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    vulnerabilities: Vec<String>,
    others: Vec<String>,
    comment: Option<String>,
}

impl Named {
    fn parse(entry: &str) -> Self {
        let (ids, comment) = match entry.split_once('(') {
            Some((ids, comment)) => (ids, text::line(comment.trim_end().trim_end_matches(')'))),
            None => (entry, String::new()),
        };
        let mut named = Self {
            comment: Some(comment).filter(|comment| !comment.is_empty()),
            ..Self::default()
        };
        let words = ids.split(|c: char| c.is_whitespace() || c == ',');
        for word in words.take(WORDS) {
            let (list, id) = match cve(word) {
                Some(cve) => (&mut named.vulnerabilities, cve),
                None if is_other_id(word) => (&mut named.others, word.to_owned()),
                None => continue,
            };
            if !list.contains(&id) {
                list.push(id);
            }
        }
        if named.vulnerabilities.is_empty() && !named.others.is_empty() {
            named.vulnerabilities.push(named.others.remove(0));
        }
        named
    }
}

/// The CVE with which a word begins, if it does.
fn cve(word: &str) -> Option<String> {
    let mut parts = word.strip_prefix("CVE")?.get(1..)?.splitn(2, ['-', '_']);
    let (year, rest) = (parts.next()?, parts.next()?);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let is_cut_clean = !rest.starts_with(|c: char| c.is_alphanumeric());
    let cve = format!("CVE-{year}-{number}");
    (is_cut_clean && text::is_cve(&cve)).then_some(cve)
}

/// Whether a word is an identifier of somebody else's: `XSA-201`, `TALOS-2017-0488`,
/// `GHSA-jfh8-c2jp-5v3q`.
fn is_other_id(word: &str) -> bool {
    text::is_id(word)
        && !word.starts_with("CVE")
        && word.contains('-')
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && (word.starts_with("GHSA-") || word.bytes().any(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_vulnerabilities_in_many_ways() {
        for (entry, vulnerabilities, others, comment) in [
            ("CVE-2019-10206", "CVE-2019-10206", "", ""),
            ("CVE-2016-9818 XSA-201", "CVE-2016-9818", "XSA-201", ""),
            ("CVE-2018-3639   XSA-263", "CVE-2018-3639", "XSA-263", ""),
            (
                "CVE-2017-5753 CVE-2017-5715 XSA-254 XPTI",
                "CVE-2017-5753 CVE-2017-5715",
                "XSA-254",
                "",
            ),
            (
                "CVE-2019-5060 TALOS-2019-0844",
                "CVE-2019-5060",
                "TALOS-2019-0844",
                "",
            ),
            ("GHSA-jfh8-c2jp-5v3q", "GHSA-jfh8-c2jp-5v3q", "", ""),
            ("GHSA-pfhr-pccp-hwmh", "GHSA-pfhr-pccp-hwmh", "", ""),
            ("XSA-207", "XSA-207", "", ""),
            ("CVE-????-?????  XSA-295", "XSA-295", "", ""),
            (
                "CVE-2018-14879 (tcpdump -V)",
                "CVE-2018-14879",
                "",
                "tcpdump -V",
            ),
            (
                "CVE-2017-2616 (+ regression fix)",
                "CVE-2017-2616",
                "",
                "+ regression fix",
            ),
            ("CVE_2019-2426", "CVE-2019-2426", "", ""),
            ("CVE-2017-17434-1", "CVE-2017-17434", "", ""),
            ("CVE-2017-8073.patch", "CVE-2017-8073", "", ""),
            (
                "CVE-2020-1234,CVE-2020-1235, CVE-2020-1234",
                "CVE-2020-1234 CVE-2020-1235",
                "",
                "",
            ),
            ("CVE-2020-12345x", "", "", ""),
            ("CVE-2020-123", "", "", ""),
            ("CVEé2020-1234", "", "", ""),
            ("fixed upstream", "", "", ""),
            ("(CVE-2020-1234)", "", "", "CVE-2020-1234"),
            ("", "", "", ""),
        ] {
            let named = Named::parse(entry);
            assert_eq!(named.vulnerabilities.join(" "), vulnerabilities, "{entry}");
            assert_eq!(named.others.join(" "), others, "{entry}");
            assert_eq!(named.comment.unwrap_or_default(), comment, "{entry}");
        }
    }
}
