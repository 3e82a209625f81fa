//! Repositories: where installed packages come from.

use serde::{Deserialize, Serialize};

/// A place that packages come from, with the fields of Clair's API.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Repository {
    /// Name for people, or the CPE of what it is for.
    pub name: String,
    /// The kind of repository.
    pub key: String,
    /// Address, or what stands for one.
    pub uri: String,
    /// CPE of the product that it is for, 2.3 or empty.
    pub cpe: String,
}

/// The kind of repositories of rpm packages that are named by their id.
const RPM: &str = "rhel-cpe-repository";
/// The kind of repositories of Red Hat's container images.
const CONTAINERS: &str = "rhcc-container-repository";
/// What the address of a repository of rpm packages begins with.
const ID: &str = "repoid=";
const CATALOG: &str = "https://catalog.redhat.com/software/containers/explore";

impl Repository {
    /// A repository of rpm packages by its id, such as `rhel-9-for-x86_64-baseos-rpms`. Which
    /// product it is for is in Red Hat's mapping of repositories, not in images.
    pub fn rpm(id: &str) -> Self {
        Self {
            key: RPM.to_owned(),
            uri: format!("{ID}{id}"),
            ..Self::default()
        }
    }

    /// One of rpm packages of a product, whatever its id.
    pub fn packages(cpe: &str) -> Self {
        Self {
            name: cpe.to_owned(),
            key: RPM.to_owned(),
            uri: String::new(),
            cpe: cpe.to_owned(),
        }
    }

    /// One that offers images of a product.
    pub fn containers(cpe: &str) -> Self {
        Self {
            name: cpe.to_owned(),
            key: CONTAINERS.to_owned(),
            uri: String::new(),
            cpe: cpe.to_owned(),
        }
    }

    /// Red Hat's catalog of container images, of whatever product.
    pub fn container_catalog() -> Self {
        Self {
            name: "Red Hat Container Catalog".to_owned(),
            key: CONTAINERS.to_owned(),
            uri: CATALOG.to_owned(),
            cpe: String::new(),
        }
    }

    /// The same repository as one of a product.
    #[must_use]
    pub fn of_product(&self, cpe: &str) -> Self {
        Self {
            name: cpe.to_owned(),
            cpe: cpe.to_owned(),
            ..self.clone()
        }
    }

    /// Whether its packages are of rpm.
    pub fn is_rpm(&self) -> bool {
        self.key == RPM
    }

    /// Whether it is one of container images.
    pub fn is_of_containers(&self) -> bool {
        self.key == CONTAINERS
    }

    /// The id of a repository of rpm packages.
    pub fn rpm_id(&self) -> Option<&str> {
        let id = self.uri.strip_prefix(ID).filter(|id| !id.is_empty());
        id.filter(|_| self.is_rpm())
    }
}
