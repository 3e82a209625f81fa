//! Our own form, `.clairignore.yaml`.
//!
//! ```yaml
//! ignore:
//!   - id: CVE-2024-0001
//!     package: libcurl4
//!     expires: 2027-01-31
//!     reason: We do not use the affected protocol.
//! ```
//!
//! Nothing is left out silently: a key that is not known is an error, and so are a rule without a
//! reason and one that would suppress everything.

use clair_model::{FixState, Severity};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::pattern::Pattern;
use super::yaml::{self, Texts};
use super::{Rule, date};
use crate::Error;
use crate::text::{quoted, said};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ignore: Option<Vec<Spanned<Written>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    id: Texts,
    #[serde(default)]
    package: Texts,
    #[serde(default)]
    source: Texts,
    #[serde(default)]
    version: Texts,
    #[serde(default)]
    path: Texts,
    #[serde(default)]
    purl: Texts,
    #[serde(default)]
    fix_state: Texts,
    #[serde(default)]
    severity: Texts,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Rule>, Error> {
    let content: File = yaml::read(file, text)?;
    yaml::rules(file, content.ignore, Written::rule)
}

impl Written {
    fn rule(self, line: u64) -> Result<Rule, String> {
        let rule = Rule {
            line,
            ids: self.id.each(Pattern::id)?,
            packages: self.package.each(Pattern::name)?,
            sources: self.source.each(Pattern::name)?,
            versions: self.version.each(Pattern::name)?,
            paths: self.path.each(Pattern::path)?,
            purls: self.purl.each(|text| {
                let parsed = text.parse();
                parsed.map_err(|error| format!("{} is no package URL: {error}", quoted(text)))
            })?,
            fix_states: self.fix_state.each(fix_state)?,
            severities: self
                .severity
                .each(|text| text.parse::<Severity>().map_err(|error| error.to_string()))?,
            expires: self.expires.as_deref().map(date).transpose()?,
            reason: said([self.reason.as_deref()]),
            ..Rule::default()
        };
        if rule.is_for_all() {
            return Err("the rule says nothing of what it is for".to_owned());
        }
        if rule.reason.is_none() {
            return Err("the rule has no reason".to_owned());
        }
        Ok(rule)
    }
}

fn fix_state(text: &str) -> Result<FixState, String> {
    let name = text.replace('_', "-").to_lowercase();
    let known = FixState::ALL.into_iter().find(|state| state.name() == name);
    known.ok_or_else(|| {
        let names = FixState::ALL.map(FixState::name).join(", ");
        format!(
            "{} is not a fix state: expected one of {names}",
            quoted(text)
        )
    })
}
