//! Zip archives, whose table of contents is at their end.

use std::io::{Seek, SeekFrom, Write};

use zip::ZipReadOptions;
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::unstable::read::ZipIterable;

use super::Records;
use crate::{Document, FeedError, Skip, text};

impl Records<'_, '_> {
    /// Hands on the records of a zip archive of which the `start` is read already. It is spooled
    /// to an unlinked temporary file first, under the limits of the document.
    pub(super) fn zip(&mut self, start: &[u8], document: &mut Document) -> Result<(), FeedError> {
        let mut file = tempfile::tempfile().map_err(|error| self.unreadable(error))?;
        file.write_all(start)
            .and_then(|()| document.spool(&mut file))
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .map_err(|error| self.unreadable(error))?;
        let config = Config {
            archive_offset: ArchiveOffset::Known(0),
        };
        // One entry at a time: an archive of many does not take much memory, and of two entries
        // with one name both are seen.
        let mut archive = ZipIterable::try_new(file, config).map_err(|error| self.broken(error))?;
        let entries = archive.files().map_err(|error| self.broken(error))?;
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|error| self.broken(error))?;
            let name = text::line(&String::from_utf8_lossy(entry.name_raw()));
            if !self.format.is_record(&name) {
                continue;
            }
            self.begin()?;
            let meter = self.meter.clone();
            match entry.with_reader(entries.reader_mut(), ZipReadOptions::new()) {
                Ok(member) => self.member(&name, meter.bound(member))?,
                Err(_) => (self.visit)(&name, Err(Skip::Malformed))?,
            }
        }
        Ok(())
    }

    fn broken(&self, error: ZipError) -> FeedError {
        match error {
            ZipError::Io(error) => self.unreadable(error),
            other => self.malformed(text::line(&other.to_string())),
        }
    }
}
