//! A package of a report, by its package URLs.

use clair_model::{Distribution, ReportPackage};
use packageurl::PackageUrl;

use crate::{Ecosystem, distribution};

/// The architectures that stand for sources, in URLs of rpm and deb.
const SOURCES: [&str; 2] = ["src", "source"];

/// Qualifiers that tell of what a package is. Others say where it is to be had (`repository_url`,
/// `vcs_url`, `checksum`) or are what some program marks its own with (`package-id`).
const TELLING: [&str; 9] = [
    "arch",
    "classifier",
    "distro",
    "epoch",
    "modularitylabel",
    "rpmmod",
    "type",
    "upstream",
    "platform",
];

/// A package with what its URLs are made of.
#[derive(Debug, Clone)]
pub struct Subject<'r> {
    ecosystem: Ecosystem,
    package: &'r ReportPackage,
    distribution: Option<&'r Distribution>,
    name: Option<Name>,
    source_name: Option<Name>,
}

/// A name by the rules of its type, so that all write it alike.
#[derive(Debug, Clone)]
struct Name {
    namespace: Option<String>,
    name: String,
}

impl<'r> Subject<'r> {
    /// A package of a report. `package_db` is that of its environment; `distribution` the one it
    /// belongs to.
    ///
    /// `None` where nothing tells what kind of package it is.
    pub fn new(
        package: &'r ReportPackage,
        package_db: Option<&str>,
        distribution: Option<&'r Distribution>,
    ) -> Option<Self> {
        let ecosystem = Ecosystem::of(package.detector.as_deref(), package_db, distribution)?;
        let mut subject = Self {
            ecosystem,
            package,
            distribution: distribution
                .filter(|owner| ecosystem.is_of_distribution() && !owner.did.is_empty()),
            name: None,
            source_name: None,
        };
        let name = |purl: PackageUrl<'_>| Name {
            namespace: purl.namespace().map(str::to_owned),
            name: purl.name().to_owned(),
        };
        subject.name = subject.named(&package.name).map(name);
        let source = subject.source();
        subject.source_name = source.and_then(|it| subject.named(&it.name)).map(name);
        Some(subject)
    }

    /// What kind of package it is.
    pub const fn ecosystem(&self) -> Ecosystem {
        self.ecosystem
    }

    /// The URL of the package: type, namespace, name, version, and as qualifiers `arch`, `distro`,
    /// `epoch` and `rpmmod` of an rpm, and `upstream` for the source where it has another name or
    /// version, as Syft and Grype write and read it.
    ///
    /// `None` where the name cannot be one, being empty.
    pub fn purl(&self) -> Option<PackageUrl<'static>> {
        let package = self.package;
        let mut purl = self.named(&package.name)?;
        self.set_version(&mut purl, &package.version);
        if self.ecosystem.is_of_distribution() {
            set(&mut purl, "arch", &package.arch);
            set(&mut purl, "rpmmod", &package.module);
            set(&mut purl, "upstream", &self.upstream());
        }
        Some(purl)
    }

    /// The URL of the source that the package was built from, where one is known. Its architecture
    /// is `src` for rpm, and `source` elsewhere.
    pub fn source_purl(&self) -> Option<PackageUrl<'static>> {
        let source = self.source()?;
        let mut purl = self.named(&source.name)?;
        self.set_version(&mut purl, &source.version);
        let arch = match self.ecosystem.purl_type() {
            "rpm" => SOURCES[0],
            _ => SOURCES[1],
        };
        set(&mut purl, "arch", arch);
        Some(purl)
    }

    /// Whether a URL means the package, or its source if the URL is that of a source. What it does
    /// not say, it does not restrict.
    ///
    /// Red Hat names sources without `arch`, so that its URLs without one mean either.
    pub fn is(&self, purl: &PackageUrl<'_>) -> bool {
        if purl.ty() != self.ecosystem.purl_type() {
            return false;
        }
        let arch = qualifier(purl, "arch");
        let is_of_source = arch.is_some_and(|arch| SOURCES.contains(&arch));
        let may_be_source = is_of_source
            || (arch.is_none() && purl.ty() == "rpm" && purl.namespace() == Some("redhat"));
        let own = self.package;
        let is_arch = arch.is_none_or(|arch| own.arch.is_empty() || arch == own.arch);
        let is_package =
            || is_arch && !is_of_source && self.is_named(purl, self.name.as_ref(), &own.version);
        let is_source = || {
            let version = self.source().map_or("", |source| &source.version);
            may_be_source && self.is_named(purl, self.source_name.as_ref(), version)
        };
        (is_package() || is_source()) && self.is_qualified(purl)
    }

    fn is_named(&self, purl: &PackageUrl<'_>, own: Option<&Name>, version: &str) -> bool {
        let Some(own) = own.filter(|own| own.name == purl.name()) else {
            return false;
        };
        let is_namespace = match (self.distribution, purl.namespace()) {
            (Some(owner), Some(name)) => distribution::is_namespace(owner, name),
            (_, name) => own.namespace.as_deref() == name,
        };
        is_namespace
            && purl
                .version()
                .is_none_or(|text| self.is_version(purl, text, version))
    }

    fn is_version(&self, purl: &PackageUrl<'_>, text: &str, version: &str) -> bool {
        match self.ecosystem.purl_type() {
            "rpm" => {
                let (own_epoch, own) = epoch(version);
                let (epoch, text) = epoch(text);
                let epoch = qualifier(purl, "epoch").or(epoch);
                text == own && epoch.is_none_or(|epoch| epoch == own_epoch.unwrap_or("0"))
            }
            "golang" => text.trim_start_matches('v') == version.trim_start_matches('v'),
            _ => text == version,
        }
    }

    fn is_qualified(&self, purl: &PackageUrl<'_>) -> bool {
        let mut known = TELLING
            .iter()
            .filter_map(|name| Some((*name, qualifier(purl, name)?)));
        known.all(|(name, text)| match name {
            "distro" => match self.distribution {
                Some(owner) => distribution::is_qualifier(owner, text),
                None => !self.ecosystem.is_of_distribution(),
            },
            "rpmmod" | "modularitylabel" => self.is_of_module(text),
            "upstream" => self.is_from(text),
            // Architecture and epoch were looked at together with names. The rest tells packages
            // of languages apart, which reports do not.
            _ => true,
        })
    }

    /// `nodejs:18:8090…:…` is the stream `nodejs:18` with version and context.
    fn is_of_module(&self, text: &str) -> bool {
        let own = self.package.module.as_str();
        text == own
            || (!own.is_empty()
                && text
                    .strip_prefix(own)
                    .is_some_and(|rest| rest.starts_with(':')))
    }

    /// Whether `openssl`, `openssl@3.0.11-1` or `openssl-3.0.7-1.el9.src.rpm` is the source.
    fn is_from(&self, text: &str) -> bool {
        let source = self.source().unwrap_or(self.package);
        if let Some(text) = text.strip_suffix(".rpm") {
            let text = text.strip_suffix(".src").or(text.strip_suffix(".nosrc"));
            let version = epoch(&source.version).1;
            return text
                .and_then(|text| text.strip_prefix(source.name.as_str()))
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(|rest| rest == version);
        }
        match text.split_once('@') {
            Some((name, version)) => name == source.name && version == source.version,
            None => text == source.name,
        }
    }

    /// The source. Reports of Clair have an empty one where there is none.
    fn source(&self) -> Option<&'r ReportPackage> {
        let source = self.package.source.as_deref();
        source.filter(|source| !source.name.is_empty())
    }

    fn upstream(&self) -> String {
        let Some(source) = self.source() else {
            return String::new();
        };
        let (name, version) = (&source.name, epoch(&source.version).1);
        let is_same_version = source.version == self.package.version;
        match self.ecosystem.purl_type() {
            "rpm" if version.is_empty() => name.clone(),
            "rpm" => format!("{name}-{version}.src.rpm"),
            _ if is_same_version && *name == self.package.name => String::new(),
            _ if is_same_version || source.version.is_empty() => name.clone(),
            _ => format!("{name}@{}", source.version),
        }
    }

    /// A URL of this kind with a namespace, a name and the distribution.
    fn named(&self, name: &str) -> Option<PackageUrl<'static>> {
        let (namespace, name) = self.ecosystem.divided(name);
        let mut purl = PackageUrl::new(self.ecosystem.purl_type(), name.to_owned()).ok()?;
        let owner = self.distribution;
        let namespace = owner.map_or(namespace, |owner| Some(distribution::namespace(owner)));
        if let Some(namespace) = namespace {
            // Types that have none refuse it, and no name of them is divided.
            let _ = purl.with_namespace(namespace.to_owned());
        }
        if let Some(owner) = owner {
            set(&mut purl, "distro", &distribution::qualifier(owner));
        }
        Some(purl)
    }

    fn set_version(&self, purl: &mut PackageUrl<'static>, version: &str) {
        let (epoch, version) = match self.ecosystem.purl_type() {
            "rpm" => epoch(version),
            _ => (None, version),
        };
        if !version.is_empty() {
            // It is refused by no type.
            let _ = purl.with_version(version.to_owned());
        }
        set(
            purl,
            "epoch",
            epoch.filter(|epoch| *epoch != "0").unwrap_or_default(),
        );
    }
}

fn set(purl: &mut PackageUrl<'static>, key: &'static str, value: &str) {
    if !value.is_empty() {
        // The keys are ours, and valid.
        let _ = purl.add_qualifier(key, value.to_owned());
    }
}

fn qualifier<'p>(purl: &'p PackageUrl<'_>, name: &str) -> Option<&'p str> {
    purl.qualifiers().get(name).map(AsRef::as_ref)
}

/// Epoch and the rest of a version of rpm.
fn epoch(version: &str) -> (Option<&str>, &str) {
    match version.split_once(':') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => (Some(epoch), rest),
        _ => (None, version),
    }
}

#[cfg(test)]
mod tests;
