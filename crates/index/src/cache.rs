//! Findings of layers that were read before.
//!
//! A layer is named by its digest, so what was found in it stays true for as long as the same
//! analyzers look at it with the same limits. A cache that fails is as good as none: the layer is
//! read again.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clair_image::Limits;
use clair_inventory::Analyzer;
use clair_model::Digest;
use xxhash_rust::xxh3::{Xxh3Default, xxh3_128};

use crate::LayerFindings;

/// Keeps the findings of layers.
pub trait LayerCache: Sync {
    /// The findings of a layer, if they are known.
    fn get(&self, layer: &Digest) -> Option<LayerFindings>;

    /// Keeps the findings of a layer.
    fn put(&self, layer: &Digest, findings: &LayerFindings);
}

/// Knows nothing and keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl LayerCache for NoCache {
    fn get(&self, _layer: &Digest) -> Option<LayerFindings> {
        None
    }

    fn put(&self, _layer: &Digest, _findings: &LayerFindings) {}
}

/// Names what the findings of a layer depend on besides the layer: the version of this program,
/// its analyzers and the limits.
pub fn fingerprint(analyzers: &[Box<dyn Analyzer>], limits: &Limits) -> String {
    let mut hash = Xxh3Default::new();
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    let mut ids: Vec<String> = analyzers
        .iter()
        .map(|analyzer| analyzer.id().to_string())
        .collect();
    ids.sort();
    for id in ids {
        hash.update(id.as_bytes());
        hash.update(b"\n");
    }
    hash.update(format!("{limits:?}").as_bytes());
    format!("{:032x}", hash.digest128())
}

/// What a file of the cache begins with; the number goes up with the form of what follows.
const MAGIC: [u8; 16] = *b"clair layer  3\n\0";

/// No file of the cache is larger: the findings of the largest images take a few megabytes.
const MAX_FILE: u64 = 512 << 20;

const EXTENSION: &str = "layer";

/// Keeps findings in a directory: a file for each layer, with a checksum, replaced as a whole.
/// Any number of processes may use it at once.
#[derive(Debug)]
pub struct DirectoryCache {
    dir: PathBuf,
    fingerprint: String,
}

impl DirectoryCache {
    /// Uses a directory, which is created if need be, for findings of this [`fingerprint`].
    ///
    /// # Errors
    ///
    /// When the directory cannot be created.
    pub fn open(dir: &Path, fingerprint: String) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            fingerprint,
        })
    }

    /// Deletes what was used longest ago until at most so many bytes are left.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn trim(&self, max_bytes: u64) -> io::Result<()> {
        let mut files = Vec::new();
        let mut total = 0;
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let is_ours = path
                .extension()
                .is_some_and(|extension| extension == EXTENSION);
            // A file that another process deletes meanwhile needs no room.
            let Some(metadata) = path.metadata().ok().filter(|_| is_ours) else {
                continue;
            };
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            total += metadata.len();
            files.push((used, metadata.len(), path));
        }
        files.sort();
        for (_, size, path) in files {
            if total <= max_bytes {
                break;
            }
            if fs::remove_file(&path).is_ok() {
                tracing::debug!(path = %path.display(), size, "dropped from the layer cache");
            }
            total -= size;
        }
        Ok(())
    }

    fn path(&self, layer: &Digest) -> PathBuf {
        let name = layer.to_string().replace(':', "-");
        self.dir
            .join(format!("{name}-{}.{EXTENSION}", self.fingerprint))
    }

    fn read(path: &Path) -> io::Result<LayerFindings> {
        let file = File::open(path)?;
        let mut bytes = Vec::new();
        (&file).take(MAX_FILE).read_to_end(&mut bytes)?;
        let (magic, rest) = split(&bytes)?;
        let (checksum, content) = split(rest)?;
        if magic != MAGIC || checksum != xxh3_128(content).to_le_bytes() {
            return Err(io::Error::other("it is damaged"));
        }
        // So that `trim` knows what is in use; it need not succeed in a directory of another user.
        let _ = file.set_modified(SystemTime::now());
        postcard::from_bytes(content).map_err(io::Error::other)
    }

    fn write(&self, path: &Path, findings: &LayerFindings) -> io::Result<()> {
        let content = postcard::to_stdvec(findings).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        file.write_all(&MAGIC)?;
        file.write_all(&xxh3_128(&content).to_le_bytes())?;
        file.write_all(&content)?;
        file.persist(path)?;
        Ok(())
    }
}

