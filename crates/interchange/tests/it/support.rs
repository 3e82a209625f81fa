//! Files in memory and databases on the disk.

use std::collections::BTreeMap;
use std::io::Cursor;

use clair_feeds::{Document, Limits, Skip};
use clair_interchange::{Error, ExportSummary, Packing, Receiver, SourceWriter, Update};
use clair_model::{Advisory, Affected, Enrichment};
use jiff::Timestamp;
use tempfile::TempDir;

/// All that was in a file.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) updates: Vec<Update>,
    /// By source.
    pub(crate) advisories: BTreeMap<String, Vec<Advisory>>,
    pub(crate) enrichments: BTreeMap<String, Vec<Enrichment>>,
    pub(crate) skipped: BTreeMap<Skip, usize>,
    /// How many updates were told to be whole.
    pub(crate) ended: usize,
}

impl Receiver for Received {
    fn begin(&mut self, update: &Update) -> Result<bool, Error> {
        self.updates.push(update.clone());
        Ok(true)
    }

    fn advisory(&mut self, advisory: Advisory) -> Result<(), Error> {
        let source = self.updates.last().unwrap().source.clone();
        self.advisories.entry(source).or_default().push(advisory);
        Ok(())
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> Result<(), Error> {
        let source = self.updates.last().unwrap().source.clone();
        self.enrichments.entry(source).or_default().push(enrichment);
        Ok(())
    }

    fn skipped(&mut self, reason: Skip) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn end(&mut self) -> Result<(), Error> {
        self.ended += 1;
        Ok(())
    }
}

impl Received {
    /// The one advisory of all.
    #[track_caller]
    pub(crate) fn one(&self) -> &Advisory {
        let all: Vec<&Advisory> = self.advisories.values().flatten().collect();
        assert_eq!(all.len(), 1, "{self:?}");
        all[0]
    }
}

pub(crate) fn document(bytes: impl AsRef<[u8]>) -> Document {
    let bytes = Cursor::new(bytes.as_ref().to_vec());
    Document::from_reader("updates.json", bytes, Limits::default()).unwrap()
}

pub(crate) fn read(bytes: impl AsRef<[u8]>) -> Result<Received, Error> {
    let mut received = Received::default();
    clair_interchange::read(&mut document(bytes), &mut received)?;
    Ok(received)
}

/// The line of a vulnerability, as Clair writes it.
pub(crate) fn line(updater: &str, vulnerability: &str) -> String {
    format!(
        r#"{{"Updater":"{updater}","Fingerprint":"f","Date":"2026-01-02T03:04:05.678901234Z","Ref":"5a4a5c5b-9a1c-4a34-9f5d-0c6f7a3a8f01","Vuln":{vulnerability},"Kind":"vulnerability"}}"#
    ) + "\n"
}

/// The file that sources make.
pub(crate) fn write(
    packing: Packing,
    sources: &[(&str, Vec<Advisory>)],
) -> (Vec<u8>, ExportSummary) {
    let spool = TempDir::new().unwrap();
    let mut total = ExportSummary::default();
    let mut written = Vec::new();
    for (source, advisories) in sources {
        let mut writer = SourceWriter::new(spool.path(), source);
        for advisory in advisories {
            writer.add(advisory).unwrap();
        }
        let source = writer.finish().unwrap();
        total.add(source.summary());
        written.push(source);
    }
    let mut file = Vec::new();
    clair_interchange::write(&mut file, packing, now(), written).unwrap();
    (file, total)
}

pub(crate) fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// What advisories state, one by one, whatever is said in one advisory or in several, in a stable
/// order.
pub(crate) fn statements<'a>(advisories: impl IntoIterator<Item = &'a Advisory>) -> Vec<String> {
    let each = advisories.into_iter().flat_map(|advisory| {
        advisory.affected.iter().map(|affected| {
            let severity = affected.severity.as_ref().unwrap_or(&advisory.severity);
            let normalized = affected
                .normalized_severity
                .unwrap_or(advisory.normalized_severity);
            let affected = Affected {
                severity: Some(severity.clone()),
                normalized_severity: Some(normalized),
                ..affected.clone()
            };
            let advisory = Advisory {
                severity: String::new(),
                normalized_severity: clair_model::Severity::Unknown,
                affected: vec![affected],
                ..advisory.clone()
            };
            format!("{advisory:?}")
        })
    });
    let mut all: Vec<String> = each.collect();
    all.sort_unstable();
    all
}
