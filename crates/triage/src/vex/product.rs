//! What a statement is about: an image, a package, or a package in something.

use std::sync::Arc;

use clair_cpe::Cpe;
use clair_purl::PackageUrl;

use super::Status;
use super::platform::{self, is_platform};
use super::vers::Versions;
use crate::Image;
use crate::finding::Package;

/// A product of a statement.
#[derive(Debug, Clone)]
pub(crate) struct Product {
    /// What it is called in the document.
    pub(crate) name: String,
    /// What the component has to be in: an image, a platform, another package. All of them.
    pub(crate) contexts: Vec<Arc<[Identity]>>,
    /// What is meant in it. None means all that is in the contexts.
    pub(crate) component: Option<Arc<[Identity]>>,
    /// The versions of the component that are meant.
    pub(crate) versions: Option<Versions>,
    /// What is said of these, if not what the statement says.
    pub(crate) status: Option<Status>,
}

/// One way to recognise something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Identity {
    /// A package or an image.
    Purl(Box<PackageUrl<'static>>),
    /// An image or another build of it.
    AnyBuild(Box<PackageUrl<'static>>),
    /// A platform or a package.
    Cpe(Box<Cpe>),
    /// The digest of an image.
    Digest(String),
    /// An rpm by its name, alone or with `-version-release`.
    Rpm(String),
    /// The reference of an image.
    Reference(String),
}

impl Product {
    /// A component that may be anywhere.
    pub(crate) fn anywhere(name: impl Into<String>, component: Arc<[Identity]>) -> Self {
        Self {
            name: name.into(),
            contexts: Vec::new(),
            component: Some(component),
            versions: None,
            status: None,
        }
    }

    /// Whether a package of an image is meant.
    pub(crate) fn is(&self, package: &Package<'_>, image: &Image) -> bool {
        let any = |list: &Arc<[Identity]>, is: &dyn Fn(&Identity) -> bool| list.iter().any(is);
        let contexts = &self.contexts;
        let is_component = match &self.component {
            Some(list) => any(list, &|it| it.is_component(package, image)),
            None => !contexts.is_empty(),
        };
        is_component
            && contexts
                .iter()
                .all(|list| any(list, &|it| it.is_context(package, image)))
            && self
                .versions
                .as_ref()
                .is_none_or(|versions| versions.contain(package))
    }
}

impl Identity {
    /// A platform or a package by its CPE, if it is one.
    pub(crate) fn of_cpe(text: &str) -> Option<Self> {
        platform::read(text).map(|cpe| Self::Cpe(Box::new(cpe)))
    }

    /// Whether it is an image.
    pub(crate) fn is_of_image(purl: &PackageUrl<'_>) -> bool {
        matches!(purl.ty(), "oci" | "docker")
    }

    /// Whether a package, or the image as a whole, is this.
    fn is_component(&self, package: &Package<'_>, image: &Image) -> bool {
        match self {
            Self::Purl(purl) => package.is(purl) || image.is(purl),
            Self::Cpe(cpe) => {
                let own = platform::read(&package.entry.cpe);
                own.is_some_and(|own| platform::is(cpe, &own)) || is_platform(cpe, package)
            }
            Self::Rpm(name) => package.is_rpm(name),
            Self::AnyBuild(_) | Self::Digest(_) | Self::Reference(_) => self.is_image(image),
        }
    }

    /// Whether a package is in this: the image, the platform that the package belongs to, or a file
    /// that has another package in it, as a program has libraries.
    fn is_context(&self, package: &Package<'_>, image: &Image) -> bool {
        match self {
            Self::Purl(purl) => image.is(purl) || package.is_within(purl),
            Self::Cpe(cpe) => is_platform(cpe, package),
            Self::Rpm(_) => false,
            Self::AnyBuild(_) | Self::Digest(_) | Self::Reference(_) => self.is_image(image),
        }
    }

    fn is_image(&self, image: &Image) -> bool {
        match self {
            Self::Purl(purl) => image.is(purl),
            Self::AnyBuild(purl) => image.may_be(purl),
            Self::Digest(digest) => image.has_digest(digest),
            Self::Reference(text) => image.is_called(text),
            Self::Cpe(_) | Self::Rpm(_) => false,
        }
    }
}
