//! The products of a document: packages by their package URLs, platforms by their CPEs.

use std::collections::HashMap;

use clair_model::Namespace;
use clair_version::Scheme;
use percent_encoding::percent_decode_str;

use super::csaf::{Branch, Helper, Tree};
use crate::{Skip, text};

/// How deep a product can be part of others.
const DEPTH: usize = 5;

/// All products by their identifiers.
pub(super) struct Products<'a> {
    named: HashMap<&'a str, &'a Helper<'a>>,
    /// What they are made of: a part, and what it is a part of.
    related: HashMap<&'a str, (&'a str, &'a str)>,
}

/// A package of rpm, in a product.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Package {
    pub(super) namespace: Namespace,
    pub(super) name: String,
    /// The version that is spoken of, with its epoch; none for all.
    pub(super) version: Option<String>,
    /// The architecture; none for all. That of sources is `src`.
    pub(super) arch: Option<String>,
    /// The stream of a module: `nodejs:18`.
    pub(super) module: Option<String>,
}

impl<'a> Products<'a> {
    pub(super) fn of(tree: &'a Tree<'a>) -> Self {
        let mut named = HashMap::new();
        for branch in &tree.branches {
            collect(branch, &mut named);
        }
        let related = tree.relationships.iter().map(|related| {
            (
                related.full_product_name.product_id.as_ref(),
                (
                    related.product_reference.as_ref(),
                    related.relates_to_product_reference.as_ref(),
                ),
            )
        });
        Self {
            named,
            related: related.collect(),
        }
    }

    /// The package that an identifier means.
    ///
    /// # Errors
    ///
    /// When it is none of rpm, or of nothing that the document describes.
    pub(super) fn package(&self, id: &str) -> Result<Package, Skip> {
        let &(mut part, mut whole) = self.related.get(id).ok_or(
            // Products by themselves, and containers, which have no platform.
            if self.named.contains_key(id) {
                Skip::OtherProduct
            } else {
                Skip::Dangling
            },
        )?;
        for _ in 0..DEPTH {
            match self.related.get(part) {
                Some((inner, _)) => part = inner,
                None => break,
            }
        }
        for _ in 0..DEPTH {
            match self.related.get(whole) {
                Some((_, outer)) => whole = outer,
                None => break,
            }
        }
        let part = self.named.get(part).ok_or(Skip::Dangling)?;
        let whole = self.named.get(whole).ok_or(Skip::Dangling)?;
        let purl = part.purl.as_deref().ok_or(Skip::NoPackage)?;
        let cpe = whole.cpe.as_deref().ok_or(Skip::UnknownRelease)?;
        package(purl, namespace(cpe)?)
    }
}

fn collect<'a>(branch: &'a Branch<'a>, named: &mut HashMap<&'a str, &'a Helper<'a>>) {
    if let Some(product) = &branch.product {
        named.insert(
            product.product_id.as_ref(),
            &product.product_identification_helper,
        );
    }
    for branch in &branch.branches {
        collect(branch, named);
    }
}

/// The namespace of a platform: `rhel:9` for `cpe:/a:redhat:enterprise_linux:9::appstream`, and
/// for any other product its CPE.
fn namespace(cpe: &str) -> Result<Namespace, Skip> {
    if !text::is_name(cpe) || !cpe.starts_with("cpe:/") {
        return Err(Skip::UnknownRelease);
    }
    let mut parts = cpe.split(':').skip(2);
    let is_system = parts.next() == Some("redhat") && parts.next() == Some("enterprise_linux");
    let major = parts.next().and_then(|number| number.split('.').next());
    let is_number = |major: &&str| !major.is_empty() && major.bytes().all(|b| b.is_ascii_digit());
    match major.filter(|_| is_system).filter(is_number) {
        Some(major) => Ok(Namespace::release("rhel", major)),
        None => cpe.parse().map_err(|_| Skip::UnknownRelease),
    }
}

