//! Which products of Red Hat the packages of an image are part of, and where the database speaks
//! of them.
//!
//! What Red Hat says of a package holds for a product, which it names by a CPE. An image names the
//! repositories of its packages, and a mapping gives the products of a repository. How the products
//! of an image and those of a statement go together is Red Hat's rule, ["CPE Matching
//! Logic"](https://redhatproductsecurity.github.io/security-data-guidelines/scanning-vendors/):
//! part, channel and, where a statement is about what is not fixed, minor version do not count; and
//! what an extended stream of a minor release does not speak of is as in the main stream.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use clair_cpe::Cpe;
use clair_model::facts::{self, RhelMapping};
use clair_model::{
    Distribution, IndexReport, Namespace, PackageManager, ReportRepository, Repository,
};
use clair_vulndb::{Database, EnrichmentReader, Error};

/// The product whose builds are the main stream.
const MAIN: &str = "enterprise_linux";

/// What streams of a minor release are called, after `rhel_` up to release 9 and `enterprise_linux_`
/// from then on: <https://redhatproductsecurity.github.io/security-data-guidelines/cpe/>.
const EXTENDED: [&str; 5] = ["eus", "aus", "tus", "e4s", "els"];

/// A namespace to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where to look.
    pub(crate) namespace: Namespace,
    /// Statements of the same scope speak of the same builds.
    pub(crate) scope: Rc<str>,
    /// Whether it only counts where the others do not speak of a vulnerability.
    pub(crate) is_general: bool,
    /// Whether it is one of a product, several of which can say the same.
    pub(crate) is_product: bool,
}

/// The products that a database speaks of.
#[derive(Debug)]
pub(crate) struct Platforms<'d> {
    database: &'d Database,
    /// Each with its namespace, sorted by it.
    packages: Vec<(Cpe, &'d Namespace)>,
    images: Vec<(Cpe, &'d Namespace)>,
    /// The products of the repositories of an image, by their keys in its report.
    products: HashMap<String, Vec<Cpe>>,
    /// The names under which images are offered, by those that they have for themselves.
    names: HashMap<String, Vec<String>>,
    /// Most packages of an image come from the same repositories.
    known: RefCell<HashMap<Asked, Rc<[Place]>>>,
}

/// What decides which namespaces a package asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asked {
    /// Packages of these products.
    Products(Vec<Cpe>),
    /// Packages of a major release of which no more is known.
    Major(String),
    /// Images of these products.
    Images(Vec<Cpe>),
    /// Images of whatever product.
    AllImages,
}

impl Place {
    /// A namespace by itself.
    pub(crate) fn of(namespace: Namespace) -> Self {
        Self {
            scope: namespace.as_str().into(),
            namespace,
            is_general: false,
            is_product: false,
        }
    }
}

impl<'d> Platforms<'d> {
    /// What matters of a database for an image.
    ///
    /// # Errors
    ///
    /// When the database is damaged.
    pub(crate) fn of(database: &'d Database, index: &IndexReport) -> Result<Self, Error> {
        let mut all: Vec<(Cpe, &Namespace)> = database
            .namespaces()
            .filter_map(|namespace| Some((namespace.cpe()?.parse().ok()?, namespace)))
            .collect();
        all.sort_by_key(|(_, namespace)| *namespace);
        let (images, packages) = all
            .into_iter()
            .partition(|(_, namespace)| namespace.is_of_images());
        let mut mappings = Mappings(database.enrichment_reader());
        let mut products = HashMap::new();
        for entry in index.repository.values() {
            let of_entry = mappings.products(&entry.repository())?;
            products.insert(entry.id.clone(), of_entry);
        }
        let mut names = HashMap::new();
        let detector = Some(PackageManager::Rhcc.name());
        for image in index.packages.values() {
            if image.detector.as_deref() == detector {
                let of_image = mappings.read(&image.name)?.images;
                names.insert(image.name.clone(), of_image);
            }
        }
        Ok(Self {
            database,
            packages,
            images,
            products,
            names,
            known: RefCell::default(),
        })
    }

    /// The names under which an image is offered; none if only its own is known.
    pub(crate) fn names_of(&self, image: &str) -> &[String] {
        self.names.get(image).map_or(&[], Vec::as_slice)
    }

    /// The products of a repository, by its key in the report.
    pub(crate) fn products_of(&self, repository: &str) -> &[Cpe] {
        self.products.get(repository).map_or(&[], Vec::as_slice)
    }

    /// Where the database may speak of the rpm packages that a distribution has from these
    /// repositories.
    pub(crate) fn of_packages(
        &self,
        distribution: Option<&Distribution>,
        repositories: &[&ReportRepository],
    ) -> Rc<[Place]> {
        let repositories = repositories.iter().filter(|it| it.repository().is_rpm());
        let products = repositories.flat_map(|it| self.products_of(&it.id));
        let mut products: Vec<Cpe> = products.cloned().collect();
        if !products.is_empty() {
            products.sort_unstable();
            products.dedup();
            return self.ask(Asked::Products(products));
        }
        let major = distribution
            .filter(|distribution| distribution.is_divided_by_repositories())
            .and_then(Distribution::base_namespace);
        match major
            .as_ref()
            .and_then(|major| major.as_str().split(':').nth(1))
        {
            Some(major) => self.ask(Asked::Major(major.to_owned())),
            None => Rc::default(),
        }
    }

