//! What a document says of single builds, made fit to be read by itself.
//!
//! Statements are held against one package at a time. A document that is read as a whole says less
//! than its lines do: a build is named by its source and by all that came out of it, a fix is built
//! in each context of a module, and what is not affected stands beside what is.

use std::collections::{BTreeMap, HashSet};

use clair_model::FixState;
use clair_version::Scheme;

use super::product::{Kind, Package};

/// What is said of one package, whatever its architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Build {
    pub(super) package: Package,
    pub(super) state: FixState,
    pub(super) severity: Option<String>,
}

/// Builds with the architectures for which they are spoken of.
pub(super) type Builds = BTreeMap<Build, Vec<String>>;

/// What is left to be said.
pub(super) fn settled(mut builds: Builds) -> Builds {
    drop_named_sources(&mut builds);
    drop_contradictions(&mut builds);
    of_first_contexts(builds)
}

/// Drops fixed sources if what is built from them is named beside them: by itself, it is told more
/// exactly, with its architectures.
fn drop_named_sources(builds: &mut Builds) {
    let is_fixed = |build: &&Build| build.state == FixState::Fixed;
    let name = |package: &Package| {
        let Package {
            namespace,
            version,
            module,
            ..
        } = package.clone();
        (namespace, version, module)
    };
    let named: HashSet<_> = builds
        .keys()
        .filter(is_fixed)
        .filter(|build| build.package.kind == Kind::Package)
        .map(|build| name(&build.package))
        .collect();
    builds.retain(|build, _| {
        let is_fixed_source = is_fixed(&build) && build.package.kind == Kind::Source;
        !(is_fixed_source && named.contains(&name(&build.package)))
    });
}

/// Drops what says that a package is not affected, if the same document says of other builds of
/// it in the same release that they are: the first would take back the second.
fn drop_contradictions(builds: &mut Builds) {
    // What is not fixed is said of the product, what is fixed of a channel of it.
    let name = |package: &Package| {
        let module = package.module.clone();
        (package.product(), package.name.clone(), module)
    };
    let affected: HashSet<_> = builds
        .keys()
        .filter(|build| build.state != FixState::NotAffected)
        .map(|build| name(&build.package))
        .collect();
    builds.retain(|build, _| {
        build.state != FixState::NotAffected || !affected.contains(&name(&build.package))
    });
}

/// Keeps the lowest of the builds of one fix.
///
/// A module is built once for each set of modules that it can be used with, its context. The builds
/// differ in what stands behind `.module+el8.10.0+`, the number of the build and a hash, whose order
/// means nothing: what has the fix in one context would be older than the fix in another one.
fn of_first_contexts(builds: Builds) -> Builds {
    let mut first: BTreeMap<Build, (Build, Vec<String>)> = BTreeMap::new();
    for (build, arches) in builds {
        let version = build.package.version.as_deref();
        let fix = Build {
            package: Package {
                version: version.map(without_context),
                ..build.package.clone()
            },
            ..build.clone()
        };
        let Some((known, known_arches)) = first.get_mut(&fix) else {
            first.insert(fix, (build, arches));
            continue;
        };
        known_arches.extend(arches);
        let versions = (&build.package.version, &known.package.version);
        if let (Some(version), Some(lowest)) = versions
            && Scheme::Rpm.order(version, lowest).is_lt()
        {
            *known = build;
        }
    }
    first.into_values().collect()
}

/// `0.78-11.module+el8.2.0.1` of `0.78-11.module+el8.2.0+23234+854d7c34.1`.
fn without_context(version: &str) -> String {
    let parts = version.split_once(".module+").and_then(|(start, module)| {
        let (platform, context) = module.split_once('+')?;
        let (_, hash) = context.split_once('+')?;
        let end = hash.find('.').map_or("", |end| &hash[end..]);
        Some(format!("{start}.module+{platform}{end}"))
    });
    parts.unwrap_or_else(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_what_tells_the_builds_of_one_fix_apart() {
        for (version, expected) in [
            (
                "1:0.78-12.module+el8.10.0+23147+20b7d289",
                "1:0.78-12.module+el8.10.0",
            ),
            (
                "0.78-11.module+el8.2.0+23234+854d7c34.1",
                "0.78-11.module+el8.2.0.1",
            ),
            (
                "15.3-1.module+el9.2.0.z+19113+6f5d9d63",
                "15.3-1.module+el9.2.0.z",
            ),
            ("1-1.module+el8", "1-1.module+el8"),
            ("1-1.module+el8.1+5", "1-1.module+el8.1+5"),
            ("1:3.0.7-27.el9", "1:3.0.7-27.el9"),
        ] {
            assert_eq!(without_context(version), expected, "{version}");
        }
    }
}
