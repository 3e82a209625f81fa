//! What `docker save` writes: a tar file with a `manifest.json`, or, before Docker 1.10, with a
//! `repositories` file and a chain of layers that name their parents.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use clair_model::{Algorithm, Digest};
use serde::Deserialize;

use crate::oci::Config;
use crate::tarball::Tarball;
use crate::{
    Error, Image, Layer, LayerData, Limits, Platform, PlatformSelector, Source, clean, digest_of,
};

const KIND: &str = "docker-archive";

/// Documents of an archive larger than this are refused.
const DOCUMENT_LIMIT: u64 = 16 * 1024 * 1024;

/// An image in an archive has at most this many layers; Docker's own limit is 127.
const MAX_LAYERS: usize = 10_000;

#[derive(Debug)]
pub(crate) struct DockerArchive {
    tarball: Tarball,
    image: Image,
}

#[derive(Debug, Deserialize)]
struct ManifestItem {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags", default)]
    tags: Option<Vec<String>>,
    #[serde(rename = "Layers", default)]
    layers: Option<Vec<String>>,
}

impl DockerArchive {
    pub(crate) fn open(path: &Path, name: Option<&str>, limits: &Limits) -> Result<Self, Error> {
        let tarball = Tarball::open(path, KIND, limits)?;
        let image = match document(&tarball, "manifest.json")? {
            Some(manifest) => from_manifest(&tarball, &manifest, name)?,
            None => match document(&tarball, "repositories")? {
                Some(repositories) => from_chain(&tarball, &repositories, name)?,
                None => return Err(malformed(&tarball, "it has no manifest.json")),
            },
        };
        Ok(Self { tarball, image })
    }
}

impl Source for DockerArchive {
    fn images(&self, platforms: &PlatformSelector) -> Result<Vec<Image>, Error> {
        // An archive has one platform per name; asking for another is a mistake worth telling.
        if let (PlatformSelector::One(wanted), Some(platform)) = (platforms, &self.image.platform)
            && !platform.serves(wanted)
        {
            return Err(Error::Platform {
                image: self.image.name.clone(),
                wanted: wanted.to_string(),
                available: platform.to_string(),
            });
        }
        Ok(vec![self.image.clone()])
    }

    fn layer(&self, layer: &Layer) -> Result<LayerData, Error> {
        let member = layer.member.as_deref().unwrap_or_default();
        let reader = self
            .tarball
            .read(member)
            .ok_or_else(|| malformed(&self.tarball, format!("it has no {member}")))?;
        Ok(LayerData::Blob(Box::new(reader)))
    }
}

fn document(tarball: &Tarball, name: &str) -> Result<Option<Vec<u8>>, Error> {
    tarball
        .read_all(name, DOCUMENT_LIMIT)
        .map_err(|error| malformed(tarball, error))
}

fn malformed(tarball: &Tarball, reason: impl std::fmt::Display) -> Error {
    Error::Malformed {
        path: tarball.path().to_owned(),
        kind: KIND,
        reason: reason.to_string(),
    }
}

fn from_manifest(tarball: &Tarball, manifest: &[u8], name: Option<&str>) -> Result<Image, Error> {
    let items: Option<Vec<ManifestItem>> = serde_json::from_slice(manifest)
        .map_err(|error| malformed(tarball, format!("manifest.json: {error}")))?;
    let items = items.unwrap_or_default();
    let item = choose(tarball, &items, name)?;
    let tag = item.tags.iter().flatten().next().cloned();

    let config_member = clean(item.config.as_bytes());
    let bytes = document(tarball, &config_member)?
        .ok_or_else(|| malformed(tarball, format!("it has no {config_member}")))?;
    let digest = digest_of(Algorithm::Sha256, &bytes);
    if let Some(expected) = digest_in_name(&config_member)
        && expected != digest
    {
        return Err(Error::DigestMismatch {
            what: format!("the configuration {config_member}"),
            expected,
            found: digest,
        });
    }
    let config = Config::parse(&bytes)
        .map_err(|error| malformed(tarball, format!("{config_member}: {error}")))?;
    let members = item.layers.as_deref().unwrap_or_default();
    if members.len() != config.diff_ids.len() {
        let (layers, diff_ids) = (members.len(), config.diff_ids.len());
        return Err(malformed(
            tarball,
            format!("manifest.json has {layers} layers, the configuration has {diff_ids}"),
        ));
    }
    let layers = members
        .iter()
        .zip(config.diff_ids)
        .map(|(member, diff_id)| {
            let member = clean(member.as_bytes());
            Layer {
                // Only the newer layout names blobs by digest; in the older one layers are never
                // compressed, so the digest of the blob is the diff id.
                digest: digest_in_name(&member).unwrap_or_else(|| diff_id.clone()),
                diff_id: Some(diff_id),
                size: tarball.size(&member),
                member: Some(member),
            }
        })
        .collect();
    Ok(Image {
        name: tag.unwrap_or_else(|| tarball.path().display().to_string()),
        digest: Some(digest),
        platform: config.platform,
        layers,
    })
}

