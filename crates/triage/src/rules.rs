//! Everything that was decided, and what of it applies to a report.

mod read;

use std::collections::{BTreeMap, HashMap, HashSet};

use clair_model::{FixState, Id, JsonText, ReportVulnerability, VulnerabilityReport};
use jiff::civil::Date;

use crate::finding::{Findings, Package};
use crate::trace::{Annotated, Origin, Suppressed, Trace};
use crate::vex::{Product, Statement, Status};
use crate::{Document, IgnoreFile, Image};

/// VEX documents, ignore files and options, together.
#[derive(Debug, Clone)]
pub struct Rules {
    today: Date,
    documents: Vec<Document>,
    files: Vec<IgnoreFile>,
    is_unfixed_ignored: bool,
    /// Which statements there are about a vulnerability, by its name.
    statements: HashMap<String, Vec<Place>>,
    notes: Vec<String>,
}

/// A document or file, and a statement or rule in it.
type Place = (usize, usize);

/// Which statements and rules had something to say, over several reports.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    statements: HashSet<Place>,
    rules: HashSet<Place>,
}

/// A report with what was decided.
#[derive(Debug, Clone)]
pub struct Triaged {
    /// The report without what is suppressed.
    pub report: VulnerabilityReport,
    /// What is suppressed, in the order of the report.
    pub suppressed: Vec<Suppressed>,
    /// What is said of findings that stay.
    pub annotated: Vec<Annotated>,
}

/// A statement or a rule without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unused {
    /// A statement of a VEX document about nothing that was found.
    Statement {
        /// The document.
        file: String,
        /// Which one, from one on.
        statement: usize,
        /// The vulnerability.
        vulnerability: String,
    },
    /// A VEX document that has no statement.
    Empty {
        /// The document.
        file: String,
    },
    /// A rule for nothing that was found.
    Rule {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What the rule is for.
        subject: String,
    },
    /// A rule that holds no longer.
    Expired {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// What the rule is for.
        subject: String,
        /// The first day on which it does not hold.
        since: Date,
    },
}

/// What is to become of a finding.
#[derive(Default)]
struct Decision {
    suppressed: Vec<Trace>,
    annotated: Option<Trace>,
}

