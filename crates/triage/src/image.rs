//! The image that a report is about, as VEX documents may name it.

use clair_model::Digest;
use clair_purl::PackageUrl;

/// What an image is called.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Where it was found, or is known to be.
    pub names: Vec<ImageName>,
    /// Of its manifest, of the index that lists it, of its configuration: what is known of them.
    pub digests: Vec<Digest>,
    /// Its architecture.
    pub arch: Option<String>,
    /// What its user says that it is: products of VEX documents.
    pub products: Vec<PackageUrl<'static>>,
}

/// The name of an image in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// Registry and repository: `ghcr.io/team/app`.
    pub repository: String,
    /// The tag, where one is known.
    pub tag: Option<String>,
}

impl Image {
    /// Whether a package URL means the image: `pkg:oci/app@sha256:…`, `pkg:docker/team/app@1.2`, or
    /// one of the products that its user says it to be.
    ///
    /// A digest decides alone, since it stands for the content wherever that lies. Without one the
    /// name has to be the same, and the address of the repository and the tag where they are given.
    pub(crate) fn is(&self, purl: &PackageUrl<'_>) -> bool {
        self.products.iter().any(|own| is_part_of(purl, own)) || self.is_in_registry(purl, true)
    }

    /// Whether a package URL may mean the image or another build of it, by all that is known. An
    /// image without a name may be any.
    pub(crate) fn may_be(&self, purl: &PackageUrl<'_>) -> bool {
        self.is(purl)
            || (self.names.is_empty() && self.products.is_empty())
            || self.is_in_registry(purl, false)
    }

    /// Whether a text, which is no package URL, is the image's reference.
    pub(crate) fn is_called(&self, text: &str) -> bool {
        let text = text.strip_prefix("docker://").unwrap_or(text);
        if let Some((repository, digest)) = text.split_once('@') {
            let is_named = self.names.iter().any(|name| name.repository == repository);
            return is_named && self.has_digest(digest);
        }
        self.names.iter().any(|name| {
            let rest = text.strip_prefix(name.repository.as_str());
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || (rest.strip_prefix(':') == name.tag.as_deref() && name.tag.is_some())
            })
        })
    }

    /// Whether that is the digest of the image, as `sha256:…`, or its hexadecimal part.
    pub(crate) fn has_digest(&self, text: &str) -> bool {
        let mut digests = self.digests.iter().map(ToString::to_string);
        digests.any(|own| {
            own.eq_ignore_ascii_case(text)
                || own
                    .split_once(':')
                    .is_some_and(|(_, hex)| hex.eq_ignore_ascii_case(text))
        })
    }

    fn is_in_registry(&self, purl: &PackageUrl<'_>, is_version_told: bool) -> bool {
        let (path, mut tag) = match purl.ty() {
            "oci" => (purl.name().to_owned(), qualifier(purl, "tag")),
            "docker" => {
                let namespace = purl.namespace().map(|it| format!("{it}/"));
                (namespace.unwrap_or_default() + purl.name(), None)
            }
            _ => return false,
        };
        let is_arch = || {
            let (own, wanted) = (self.arch.as_deref(), qualifier(purl, "arch"));
            own.is_none() || wanted.is_none() || own == wanted
        };
        match purl.version().filter(|_| is_version_told) {
            Some(digest) if digest.contains(':') => return self.has_digest(digest) && is_arch(),
            // The version of `pkg:docker` may be a tag.
            Some(version) if purl.ty() == "docker" => tag = Some(version),
            Some(_) => return false,
            None => {}
        }
        let address = qualifier(purl, "repository_url").map(repository_of);
        is_arch()
            && self.names.iter().any(|name| {
                let is_tag = tag
                    .filter(|_| is_version_told)
                    .is_none_or(|tag| name.tag.as_deref() == Some(tag));
                is_tag && is_repository(&name.repository, &path, address.as_deref(), purl.ty())
            })
    }
}

/// Whether the repository is that of this path, and at this address. The address is that of the
/// repository, of what it is in, or of the registry alone: all of them are written.
fn is_repository(repository: &str, path: &str, address: Option<&str>, kind: &str) -> bool {
    let (registry, own) = repository.split_once('/').unwrap_or(("", repository));
    let is_path = match kind {
        "oci" => own.rsplit('/').next() == Some(path),
        _ => own == path || own.strip_prefix("library/") == Some(path),
    };
    let is_address = match address {
        None => true,
        Some(address) => {
            address == repository
                || address == registry
                || repository.strip_prefix(address) == Some(&format!("/{path}"))
        }
    };
    is_path && is_address
}

/// An address without scheme, tag and trailing slash, and Docker Hub by one name.
fn repository_of(address: &str) -> String {
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    let address = address.trim_end_matches('/');
    let (host, path) = match address.split_once('/') {
        Some((host, path)) => (host, Some(path)),
        None => (address, None),
    };
    let host = host.to_ascii_lowercase();
    let host = match host.as_str() {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => "docker.io",
        other => other,
    };
    match path {
        // The official images have a namespace that nobody writes.
        Some(path) if host == "docker.io" && !path.contains('/') && path != "library" => {
            format!("{host}/library/{path}")
        }
        Some(path) => format!("{host}/{path}"),
        None => host.to_owned(),
    }
}