fn choose<'a>(
    tarball: &Tarball,
    items: &'a [ManifestItem],
    name: Option<&str>,
) -> Result<&'a ManifestItem, Error> {
    let tags = || {
        let all = items.iter().flat_map(|item| item.tags.iter().flatten());
        all.cloned().collect::<Vec<_>>().join(", ")
    };
    match (name, items) {
        (_, []) => Err(malformed(tarball, "manifest.json names no image")),
        (None, [item]) => Ok(item),
        (None, _) => Err(malformed(
            tarball,
            format!(
                "it holds {} images ({}); say which with docker-archive:FILE:NAME:TAG",
                items.len(),
                tags()
            ),
        )),
        (Some(name), _) => items
            .iter()
            .find(|item| item.tags.iter().flatten().any(|tag| same_tag(tag, name)))
            .ok_or_else(|| malformed(tarball, format!("no image {name:?}; it has {}", tags()))),
    }
}

/// `alpine` names `alpine:latest`, and `docker.io/library/` in front may be left out.
fn same_tag(tag: &str, name: &str) -> bool {
    let plain = |text: &str| {
        let text = text.trim_start_matches("docker.io/");
        text.trim_start_matches("library/").to_owned()
    };
    let (tag, name) = (plain(tag), plain(name));
    tag == name || tag == format!("{name}:latest")
}

/// The digest that the path of a blob names: `blobs/sha256/HEX` or `HEX.json`.
fn digest_in_name(member: &str) -> Option<Digest> {
    if let Some(blob) = member.strip_prefix("blobs/") {
        return blob.replacen('/', ":", 1).parse().ok();
    }
    let hex = member.strip_suffix(".json")?;
    format!("sha256:{hex}").parse().ok()
}

#[derive(Debug, Deserialize)]
struct ChainLink {
    parent: Option<String>,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

/// Follows the parents of the topmost layer down to the base.
///
/// Such archives carry no digests at all: what they hold is taken as it is, and the digests in
/// the report are those of the layers as found.
fn from_chain(tarball: &Tarball, repositories: &[u8], name: Option<&str>) -> Result<Image, Error> {
    let repositories: HashMap<String, HashMap<String, String>> =
        serde_json::from_slice(repositories)
            .map_err(|error| malformed(tarball, format!("repositories: {error}")))?;
    let mut tags: Vec<(String, String)> = repositories
        .into_iter()
        .flat_map(|(name, tags)| {
            tags.into_iter()
                .map(move |(tag, top)| (format!("{name}:{tag}"), top))
        })
        .collect();
    tags.sort();
    let chosen = match name {
        Some(name) => tags.iter().find(|(tag, _)| same_tag(tag, name)),
        None if tags.len() > 1 && tags.iter().any(|(_, top)| *top != tags[0].1) => None,
        None => tags.first(),
    };
    let Some((tag, top)) = chosen else {
        let all: Vec<&str> = tags.iter().map(|(tag, _)| tag.as_str()).collect();
        return Err(malformed(
            tarball,
            format!(
                "say which image with docker-archive:FILE:NAME:TAG; it has {}",
                all.join(", ")
            ),
        ));
    };
    let (ids, platform) = chain(tarball, top)?;
    // Names may share a layer, by links; it is hashed once for all of them.
    let mut hashed = HashMap::new();
    let mut layers = Vec::new();
    for id in ids.into_iter().rev() {
        let member = format!("{id}/layer.tar");
        let place = tarball.locate(&member);
        let known = hashed.get(&place).cloned();
        let digest = match known {
            Some(digest) => digest,
            None => hash_member(tarball, &member)?,
        };
        hashed.insert(place, digest.clone());
        layers.push(Layer {
            diff_id: None,
            size: tarball.size(&member),
            member: Some(member),
            digest,
        });
    }
    let digests: Vec<String> = layers
        .iter()
        .map(|layer| layer.digest.to_string())
        .collect();
    let identity = digests.join("\n");
    Ok(Image {
        name: tag.clone(),
        digest: Some(digest_of(Algorithm::Sha256, identity.as_bytes())),
        platform,
        layers,
    })
}

/// The ids of the layers, topmost first, and the platform that the topmost tells.
fn chain(tarball: &Tarball, top: &str) -> Result<(Vec<String>, Option<Platform>), Error> {
    let mut ids = Vec::new();
    let mut seen = HashSet::new();
    let mut platform = None;
    let mut next = Some(top.to_owned());
    while let Some(id) = next {
        if ids.len() >= MAX_LAYERS || !seen.insert(id.clone()) {
            return Err(malformed(tarball, "its layers name each other in a loop"));
        }
        let link = document(tarball, &format!("{id}/json"))?
            .ok_or_else(|| malformed(tarball, format!("it has no {id}/json")))?;
        let link: ChainLink = serde_json::from_slice(&link)
            .map_err(|error| malformed(tarball, format!("{id}/json: {error}")))?;
        if platform.is_none() && !link.os.is_empty() && !link.architecture.is_empty() {
            platform = Some(Platform {
                os: link.os,
                architecture: link.architecture,
                variant: String::new(),
            });
        }
        ids.push(id);
        next = link.parent;
    }
    Ok((ids, platform))
}

fn hash_member(tarball: &Tarball, member: &str) -> Result<Digest, Error> {
    let mut reader = tarball
        .read(member)
        .ok_or_else(|| malformed(tarball, format!("it has no {member}")))?;
    crate::hash::digest_of_reader(Algorithm::Sha256, &mut reader)
        .map_err(|error| Error::file(tarball.path(), error))
}
