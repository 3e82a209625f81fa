//! From criteria, which are a tree of conditions, to statements about single packages.
//!
//! A document says: this release is installed, *and* that architecture, *and* (this package is
//! older than …, *or* that one). Each branch that ends in a package becomes a [`Finding`] with the
//! conditions on the way to it. What cannot be said of a package alone, as that a live patch is
//! not installed beside it, is left out and told.

use clair_version::{Range, Scheme};

use super::index::{Index, Referent, State};
use crate::xml::Element;
use crate::{Skip, text};

/// A condition that is not about a package's version: on the release, the architecture, a module,
/// or how a package was built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Condition<'a> {
    /// What the vendor writes beside it.
    pub(crate) comment: &'a str,
    /// The package it is about, if it is about one.
    pub(crate) package: Option<&'a str>,
    /// What that package has to be like.
    pub(crate) state: Option<&'a State>,
}

/// Versions of a package, and under which conditions they are vulnerable.
#[derive(Debug, Clone)]
pub(crate) struct Finding<'a> {
    pub(crate) package: &'a str,
    /// The vulnerable versions. `None` says that the package is not affected at all.
    pub(crate) range: Option<Range>,
    /// The architectures of the package; empty for all.
    pub(crate) arches: Vec<String>,
    pub(crate) conditions: Vec<Condition<'a>>,
}

/// What the parts of a tree are.
enum Node<'a> {
    /// A branch: whether all of its parts have to hold, or any.
    Branch(bool, Vec<Self>),
    Condition(Condition<'a>),
    Package(Finding<'a>),
}

/// Who is told of what is left out, and what it is about.
type Skipped<'s> = dyn FnMut(Skip, &str) + 's;

/// What the criteria of a definition say of single packages.
pub(super) fn findings<'a>(
    criteria: &'a Element,
    index: &'a Index,
    skip: &mut Skipped<'_>,
) -> Vec<Finding<'a>> {
    let mut findings = Vec::new();
    if let Some(tree) = branch(criteria, index, skip) {
        tree.collect(&mut Vec::new(), &mut findings, skip);
    }
    findings
}

/// Reads a branch. `None` where nothing can be known by it.
fn branch<'a>(element: &'a Element, index: &'a Index, skip: &mut Skipped<'_>) -> Option<Node<'a>> {
    let is_all = element.attribute("operator") != "OR";
    let is_plain = matches!(element.attribute("operator"), "" | "AND" | "OR");
    if !is_plain || is_negated(element) {
        skip(Skip::Conditional, element.attribute("comment"));
        return None;
    }
    let mut nodes = Vec::new();
    for child in &element.children {
        let node = match child.name.as_str() {
            "criteria" => branch(child, index, skip),
            "criterion" => leaf(child, index, skip),
            "extend_definition" => {
                skip(Skip::Conditional, child.attribute("comment"));
                None
            }
            _ => continue,
        };
        match node {
            Some(node) => nodes.push(node),
            // Without one of its conditions, what depends on all of them would say too much.
            None if is_all => return None,
            None => {}
        }
    }
    (!nodes.is_empty()).then_some(Node::Branch(is_all, nodes))
}

fn leaf<'a>(element: &'a Element, index: &'a Index, skip: &mut Skipped<'_>) -> Option<Node<'a>> {
    let comment = element.attribute("comment");
    let mut condition = Condition {
        comment,
        package: None,
        state: None,
    };
    match index.referent(element.attribute("test_ref"), comment) {
        Referent::Missing => {
            skip(Skip::Dangling, comment);
            None
        }
        _ if is_negated(element) => {
            skip(Skip::Conditional, comment);
            None
        }
        Referent::Other => Some(Node::Condition(condition)),
        Referent::Package {
            is_negative: true, ..
        } => {
            skip(Skip::Conditional, comment);
            None
        }
        Referent::Package { name, states, .. } => {
            condition.package = Some(name);
            condition.state = states.first().copied();
            match finding(name, &states) {
                Ok(Some(finding)) => Some(Node::Package(finding)),
                Ok(None) => Some(Node::Condition(condition)),
                Err(reason) => {
                    skip(reason, comment);
                    None
                }
            }
        }
    }
}

fn is_negated(element: &Element) -> bool {
    matches!(element.attribute("negate"), "true" | "1")
}

/// What the states of a package say about its versions, if they do.
fn finding<'a>(package: &'a str, states: &[&State]) -> Result<Option<Finding<'a>>, Skip> {
    let mut finding = Finding {
        package,
        range: Some(Range::all()),
        arches: Vec::new(),
        conditions: Vec::new(),
    };
    // Without any state it is enough that the package is installed.
    let mut is_about_versions = states.is_empty();
    for state in states {
        if let Some(evr) = &state.evr {
            is_about_versions = true;
            let range = range(&evr.operation, &evr.value)?;
            finding.range = Some(both(finding.range.unwrap_or_default(), range)?);
            if let Some(arch) = &state.arch {
                finding.arches = arches(&arch.value).ok_or(Skip::Malformed)?;
            }
        } else if let Some(version) = &state.version
            && version.value.as_ref() == "0"
            && version.operation.as_ref() == "equals"
        {
            // No package has such a version: how SUSE says "is not affected".
            finding.range = None;
            return Ok(Some(finding));
        }
    }
    Ok(is_about_versions.then_some(finding))
}

