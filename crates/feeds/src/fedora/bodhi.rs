//! A page of updates as Bodhi's interface gives it,
//! <https://bodhi.fedoraproject.org/docs/server_api/>.

use std::borrow::Cow;
use std::fmt;

use clair_model::{Advisory, Affected, FixState, Namespace, PackageKind, Vulnerable};
use clair_version::Scheme;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{self, Output};
use crate::{Document, FeedError, Sink, Skip, Source, date, repository, text};

/// The page that a bug is shown on.
const BUGS: &str = "https://bugzilla.redhat.com/show_bug.cgi?id=";

#[derive(Deserialize)]
struct Update<'a> {
    #[serde(borrow)]
    alias: Cow<'a, str>,
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    status: Cow<'a, str>,
    #[serde(borrow, default)]
    severity: Cow<'a, str>,
    #[serde(borrow, default)]
    notes: Cow<'a, str>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
    #[serde(borrow, default)]
    date_stable: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    date_modified: Option<Cow<'a, str>>,
    #[serde(borrow)]
    release: Release<'a>,
    #[serde(borrow, default)]
    builds: Vec<Build<'a>>,
    #[serde(borrow, default)]
    bugs: Vec<Bug<'a>>,
}

#[derive(Deserialize)]
struct Release<'a> {
    #[serde(borrow, default)]
    id_prefix: Cow<'a, str>,
    #[serde(borrow, default)]
    version: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Build<'a> {
    /// Name, version and release of a source, with hyphens between them.
    #[serde(borrow)]
    nvr: Cow<'a, str>,
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(default)]
    epoch: Option<u64>,
}

#[derive(Deserialize)]
struct Bug<'a> {
    bug_id: u64,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
}

/// Reads a page.
///
/// # Errors
///
/// When it is none or ends early, a limit is passed, or the sink refuses.
pub(super) fn read(
    source: &Source,
    document: &mut Document,
    sink: &mut dyn Sink,
) -> Result<(), FeedError> {
    let location = document.location().to_owned();
    let mut output = Output::new(document, sink);
    let result = json::read(document, Page(&mut output));
    output.finish(source, &location, result)
}

/// A whole page.
struct Page<'o, 's>(&'o mut Output<'s>);

impl<'de> DeserializeSeed<'de> for Page<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of updates of Bodhi")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut has_updates = false;
        while let Some(field) = fields.next_key::<String>()? {
            if field == "updates" {
                has_updates = true;
                fields.next_value_seed(Updates(self.0))?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        if has_updates {
            Ok(())
        } else {
            Err(A::Error::missing_field("updates"))
        }
    }
}

/// The list of updates.
struct Updates<'o, 's>(&'o mut Output<'s>);

impl<'de> DeserializeSeed<'de> for Updates<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Updates<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of updates")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut updates: A) -> Result<(), A::Error> {
        let output = self.0;
        loop {
            output.record()?;
            // As text first: an update of another shape is then an error of its own only.
            let Some(json) = updates.next_element::<Box<RawValue>>()? else {
                return Ok(());
            };
            let found = advisories(json.get(), &mut |reason, about| output.skip(reason, about));
            for advisory in found {
                output.advisory(advisory)?;
            }
        }
    }
}

/// An advisory for each vulnerability that an update fixes, or one by its own name if it names
/// none.
fn advisories(json: &str, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Advisory> {
    let Ok(update) = serde_json::from_str::<Update<'_>>(json) else {
        skip(Skip::Malformed, "an update");
        return Vec::new();
    };
    if let Err(reason) = update.is_wanted() {
        skip(reason, &update.alias);
        return Vec::new();
    }
    let affected = update.affected(&mut |reason, about| {
        skip(reason, &format!("{} {about}", update.alias));
    });
    if affected.is_empty() {
        skip(Skip::NoPackage, &update.alias);
        return Vec::new();
    }
    let cves = update.cves();
    let is_named = !cves.is_empty();
    let ids = if is_named {
        cves
    } else {
        vec![update.alias.to_string()]
    };
    let advisories = ids.into_iter().map(|id| {
        let mut advisory = Advisory::new(id);
        advisory.aliases = Vec::from_iter(is_named.then(|| update.alias.to_string()));
        advisory.description = text::prose(&update.notes);
        advisory.issued = update.date_stable.as_deref().and_then(date::parse);
        advisory.modified = update.date_modified.as_deref().and_then(date::parse);
        advisory.severity = text::line(&update.severity);
        advisory.normalized_severity = repository::severity(&advisory.severity);
        advisory.links = update.links(&advisory.id);
        advisory.affected.clone_from(&affected);
        advisory
    });
    advisories.collect()
}

