//! Files of Clair's format.
#![no_main]

use std::io::Cursor;

use clair_feeds::{Document, Limits, Skip};
use clair_interchange::{Error, Receiver, Update};
use clair_model::{Advisory, Enrichment};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    document: 4 << 20,
    record: 1 << 20,
    records: 10_000,
};

struct Check;

impl Receiver for Check {
    fn begin(&mut self, update: &Update) -> Result<bool, Error> {
        assert!(!update.source.is_empty(), "a source without a name");
        assert!(!update.source.contains(char::is_control), "a name is safe to print");
        Ok(true)
    }

    fn advisory(&mut self, advisory: Advisory) -> Result<(), Error> {
        assert!(!advisory.id.is_empty(), "an advisory without a name");
        assert!(!advisory.affected.is_empty(), "an advisory of no package");
        for affected in &advisory.affected {
            assert!(!affected.package.is_empty(), "a package without a name");
            for range in &affected.vulnerable.ranges {
                let bounds = range.fixed.iter().chain(&range.last_affected);
                for bound in bounds {
                    let valid = affected.vulnerable.scheme.validate(bound);
                    assert!(valid.is_ok(), "a bound that is no version");
                }
            }
        }
        Ok(())
    }

    fn enrichment(&mut self, enrichment: Enrichment) -> Result<(), Error> {
        assert!(!enrichment.tags.is_empty(), "a fact about nothing");
        Ok(())
    }

    fn skipped(&mut self, _: Skip) {}

    fn end(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

fuzz_target!(|data: &[u8]| {
    if let Ok(mut document) = Document::from_reader("fuzz", Cursor::new(data.to_vec()), LIMITS) {
        let _ = clair_interchange::read(&mut document, &mut Check);
    }
});
