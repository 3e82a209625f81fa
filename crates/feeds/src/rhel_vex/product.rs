//! The products of a document: packages by their package URLs, platforms by their CPEs.
//!
//! Up to the summer of 2025 a module was a product of its own, between the packages that are built
//! in it and the platform; since then the package URLs name it:
//! <https://issues.redhat.com/browse/SECDATA-1115>.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::Utf8Error;

use clair_cpe::Cpe;
use clair_model::Namespace;
use clair_purl::Written;
use clair_version::Scheme;

use super::csaf::{Branch, Helper, Tree};
use crate::{Skip, text};

/// The type of the package URLs of modules.
const MODULE: &str = "rpmmod";

/// What the packages of Red Hat are named below.
const OWNER: &str = "redhat/";

/// How deep a product can be part of others.
const DEPTH: usize = 5;

/// All products by their identifiers.
pub(super) struct Products<'a> {
    named: HashMap<&'a str, &'a Helper<'a>>,
    /// What they are made of: a part, and what it is a part of.
    related: HashMap<&'a str, (&'a str, &'a str)>,
}

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A package of rpm.
    Package,
    /// The source of one.
    Source,
    /// A container image.
    Image,
}

/// A package of rpm or a container image, in a product.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Package {
    pub(super) namespace: Namespace,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// The version that is spoken of, with its epoch; none for all.
    pub(super) version: Option<String>,
    /// The architecture; none for all.
    pub(super) arch: Option<String>,
    /// The stream of a module: `nodejs:18`.
    pub(super) module: Option<String>,
}

impl Package {
    /// The product in its major version, of which a statement without a version is made.
    pub(super) fn product(&self) -> (String, Option<String>) {
        let cpe: Option<Cpe> = self.namespace.cpe().and_then(|cpe| cpe.parse().ok());
        let part = |part: Option<&str>| part.map(str::to_owned);
        let product = cpe.as_ref().and_then(|cpe| part(cpe.product()));
        let version = cpe.as_ref().and_then(Cpe::version);
        let major = version.and_then(|version| part(version.split('.').next()));
        (product.unwrap_or_default(), major)
    }

