//! The branches of Alpine, and finding out which there are.

use std::fmt;
use std::str::FromStr;

use clair_model::Namespace;

use crate::{FeedError, Fetcher, Location};

/// A branch: `v3.18`, or `edge`, which has no end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Branch {
    Stable(u32, u32),
    Edge,
}

/// The oldest branch that the database has had.
const OLDEST: u32 = 2;

/// How far to look for a branch that may not be there yet.
const NEWEST: u32 = 60;

/// How many branches in a row have to be missing behind one that is there, for it to be the last.
const GAP: u32 = 5;

impl Branch {
    pub(super) fn namespace(&self) -> Namespace {
        match self {
            Self::Stable(major, minor) => Namespace::alpine(&format!("{major}.{minor}")),
            Self::Edge => Namespace::alpine("edge"),
        }
    }
}

impl FromStr for Branch {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "edge" {
            return Ok(Self::Edge);
        }
        let number = |text: &str| {
            let is_plain = (1..=4).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_digit())
                && (text == "0" || !text.starts_with('0'));
            is_plain.then(|| text.parse().ok()).flatten()
        };
        text.strip_prefix('v')
            .and_then(|version| version.split_once('.'))
            .and_then(|(major, minor)| Some(Self::Stable(number(major)?, number(minor)?)))
            .ok_or(())
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stable(major, minor) => write!(f, "v{major}.{minor}"),
            Self::Edge => f.write_str("edge"),
        }
    }
}

/// The branches below a root, the oldest first. Where the root does not list what it has, as
/// object stores do not, those are looked for that it may have.
pub(super) fn discover(fetcher: &Fetcher, root: &Location) -> Result<Vec<Branch>, FeedError> {
    if let Some(names) = fetcher.list(root)? {
        let names = names.iter().filter_map(|name| name.strip_suffix('/'));
        let mut branches: Vec<Branch> = names.filter_map(|name| name.parse().ok()).collect();
        branches.sort();
        return Ok(branches);
    }
    tracing::debug!(%root, "not listed, looking for branches");
    let is_there =
        |branch: &Branch| fetcher.exists(&root.candidates(&format!("{branch}/main.json")));
    let mut branches = Vec::new();
    let mut missing = 0;
    for minor in OLDEST..=NEWEST {
        let branch = Branch::Stable(3, minor);
        if is_there(&branch)? {
            branches.push(branch);
            missing = 0;
        } else {
            missing += 1;
            if !branches.is_empty() && missing == GAP {
                break;
            }
        }
    }
    if is_there(&Branch::Edge)? {
        branches.push(Branch::Edge);
    }
    Ok(branches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_ordered_as_they_came_and_edge_is_ahead() {
        let mut branches: Vec<Branch> = ["edge", "v3.10", "v3.9"]
            .iter()
            .map(|name| name.parse().unwrap())
            .collect();
        branches.sort();
        let names: Vec<String> = branches.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["v3.9", "v3.10", "edge"]);
        assert_eq!(branches[1].namespace().as_str(), "alpine:3.10");
        assert_eq!(branches[2].namespace().as_str(), "alpine:edge");
    }

    #[test]
    fn what_is_no_branch_is_none() {
        for name in [
            "", "v", "v3", "3.18", "v3.18.1", "v3.x", "v03.1", "v3.+1", "v3.99999", "edge2",
        ] {
            assert!(name.parse::<Branch>().is_err(), "{name}");
        }
    }
}
