//! Values of the configuration from environment variables.
//!
//! The variable `CLAIR_A__B__C` sets the key `a.b.c`: `CLAIR_` in front, two underscores between
//! the levels, upper case for lower. A value that begins with `[` or `{` is read as YAML; any other
//! is taken as it is. Empty variables are as good as absent ones. Keys with other characters than
//! letters, digits and underscores, and elements of lists, cannot be set this way.
//!
//! Variables without two underscores set keys of the top level, such as `CLAIR_LOG_LEVEL`. Of
//! these only known ones count, because others are set by other hands: Kubernetes announces a
//! service called `clair` in `CLAIR_PORT` and the like.

use std::sync::Arc;

use super::node::{Node, Value, merge};
use super::origin::Origin;
use super::problem::ConfigError;
use super::syntax::parse_variable;

const PREFIX: &str = "CLAIR_";

/// Lays the variables over the document.
pub(crate) fn apply(
    root: &mut Node,
    variables: impl IntoIterator<Item = (String, String)>,
    top_level: &[&str],
) -> Result<(), ConfigError> {
    // Sorted, so that it does not depend on the environment's order which of two counts.
    let mut variables: Vec<_> = variables
        .into_iter()
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .collect();
    variables.sort();
    for (name, value) in variables {
        let keys = name[PREFIX.len()..].to_ascii_lowercase();
        let keys: Vec<&str> = keys.split("__").collect();
        if keys.len() == 1 && !top_level.contains(&keys[0]) {
            continue;
        }
        let name: Arc<str> = name.into();
        let value = read(value, &name)?;
        let over = keys.iter().rev().fold(value, |inner, key| Node {
            origin: inner.origin.clone(),
            value: Value::Map([((*key).to_owned(), inner)].into()),
        });
        merge(root, over);
    }
    Ok(())
}

fn read(value: String, name: &Arc<str>) -> Result<Node, ConfigError> {
    if value.trim_start().starts_with(['[', '{']) {
        return parse_variable(&value, name);
    }
    Ok(Node {
        value: Value::Plain(value),
        origin: Origin::Environment(Arc::clone(name)),
    })
}