    /// Whether it was built in a module, as its version tells.
    fn is_of_a_module(&self) -> bool {
        let version = self.version.as_deref();
        self.kind != Kind::Image && version.is_some_and(|version| version.contains(".module+el"))
    }
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
    /// When it is neither of rpm nor an image, or nothing that the document describes.
    pub(super) fn package(&self, id: &str) -> Result<Package, Skip> {
        let &(mut part, mut whole) = self.related.get(id).ok_or(
            // Products by themselves.
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
        let mut module = None;
        for _ in 0..DEPTH {
            match self.related.get(whole) {
                Some((inner, outer)) => {
                    module = module.or(self.module(inner)?);
                    whole = outer;
                }
                None => break,
            }
        }
        let part = self.named.get(part).ok_or(Skip::Dangling)?;
        let whole = self.named.get(whole).ok_or(Skip::Dangling)?;
        let purl = part.purl.as_deref().ok_or(Skip::NoPackage)?;
        let cpe = whole.cpe.as_deref().ok_or(Skip::UnknownRelease)?;
        let mut package = package(purl, cpe)?;
        package.module = package.module.or(module);
        if package.module.is_none() && package.is_of_a_module() {
            return Err(Skip::NoModule);
        }
        Ok(package)
    }

    /// The stream of a module, if a product is one.
    fn module(&self, id: &str) -> Result<Option<String>, Skip> {
        let purl = self.named.get(id).and_then(|helper| helper.purl.as_deref());
        let purl = purl.and_then(Written::parse);
        let Some(purl) = purl.filter(|purl| purl.kind() == MODULE) else {
            return Ok(None);
        };
        let name = match name(&purl) {
            Err(Skip::OtherProduct) => return Ok(None),
            name => name?,
        };
        let version = decoded(purl.version())?.ok_or(Skip::Malformed)?;
        stream(&format!("{name}:{version}")).map(Some)
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

/// Reads a package URL, <https://github.com/package-url/purl-spec>, as Red Hat writes them:
/// <https://redhatproductsecurity.github.io/security-data-guidelines/purl/>.
fn package(purl: &str, cpe: &str) -> Result<Package, Skip> {
    if !text::is_name(cpe) || cpe.parse::<Cpe>().is_err() {
        return Err(Skip::UnknownRelease);
    }
    let purl = Written::parse(purl).ok_or(Skip::OtherProduct)?;
    match purl.kind() {
        "rpm" => rpm(&purl, Namespace::product(cpe)),
        "oci" => image(&purl, Namespace::images_of(cpe)),
        MODULE => source_of_module(&purl, Namespace::product(cpe)),
        _ => Err(Skip::OtherProduct),
    }
}

/// `redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&epoch=1`, or `redhat/openssl?arch=src` of a source.
fn rpm(purl: &Written<'_>, namespace: Namespace) -> Result<Package, Skip> {
    let name = name(purl)?;
    let epoch = decoded(purl.qualifier("epoch"))?;
    let version = match (decoded(purl.version())?, epoch.as_deref()) {
        (Some(version), None | Some("0")) => Some(version.into_owned()),
        (Some(version), Some(epoch)) => Some(format!("{epoch}:{version}")),
        (None, _) => None,
    };
    let is_version =
        |version: &String| text::can_be_version(version) && Scheme::Rpm.validate(version).is_ok();
    if !version.as_ref().is_none_or(is_version) {
        return Err(Skip::BadVersion);
    }
    let arch = decoded(purl.qualifier("arch"))?;
    if !arch.as_ref().is_none_or(|arch| text::is_name(arch)) {
        return Err(Skip::Malformed);
    }
    let is_source = matches!(arch.as_deref(), Some("src" | "source"));
    let module = decoded(purl.qualifier("rpmmod"))?;
    Ok(Package {
        namespace,
        kind: if is_source {
            Kind::Source
        } else {
            Kind::Package
        },
        name,
        version,
        arch: arch.filter(|_| !is_source).map(Cow::into_owned),
        module: module.as_deref().map(stream).transpose()?,
    })
}

/// `postgresql:15/postgresql`: all that is built from a source in a module. A module by itself,
/// `postgresql@15:…`, stands beside its packages, of which the document speaks too.
fn source_of_module(purl: &Written<'_>, namespace: Namespace) -> Result<Package, Skip> {
    let path = name(purl)?;
    let (module, name) = path.split_once('/').ok_or(Skip::Notice)?;
    if name.is_empty() || name.contains('/') {
        return Err(Skip::NoPackage);
    }
    Ok(Package {
        namespace,
        kind: Kind::Source,
        name: name.to_owned(),
        version: None,
        arch: None,
        module: Some(stream(module)?),
    })
}

/// `clair-rhel8@sha256:…?repository_url=registry.redhat.io/quay/clair-rhel8&tag=v3.5.7-8`. Older
/// documents have the whole name in front, and some leave the last part of it out of the address.
/// Images of all architectures have the same tag.
fn image(purl: &Written<'_>, namespace: Namespace) -> Result<Package, Skip> {
    let name = decoded(purl.path())?;
    if !text::is_name(&name) {
        return Err(Skip::NoPackage);
    }
    let address = decoded(purl.qualifier("repository_url"))?;
    let path = address
        .as_deref()
        .and_then(|address| address.split_once('/'));
    let name = match path {
        Some((_, path)) if path.rsplit('/').next() == Some(&name) => path.to_owned(),
        Some((_, path)) => format!("{}/{name}", path.trim_end_matches('/')),
        None => name.into_owned(),
    };
    if !text::is_name(&name) {
        return Err(Skip::NoPackage);
    }
    let tag = decoded(purl.qualifier("tag"))?.map(Cow::into_owned);
    let is_tag = |tag: &String| text::can_be_version(tag) && Scheme::RhcTag.validate(tag).is_ok();
    if !tag.as_ref().is_none_or(is_tag) {
        return Err(Skip::BadVersion);
    }
    Ok(Package {
        namespace,
        kind: Kind::Image,
        name,
        version: tag,
        arch: None,
        module: None,
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

/// The name of what is Red Hat's.
fn name(purl: &Written<'_>) -> Result<String, Skip> {
    let path = decoded(purl.path())?;
    let name = path.strip_prefix(OWNER).ok_or(Skip::OtherProduct)?;
    if !text::is_name(name) {
        return Err(Skip::NoPackage);
    }
    Ok(name.to_owned())
}

/// What is no text is nobody's.
fn decoded<T>(part: Result<T, Utf8Error>) -> Result<T, Skip> {
    part.map_err(|_| Skip::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPE: &str = "cpe:/o:redhat:enterprise_linux:9::baseos";

    #[test]
    fn packages_and_images_have_the_cpe_of_their_product_for_a_namespace() {
        let rpm = package("pkg:rpm/redhat/a", CPE).unwrap();
        assert_eq!(rpm.namespace.as_str(), CPE);
        let image = package("pkg:oci/a", CPE).unwrap();
        assert_eq!(image.namespace.as_str(), format!("oci:{CPE}"));
        assert_eq!(
            rpm.product(),
            ("enterprise_linux".to_owned(), Some("9".to_owned()))
        );
        for cpe in ["", "cpe:2.3:a", "cpe:/a:\u{1b}", "redhat"] {
            assert_eq!(
                package("pkg:rpm/redhat/a", cpe),
                Err(Skip::UnknownRelease),
                "{cpe}"
            );
        }
    }

    #[test]
    fn urls_of_packages_are_read() {
        let read = |purl| package(purl, CPE);
        let perl = read(
            "pkg:rpm/redhat/perl-FCGI@0.78-12.module%2Bel8?arch=s390x&epoch=1&rpmmod=perl-FCGI:0.78:81:e3",
        )
        .unwrap();
        assert_eq!(perl.name, "perl-FCGI");
        assert_eq!(perl.version.unwrap(), "1:0.78-12.module+el8");
        assert_eq!(perl.arch.unwrap(), "s390x");
        assert_eq!(perl.module.unwrap(), "perl-FCGI:0.78");
        for purl in ["openssl?arch=src", "openssl?arch=source"] {
            let openssl = package(&format!("pkg:rpm/redhat/{purl}"), CPE).unwrap();
            assert_eq!((openssl.kind, openssl.arch), (Kind::Source, None));
            assert_eq!(openssl.version, None);
        }
        let postgresql = read("pkg:rpmmod/redhat/postgresql:15/postgresql").unwrap();
        assert_eq!(postgresql.kind, Kind::Source);
        assert_eq!(
            (postgresql.name.as_str(), postgresql.module.as_deref()),
            ("postgresql", Some("postgresql:15"))
        );
        assert_eq!(read("pkg:rpm/redhat/openssl").unwrap().kind, Kind::Package);
        for (purl, reason) in [
            ("pkg:maven/a/b@1", Skip::OtherProduct),
            ("pkg:rpm/redhat/", Skip::NoPackage),
            ("pkg:rpm/redhat/a@%ff", Skip::Malformed),
            ("pkg:rpm/redhat/a@-1", Skip::BadVersion),
            ("pkg:rpm/redhat/a@1?rpmmod=rhel10", Skip::Malformed),
            ("pkg:rpmmod/redhat/gimp@2.8:8080:0621e4ee", Skip::Notice),
            ("pkg:rpmmod/redhat/gimp:2.8/", Skip::NoPackage),
            ("pkg:rpmmod/redhat/gimp/gimp", Skip::Malformed),
            ("pkg:oci/?tag=1", Skip::NoPackage),
            ("pkg:oci/a?tag=latest", Skip::BadVersion),
        ] {
            assert_eq!(read(purl), Err(reason), "{purl}");
        }
    }

    #[test]
    fn urls_of_images_are_read_in_all_their_forms() {
        for (purl, name, tag) in [
            (
                "pkg:oci/clair-rhel8@sha256:bb?arch=amd64&repository_url=registry.redhat.io/quay/clair-rhel8&tag=v3.5.7-8",
                "quay/clair-rhel8",
                Some("v3.5.7-8"),
            ),
            (
                "pkg:oci/alloy-rhel10@sha256%3A9c?arch=ppc64le&repository_url=registry.redhat.io/rhceph&tag=1771399158",
                "rhceph/alloy-rhel10",
                Some("1771399158"),
            ),
            (
                "pkg:oci/openshift4/ose-hyperkube",
                "openshift4/ose-hyperkube",
                None,
            ),
            (
                "pkg:oci/bootc-cuda-rhel9?repository_url=registry.redhat.io/rhelai3/bootc-cuda-rhel9",
                "rhelai3/bootc-cuda-rhel9",
                None,
            ),
        ] {
            let image = package(purl, CPE).unwrap();
            assert_eq!(
                (image.name.as_str(), image.version.as_deref()),
                (name, tag),
                "{purl}"
            );
        }
    }
}
