//! Why an image is, or is not, affected by a vulnerability.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use clair_model::{FixState, Id, IndexReport, PackageKind, ReportVulnerability};
use clair_risk::{Facts, Inputs, Risk};
use clair_version::Range;
use clair_vulndb::{Candidate, Database, Error};
use serde::Serialize;

use crate::enrich::Lookup;
use crate::installed::{Installed, Question, packages};
use crate::platform::Platforms;
use crate::weigh::{Found, Hit, Outcome, weigh};
use crate::{Verdict, judge, report};

/// All that the database says of one vulnerability, held against one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The name that was asked for.
    pub id: String,
    /// Whether the report has it as a finding.
    pub affected: bool,
    /// Each statement about an installed package, with what it came to.
    pub traces: Vec<Trace>,
    /// Statements in the image's namespaces about packages that it does not have.
    pub not_installed: Vec<Statement>,
    /// Other namespaces that have statements about the vulnerability.
    pub elsewhere: Vec<String>,
    /// For each statement that affects, how much it matters and why.
    pub risks: Vec<String>,
}

/// A statement held against an installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The installed package.
    pub package: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub arch: String,
    /// The version that was compared: that of the source if the statement is about the source.
    pub compared: String,
    /// The statement.
    pub statement: Statement,
    /// Whether it affects the package.
    pub affected: bool,
    /// What was found, for people.
    pub verdict: String,
}

/// A statement of an advisory, in the words of the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Statement {
    /// The source that makes it.
    pub source: String,
    /// The advisory that makes it.
    pub advisory: String,
    /// Where the package name has its meaning.
    pub namespace: String,
    /// The package.
    pub package: String,
    /// Whether that is a source or a binary package.
    pub kind: PackageKind,
    /// The vulnerable versions.
    pub ranges: Vec<Range>,
    /// What the vendor does about it.
    pub fix_state: FixState,
    /// The vendor's reason or condition.
    pub note: Option<String>,
}

/// A name with the namespace and the kind that give it its meaning.
type Name<'a> = (String, PackageKind, &'a str);

type Asking<'a> = (&'a Installed<'a>, Question<'a>);

/// What was found of a package, by the places of its traces.
type Hits<'a> = BTreeMap<Id, (Vec<usize>, Vec<Hit<'a, 'a>>)>;

/// Tells what each statement about a vulnerability, by its id or an alias of it, means for an
/// image.
///
/// # Errors
///
/// When the database is damaged.
pub fn explain(database: &Database, index: &IndexReport, id: &str) -> Result<Explanation, Error> {
    let platforms = Platforms::of(database, index)?;
    let installed: Vec<Installed<'_>> = packages(&platforms, index).collect();
    let mut questions: BTreeMap<Name<'_>, Vec<Asking<'_>>> = BTreeMap::new();
    let mut namespaces = BTreeSet::new();
    for package in &installed {
        for question in package.questions() {
            let namespace = question.place.namespace.to_string();
            namespaces.insert(namespace.clone());
            let key = (namespace, question.kind, question.name);
            questions.entry(key).or_default().push((package, question));
        }
    }
    let mut explanation = Explanation {
        id: id.to_owned(),
        affected: false,
        traces: Vec::new(),
        not_installed: Vec::new(),
        elsewhere: Vec::new(),
        risks: Vec::new(),
    };
    let mut elsewhere = BTreeSet::new();
    let mut hits = Hits::new();
    for advisory in database.by_id(id)? {
        for statement in advisory.statements()? {
            let statement = statement?;
            let namespace = statement.namespace().to_string();
            let key = (namespace, statement.kind(), statement.package());
            if let Some(asking) = questions.get(&key) {
                for (package, question) in asking {
                    let verdict = judge(&statement, question.subject);
                    if let Some(found) = Found::of(&verdict) {
                        let (places, of_package) = hits.entry(package.id).or_default();
                        places.push(explanation.traces.len());
                        of_package.push(Hit {
                            statement,
                            question: *question,
                            found,
                        });
                    }
                    let trace = trace(advisory.id(), package, question, &statement, &verdict);
                    explanation.traces.push(trace);
                }
            } else if namespaces.contains(&key.0) {
                explanation
                    .not_installed
                    .push(Statement::new(advisory.id(), &statement));
            } else {
                elsewhere.insert(key.0);
            }
        }
    }
    explanation.elsewhere = elsewhere.into_iter().collect();
    explanation.weigh(&hits)?;
    if explanation.affected {
        let mut described = Described::new(database);
        for (places, of_package) in hits.values() {
            for (&place, hit) in places.iter().zip(of_package) {
                if explanation.traces[place].affected {
                    described.add(&hit.statement)?;
                }
            }
        }
        explanation.risks = described.risks()?;
    }
    Ok(explanation)
}

/// The statements that affect something, as the report tells them.
struct Described<'a> {
    database: &'a Database,
    found: BTreeMap<Id, ReportVulnerability>,
}

impl<'a> Described<'a> {
    fn new(database: &'a Database) -> Self {
        Self {
            database,
            found: BTreeMap::new(),
        }
    }

    fn add(&mut self, statement: &Candidate<'a>) -> Result<(), Error> {
        let id = Id(self.found.len() as u64);
        let mut texts = self.database.text_reader();
        let found = report::vulnerability(id, statement, None, &mut texts)?;
        self.found.insert(id, found);
        Ok(())
    }