/// Reads a package URL, <https://github.com/package-url/purl-spec>:
/// `pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1`.
fn package(purl: &str, namespace: Namespace) -> Result<Package, Skip> {
    let rest = purl.strip_prefix("pkg:rpm/redhat/");
    let rest = rest.ok_or(Skip::OtherProduct)?;
    let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, version) = match path.split_once('@') {
        Some((name, version)) => (decoded(name)?, Some(decoded(version)?)),
        None => (decoded(path)?, None),
    };
    if !text::is_name(&name) {
        return Err(Skip::NoPackage);
    }
    let qualifier = |key: &str| {
        let mut pairs = qualifiers
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let version = match (version, qualifier("epoch")) {
        (Some(version), None | Some("0")) => Some(version),
        (Some(version), Some(epoch)) => Some(format!("{epoch}:{version}")),
        (None, _) => None,
    };
    let is_version =
        |version: &String| text::can_be_version(version) && Scheme::Rpm.validate(version).is_ok();
    if !version.as_ref().is_none_or(is_version) {
        return Err(Skip::BadVersion);
    }
    let arch = qualifier("arch").map(decoded).transpose()?;
    if !arch.as_ref().is_none_or(|arch| text::is_name(arch)) {
        return Err(Skip::Malformed);
    }
    let module = qualifier("rpmmod").map(decoded).transpose()?;
    Ok(Package {
        namespace,
        name,
        version,
        arch,
        module: module.as_deref().map(stream).transpose()?,
    })
}

/// Name and stream of a module, of which there are also version and context: `nodejs:18:8090…:…`.
fn stream(module: &str) -> Result<String, Skip> {
    let mut parts = module.split(':');
    match (parts.next(), parts.next()) {
        (Some(name), Some(stream)) if text::is_name(name) && text::is_name(stream) => {
            Ok(format!("{name}:{stream}"))
        }
        _ => Err(Skip::Malformed),
    }
}

fn decoded(text: &str) -> Result<String, Skip> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Skip::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_has_the_namespace_of_its_major_release_and_others_their_cpe() {
        for (cpe, expected) in [
            ("cpe:/a:redhat:enterprise_linux:9::appstream", "rhel:9"),
            ("cpe:/o:redhat:enterprise_linux:10.1", "rhel:10"),
            ("cpe:/o:redhat:enterprise_linux:7", "rhel:7"),
            (
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
            ),
            (
                "cpe:/o:redhat:enterprise_linux_eus:10.0",
                "cpe:/o:redhat:enterprise_linux_eus:10.0",
            ),
        ] {
            assert_eq!(namespace(cpe).unwrap().as_str(), expected, "{cpe}");
        }
        for cpe in ["", "cpe:2.3:a", "cpe:/a:\u{1b}"] {
            assert_eq!(namespace(cpe), Err(Skip::UnknownRelease), "{cpe}");
        }
    }

    #[test]
    fn package_urls_are_read() {
        let read = |purl| package(purl, Namespace::release("rhel", "9"));
        let perl = read(
            "pkg:rpm/redhat/perl-FCGI@0.78-12.module%2Bel8?arch=s390x&epoch=1&rpmmod=perl-FCGI:0.78:81:e3",
        )
        .unwrap();
        assert_eq!(perl.name, "perl-FCGI");
        assert_eq!(perl.version.unwrap(), "1:0.78-12.module+el8");
        assert_eq!(perl.arch.unwrap(), "s390x");
        assert_eq!(perl.module.unwrap(), "perl-FCGI:0.78");
        let openssl = read("pkg:rpm/redhat/openssl?arch=src").unwrap();
        assert_eq!(
            (openssl.version, openssl.arch.as_deref()),
            (None, Some("src"))
        );
        for (purl, reason) in [
            ("pkg:oci/ubi?tag=1", Skip::OtherProduct),
            ("pkg:rpm/redhat/", Skip::NoPackage),
            ("pkg:rpm/redhat/a@%ff", Skip::Malformed),
            ("pkg:rpm/redhat/a@-1", Skip::BadVersion),
            ("pkg:rpm/redhat/a@1?rpmmod=rhel10", Skip::Malformed),
        ] {
            assert_eq!(read(purl), Err(reason), "{purl}");
        }
    }
}
