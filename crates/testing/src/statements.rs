//! What vendors say of single versions of their packages, taken by hand from the documents in the
//! corpus: the specification of what comes out of a scan.
//!
//! Each [`Vendor`] has the documents that it is read from and, release by release, statements of
//! the form "this package in this version, that vulnerability: fixed in …, of this severity", or
//! "not vulnerable". The tests of `clairctl` and of the services hold reports against them.

#![allow(clippy::too_many_lines, reason = "they are tables")]

mod alpine;
mod amazon;
mod arch;
mod bitnami;
mod chainguard;
mod cloud;
mod community;
mod debian;
mod documents;
mod oracle;
mod rebuilds;
mod redhat;
mod suse;
mod ubuntu;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::{Manager, Package, Root, RpmFormat};
use documents::Document;

/// What one vendor says, and the documents in which it says so.
#[derive(Debug)]
pub struct Vendor {
    /// Its name: that of the feed, and of a form of its data beside the preferred one.
    pub name: &'static str,
    /// The feed that reads its documents.
    pub feed: &'static str,
    /// Each with the feed that reads it.
    documents: Vec<(&'static str, Document)>,
    releases: Vec<(&'static str, Root, Vec<Statement>)>,
}

/// What is said of one package and one vulnerability.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The installed package.
    pub package: Package,
    /// The vulnerability.
    pub id: &'static str,
    /// What the vendor says.
    pub says: Says,
}

/// What a vendor says of a version of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It is vulnerable.
    Vulnerable {
        /// What the vendor does about it, as the report has it.
        state: &'static str,
        /// The version with the fix, if there is one.
        fixed: &'static str,
        /// The vendor's severity, in Clair's words.
        severity: &'static str,
    },
    /// It is not vulnerable.
    Fine,
}

/// A root with packages, and what its report has to say of them.
#[derive(Debug)]
pub struct Image {
    /// A name for it: feed, release and number.
    pub name: String,
    /// Its content.
    pub root: Root,
    /// What has to come out.
    pub statements: Vec<Statement>,
}

/// All vendors.
pub fn vendors() -> Vec<Vendor> {
    vec![
        rebuilds::almalinux(),
        rebuilds::almalinux_errata(),
        alpine::alpine(),
        community::alt(),
        arch::arch(),
        amazon::amazon(),
        cloud::azurelinux(),
        bitnami::bitnami(),
        chainguard::chainguard(),
        chainguard::chainguard_secdb(),
        debian::debian(),
        community::fedora(),
        community::openeuler(),
        oracle::oracle(),
        cloud::photon(),
        redhat::red_hat(),
        rebuilds::rocky(),
        suse::suse(),
        ubuntu::ubuntu(),
        chainguard::wolfi(),
    ]
}

/// The vendor of a name.
///
/// # Panics
///
/// When there is none.
pub fn vendor(name: &str) -> Vendor {
    let vendor = vendors().into_iter().find(|vendor| vendor.name == name);
    vendor.unwrap_or_else(|| panic!("{name} states nothing"))
}

/// Vulnerable up to a version that has the fix.
fn fixed(fixed: &'static str, severity: &'static str) -> Says {
    Says::Vulnerable {
        state: "fixed",
        fixed,
        severity,
    }
}

/// Vulnerable without a fix.
fn open(state: &'static str, severity: &'static str) -> Says {
    Says::Vulnerable {
        state,
        fixed: "",
        severity,
    }
}

use Says::Fine;

/// One line of the specification.
fn says(package: Package, id: &'static str, says: Says) -> Statement {
    Statement { package, id, says }
}

/// A package that is built from a source of its own name.
fn package(name: &str, version: &str) -> Package {
    Package::new(name, version)
}

/// A root of a distribution with rpm.
fn rpm_root(format: RpmFormat, id: &str, name: &str, version: &str) -> Root {
    let id_of_version = version.split(' ').next().unwrap_or_default();
    let os_release = format!(
        "NAME=\"{name}\"\nVERSION=\"{version}\"\nID=\"{id}\"\nVERSION_ID=\"{id_of_version}\"\n\
         PRETTY_NAME=\"{name} {version}\"\n"
    );
    Root::new(Manager::Rpm(format), &os_release)
}

impl Vendor {
    fn new(feed: &'static str) -> Self {
        Self {
            name: feed,
            feed,
            documents: Vec::new(),
            releases: Vec::new(),
        }
    }

    /// Another form of the data of a feed.
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Adds a document of the corpus.
    fn document(mut self, from: &'static str, to: &'static str) -> Self {
        self.documents.push((self.feed, Document::Whole(from, to)));
        self
    }

