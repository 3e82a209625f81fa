//! Trivy's forms, <https://trivy.dev/latest/docs/configuration/filtering/>: `.trivyignore`, a list of
//! vulnerabilities, and `.trivyignore.yaml`, of which `vulnerabilities` are read.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use super::pattern::Pattern;
use super::yaml::{self, Texts};
use super::{Rule, date, wrong};
use crate::Error;
use crate::text::{quoted, said};

/// Reads a list: a name in each line, perhaps with the date of its expiry as `exp:2026-12-31`. A
/// comment above a name, or behind it, is taken for the reason.
pub(super) fn list(file: &str, text: &str) -> Result<Vec<Rule>, Error> {
    let mut rules = Vec::new();
    let mut comment: Option<String> = None;
    for (index, text) in text.lines().enumerate() {
        let line = index as u64 + 1;
        let text = text.trim();
        if let Some(text) = text.strip_prefix('#') {
            comment = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            continue;
        }
        let (words, behind) = match text.split_once(" #") {
            Some((words, comment)) => (words, Some(comment.trim().to_owned())),
            None => (text, None),
        };
        let mut words = words.split_whitespace();
        let above = comment.take();
        let Some(id) = words.next() else {
            continue;
        };
        let mut rule = Rule {
            line,
            ids: vec![Pattern::exact(&id.to_uppercase())],
            reason: said([behind.as_deref(), above.as_deref()]),
            ..Rule::default()
        };
        for word in words {
            let expiry = word.strip_prefix("exp:").ok_or_else(|| {
                let reason = format!("{} is not exp: with a date", quoted(word));
                wrong(file, line, reason)
            })?;
            rule.expires = Some(date(expiry).map_err(|reason| wrong(file, line, reason))?);
        }
        rules.push(rule);
    }
    Ok(rules)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    vulnerabilities: Option<Vec<Spanned<Written>>>,
    #[serde(default, rename = "misconfigurations")]
    _misconfigurations: Option<IgnoredAny>,
    #[serde(default, rename = "secrets")]
    _secrets: Option<IgnoredAny>,
    #[serde(default, rename = "licenses")]
    _licenses: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    #[serde(default)]
    paths: Texts,
    #[serde(default)]
    purls: Texts,
    #[serde(default)]
    expired_at: Option<String>,
    #[serde(default)]
    statement: Option<String>,
}

pub(super) fn yaml(file: &str, text: &str) -> Result<Vec<Rule>, Error> {
    let content: File = yaml::read(file, text)?;
    yaml::rules(file, content.vulnerabilities, Written::rule)
}

impl Written {
    fn rule(self, line: u64) -> Result<Rule, String> {
        Ok(Rule {
            line,
            ids: vec![Pattern::exact(&self.id.to_uppercase())],
            paths: self.paths.each(Pattern::path)?,
            purls: self.purls.each(|text| {
                let parsed = text.parse();
                parsed.map_err(|error| format!("{} is no package URL: {error}", quoted(text)))
            })?,
            expires: self.expired_at.as_deref().map(date).transpose()?,
            reason: said([self.statement.as_deref()]),
            ..Rule::default()
        })
    }
}
