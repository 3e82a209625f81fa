//! From layers to what an image contains, in words that tests can compare.

use clair_image::{Error, OpenOptions, PlatformSelector, Source, open};
use clair_index::{Inventory, LayerFindings, NoCache, Options, index, merge, read_layer};
use clair_model::Digest;

use crate::image::sha256;
use crate::memory_source::MemorySource;

/// The inventories of all images of a source.
pub(crate) fn inventories(
    source: &dyn Source,
    platforms: &PlatformSelector,
) -> Result<Vec<Inventory>, Error> {
    let images = source.images(platforms)?;
    let analyzers = clair_inventory::all();
    let options = Options::default();
    let indexed = index(source, images, &analyzers, &options, &NoCache, &|_| {})?;
    let merged = indexed.iter().map(|indexed| {
        let digests = indexed.image.layers.iter().map(|layer| &layer.digest);
        let layers = indexed.layers.iter().map(AsRef::as_ref);
        merge(
            &digests
                .zip(layers)
                .collect::<Vec<(&Digest, &LayerFindings)>>(),
        )
    });
    Ok(merged.collect())
}

/// The inventory of the one image of a reference.
pub(crate) fn inventory_of(reference: &str, options: &OpenOptions) -> Result<Inventory, Error> {
    let source = open(reference, options)?;
    let mut inventories = inventories(source.as_ref(), &PlatformSelector::Default)?;
    assert_eq!(inventories.len(), 1, "{reference}");
    Ok(inventories.remove(0))
}

/// The inventory of an image of these layers, bottom first.
pub(crate) fn inventory(layers: &[Vec<u8>]) -> Inventory {
    let source = MemorySource::new(layers);
    inventories(&source, &PlatformSelector::Default)
        .unwrap()
        .remove(0)
}

/// What one layer has.
pub(crate) fn findings(layer: &[u8]) -> LayerFindings {
    let source = MemorySource::new(&[layer.to_vec()]);
    let image = &source.images(&PlatformSelector::Default).unwrap()[0];
    let analyzers = clair_inventory::all();
    let limits = clair_image::Limits::default();
    read_layer(&source, &image.layers[0], &analyzers, &limits, &|_| {}).unwrap()
}

/// `name version`, sorted.
pub(crate) fn packages(inventory: &Inventory) -> Vec<String> {
    let packages = inventory.packages.iter().map(|located| {
        let package = &located.package;
        format!("{} {}", package.name, package.version)
    });
    packages.collect()
}

/// `name version in LAYER`, where the layer is its number from below.
pub(crate) fn introduced(layers: &[Vec<u8>]) -> Vec<String> {
    let inventory = inventory(layers);
    let digests: Vec<Digest> = layers.iter().map(|layer| sha256(layer)).collect();
    let packages = inventory.packages.iter().map(|located| {
        let layer = digests
            .iter()
            .position(|digest| *digest == located.introduced_in);
        let package = &located.package;
        format!("{} {} in {}", package.name, package.version, layer.unwrap())
    });
    packages.collect()
}

/// What the inventory could not look at: kind, subject without the layer, reason.
pub(crate) fn gaps(inventory: &Inventory) -> Vec<String> {
    let gaps = inventory.gaps.iter().map(|gap| {
        let subject = gap.subject.split(" in layer ").next().unwrap_or_default();
        format!("{} {subject}: {}", gap.kind.name(), gap.message)
    });
    gaps.collect()
}

/// An os-release file.
pub(crate) const ALPINE: &str = "ID=alpine\nVERSION_ID=3.20.1\n";
pub(crate) const DEBIAN: &str =
    "ID=debian\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\n";

/// A dpkg database of these packages, `name version`.
pub(crate) fn dpkg(packages: &[&str]) -> String {
    let stanzas = packages.iter().map(|package| {
        let (name, version) = package.split_once(' ').unwrap();
        format!(
            "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\n"
        )
    });
    stanzas.collect()
}

/// An apk database of these packages, `name version`.
pub(crate) fn apk(packages: &[&str]) -> String {
    let records = packages.iter().map(|package| {
        let (name, version) = package.split_once(' ').unwrap();
        format!("P:{name}\nV:{version}\nA:x86_64\n\n")
    });
    records.collect()
}