    /// Adds objects of JSON as one.
    fn joined(mut self, from: &[&'static str], to: &'static str) -> Self {
        self.documents
            .push((self.feed, Document::Joined(from.to_vec(), to)));
        self
    }

    /// Adds the members of an archive as files in a directory.
    fn members(mut self, from: &'static str, to: &'static str) -> Self {
        self.documents
            .push((self.feed, Document::Members(from, to)));
        self
    }

    /// Adds a member of an archive.
    fn member(mut self, from: &'static str, name: &'static str, to: &'static str) -> Self {
        let document = Document::Member(from, name, to);
        self.documents.push((self.feed, document));
        self
    }

    /// Adds a document of another feed, without which this one is not understood.
    fn beside(mut self, feed: &'static str, from: &'static str, to: &'static str) -> Self {
        self.documents.push((feed, Document::Whole(from, to)));
        self
    }

    /// Adds a document of another feed that the corpus does not have.
    fn made(mut self, feed: &'static str, text: &'static str, to: &'static str) -> Self {
        self.documents.push((feed, Document::Made(text, to)));
        self
    }

    /// Adds what is said of a release. The root is without packages.
    fn release(
        mut self,
        name: &'static str,
        root: Root,
        statements: impl IntoIterator<Item = Statement>,
    ) -> Self {
        self.releases
            .push((name, root, statements.into_iter().collect()));
        self
    }

    /// Puts the documents into a mirror.
    ///
    /// # Panics
    ///
    /// When a file cannot be copied.
    pub fn mirror(&self, corpus: &Path, mirror: &Path) {
        let corpus = corpus.join("feeds");
        for (feed, document) in &self.documents {
            documents::write(document, &corpus, &mirror.join(feed));
        }
    }

    /// The feeds that read its documents.
    pub fn feeds(&self) -> BTreeSet<&'static str> {
        self.documents.iter().map(|(feed, _)| *feed).collect()
    }

    /// How many statements there are.
    pub fn statements(&self) -> usize {
        let releases = self.releases.iter();
        releases.map(|(_, _, statements)| statements.len()).sum()
    }

    /// Images that have all packages of which something is said. In one image a name is installed
    /// once, as most package managers have it.
    pub fn images(&self) -> Vec<Image> {
        let releases = self.releases.iter();
        releases
            .flat_map(|(release, root, statements)| self.images_of(release, root, statements))
            .collect()
    }

    fn images_of(&self, release: &str, root: &Root, statements: &[Statement]) -> Vec<Image> {
        let mut images: Vec<Image> = Vec::new();
        for statement in statements {
            let package = &statement.package;
            let has = |image: &&mut Image| {
                let mut others = image.statements.iter().map(|other| &other.package);
                others.all(|other| other == package || other.name != package.name)
            };
            if let Some(image) = images.iter_mut().find(has) {
                image.statements.push(statement.clone());
                continue;
            }
            images.push(Image {
                name: format!("{}-{release}-{}", self.name, images.len() + 1),
                root: root.clone(),
                statements: vec![statement.clone()],
            });
        }
        for image in &mut images {
            let mut seen = BTreeSet::new();
            for Statement { package, .. } in &image.statements {
                if seen.insert(&package.name) {
                    image.root = image.root.clone().with_package(package.clone());
                }
            }
        }
        images
    }
}

impl Image {
    /// In what a vulnerability report, as JSON, differs from the statements: a line for each.
    pub fn differences(&self, report: &Value) -> Vec<String> {
        let mut differences = Vec::new();
        for Statement { package, id, says } in &self.statements {
            let found = Self::findings(report, package, id);
            let expected: Vec<[&str; 3]> = match says {
                Says::Fine => Vec::new(),
                Says::Vulnerable {
                    state,
                    fixed,
                    severity,
                } => vec![[state, fixed, severity]],
            };
            if found.as_ref().is_none_or(|found| *found != expected) {
                differences.push(format!(
                    "{}: {id} in {} {}: expected {expected:?}, found {found:?}",
                    self.name, package.name, package.version,
                ));
            }
        }
        differences
    }

    /// What a report says of a package and a vulnerability: state, fixed version and severity. `None`
    /// if it does not have the package.
    fn findings<'r>(report: &'r Value, package: &Package, id: &str) -> Option<Vec<[&'r str; 3]>> {
        let text = |value: &'r Value| value.as_str().unwrap_or_default();
        let packages = report["packages"].as_object()?;
        let (key, _) = packages.iter().find(|(_, entry)| {
            entry["name"] == package.name.as_str() && entry["version"] == package.version.as_str()
        })?;
        let ids = report["package_vulnerabilities"][key].as_array();
        let found = ids.into_iter().flatten().map(|key| {
            let key = key.as_str().unwrap_or_default();
            &report["vulnerabilities"][key]
        });
        let named = found.filter(|found| found["name"] == id);
        Some(
            named
                .map(|found| {
                    ["fix_state", "fixed_in_version", "normalized_severity"]
                        .map(|field| text(&found[field]))
                })
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_names_every_vendor_with_its_number_of_statements() {
        let document = include_str!("../../../docs/accuracy.md");
        let rows: Vec<(&str, &str)> = document
            .lines()
            .filter_map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                let [name, _, statements] = cells.as_slice() else {
                    return None;
                };
                Some((name.strip_prefix('`')?.strip_suffix('`')?, *statements))
            })
            .collect();
        let expected: Vec<(&str, String)> = vendors()
            .iter()
            .map(|vendor| (vendor.name, vendor.statements().to_string()))
            .collect();
        let expected: Vec<(&str, &str)> = expected
            .iter()
            .map(|(name, statements)| (*name, statements.as_str()))
            .collect();
        assert_eq!(rows, expected);
    }
}
