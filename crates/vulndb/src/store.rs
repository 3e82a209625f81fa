//! The side of a database that writes.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempPath;

use crate::manifest::{Entry, Manifest};
use crate::segment::SegmentHash;
use crate::{EnrichmentWriter, Error, NewSegment, SegmentWriter, SourceInfo, files};

/// A database directory that can be updated.
#[derive(Debug, Clone)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// Opens a directory, which is created if need be.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::io(dir, "cannot create the directory"))?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The sources that the database has now, sorted by name; none where there is no database
    /// yet. Segments are not touched.
    pub fn sources(&self) -> Result<Vec<SourceInfo>, Error> {
        let manifest = Manifest::read(&self.dir)?.unwrap_or_else(Manifest::empty);
        Ok(manifest
            .sources
            .into_iter()
            .map(|entry| entry.source)
            .collect())
    }

    /// Begins an update, unless one is running: that is [`Error::Locked`]. Readers notice nothing.
    pub fn lock(&self) -> Result<Update, Error> {
        let lock = self.try_lock()?;
        self.begin(lock)
    }

    /// Begins an update as soon as no other is running.
    pub fn lock_wait(&self) -> Result<Update, Error> {
        let (path, file) = self.lock_file()?;
        file.lock().map_err(Error::io(&path, "cannot lock"))?;
        self.begin(file)
    }

    /// Begins an update that keeps no source, unless another is running. It does not matter whether
    /// the present manifest can be read.
    pub(crate) fn lock_anew(&self) -> Result<Update, Error> {
        let lock = self.try_lock()?;
        Ok(self.update(Manifest::empty(), lock))
    }

    fn try_lock(&self) -> Result<File, Error> {
        let (path, file) = self.lock_file()?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(Error::Locked {
                dir: self.dir.clone(),
            }),
            Err(TryLockError::Error(error)) => Err(Error::io(&path, "cannot lock")(error)),
        }
    }

    fn lock_file(&self) -> Result<(PathBuf, File), Error> {
        let path = self.dir.join(files::LOCK);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(Error::io(&path, "cannot open the lock"))?;
        Ok((path, file))
    }

    fn begin(&self, lock: File) -> Result<Update, Error> {
        let manifest = Manifest::read(&self.dir)?.unwrap_or_else(Manifest::empty);
        Ok(self.update(manifest, lock))
    }

    fn update(&self, manifest: Manifest, lock: File) -> Update {
        Update {
            dir: self.dir.clone(),
            manifest,
            new: BTreeMap::new(),
            _lock: lock,
        }
    }
}

/// A change of the database, which [`commit`](Self::commit) makes as a whole. Dropped before, it
/// changes nothing.
#[derive(Debug)]
pub struct Update {
    dir: PathBuf,
    manifest: Manifest,
    /// Segments that have no name in the directory yet.
    new: BTreeMap<SegmentHash, TempPath>,
    /// Closing it unlocks.
    _lock: File,
}

impl Update {
    /// The sources as they will be after the commit, sorted by name.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &SourceInfo> {
        self.manifest.sources.iter().map(|entry| &entry.source)
    }

    /// Begins the segment of a source of advisories. Several can be written at once, in different threads; each
    /// must be given to [`replace`](Self::replace) before the commit, which deletes those that are
    /// finished and were not.
    pub fn writer(&self, name: &str) -> Result<SegmentWriter, Error> {
        SegmentWriter::new(&self.dir, name)
    }

    /// Begins the segment of a source of enrichments, in the same way.
    pub fn enrichment_writer(&self, name: &str) -> Result<EnrichmentWriter, Error> {
        EnrichmentWriter::new(&self.dir, name)
    }

    /// Puts a segment in place of what the source had.
    pub fn replace(&mut self, segment: NewSegment) {
        let NewSegment {
            info,
            hash,
            size,
            file,
        } = segment;
        self.new.insert(hash, file);
        self.manifest.insert(Entry {
            segment: hash,
            size,
            source: info,
        });
    }

    /// Records that upstream was asked at `fetched` and had nothing new; `fingerprint` is what to
    /// ask with next time.
    pub fn touch(
        &mut self,
        name: &str,
        fetched: Timestamp,
        fingerprint: String,
    ) -> Result<(), Error> {
        let index = self.find(name)?;
        let source = &mut self.manifest.sources[index].source;
        source.fetched = fetched;
        source.fingerprint = fingerprint;
        Ok(())
    }

    /// Takes a source out of the database.
    pub fn remove(&mut self, name: &str) -> Result<(), Error> {
        let index = self.find(name)?;
        self.manifest.sources.remove(index);
        Ok(())
    }

    /// Makes the change: readers that open the database from now on see all of it, those that have
    /// it open keep what they have. Segments without a source are deleted, and so are the
    /// remains of updates that were killed.
    pub fn commit(self) -> Result<(), Error> {
        for (hash, file) in self.new {
            if self.manifest.uses(hash) {
                let path = self.dir.join(hash.file_name());
                file.persist(&path)
                    .map_err(|error| Error::io(&path, "cannot name the segment")(error.error))?;
            }
        }
        // The names of the segments must be on disk before the manifest that has them.
        files::sync_dir(&self.dir).map_err(Error::io(&self.dir, "cannot sync"))?;
        self.manifest.write(&self.dir)?;
        files::clean(&self.dir, |segment| self.manifest.uses(segment));
        Ok(())
    }

    /// Puts other sources in place of all.
    pub(crate) fn replace_all(
        &mut self,
        manifest: Manifest,
        segments: BTreeMap<SegmentHash, TempPath>,
    ) {
        self.manifest = manifest;
        self.new = segments;
    }

    fn find(&self, name: &str) -> Result<usize, Error> {
        self.manifest.find(name).map_err(|_| Error::UnknownSource {
            name: name.to_owned(),
        })
    }
}