impl Rules {
    /// No rules. Those with a date hold until the day before it, as of `today`.
    pub fn new(today: Date) -> Self {
        Self {
            today,
            documents: Vec::new(),
            files: Vec::new(),
            is_unfixed_ignored: false,
            statements: HashMap::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a VEX document. Of two statements about one finding the later one counts, and of two of
    /// the same time that of the document added later.
    pub fn add_document(&mut self, document: Document) {
        let place = self.documents.len();
        for (number, statement) in document.statements.iter().enumerate() {
            for id in &statement.vulnerabilities {
                let places = self.statements.entry(id.clone()).or_default();
                places.push((place, number));
            }
        }
        self.documents.push(document);
    }

    /// Adds the rules of a file.
    pub fn add_file(&mut self, file: IgnoreFile) {
        self.files.push(file);
    }

    /// Has vulnerabilities suppressed that have no version with a fix.
    pub fn ignore_unfixed(&mut self) {
        self.is_unfixed_ignored = true;
    }

    /// Whether there is nothing that could apply.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty() && self.files.is_empty() && !self.is_unfixed_ignored
    }

    /// What of the documents cannot be used, for people.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        let of_documents = self.documents.iter().flat_map(|document| {
            let notes = document.notes().iter();
            notes.map(|note| (document.file(), note.as_str()))
        });
        let own = self.notes.iter().map(|note| ("", note.as_str()));
        of_documents.chain(own)
    }

    /// Takes out of a report what is suppressed, and notes in `usage` what had something to say.
    pub fn apply(
        &self,
        mut report: VulnerabilityReport,
        image: &Image,
        usage: &mut Usage,
    ) -> Triaged {
        let mut suppressed = Vec::new();
        let mut annotated = Vec::new();
        let findings = Findings::new(&report);
        for (&id, vulnerabilities) in &report.package_vulnerabilities {
            let Some(package) = findings.package(id) else {
                continue;
            };
            for vulnerability_id in vulnerabilities {
                let Some(vulnerability) = report.vulnerabilities.get(vulnerability_id) else {
                    continue;
                };
                let decision = self.decide(&package, vulnerability, image, usage);
                if !decision.suppressed.is_empty() {
                    let suppressed_here = Suppressed {
                        package_id: id,
                        package: package.entry.name.clone(),
                        version: package.entry.version.clone(),
                        vulnerability: vulnerability.clone(),
                        by: decision.suppressed,
                    };
                    suppressed.push((*vulnerability_id, suppressed_here));
                } else if let Some(by) = decision.annotated {
                    annotated.push(Annotated {
                        package_id: package.id,
                        vulnerability_id: *vulnerability_id,
                        by,
                    });
                }
            }
        }
        take_out(&mut report, &suppressed);
        Triaged {
            report,
            suppressed: suppressed.into_iter().map(|(_, it)| it).collect(),
            annotated,
        }
    }

    /// What nothing needed, and what holds no longer: in the order in which it was added.
    pub fn unused(&self, usage: &Usage) -> Vec<Unused> {
        let mut unused = Vec::new();
        for (place, file) in self.files.iter().enumerate() {
            for (number, rule) in file.rules.iter().enumerate() {
                let (file, line, subject) = (file.file.clone(), rule.line, rule.to_string());
                match rule.expires.filter(|date| *date <= self.today) {
                    Some(since) => unused.push(Unused::Expired {
                        file,
                        line,
                        subject,
                        since,
                    }),
                    None if usage.rules.contains(&(place, number)) => {}
                    None => unused.push(Unused::Rule {
                        file,
                        line,
                        subject,
                    }),
                }
            }
        }
        for (place, document) in self.documents.iter().enumerate() {
            if document.is_empty() {
                unused.push(Unused::Empty {
                    file: document.file.clone(),
                });
            }
            for (number, statement) in document.statements.iter().enumerate() {
                if !usage.statements.contains(&(place, number)) {
                    unused.push(Unused::Statement {
                        file: document.file.clone(),
                        statement: statement.number,
                        vulnerability: statement
                            .vulnerabilities
                            .first()
                            .cloned()
                            .unwrap_or_default(),
                    });
                }
            }
        }
        unused
    }

    fn decide(
        &self,
        package: &Package<'_>,
        vulnerability: &ReportVulnerability,
        image: &Image,
        usage: &mut Usage,
    ) -> Decision {
        let mut decision = Decision::default();
        let ids = Names::of(vulnerability);
        match self.newest_statement(&ids, package, image, usage) {
            Some((status, trace)) if status.suppresses() => decision.suppressed.push(trace),
            Some((_, trace)) => decision.annotated = Some(trace),
            None => {}
        }
        for (place, file) in self.files.iter().enumerate() {
            for (number, rule) in file.rules.iter().enumerate() {
                if rule.expires.is_none_or(|date| date > self.today)
                    && rule.applies(&ids, package, vulnerability)
                {
                    usage.rules.insert((place, number));
                    decision.suppressed.push(Trace {
                        origin: Origin::Ignore {
                            file: file.file.clone(),
                            line: rule.line,
                        },
                        reason: rule.reason.clone(),
                    });
                }
            }
        }
        if self.is_unfixed_ignored && !is_fixed(vulnerability) {
            decision.suppressed.push(Trace {
                origin: Origin::Unfixed,
                reason: None,
            });
        }
        decision
    }

    fn newest_statement(
        &self,
        ids: &Names,
        package: &Package<'_>,
        image: &Image,
        usage: &mut Usage,
    ) -> Option<(Status, Trace)> {
        let mut places: Vec<Place> = Vec::new();
        for id in ids.all() {
            places.extend(self.statements.get(id).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        let mut newest: Option<(Place, &Statement, &Product, Status)> = None;
        for place in places {
            let statement = &self.documents[place.0].statements[place.1];
            let mut products = statement.products.iter();
            let Some(product) = products.find(|product| product.is(package, image)) else {
                continue;
            };
            usage.statements.insert(place);
            if newest.is_none_or(|(_, other, ..)| other.timestamp <= statement.timestamp) {
                let status = product.status.unwrap_or(statement.status);
                newest = Some((place, statement, product, status));
            }
        }
        let (place, statement, product, status) = newest?;
        let document = &self.documents[place.0];
        let trace = Trace {
            origin: Origin::Vex {
                file: document.file.clone(),
                format: document.format,
                document: document.id.clone(),
                author: document.author.clone(),
                statement: statement.number,
                product: product.name.clone(),
                status,
                justification: statement.justification.clone(),
                timestamp: statement.timestamp,
            },
            reason: statement.reason.clone(),
        };
        Some((status, trace))
    }
}

/// Whether there is a version to install that has the fix. Clair tells no state.
fn is_fixed(vulnerability: &ReportVulnerability) -> bool {
    vulnerability.fix_state == FixState::Fixed || !vulnerability.fixed_in_version.is_empty()
}

/// The names of a vulnerability, in capitals.
pub(crate) struct Names {
    names: Vec<String>,
    /// How many of them are its own.
    own: usize,
}

impl Names {
    fn of(vulnerability: &ReportVulnerability) -> Self {
        let name = vulnerability.name.to_uppercase();
        let mut names = Vec::with_capacity(2 + vulnerability.aliases.len());
        // Clair decorates names: `CVE-2024-1 on Ubuntu 22.04 (jammy) - low`.
        let first = name.split_whitespace().next();
        names.extend(first.filter(|first| *first != name).map(str::to_owned));
        names.push(name);
        let own = names.len();
        names.extend(
            vulnerability
                .aliases
                .iter()
                .map(|alias| alias.to_uppercase()),
        );
        Self { names, own }
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[String] {
        &self.names
    }

    /// Those without aliases.
    pub(crate) fn own(&self) -> &[String] {
        &self.names[..self.own]
    }
}

/// Takes findings out of a report, and vulnerabilities that no package has any more.
fn take_out(report: &mut VulnerabilityReport, suppressed: &[(Id, Suppressed)]) {
    if suppressed.is_empty() {
        return;
    }
    let suppressed: HashSet<(Id, Id)> = suppressed
        .iter()
        .map(|(vulnerability, it)| (it.package_id, *vulnerability))
        .collect();
    report.package_vulnerabilities.retain(|package, list| {
        list.retain(|vulnerability| !suppressed.contains(&(*package, *vulnerability)));
        !list.is_empty()
    });
    let left: HashSet<Id> = report
        .package_vulnerabilities
        .values()
        .flatten()
        .copied()
        .collect();
    // What no package had before either is none of ours.
    let gone: HashSet<Id> = suppressed
        .into_iter()
        .map(|(_, vulnerability)| vulnerability)
        .filter(|id| !left.contains(id))
        .collect();
    report.vulnerabilities.retain(|id, _| !gone.contains(id));
    for facts in report.enrichments.values_mut().flatten() {
        // What is of another form speaks of no vulnerability by its id.
        let Ok(mut of_ids) = facts.read::<BTreeMap<Id, JsonText>>() else {
            continue;
        };
        of_ids.retain(|id, _| !gone.contains(id));
        if let Ok(rest) = JsonText::of(&of_ids) {
            *facts = rest;
        }
    }
}