impl Update<'_> {
    /// Whether it is a security update of the distribution that everybody gets.
    fn is_wanted(&self) -> Result<(), Skip> {
        if !text::is_id(&self.alias) {
            return Err(Skip::BadId);
        }
        if self.kind != "security" {
            return Err(Skip::NotSecurity);
        }
        match self.status.as_ref() {
            "stable" => {}
            "obsolete" | "unpushed" => return Err(Skip::Withdrawn),
            // It may still turn out to be no fix.
            "pending" | "testing" => return Err(Skip::Conditional),
            _ => return Err(Skip::UnknownStatus),
        }
        match self.release.id_prefix.as_ref() {
            "FEDORA" => Ok(()),
            // EPEL adds packages to other distributions.
            _ => Err(Skip::OtherProduct),
        }
    }

    fn affected(&self, skip: &mut dyn FnMut(Skip, &str)) -> Vec<Affected> {
        let Some(release) = super::release(&self.release.version) else {
            skip(Skip::UnknownRelease, &self.release.version);
            return Vec::new();
        };
        let mut affected = Vec::new();
        for build in &self.builds {
            match build.fix() {
                Ok((package, version)) => affected.push(Affected::of(
                    Namespace::release("fedora", release),
                    package,
                    PackageKind::Source,
                    Vulnerable::before(Scheme::Rpm, version),
                    FixState::Fixed,
                )),
                Err(reason) => skip(reason, &build.nvr),
            }
        }
        affected
    }

    /// The CVEs that bugs name in their titles, or else the packager in the notes.
    fn cves(&self) -> Vec<String> {
        let titles = self.bugs.iter().filter_map(|bug| bug.title.as_deref());
        let of_bugs = text::distinct(titles.flat_map(text::cves_in).map(str::to_owned));
        if of_bugs.is_empty() {
            text::distinct(text::cves_in(&self.notes).map(str::to_owned))
        } else {
            of_bugs
        }
    }

    /// Its own page, and bugs that are not about another vulnerability.
    fn links(&self, id: &str) -> Vec<String> {
        let is_about = |bug: &&Bug<'_>| {
            let title = bug.title.as_deref().unwrap_or_default();
            let mut named = text::cves_in(title).peekable();
            named.peek().is_none() || named.any(|cve| cve == id)
        };
        let bugs = self.bugs.iter().filter(is_about);
        let bugs = bugs.map(|bug| format!("{BUGS}{}", bug.bug_id));
        text::distinct(text::link(&self.url).into_iter().chain(bugs))
    }
}

impl Build<'_> {
    /// The package, and the version that has the fix.
    fn fix(&self) -> Result<(&str, String), Skip> {
        if self.kind != "rpm" {
            return Err(Skip::OtherProduct);
        }
        let mut parts = self.nvr.rsplitn(3, '-');
        let (Some(release), Some(version), Some(name)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(Skip::NoVersion);
        };
        if !text::is_name(name) {
            return Err(Skip::NoPackage);
        }
        let version = match self.epoch {
            None | Some(0) => format!("{version}-{release}"),
            Some(epoch) => format!("{epoch}:{version}-{release}"),
        };
        let is_version = text::can_be_version(&version) && Scheme::Rpm.validate(&version).is_ok();
        is_version
            .then_some((name, version))
            .ok_or(Skip::BadVersion)
    }
}
