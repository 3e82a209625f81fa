//! The side of a database that reads.

use std::collections::HashMap;
use std::path::Path;

use clair_model::{Namespace, PackageKind, SourceKind};

use crate::advisories::Advisories;
use crate::candidate::{AdvisoryRef, Candidates, TextReader};
use crate::enrichments::{EnrichmentReader, Enrichments};
use crate::manifest::Manifest;
use crate::segment::{Segment, SegmentHash};
use crate::{Error, SourceInfo};

/// How often opening starts over when commits keep replacing what the manifest names.
const ATTEMPTS: usize = 100;

/// All records as of the moment of opening, shared by any number of threads.
///
/// Opening maps the segments and reads little of them: see [`Error::Segment`] for damage that is
/// only found later, by the function that meets it.
#[derive(Debug)]
pub struct Database {
    sources: Vec<SourceInfo>,
    /// One for each source.
    segments: Vec<Segment>,
    /// Which segments speak of a namespace, and under which number.
    places: HashMap<Namespace, Vec<(usize, u16)>>,
    /// Which segments have the enrichments of a feed.
    enrichments: HashMap<String, Vec<usize>>,
    identity: String,
}

impl Database {
    /// Opens the database in a directory: [`Error::NotFound`] where nothing was committed yet.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::open_with_manifest(dir).map(|(database, _)| database)
    }

    /// Opens the database, and gives the manifest that it was opened with.
    pub(crate) fn open_with_manifest(dir: &Path) -> Result<(Self, Manifest), Error> {
        let read = || {
            Manifest::read(dir)?.ok_or_else(|| Error::NotFound {
                dir: dir.to_owned(),
            })
        };
        let mut manifest = read()?;
        for _ in 1..ATTEMPTS {
            match Self::with(dir, &manifest) {
                // A commit may have deleted a segment since the manifest was read. Then there is
                // another manifest.
                Err(error) if error.is_not_found() => {
                    let newer = read()?;
                    if newer == manifest {
                        return Err(error);
                    }
                    manifest = newer;
                }
                result => return Ok((result?, manifest)),
            }
        }
        Ok((Self::with(dir, &manifest)?, manifest))
    }

    fn with(dir: &Path, manifest: &Manifest) -> Result<Self, Error> {
        let mut segments = Vec::with_capacity(manifest.sources.len());
        let mut places = HashMap::<Namespace, Vec<(usize, u16)>>::new();
        let mut enrichments = HashMap::<String, Vec<usize>>::new();
        for (number, entry) in manifest.sources.iter().enumerate() {
            let segment = open_segment(dir, entry.segment)?;
            segment
                .check_source(&entry.source)
                .map_err(|damaged| segment.damaged(damaged))?;
            for (rank, namespace) in (0..).zip(segment.namespaces()) {
                places
                    .entry(namespace.clone())
                    .or_default()
                    .push((number, rank));
            }
            if segment.kind() == SourceKind::Enrichment {
                let of_feed = enrichments.entry(entry.source.feed.clone()).or_default();
                of_feed.push(number);
            }
            segments.push(segment);
        }
        Ok(Self {
            sources: manifest
                .sources
                .iter()
                .map(|entry| entry.source.clone())
                .collect(),
            segments,
            places,
            enrichments,
            identity: manifest.identity(),
        })
    }

    /// The sources, sorted by name.
    pub fn sources(&self) -> &[SourceInfo] {
        &self.sources
    }

    /// Whether any source speaks of the namespace.
    pub fn covers(&self, namespace: &Namespace) -> bool {
        self.places.contains_key(namespace)
    }

    /// The namespaces that any source speaks of, each once, in no particular order.
    pub fn namespaces(&self) -> impl Iterator<Item = &Namespace> {
        self.places.keys()
    }

    /// Names the content: equal for databases with the same sources and the same records,
    /// whenever they were fetched.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The statements about a package, source by source in the order of [`sources`](Self::sources)
    /// and in each in the order of its advisories.
    ///
    /// Where a segment is damaged an error takes the place of the rest of what that segment has;
    /// other segments are not affected.
    pub fn candidates(
        &self,
        namespace: &Namespace,
        package: &str,
        kind: PackageKind,
    ) -> Candidates<'_> {
        let places = self.places.get(namespace).map_or(&[][..], Vec::as_slice);
        let lists = places.iter().filter_map(|&(segment, rank)| {
            self.segments[segment]
                .package(rank, kind, package)
                .transpose()
                .map(|list| (segment, list))
        });
        Candidates::of_package(self, lists.collect())
    }

    /// The advisories that have this id or alias, in any case, by source and in their order.
    pub fn by_id(&self, id: &str) -> Result<Vec<AdvisoryRef<'_>>, Error> {
        let id = id.to_ascii_lowercase();
        let mut found = Vec::new();
        for (number, segment) in self.segments.iter().enumerate() {
            if segment.kind() != SourceKind::Vulnerability {
                continue;
            }
            let positions = segment
                .id(&id)
                .map_err(|damaged| segment.damaged(damaged))?;
            for position in positions {
                found.push(AdvisoryRef::new(self, number, position)?);
            }
        }
        Ok(found)
    }

    /// All that a source of advisories states; `None` where the database does not have the source.
    pub fn advisories(&self, source: &str) -> Option<Advisories<'_>> {
        let number = self.find(source, SourceKind::Vulnerability)?;
        Some(Advisories::new(self, number))
    }

    /// All that a source of enrichments states; `None` where the database does not have the source.
    pub fn enrichments(&self, source: &str) -> Option<Enrichments<'_>> {
        let number = self.find(source, SourceKind::Enrichment)?;
        Some(Enrichments::new(self, number))
    }

    /// Whether the database has enrichments of a feed.
    pub fn has_enrichments(&self, feed: &str) -> bool {
        self.enrichments.contains_key(feed)
    }

    /// Looks up enrichments of this database.
    pub fn enrichment_reader(&self) -> EnrichmentReader<'_> {
        EnrichmentReader::new(self)
    }

    /// Reads the texts of advisories of this database.
    pub fn text_reader(&self) -> TextReader<'_> {
        TextReader::new(self)
    }

    /// Reads all of every segment and compares it with the checksums.
    pub fn verify(&self) -> Result<(), Error> {
        self.segments.iter().try_for_each(Segment::verify)
    }

    /// The segments with the enrichments of a feed.
    pub(crate) fn enrichment_segments(&self, feed: &str) -> &[usize] {
        self.enrichments.get(feed).map_or(&[], Vec::as_slice)
    }

    fn find(&self, source: &str, kind: SourceKind) -> Option<usize> {
        let number = self
            .sources
            .binary_search_by(|info| info.name.as_str().cmp(source))
            .ok()?;
        (self.sources[number].kind == kind).then_some(number)
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

/// Opens the segment of this name, which must have that content.
pub(crate) fn open_segment(dir: &Path, hash: SegmentHash) -> Result<Segment, Error> {
    let segment = Segment::open(&dir.join(hash.file_name()))?;
    if segment.hash() == hash {
        Ok(segment)
    } else {
        Err(Error::Segment {
            path: segment.path().to_owned(),
            what: "its content is not what its name says".to_owned(),
        })
    }
}