/// Whether a URL says nothing that another one does not say too.
fn is_part_of(general: &PackageUrl<'_>, special: &PackageUrl<'_>) -> bool {
    general.ty() == special.ty()
        && general.namespace() == special.namespace()
        && general.name() == special.name()
        && (general.version().is_none() || general.version() == special.version())
        && general
            .qualifiers()
            .iter()
            .all(|(key, value)| special.qualifiers().get(key) == Some(value))
}

fn qualifier<'p>(purl: &'p PackageUrl<'_>, name: &str) -> Option<&'p str> {
    purl.qualifiers().get(name).map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> Digest {
        format!("sha256:{}", digit.to_string().repeat(64))
            .parse()
            .unwrap()
    }

    fn named(repository: &str, tag: Option<&str>) -> Image {
        Image {
            names: vec![ImageName {
                repository: repository.to_owned(),
                tag: tag.map(str::to_owned),
            }],
            digests: vec![digest('a')],
            arch: Some("amd64".to_owned()),
            products: Vec::new(),
        }
    }

    #[track_caller]
    fn check(image: &Image, are: &[&str], are_not: &[&str]) {
        for (purls, expected) in [(are, true), (are_not, false)] {
            for text in purls {
                let text = text
                    .replace("DIGEST", &digest('a').to_string())
                    .replace("OTHER", &digest('b').to_string());
                let purl: PackageUrl<'_> = text.parse().unwrap();
                assert_eq!(image.is(&purl), expected, "{text}");
            }
        }
    }

    #[test]
    fn an_image_is_known_by_digest_or_by_name() {
        check(
            &named("ghcr.io/team/app", Some("1.2")),
            &[
                "pkg:oci/app",
                "pkg:oci/app@DIGEST",
                "pkg:oci/app@DIGEST?repository_url=ghcr.io/team/app&arch=amd64&tag=old",
                // The same content elsewhere.
                "pkg:oci/mirror@DIGEST?repository_url=quay.io/team/mirror",
                "pkg:oci/app?repository_url=ghcr.io/team/app",
                "pkg:oci/app?repository_url=ghcr.io/team",
                "pkg:oci/app?repository_url=https://ghcr.io/team/app/",
                "pkg:oci/app?repository_url=ghcr.io&tag=1.2&arch=amd64",
                "pkg:docker/team/app?repository_url=ghcr.io",
                "pkg:docker/team/app@1.2",
                "pkg:docker/team/app@DIGEST",
            ],
            &[
                "pkg:oci/app@OTHER",
                "pkg:oci/app@1.2",
                "pkg:oci/team",
                "pkg:oci/app?repository_url=quay.io/team/app",
                "pkg:oci/app?repository_url=ghcr.io/te",
                "pkg:oci/app?tag=1.3",
                "pkg:oci/app?arch=arm64",
                "pkg:oci/app@DIGEST?arch=arm64",
                "pkg:docker/app",
                "pkg:docker/team/app@1.3",
                "pkg:generic/app",
            ],
        );
        check(
            &named("docker.io/library/debian", Some("bookworm")),
            &[
                "pkg:oci/debian?repository_url=index.docker.io/library/debian",
                "pkg:oci/debian?repository_url=docker.io/debian",
                "pkg:docker/debian@bookworm",
                "pkg:docker/library/debian",
            ],
            &["pkg:oci/debian?repository_url=docker.io/team/debian"],
        );
    }

    #[test]
    fn an_image_without_a_name_is_known_by_its_digest_and_by_what_its_user_says() {
        let mut image = Image {
            digests: vec![digest('a')],
            ..Image::default()
        };
        check(
            &image,
            &["pkg:oci/any@DIGEST"],
            &["pkg:oci/app", "pkg:oci/any@OTHER"],
        );
        let other: PackageUrl<'_> = "pkg:oci/app".parse().unwrap();
        assert!(image.may_be(&other));
        image.products = vec!["pkg:generic/app@1?os=linux".parse().unwrap()];
        check(
            &image,
            &["pkg:generic/app", "pkg:generic/app@1?os=linux"],
            &["pkg:generic/app@2", "pkg:generic/app?os=mac", "pkg:oci/app"],
        );
        assert!(!image.may_be(&other));
    }

    #[test]
    fn another_build_may_be_the_image() {
        let image = named("ghcr.io/team/app", Some("1.2"));
        for (text, expected) in [
            ("pkg:oci/app@sha256:00?tag=1.1", true),
            ("pkg:oci/other@sha256:00", false),
        ] {
            let purl: PackageUrl<'_> = text.parse().unwrap();
            assert_eq!(image.may_be(&purl), expected, "{text}");
        }
    }

    #[test]
    fn references_name_images_too() {
        let image = named("ghcr.io/team/app", Some("1.2"));
        let by_digest = format!("ghcr.io/team/app@{}", digest('a'));
        for text in ["ghcr.io/team/app", "ghcr.io/team/app:1.2", &by_digest] {
            assert!(image.is_called(text), "{text}");
        }
        for text in [
            "",
            "ghcr.io/team/app:1.3",
            "ghcr.io/team/app2",
            "ghcr.io/team/app@x",
        ] {
            assert!(!image.is_called(text), "{text}");
        }
    }
}
