//! Decides whether a segment from elsewhere could have been written by this program.

use clair_model::{JsonText, SourceKind};

use super::code::{Cursor, Damaged};
use super::format::Section;
use super::index::{IdSections, IndexBuilder, Key, PackageSections};
use super::reader::Segment;
use super::text;
use crate::Error;

impl Segment {
    /// Decodes every record, and builds the sections that follow from the records anew: they must
    /// be the same. Checksums are left to [`verify`](Self::verify).
    pub(crate) fn check_structure(&self) -> Result<(), Error> {
        let records = match self.kind() {
            SourceKind::Vulnerability => self.check_advisories(),
            SourceKind::Enrichment => self.check_enrichments(),
        };
        records
            .and_then(|builder| self.check_indexes(builder))
            .map_err(|damaged| self.damaged(damaged))
    }

    fn check_advisories(&self) -> Result<IndexBuilder, Damaged> {
        let section = self.section(Section::Records);
        let mut builder = IndexBuilder::default();
        let mut block = None;
        let mut advisories = 0;
        let mut rest = Cursor::new(section);
        while !rest.is_empty() {
            let position = u32::try_from(section.len() - rest.rest().len())
                .map_err(|_| Damaged("it has too many advisories"))?;
            let head = self.head(position)?;
            builder.id(head.id, position)?;
            for alias in &head.aliases {
                builder.id(alias, position)?;
            }
            if let Some(at) = head.text {
                // Texts are in the order of the advisories: no block is inflated twice.
                let inflated = match block.take() {
                    Some((number, inflated)) if number == at.block => inflated,
                    _ => self.text_block(at.block)?,
                };
                text::decode(&inflated, at.offset)?;
                block = Some((at.block, inflated));
            }
            let mut statements = head.statements()?;
            for statement in &mut statements {
                let statement = statement?;
                self.shape(statement.shape)?;
                let list = self.key(statement.key)?;
                let key = Key {
                    namespace: list.key.namespace,
                    kind: list.key.kind,
                    package: list.package_position,
                };
                if builder.statement(key, position, statement.shape)? != statement.key {
                    return Err(Damaged("its keys are out of order"));
                }
            }
            rest = statements.cursor;
            advisories += 1;
        }
        if (advisories, builder.statements()) == (self.header.records, self.header.statements) {
            Ok(builder)
        } else {
            Err(Damaged("it does not have as many records as it says"))
        }
    }

    fn check_enrichments(&self) -> Result<IndexBuilder, Damaged> {
        let mut builder = IndexBuilder::default();
        let (mut inflater, mut block) = (text::Inflater::new()?, None);
        let mut content = Vec::new();
        let mut enrichments = 0;
        let mut next = self.first();
        while let Some(position) = next {
            let record = self.enrichment(position)?;
            for tag in &record.tags {
                builder.id(tag, position)?;
            }
            // Values are in the order of the records: no block is content twice.
            if block != Some(record.value.block) {
                self.value_block(record.value.block, &mut inflater, &mut content)?;
                block = Some(record.value.block);
            }
            let value = text::decode_value(&content, record.value.offset)?;
            JsonText::try_from(value.to_owned())
                .map_err(|_| Damaged("the value of an enrichment is not JSON"))?;
            next = self.following_enrichment(&record)?;
            enrichments += 1;
        }
        let unused = [Section::Strings, Section::Shapes];
        if (enrichments, 0) != (self.header.records, self.header.statements) {
            return Err(Damaged("it does not have as many records as it says"));
        }
        if !self.namespaces().is_empty()
            || unused
                .iter()
                .any(|unused| !self.section(*unused).is_empty())
        {
            return Err(Damaged("it has sections that enrichments do not have"));
        }
        Ok(builder)
    }

