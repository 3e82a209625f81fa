//! `--explain`: why an image is, or is not, affected by a vulnerability, and what was decided about
//! it.

use std::process::ExitCode;

use anyhow::Context as _;
use clair_matching::{Explanation, Freshness};
use clair_vulndb::Database;
use serde::Serialize;

use super::output::{self, Format};
use super::{Arguments, decide, json};
use crate::image::ReadImage;
use crate::remote::text::clean;
use crate::triage::{Decisions, Triage};

/// The explanation for one platform.
#[derive(Debug, Serialize)]
struct Explained {
    #[serde(flatten)]
    explanation: Explanation,
    /// What rules did to the findings, where there are any.
    #[serde(flatten)]
    decisions: Option<Decisions>,
    /// Those that a VEX document speaks of without suppressing them, for people.
    #[serde(skip)]
    annotations: Vec<String>,
}

pub(super) fn run(
    arguments: &Arguments,
    database: &Database,
    freshness: &Freshness,
    images: &[ReadImage],
    id: &str,
    triage: &mut Triage,
) -> anyhow::Result<ExitCode> {
    let explained: Vec<Explained> = images
        .iter()
        .map(|image| explain(database, freshness, image, id, triage))
        .collect::<anyhow::Result<_>>()
        .context("cannot explain")?;
    for output in output::or_default(&arguments.output) {
        output.write(|out, _| match output.format {
            Format::Table => {
                for (image, explained) in images.iter().zip(&explained) {
                    if let (Some(platform), true) = (&image.platform, images.len() > 1) {
                        writeln!(out, "{platform}")?;
                    }
                    write!(out, "{}", explained.explanation)?;
                    let suppressed = explained.decisions.iter().flat_map(|it| &it.suppressed);
                    for suppressed in suppressed {
                        let (package, version) = (&suppressed.package, &suppressed.version);
                        for by in &suppressed.by {
                            let by = clean(&by.to_string());
                            writeln!(out, "  {package} {version}: suppressed by {by}")?;
                        }
                    }
                    for annotation in &explained.annotations {
                        writeln!(out, "  {annotation}")?;
                    }
                }
                Ok(())
            }
            Format::Json => json(out, &explained),
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(
    database: &Database,
    freshness: &Freshness,
    image: &ReadImage,
    id: &str,
    triage: &mut Triage,
) -> anyhow::Result<Explained> {
    let explanation = clair_matching::explain(database, &image.report, id)?;
    let mut explained = Explained {
        explanation,
        decisions: None,
        annotations: Vec::new(),
    };
    if !triage.has_rules() {
        return Ok(explained);
    }
    let report = clair_matching::report(database, &image.report, freshness)?;
    let (report, decisions) = decide(triage, image, report);
    let mut decisions = decisions.unwrap_or_default();
    decisions
        .suppressed
        .retain(|it| is_called(&it.vulnerability, id));
    decisions.annotations.retain(|it| {
        let found = report.vulnerabilities.get(&it.vulnerability_id);
        found.is_some_and(|found| is_called(found, id))
    });
    explained.annotations = decisions
        .annotations
        .iter()
        .filter_map(|it| {
            let package = report.packages.get(&it.package_id)?;
            let by = clean(&it.by.to_string());
            Some(format!("{} {}: {by}", package.name, package.version))
        })
        .collect();
    explained.decisions = Some(decisions);
    Ok(explained)
}

fn is_called(found: &clair_model::ReportVulnerability, id: &str) -> bool {
    let mut names = found.aliases.iter().chain([&found.name]);
    names.any(|name| name.eq_ignore_ascii_case(id))
}
