//! Where the readers of the three formats deliver the records they find.

use crate::decode::{self, Budget};
use crate::error::{Error, Problem};
use crate::header::Header;
use crate::limits::{MAX_PACKAGES, MAX_PROBLEMS};
use crate::package::Package;
use crate::{Contents, Format};

/// Turns header blobs into packages and keeps within the limits of the result.
#[derive(Debug)]
pub(crate) struct Collector {
    packages: Vec<Package>,
    problems: Vec<Problem>,
    budget: Budget,
}

impl Collector {
    pub(crate) fn new() -> Self {
        Self {
            packages: Vec::new(),
            problems: Vec::new(),
            budget: Budget::new(),
        }
    }

    /// Takes the header blob of one record.
    pub(crate) fn header(&mut self, record: i64, blob: &[u8]) {
        if self.packages.len() >= MAX_PACKAGES {
            let error = Error::Limit {
                what: "packages",
                limit: MAX_PACKAGES,
            };
            return self.problem(Some(record), error);
        }
        match Header::parse(blob).and_then(|header| decode::package(&header, &mut self.budget)) {
            Ok((package, broken)) => {
                self.packages.push(package);
                if let Some(error) = broken {
                    self.problem(Some(record), error);
                }
            }
            Err(error) => self.problem(Some(record), error),
        }
    }

    /// Takes note of something that could not be read.
    pub(crate) fn problem(&mut self, record: Option<i64>, error: Error) {
        match self.problems.len() {
            ..MAX_PROBLEMS => self.problems.push(Problem { record, error }),
            MAX_PROBLEMS => {
                let error = Error::Limit {
                    what: "problems",
                    limit: MAX_PROBLEMS,
                };
                self.problems.push(Problem {
                    record: None,
                    error,
                });
            }
            _ => {}
        }
    }

    pub(crate) fn into_contents(self, format: Format) -> Contents {
        Contents {
            format,
            packages: self.packages,
            problems: self.problems,
        }
    }
}