    fn check_indexes(&self, mut builder: IndexBuilder) -> Result<(), Damaged> {
        let strings = self.section(Section::Strings);
        let package = |position: u32| -> &[u8] {
            Cursor::at(strings, position.into())
                .and_then(|mut cursor| cursor.text())
                .unwrap_or_default()
                .as_bytes()
        };
        // Here namespaces are numbered in their order already.
        let ranks: Vec<u16> = (0..).take(self.namespaces().len()).collect();
        let PackageSections {
            keys,
            postings,
            index,
        } = builder.packages(&ranks, package)?;
        let IdSections {
            ids,
            index: id_index,
        } = builder.ids()?;
        for (section, rebuilt) in [
            (Section::Keys, keys),
            (Section::Postings, postings),
            (Section::PackageIndex, index),
            (Section::Ids, ids),
            (Section::IdIndex, id_index),
        ] {
            if self.section(section) != rebuilt {
                return Err(Damaged("an index is not that of its records"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clair_model::{Advisory, Affected, Enrichment, FixState, PackageKind, Vulnerable};
    use clair_version::Scheme;
    use jiff::Timestamp;
    use xxhash_rust::xxh3::xxh3_128;

    use super::*;
    use crate::segment::format::Header;
    use crate::{EnrichmentWriter, Provenance, SegmentWriter};

    fn advisories(dir: &Path) -> Vec<u8> {
        let mut writer = SegmentWriter::new(dir, "test").unwrap();
        for number in 0..40 {
            let mut advisory = Advisory::new(format!("CVE-2024-{number}"));
            advisory.aliases = vec![format!("DSA-{}", number % 4)];
            advisory.description = format!("About {number}.");
            advisory.affected = (0..number % 4)
                .map(|release| {
                    Affected::of(
                        format!("debian:{}", 13 - release).parse().unwrap(),
                        format!("package-{}", number % 5),
                        PackageKind::Source,
                        Vulnerable::before(Scheme::Dpkg, format!("1.{number}")),
                        FixState::Fixed,
                    )
                })
                .collect();
            writer.add(&advisory).unwrap();
        }
        fs::read(&writer.finish(provenance()).unwrap().file).unwrap()
    }

    fn provenance() -> Provenance {
        Provenance {
            feed: String::new(),
            url: String::new(),
            fetched: Timestamp::UNIX_EPOCH,
            upstream: None,
            fingerprint: String::new(),
            skipped: [].into(),
            parser_version: 0,
        }
    }

    fn enrichments(dir: &Path) -> Vec<u8> {
        let mut writer = EnrichmentWriter::new(dir, "test").unwrap();
        for number in 0..40 {
            let value = format!(r#"{{"score":{number}}}"#).parse().unwrap();
            let tags = vec![
                format!("CVE-2024-{number}"),
                format!("shared-{}", number % 3),
            ];
            writer.add(&Enrichment { tags, value }).unwrap();
        }
        fs::read(&writer.finish(provenance()).unwrap().file).unwrap()
    }

    /// Makes every checksum right again.
    fn forge(bytes: &mut [u8]) {
        let mut header = Header::decode(bytes).unwrap();
        let mut start = Header::SIZE;
        for extent in &mut header.sections {
            let end = start + usize::try_from(extent.length).unwrap();
            extent.checksum = xxh3_128(&bytes[start..end]);
            start = end;
        }
        bytes[..Header::SIZE].copy_from_slice(&header.encode());
    }

    #[test]
    fn a_forged_segment_does_not_pass_with_an_index_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        for bytes in [advisories(dir.path()), enrichments(dir.path())] {
            forge_each_byte(&dir.path().join("forged"), &bytes);
        }
    }

    fn forge_each_byte(path: &Path, bytes: &[u8]) {
        let header = Header::decode(bytes).unwrap();
        let mut start = Header::SIZE;
        for (section, extent) in Section::ALL.into_iter().zip(header.sections) {
            let end = start + usize::try_from(extent.length).unwrap();
            for index in start..end {
                let mut forged = bytes.to_vec();
                forged[index] ^= 1 << (index % 8);
                forge(&mut forged);
                let _ = fs::remove_file(path);
                fs::write(path, &forged).unwrap();
                let Ok(segment) = Segment::open(path) else {
                    continue;
                };
                segment.verify().unwrap();
                let checked = segment.check_structure();
                let is_derived = matches!(
                    section,
                    Section::Keys
                        | Section::Postings
                        | Section::PackageIndex
                        | Section::Ids
                        | Section::IdIndex
                );
                assert!(!is_derived || checked.is_err(), "{section:?} {index}");
            }
            start = end;
        }
    }

    #[test]
    fn what_was_written_passes() {
        let dir = tempfile::tempdir().unwrap();
        for (name, mut bytes) in [
            ("advisories", advisories(dir.path())),
            ("enrichments", enrichments(dir.path())),
        ] {
            let path = dir.path().join(name);
            let original = bytes.clone();
            forge(&mut bytes);
            assert_eq!(bytes, original);
            fs::write(&path, &bytes).unwrap();
            Segment::open(&path).unwrap().check_structure().unwrap();
        }
    }
}