    /// The risks, each once.
    fn risks(self) -> Result<Vec<String>, Error> {
        let mut lookup = Lookup::new(self.database);
        let known = lookup.all(self.found.iter().map(|(id, found)| (*id, found)))?;
        let nothing = Facts::default();
        let mut risks = Vec::new();
        for (id, found) in &self.found {
            let facts = known.get(id).unwrap_or(&nothing);
            let inputs = Inputs::of(found.normalized_severity, &found.cvss, facts);
            let risk = format!("{}: {}", found.updater, Risk::of(inputs));
            if !risks.contains(&risk) {
                risks.push(risk);
            }
        }
        Ok(risks)
    }
}

impl Explanation {
    /// Applies the rules of the report to all that was found of each package.
    fn weigh(&mut self, hits: &Hits<'_>) -> Result<(), Error> {
        for (places, of_package) in hits.values() {
            for (&place, outcome) in places.iter().zip(weigh(of_package)?) {
                let trace = &mut self.traces[place];
                let reason = match outcome {
                    Outcome::Affects | Outcome::Nothing | Outcome::Told => continue,
                    Outcome::Cleared => ", but another statement says that it is not affected",
                    Outcome::OtherStream => {
                        ", but another statement is about the stream that it comes from"
                    }
                };
                trace.affected = false;
                trace.verdict.push_str(reason);
            }
        }
        self.affected = self.traces.iter().any(|trace| trace.affected);
        Ok(())
    }
}

impl Statement {
    fn new(advisory: &str, statement: &Candidate<'_>) -> Self {
        Self {
            source: statement.source().name.clone(),
            advisory: advisory.to_owned(),
            namespace: statement.namespace().to_string(),
            package: statement.package().to_owned(),
            kind: statement.kind(),
            ranges: statement
                .ranges()
                .map(clair_version::RangeRef::to_range)
                .collect(),
            fix_state: statement.fix_state(),
            note: statement.note().map(str::to_owned),
        }
    }
}

fn trace(
    advisory: &str,
    package: &Installed<'_>,
    question: &Question<'_>,
    statement: &Candidate<'_>,
    verdict: &Verdict<'_>,
) -> Trace {
    let version = question.subject.version;
    let shown = match verdict {
        Verdict::Affected(range) => format!("{version} is in {range}"),
        Verdict::Outside => format!("{version} is in none of the vulnerable ranges"),
        Verdict::NotAffected => "the vendor says that it is not affected".to_owned(),
        Verdict::OtherArchitecture => {
            let arches: Vec<&str> = statement.arches().collect();
            format!("the statement is about {} only", arches.join(", "))
        }
        Verdict::OtherModule => match statement.module() {
            Some(module) => format!("the statement is about module {module} only"),
            None => "the statement is not about packages of a module".to_owned(),
        },
        Verdict::OnlyHeaders => {
            "it has headers of the kernel only, in which there is nothing to run".to_owned()
        }
        Verdict::UnparsedVersion(error) | Verdict::UnparsedAdvisory(error) => {
            format!("the versions could not be compared: {error}")
        }
    };
    Trace {
        package: package.entry.name.clone(),
        version: package.entry.version.clone(),
        arch: package.entry.arch.clone(),
        compared: version.to_owned(),
        statement: Statement::new(advisory, statement),
        affected: matches!(verdict, Verdict::Affected(_)),
        verdict: shown,
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            PackageKind::Binary => "binary",
            PackageKind::Source => "source",
        };
        let ranges: Vec<String> = self.ranges.iter().map(ToString::to_string).collect();
        let ranges = if ranges.is_empty() {
            "no version".to_owned()
        } else {
            ranges.join(" or ")
        };
        write!(
            f,
            "{} of {} says: {kind} package {} in {}: {ranges} vulnerable, {}",
            self.advisory, self.source, self.package, self.namespace, self.fix_state
        )?;
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = if self.affected {
            "the image is affected"
        } else if self.traces.is_empty() && self.not_installed.is_empty() {
            "nothing is known for this image"
        } else {
            "the image is not affected"
        };
        writeln!(f, "{}: {outcome}", self.id)?;
        for trace in &self.traces {
            let arch = if trace.arch.is_empty() {
                String::new()
            } else {
                format!(" {}", trace.arch)
            };
            let outcome = if trace.affected {
                "affected"
            } else {
                "not affected"
            };
            writeln!(f, "  {} {}{arch}: {outcome}", trace.package, trace.version)?;
            writeln!(f, "    {}", trace.statement)?;
            writeln!(f, "    {}", trace.verdict)?;
        }
        for risk in &self.risks {
            writeln!(f, "  {risk}")?;
        }
        for statement in &self.not_installed {
            writeln!(f, "  {} is not installed", statement.package)?;
            writeln!(f, "    {statement}")?;
        }
        if self.traces.is_empty() && self.not_installed.is_empty() {
            if self.elsewhere.is_empty() {
                writeln!(f, "  no source in the database knows it")?;
            } else {
                writeln!(
                    f,
                    "  there are statements for {} only",
                    self.elsewhere.join(", ")
                )?;
            }
        }
        Ok(())
    }
}