/// The versions that an operation and a version mean.
fn range(operation: &str, evr: &str) -> Result<Range, Skip> {
    // Some of Azure Linux have a space in the middle, which no version has.
    let evr: &str = &evr.split_whitespace().collect::<String>();
    if !text::can_be_version(evr) || Scheme::Rpm.validate(evr).is_err() {
        return Err(Skip::BadVersion);
    }
    // rpm does not write an epoch of 0 either.
    let evr = evr.strip_prefix("0:").unwrap_or(evr);
    let evr = || Some(evr.to_owned());
    let mut range = Range::all();
    match operation {
        "less than" => range.fixed = evr(),
        "less than or equal" => range.last_affected = evr(),
        // The bound itself belongs to it by our ranges and not by the word. It is always a
        // version that nobody has, such as 0.0.0.
        "greater than or equal" | "greater than" => range.introduced = evr(),
        "equals" => {
            range.introduced = evr();
            range.last_affected = evr();
        }
        _ => return Err(Skip::Conditional),
    }
    if range.introduced.as_deref() == Some("0-0") {
        range.introduced = None;
    }
    Ok(range)
}

/// The versions that are in both of two ranges, which must not bound the same side.
fn both(a: Range, b: Range) -> Result<Range, Skip> {
    let side = |a: Option<String>, b: Option<String>| match (a, b) {
        (Some(_), Some(_)) => Err(Skip::Conditional),
        (a, b) => Ok(a.or(b)),
    };
    Ok(Range {
        introduced: side(a.introduced, b.introduced)?,
        fixed: side(a.fixed, b.fixed)?,
        last_affected: side(a.last_affected, b.last_affected)?,
    })
}

/// The architectures that a pattern means: `x86_64`, `(aarch64|x86_64)`.
fn arches(pattern: &str) -> Option<Vec<String>> {
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    let inner = pattern
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    let arches: Vec<String> = inner
        .unwrap_or(pattern)
        .split('|')
        .map(str::to_owned)
        .collect();
    let is_word = |arch: &String| {
        (1..=32).contains(&arch.len())
            && arch.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    arches.iter().all(is_word).then_some(arches)
}

impl<'a> Node<'a> {
    /// Whether there is a package in it.
    fn has_package(&self) -> bool {
        match self {
            Self::Branch(_, nodes) => nodes.iter().any(Self::has_package),
            Self::Package(_) => true,
            Self::Condition(_) => false,
        }
    }

    /// Adds what it says of packages, `conditions` being those on the way to it.
    fn collect(
        self,
        conditions: &mut Vec<Condition<'a>>,
        findings: &mut Vec<Finding<'a>>,
        skip: &mut Skipped<'_>,
    ) {
        match self {
            Self::Package(mut finding) => {
                finding.conditions.clone_from(conditions);
                findings.push(finding);
            }
            Self::Condition(condition) => skip(Skip::Conditional, condition.comment),
            Self::Branch(false, nodes) => {
                for node in nodes {
                    node.collect(conditions, findings, skip);
                }
            }
            Self::Branch(true, nodes) => all(nodes, conditions, findings, skip),
        }
    }

    /// Adds all conditions in it.
    fn conditions(&self, conditions: &mut Vec<Condition<'a>>) {
        match self {
            Self::Branch(_, nodes) => {
                for node in nodes {
                    node.conditions(conditions);
                }
            }
            Self::Condition(condition) => conditions.push(*condition),
            Self::Package(_) => {}
        }
    }
}

/// Adds what nodes say of packages that have to hold together: one with packages, and conditions.
fn all<'a>(
    nodes: Vec<Node<'a>>,
    conditions: &mut Vec<Condition<'a>>,
    findings: &mut Vec<Finding<'a>>,
    skip: &mut Skipped<'_>,
) {
    let outer = conditions.len();
    let (packages, others): (Vec<_>, Vec<_>) = nodes.into_iter().partition(Node::has_package);
    for other in &others {
        other.conditions(conditions);
    }
    match merged(packages) {
        Ok(Some(package)) => package.collect(conditions, findings, skip),
        Ok(None) => {}
        Err(package) => skip(Skip::Conditional, package),
    }
    conditions.truncate(outer);
}

/// One node for several that have to hold together: the versions of one package can be bounded on
/// both sides. Of two packages nothing can be said, and one of them is given.
fn merged(nodes: Vec<Node<'_>>) -> Result<Option<Node<'_>>, &str> {
    let mut whole = None;
    for node in nodes {
        whole = match (whole, node) {
            (None, node) => Some(node),
            (Some(Node::Package(mut a)), Node::Package(b))
                if a.package == b.package && a.arches == b.arches =>
            {
                let package = a.package;
                let (Some(left), Some(right)) = (a.range, b.range) else {
                    return Err(package);
                };
                a.range = Some(both(left, right).map_err(|_| package)?);
                Some(Node::Package(a))
            }
            (Some(Node::Package(a)), _) | (Some(_), Node::Package(a)) => return Err(a.package),
            _ => return Err(""),
        };
    }
    Ok(whole)
}