fn split(bytes: &[u8]) -> io::Result<([u8; 16], &[u8])> {
    bytes
        .split_first_chunk()
        .map(|(head, rest)| (*head, rest))
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

impl LayerCache for DirectoryCache {
    fn get(&self, layer: &Digest) -> Option<LayerFindings> {
        let path = self.path(layer);
        match Self::read(&path) {
            Ok(findings) => Some(findings),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot use the layer cache");
                None
            }
        }
    }

    fn put(&self, layer: &Digest, findings: &LayerFindings) {
        let path = self.path(layer);
        if let Err(error) = self.write(&path, findings) {
            tracing::warn!(path = %path.display(), %error, "cannot write to the layer cache");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str) -> Digest {
        clair_image::digest_of(clair_model::Algorithm::Sha256, text.as_bytes())
    }

    fn findings(path: &str) -> LayerFindings {
        LayerFindings {
            whiteouts: vec![path.to_owned()],
            ..LayerFindings::default()
        }
    }

    #[test]
    fn what_was_put_is_found_by_those_who_look_in_the_same_way() {
        let dir = tempfile::tempdir().unwrap();
        let cache = DirectoryCache::open(dir.path(), "a".to_owned()).unwrap();
        assert_eq!(cache.get(&layer("1")), None);
        cache.put(&layer("1"), &findings("x"));
        assert_eq!(cache.get(&layer("1")), Some(findings("x")));
        let other = DirectoryCache::open(dir.path(), "b".to_owned()).unwrap();
        assert_eq!(other.get(&layer("1")), None);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none_and_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let cache = DirectoryCache::open(dir.path(), "a".to_owned()).unwrap();
        cache.put(&layer("1"), &findings("x"));
        let path = cache.path(&layer("1"));
        let whole = fs::read(&path).unwrap();
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(cache.get(&layer("1")), None, "byte {index}");
            fs::write(&path, &whole[..index]).unwrap();
            assert_eq!(cache.get(&layer("1")), None, "{index} bytes");
        }
        cache.put(&layer("1"), &findings("y"));
        assert_eq!(cache.get(&layer("1")), Some(findings("y")));
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = DirectoryCache::open(dir.path(), "a".to_owned()).unwrap();
        for (name, seconds) in [("old", 1), ("used", 2), ("new", 3)] {
            cache.put(&layer(name), &findings(name));
            let file = File::options()
                .write(true)
                .open(cache.path(&layer(name)))
                .unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            file.set_modified(time).unwrap();
        }
        assert!(cache.get(&layer("old")).is_some());
        let size = fs::metadata(cache.path(&layer("new"))).unwrap().len();
        cache.trim(2 * size + 1).unwrap();
        assert!(cache.get(&layer("used")).is_none());
        assert!(cache.get(&layer("old")).is_some() && cache.get(&layer("new")).is_some());
    }

    #[test]
    fn other_limits_or_analyzers_have_another_fingerprint() {
        let analyzers = clair_inventory::all();
        let limits = Limits::default();
        let usual = fingerprint(&analyzers, &limits);
        assert_eq!(usual, fingerprint(&clair_inventory::all(), &limits));
        assert_ne!(usual, fingerprint(&analyzers[1..], &limits));
        let fewer = Limits {
            entries: 1,
            ..limits
        };
        assert_ne!(usual, fingerprint(&analyzers, &fewer));
    }
}