    /// Where the database may speak of container images from these repositories.
    pub(crate) fn of_images(&self, repositories: &[&ReportRepository]) -> Rc<[Place]> {
        let mut repositories = repositories
            .iter()
            .filter(|it| it.repository().is_of_containers())
            .peekable();
        if repositories.peek().is_none() {
            return Rc::default();
        }
        let mut products = Vec::new();
        for repository in repositories {
            match repository.cpe.parse() {
                Ok(cpe) => products.push(cpe),
                Err(_) if repository.cpe.is_empty() => return self.ask(Asked::AllImages),
                Err(_) => {}
            }
        }
        products.sort_unstable();
        self.ask(Asked::Images(products))
    }

    pub(crate) fn database(&self) -> &'d Database {
        self.database
    }

    fn ask(&self, asked: Asked) -> Rc<[Place]> {
        if let Some(known) = self.known.borrow().get(&asked) {
            return Rc::clone(known);
        }
        let places: Rc<[Place]> = self.places(&asked).into();
        self.known.borrow_mut().insert(asked, Rc::clone(&places));
        places
    }

    fn places(&self, asked: &Asked) -> Vec<Place> {
        let place = |cpe: &Cpe, namespace: &Namespace, is_general| Place {
            namespace: namespace.clone(),
            scope: scope(cpe),
            is_general,
            is_product: true,
        };
        let mut places = Vec::new();
        match asked {
            Asked::Products(products) => {
                let mut general = Vec::new();
                for (cpe, namespace) in &self.packages {
                    if products.iter().any(|product| speaks_of(cpe, product)) {
                        places.push(place(cpe, namespace, false));
                    } else if products.iter().any(|product| is_main_of(cpe, product)) {
                        general.push(place(cpe, namespace, true));
                    }
                }
                places.extend(general);
            }
            Asked::Major(major) => {
                let is_main = |cpe: &Cpe| main_release(cpe) == Some(major.as_str());
                let of_release = self.packages.iter().filter(|(cpe, _)| is_main(cpe));
                places.extend(of_release.map(|(cpe, namespace)| place(cpe, namespace, false)));
            }
            Asked::Images(products) => {
                let is_named = |cpe| products.iter().any(|product| speaks_of(cpe, product));
                let named = self.images.iter().filter(|(cpe, _)| is_named(cpe));
                places.extend(named.map(|(cpe, namespace)| place(cpe, namespace, false)));
            }
            Asked::AllImages => {
                let all = self.images.iter();
                places.extend(all.map(|(cpe, namespace)| place(cpe, namespace, false)));
            }
        }
        places
    }
}

/// Looks up what Red Hat says of repositories and images.
struct Mappings<'d>(EnrichmentReader<'d>);

impl Mappings<'_> {
    /// The products of a repository: that which it names itself, or those of the mapping.
    fn products(&mut self, repository: &Repository) -> Result<Vec<Cpe>, Error> {
        if !repository.cpe.is_empty() {
            return Ok(Vec::from_iter(repository.cpe.parse()));
        }
        let Some(id) = repository.rpm_id() else {
            return Ok(Vec::new());
        };
        let mapped = self.read(id)?.products;
        Ok(mapped.iter().filter_map(|cpe| cpe.parse().ok()).collect())
    }

    fn read(&mut self, name: &str) -> Result<RhelMapping, Error> {
        let found = self.0.first(facts::RHEL_MAPPINGS, name)?;
        // What an older or newer release has written in another form says nothing.
        let mapping = found.and_then(|json| serde_json::from_str(&json).ok());
        Ok(mapping.unwrap_or_default())
    }
}

/// Whether what is said of a product holds for an installed one.
///
/// The first rule is that of the naming specification, the second one is Red Hat's: see the top.
fn speaks_of(statement: &Cpe, installed: &Cpe) -> bool {
    if statement.is_superset_of(installed) {
        return true;
    }
    let is_same = statement.vendor() == installed.vendor()
        && statement.product() == installed.product()
        && statement.product().is_some();
    let versions = match (statement.version(), installed.version()) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(named), Some(version)) => {
            let rest = version.strip_prefix(named);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                || (main_release(statement).is_some()
                    && main_release(statement) == main_release(installed))
        }
    };
    is_same && versions && !are_for_other_releases(statement, installed)
}

/// Whether both are built for a release of the system, and not for the same. Other editions are
/// channels, which do not tell products apart.
fn are_for_other_releases(one: &Cpe, other: &Cpe) -> bool {
    let is_release = |edition: &&str| {
        let number = edition.strip_prefix("el");
        number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
    };
    let release = |cpe: &Cpe| cpe.edition().filter(is_release).map(str::to_owned);
    matches!((release(one), release(other)), (Some(one), Some(other)) if one != other)
}

