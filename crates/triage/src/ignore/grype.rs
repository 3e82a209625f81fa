//! Grype's form, <https://github.com/anchore/grype#specifying-matches-to-ignore>: the list `ignore` of
//! its configuration. Names of packages are regular expressions there.

use clair_model::FixState;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::Rule;
use super::pattern::Pattern;
use super::yaml;
use crate::Error;
use crate::text::{quoted, said};

/// The configuration has much else in it.
#[derive(Deserialize, Default)]
struct File {
    #[serde(default)]
    ignore: Option<Vec<Spanned<Written>>>,
}

/// What else a rule can have there restricts it in ways that reports have no words for; to leave it
/// out would suppress too much.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    #[serde(default)]
    vulnerability: Option<String>,
    #[serde(default)]
    include_aliases: bool,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    fix_state: Option<String>,
    #[serde(default)]
    package: Package,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Package {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    location: Option<String>,
    #[serde(default)]
    upstream_name: Option<String>,
}

pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Rule>, Error> {
    let content: File = yaml::read(file, text)?;
    yaml::rules(file, content.ignore, Written::rule)
}

impl Written {
    fn rule(self, line: u64) -> Result<Rule, String> {
        let list = |text: Option<String>| text.filter(|text| !text.is_empty()).into_iter();
        let package = self.package;
        let expressions = |text| {
            let patterns = list(text).map(|text| Pattern::expression(&text));
            patterns.collect::<Result<Vec<_>, _>>()
        };
        let paths = list(package.location).map(|text| Pattern::path(&text));
        let ids = list(self.vulnerability).map(|text| Pattern::exact(&text.to_uppercase()));
        let rule = Rule {
            line,
            ids: ids.collect(),
            is_without_aliases: !self.include_aliases,
            packages: expressions(package.name)?,
            sources: expressions(package.upstream_name)?,
            versions: list(package.version)
                .map(|text| Pattern::exact(&text))
                .collect(),
            paths: paths.collect::<Result<_, _>>()?,
            kind: list(package.kind)
                .next()
                .map(|kind| purl_type(&kind).to_owned()),
            fix_states: fix_states(self.fix_state.as_deref().unwrap_or_default())?,
            reason: said([self.reason.as_deref()]),
            ..Rule::default()
        };
        if rule.is_for_all() {
            return Err("the rule says nothing of what it is for".to_owned());
        }
        Ok(rule)
    }
}

fn fix_states(name: &str) -> Result<Vec<FixState>, String> {
    Ok(match name {
        "" => Vec::new(),
        "fixed" => vec![FixState::Fixed],
        "not-fixed" => vec![FixState::Affected, FixState::Deferred],
        "wont-fix" => vec![FixState::WillNotFix, FixState::EndOfLife],
        "unknown" => vec![FixState::UnderInvestigation],
        other => {
            return Err(format!(
                "{} is not a fix state: expected fixed, not-fixed, wont-fix or unknown",
                quoted(other)
            ));
        }
    })
}

/// The type of package URLs, of what Syft calls types of packages.
fn purl_type(name: &str) -> &str {
    match name {
        "dart-pub" => "pub",
        "dotnet" => "nuget",
        "go-module" => "golang",
        "java-archive" | "jenkins-plugin" => "maven",
        "php-composer" => "composer",
        "pod" => "cocoapods",
        "portage" => "ebuild",
        "python" => "pypi",
        "R-package" => "cran",
        "rust-crate" => "cargo",
        other => other,
    }
}
