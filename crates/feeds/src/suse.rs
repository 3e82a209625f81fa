//! SUSE and openSUSE: OVAL, <https://www.suse.com/support/security/oval/>.
//!
//! SUSE publishes each product in three flavours. This feed reads the one named `-affected`, which
//! has every vulnerability that was looked at, whether it is fixed, not yet fixed, or does not
//! affect the product; where there is none, the one without unfixed vulnerabilities. SUSE's CSAF
//! VEX documents say the same, but one vulnerability in all products that SUSE ever had at a time,
//! a hundred times the bytes.
//!
//! Definitions are about CVEs. A package "is affected" if its version is above 0, and "is not
//! affected" if its version is 0, which it never is.

mod product;

use clair_model::Severity;
use jiff::Timestamp;

use self::product::Product;
use crate::oval::{self, Condition, Definition, Scope, Vendor};
use crate::{About, Document, Feed, FeedError, Fetcher, Location, Sink, Skip, Source, catalog};

/// The feed.
pub(crate) struct Suse;

/// What the name of a document has behind its product.
const AFFECTED: &str = "-affected.xml";
const PLAIN: &str = ".xml";

impl Feed for Suse {
    fn about(&self) -> About {
        About {
            name: "suse",
            description: "SUSE Linux Enterprise and openSUSE: what is fixed, affected and not affected",
            upstream: "https://ftp.suse.com/pub/projects/security/oval/",
            revision: 2,
            ..About::ADVISORIES
        }
    }

    fn sources(&self, fetcher: &Fetcher, root: &Location) -> Result<Vec<Source>, FeedError> {
        if root.is_document() {
            let label = |name: &str| product::of_document(stem(name)?).map(str::to_owned);
            return Ok(vec![catalog::single(self.name(), root, label)]);
        }
        let is_wanted =
            |name: &str| stem(name).is_some_and(|it| product::of_document(it).is_some());
        let mut documents = catalog::list(fetcher, root, is_wanted)?;
        let all = documents.clone();
        documents.retain(|name, _| is_best(name, |other| all.contains_key(other)));
        catalog::sources(self.name(), root, documents, |name| {
            stem(name).unwrap_or(name).to_owned()
        })
    }

    fn parse(
        &self,
        source: &Source,
        document: &mut Document,
        sink: &mut dyn Sink,
    ) -> Result<Option<Timestamp>, FeedError> {
        oval::read(source, document, sink, &Suse)
    }
}

/// The product in the name of a document: `opensuse.leap.15.6`.
fn stem(name: &str) -> Option<&str> {
    name.strip_suffix(AFFECTED)
        .or_else(|| name.strip_suffix(PLAIN))
}

/// Whether no other document says all that this one does, and more: with the unfixed ones, or of
/// all service packs.
fn is_best(name: &str, exists: impl Fn(&str) -> bool) -> bool {
    let Some(product) = stem(name) else {
        return false;
    };
    if !name.ends_with(AFFECTED) && exists(&format!("{product}{AFFECTED}")) {
        return false;
    }
    let series = product
        .strip_prefix("suse.linux.enterprise.")
        .and_then(|_| product.rsplit_once('.'))
        .filter(|(series, _)| series.ends_with(|c: char| c.is_ascii_digit()));
    series.is_none_or(|(series, _)| {
        !exists(&format!("{series}{AFFECTED}")) && !exists(&format!("{series}{PLAIN}"))
    })
}

impl Vendor for Suse {
    fn scopes(
        &self,
        _: &Definition,
        conditions: &[Condition<'_>],
        _: &str,
    ) -> Result<Vec<Scope>, Skip> {
        let mut scopes: Vec<Scope> = Vec::new();
        let mut has_product = false;
        for condition in conditions {
            let state = condition.state.ok_or(Skip::Conditional)?;
            if state.is_signature {
                continue;
            }
            let product = Product::parse(condition.comment).ok_or({
                // Releases are told by the versions of packages that say which one it is.
                if state.version.is_some() {
                    Skip::OtherProduct
                } else {
                    Skip::Conditional
                }
            })?;
            has_product = true;
            let scope = product.scope();
            scopes.extend(scope.filter(|scope| !scopes.contains(scope)));
        }
        match (scopes.is_empty(), has_product) {
            (false, _) => Ok(scopes),
            (true, true) => Err(Skip::OtherProduct),
            (true, false) => Err(Skip::UnknownRelease),
        }
    }

    fn severity(&self, word: &str) -> Severity {
        match word.to_ascii_lowercase().as_str() {
            "low" => Severity::Low,
            "moderate" => Severity::Medium,
            "important" => Severity::High,
            "critical" => Severity::Critical,
            _ => Severity::Unknown,
        }
    }

    /// The definitions are about vulnerabilities; notices are among their references.
    fn notice(&self, _: &Definition) -> Option<String> {
        None
    }

    /// Notices of images and containers that were made again are very many, and say nothing of
    /// the packages in them.
    fn is_link(&self, _: &str, id: &str) -> bool {
        !id.starts_with("SUSE-CU-") && !id.starts_with("SUSE-IU-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_documents_about_one_product_the_fullest_is_read() {
        let there = [
            "suse.linux.enterprise.server.15.xml",
            "suse.linux.enterprise.server.15-affected.xml",
            "suse.linux.enterprise.server.15.5-affected.xml",
            "suse.linux.enterprise.server.16.0-affected.xml",
            "opensuse.leap.15.6.xml",
            "opensuse.leap.15.6-affected.xml",
            "opensuse.leap.15.5.xml",
            "opensuse.tumbleweed.xml",
        ];
        let best: Vec<&str> = there
            .into_iter()
            .filter(|name| is_best(name, |other| there.contains(&other)))
            .collect();
        assert_eq!(
            best,
            [
                "suse.linux.enterprise.server.15-affected.xml",
                "suse.linux.enterprise.server.16.0-affected.xml",
                "opensuse.leap.15.6-affected.xml",
                "opensuse.leap.15.5.xml",
                "opensuse.tumbleweed.xml",
            ]
        );
    }
}
