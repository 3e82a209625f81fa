//! A report without some of its findings, and otherwise as it was written.

use std::collections::{HashMap, HashSet};
use std::fmt;

use clair_model::Id;
use clair_triage::Trace;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::triage::Decisions;

/// The members of an object in their order, with their values as they were written.
struct Members(Vec<(String, Box<RawValue>)>);

/// What is suppressed, with the vulnerability as the server wrote it.
#[derive(Serialize)]
struct Suppressed<'a> {
    package_id: Id,
    package: &'a str,
    version: &'a str,
    vulnerability: Option<&'a RawValue>,
    by: &'a [Trace],
}

/// Takes out what is suppressed, and adds what was decided behind all else.
pub(super) fn without(json: &[u8], decisions: &Decisions) -> serde_json::Result<Vec<u8>> {
    let pairs: HashSet<(String, String)> = decisions
        .suppressed
        .iter()
        .map(|it| (it.package_id.to_string(), it.vulnerability.id.clone()))
        .collect();
    let mut report: Members = serde_json::from_slice(json)?;
    let mut left: HashSet<String> = HashSet::new();
    report.change("package_vulnerabilities", |packages| {
        let mut packages: Members = serde_json::from_str(packages.get())?;
        let mut kept = Vec::with_capacity(packages.0.len());
        for (package, list) in packages.0 {
            let ids: Vec<String> = serde_json::from_str(list.get())?;
            let is_empty = ids.is_empty();
            let ids = ids.into_iter();
            let ids = ids.filter(|id| !pairs.contains(&(package.clone(), id.clone())));
            let ids: Vec<String> = ids.collect();
            left.extend(ids.iter().cloned());
            if !ids.is_empty() || is_empty {
                kept.push((package, to_raw_value(&ids)?));
            }
        }
        packages = Members(kept);
        to_raw_value(&packages)
    })?;
    let gone: HashSet<&str> = pairs
        .iter()
        .map(|(_, id)| id.as_str())
        .filter(|id| !left.contains(*id))
        .collect();
    let mut written: HashMap<String, Box<RawValue>> = HashMap::new();
    report.change("vulnerabilities", |all| {
        let mut all: Members = serde_json::from_str(all.get())?;
        written.extend(all.0.iter().cloned());
        all.0.retain(|(id, _)| !gone.contains(id.as_str()));
        to_raw_value(&all)
    })?;
    report.change("enrichments", |kinds| {
        let mut kinds: Members = serde_json::from_str(kinds.get())?;
        for (_, facts) in &mut kinds.0 {
            // What is not written as Clair does is nothing that could be taken out of.
            if let Ok(mut list) = serde_json::from_str::<Vec<Members>>(facts.get()) {
                for facts in &mut list {
                    facts.0.retain(|(id, _)| !gone.contains(id.as_str()));
                }
                *facts = to_raw_value(&list)?;
            }
        }
        to_raw_value(&kinds)
    })?;
    let suppressed: Vec<Suppressed<'_>> = decisions
        .suppressed
        .iter()
        .map(|it| Suppressed {
            package_id: it.package_id,
            package: &it.package,
            version: &it.version,
            vulnerability: written.get(&it.vulnerability.id).map(AsRef::as_ref),
            by: &it.by,
        })
        .collect();
    for (name, value) in [
        ("suppressed", to_raw_value(&suppressed)?),
        ("annotations", to_raw_value(&decisions.annotations)?),
    ] {
        report.0.retain(|(known, _)| known != name);
        report.0.push((name.to_owned(), value));
    }
    serde_json::to_vec(&report)
}

impl Members {
    /// Replaces a value, if it is there and not `null`.
    fn change(
        &mut self,
        name: &str,
        change: impl FnOnce(&RawValue) -> serde_json::Result<Box<RawValue>>,
    ) -> serde_json::Result<()> {
        let mut members = self.0.iter_mut();
        if let Some((_, value)) =
            members.find(|(known, value)| known == name && value.get() != "null")
        {
            *value = change(value)?;
        }
        Ok(())
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Wanted;

        impl<'de> Visitor<'de> for Wanted {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Wanted)
    }
}

#[cfg(test)]
mod tests {
    use clair_triage::{Origin, Suppressed};

    use super::*;

    #[test]
    fn what_is_not_suppressed_stays_as_it_was_written() {
        let json = r#"{"b" : 1.50, "package_vulnerabilities":{"2":["7","8"],"1":["7"]},
            "vulnerabilities": {"8": {"z":1, "a":"\u003c"}, "7": {}},
            "enrichments": {"x": [{"7": [1], "8": [2.0]}], "y": 5}, "environments": null}"#;
        let read: super::super::read::Vulnerability =
            serde_json::from_str(r#"{"name": "CVE-2024-1"}"#).unwrap();
        let suppressed = |package| Suppressed {
            package_id: Id(package),
            package: "bash".to_owned(),
            version: "5".to_owned(),
            vulnerability: read.clone().model("7").unwrap(),
            by: vec![Trace {
                origin: Origin::Unfixed,
                reason: None,
            }],
        };
        let decisions = Decisions {
            suppressed: vec![suppressed(1), suppressed(2)],
            annotations: Vec::new(),
        };
        let edited = String::from_utf8(without(json.as_bytes(), &decisions).unwrap()).unwrap();
        let expected = r#"{"b":1.50,"package_vulnerabilities":{"2":["8"]},"vulnerabilities":{"8":{"z":1, "a":"\u003c"}},"enrichments":{"x":[{"8":[2.0]}],"y":5},"environments":null,"suppressed":[{"package_id":"1","package":"bash","version":"5","vulnerability":{},"by":[{"kind":"unfixed"}]},{"#;
        assert!(edited.starts_with(expected), "{edited}");
        assert!(edited.ends_with(r#""annotations":[]}"#), "{edited}");
    }
}
