//! What people have decided about findings, and what becomes of reports by that.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clair_model::{Digest, VulnerabilityReport};
use clair_purl::PackageUrl;
use clair_registry::Reference;
use clair_triage::{
    Annotated, IgnoreFile, Image, ImageName, Rules, Suppressed, Triaged, Unused, Usage,
};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::remote::text::clean;

/// Exit status when `--fail-on-unused` is given and a rule has no effect.
const UNUSED: u8 = 4;

/// More warnings of one kind than this are only counted.
const WARNINGS_OF_A_KIND: usize = 5;

#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Triage")]
pub(crate) struct TriageArguments {
    /// A VEX document (OpenVEX, CSAF or CycloneDX), or a directory with some; may be repeated. What
    /// it says not to be affected, or to be fixed, is suppressed.
    #[arg(long, value_name = "PATH")]
    vex: Vec<PathBuf>,
    /// What the image is called in VEX documents, as a package URL, besides its name and its
    /// digests; may be repeated.
    #[arg(long, value_name = "PURL", requires = "vex")]
    vex_product: Vec<PackageUrl<'static>>,
    /// A file with rules by which findings are suppressed: .clairignore.yaml, or one of Trivy's or
    /// Grype's; may be repeated. Without it, .clairignore.yaml in this directory if there is one.
    #[arg(long, value_name = "FILE")]
    ignore_file: Vec<PathBuf>,
    /// Look for no .clairignore.yaml.
    #[arg(long, conflicts_with = "ignore_file")]
    no_ignore: bool,
    /// Suppress vulnerabilities that no version to install is rid of.
    #[arg(long, visible_alias = "only-fixed")]
    ignore_unfixed: bool,
    /// List what is suppressed below the table, with the reasons. JSON always has it.
    #[arg(long)]
    show_suppressed: bool,
    /// Exit with status 4 if a rule of an ignore file suppressed nothing or has expired, and nothing
    /// else calls for another status.
    #[arg(long)]
    fail_on_unused: bool,
}

/// Rules, and which of them had an effect so far.
#[derive(Debug)]
pub(crate) struct Triage {
    rules: Rules,
    usage: Usage,
    products: Vec<PackageUrl<'static>>,
    is_shown: bool,
    fails_on_unused: bool,
}

/// What the rules did to a report, for its JSON.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Decisions {
    /// What is in the report no more.
    pub(crate) suppressed: Vec<Suppressed>,
    /// What VEX documents say of what is.
    pub(crate) annotations: Vec<Annotated>,
}

impl TriageArguments {
    /// Reads all rules.
    pub(crate) fn open(&self) -> anyhow::Result<Triage> {
        let mut rules = Rules::new(TimeZone::UTC.to_datetime(Timestamp::now()).date());
        for path in &self.vex {
            rules.read_vex(path)?;
        }
        for path in &self.ignore_file {
            rules.read_file(path)?;
        }
        let default = Path::new(IgnoreFile::DEFAULT);
        if self.ignore_file.is_empty() && !self.no_ignore && default.is_file() {
            rules.read_file(default)?;
        }
        if self.ignore_unfixed {
            rules.ignore_unfixed();
        }
        Ok(Triage {
            rules,
            usage: Usage::default(),
            products: self.vex_product.clone(),
            is_shown: self.show_suppressed,
            fails_on_unused: self.fail_on_unused,
        })
    }
}

impl Triage {
    /// Whether there are rules at all.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Whether people want to see what is suppressed.
    pub(crate) const fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Takes out of a report what is suppressed. `reference` is what the image was called, where
    /// that is its name in a registry; `arch` its architecture.
    pub(crate) fn apply(
        &mut self,
        report: VulnerabilityReport,
        reference: Option<&Reference>,
        arch: Option<&str>,
    ) -> (VulnerabilityReport, Option<Decisions>) {
        if !self.has_rules() {
            return (report, None);
        }
        let image = Image {
            names: reference.map(name_of).into_iter().collect(),
            digests: digests(&report, reference),
            arch: arch.map(str::to_owned),
            products: self.products.clone(),
        };
        let Triaged {
            report,
            suppressed,
            annotated,
        } = self.rules.apply(report, &image, &mut self.usage);
        let decisions = Decisions {
            suppressed,
            annotations: annotated,
        };
        (report, Some(decisions))
    }

    /// Tells on standard error which rules had no effect, and what could not be used. Gives the exit
    /// status in place of success.
    pub(crate) fn finish(&self) -> ExitCode {
        let mut notes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (file, note) in self.rules.notes() {
            notes.entry(file).or_default().push(note);
        }
        for (file, notes) in notes {
            let in_file = if file.is_empty() {
                String::new()
            } else {
                format!("{file}: ")
            };
            warn_each(&notes, |note| format!("{in_file}{note}"), &in_file);
        }
        let unused = self.rules.unused(&self.usage);
        let mut statements: BTreeMap<&str, Vec<(usize, &str)>> = BTreeMap::new();
        let mut rules = Vec::new();
        for unused in &unused {
            match unused {
                Unused::Statement {
                    file,
                    statement,
                    vulnerability,
                } => statements
                    .entry(file)
                    .or_default()
                    .push((*statement, vulnerability)),
                Unused::Empty { file } => warn(format!("{file}: it has no statements")),
                Unused::Rule {
                    file,
                    line,
                    subject,
                } => rules.push(format!("{file}:{line}: nothing was found for: {subject}")),
                Unused::Expired {
                    file,
                    line,
                    subject,
                    since,
                } => rules.push(format!("{file}:{line}: expired on {since}: {subject}")),
            }
        }
        rules.iter().for_each(warn);
        let documents = statements.len();
        for (file, statements) in statements.into_iter().take(WARNINGS_OF_A_KIND) {
            let tell = |(number, vulnerability): &(usize, &str)| {
                format!("{file}, statement {number}: nothing was found for: {vulnerability}")
            };
            let prefix = format!("{file}: statements without effect: ");
            warn_each(&statements, tell, &prefix);
        }
        // What a vendor publishes has much in it that is about something else.
        if documents > WARNINGS_OF_A_KIND {
            let more = documents - WARNINGS_OF_A_KIND;
            warn(format!(
                "and {more} more documents with statements without effect"
            ));
        }
        if self.fails_on_unused && !rules.is_empty() {
            ExitCode::from(UNUSED)
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn name_of(reference: &Reference) -> ImageName {
    ImageName {
        repository: format!("{}/{}", reference.registry(), reference.repository()),
        tag: reference.tag().map(str::to_owned),
    }
}

/// The digest of the manifest, and that by which the image was asked for: it may be of an index.
fn digests(report: &VulnerabilityReport, reference: Option<&Reference>) -> Vec<Digest> {
    let mut digests = vec![report.manifest_hash.clone()];
    digests.extend(reference.and_then(|it| it.digest()).cloned());
    digests
}

fn warn_each<T>(items: &[T], tell: impl Fn(&T) -> String, prefix: &str) {
    items
        .iter()
        .take(WARNINGS_OF_A_KIND)
        .for_each(|it| warn(tell(it)));
    if items.len() > WARNINGS_OF_A_KIND {
        warn(format!(
            "{prefix}and {} more",
            items.len() - WARNINGS_OF_A_KIND
        ));
    }
}

#[allow(clippy::print_stderr)] // this is where people read warnings
fn warn(message: impl Display) {
    eprintln!("clairctl: warning: {}", clean(&message.to_string()));
}