/// The major release, if the product is the main stream of one.
fn main_release(cpe: &Cpe) -> Option<&str> {
    let is_main = cpe.vendor() == Some("redhat") && cpe.product() == Some(MAIN);
    is_main.then(|| major(cpe)).flatten()
}

/// Whether a product is the main stream of the release that another one extends.
fn is_main_of(cpe: &Cpe, installed: &Cpe) -> bool {
    let product = installed.product().unwrap_or_default();
    let suffix = ["rhel_", "enterprise_linux_"]
        .iter()
        .find_map(|prefix| product.strip_prefix(prefix));
    let stream = suffix.map(|suffix| suffix.split('_').next().unwrap_or(suffix));
    stream.is_some_and(|stream| EXTENDED.contains(&stream))
        && installed.vendor() == Some("redhat")
        && main_release(cpe).is_some()
        && main_release(cpe) == major(installed)
}

fn major(cpe: &Cpe) -> Option<&str> {
    cpe.version().and_then(|version| version.split('.').next())
}

/// The main stream of a release is one, whatever the channel and, from release 10 on, the minor
/// version.
fn scope(cpe: &Cpe) -> Rc<str> {
    let product = cpe.product().unwrap_or_default();
    let version = main_release(cpe).or(cpe.version()).unwrap_or_default();
    format!("{product}:{version}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpe(text: &str) -> Cpe {
        text.parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_statement_about_a_product_holds_for_its_parts() {
        for (statement, installed, expected) in [
            // What is not fixed is said of the system, without channel and minor version.
            (
                "cpe:/o:redhat:enterprise_linux:9",
                "cpe:/a:redhat:enterprise_linux:9::appstream",
                true,
            ),
            (
                "cpe:/o:redhat:enterprise_linux:10",
                "cpe:/o:redhat:enterprise_linux:10.1",
                true,
            ),
            (
                "cpe:/a:redhat:openshift:4",
                "cpe:/a:redhat:openshift:4.16::el9",
                true,
            ),
            // Channels do not count.
            (
                "cpe:/o:redhat:enterprise_linux:9::baseos",
                "cpe:/a:redhat:enterprise_linux:9::appstream",
                true,
            ),
            // The main stream moves on, whatever the mapping knew.
            (
                "cpe:/o:redhat:enterprise_linux:10.1",
                "cpe:/o:redhat:enterprise_linux:10.0",
                true,
            ),
            // No number is the beginning of another one.
            (
                "cpe:/a:redhat:enterprise_linux:8",
                "cpe:/a:redhat:enterprise_linux:85",
                false,
            ),
            (
                "cpe:/a:redhat:openshift:4.1",
                "cpe:/a:redhat:openshift:4.16::el9",
                false,
            ),
            // Streams are products of their own.
            (
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
                "cpe:/a:redhat:enterprise_linux:9::appstream",
                false,
            ),
            (
                "cpe:/o:redhat:enterprise_linux:9",
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
                false,
            ),
            (
                "cpe:/a:redhat:rhel_eus:9.0::crb",
                "cpe:/a:redhat:rhel_eus:9.2::appstream",
                false,
            ),
            (
                "cpe:/a:redhat:rhel_eus:9.2::crb",
                "cpe:/o:redhat:rhel_eus:9.2::baseos",
                true,
            ),
            // What is built for two releases is not the same.
            (
                "cpe:/a:redhat:openshift:4.12::el8",
                "cpe:/a:redhat:openshift:4.12::el9",
                false,
            ),
            (
                "cpe:/a:redhat:openshift:4.12::el9",
                "cpe:/a:redhat:openshift:4.12::el9",
                true,
            ),
            (
                "cpe:/a:redhat:openshift:4.12::el9",
                "cpe:/a:redhat:openshift:4",
                false,
            ),
        ] {
            assert_eq!(
                speaks_of(&cpe(statement), &cpe(installed)),
                expected,
                "{statement} {installed}"
            );
        }
    }

    #[test]
    fn extended_streams_have_the_main_stream_of_their_release_behind_them() {
        for (installed, expected) in [
            ("cpe:/a:redhat:rhel_eus:9.2::appstream", true),
            ("cpe:/o:redhat:rhel_aus:9.2::baseos", true),
            ("cpe:/a:redhat:rhel_e4s:9.0::sap", true),
            ("cpe:/a:redhat:rhel_eus_long_life:9.4::appstream", true),
            ("cpe:/o:redhat:enterprise_linux_eus:9.8", true),
            ("cpe:/o:redhat:enterprise_linux_eus:10.0", false),
            ("cpe:/a:redhat:rhel_software_collections:9::el9", false),
            ("cpe:/a:redhat:openshift:9", false),
            ("cpe:/a:other:rhel_eus:9.2", false),
        ] {
            let main = cpe("cpe:/o:redhat:enterprise_linux:9");
            assert_eq!(is_main_of(&main, &cpe(installed)), expected, "{installed}");
        }
    }
}
