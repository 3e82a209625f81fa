//! JSON Patch (RFC 6902) on configuration trees.

use super::node::{Node, Value};
use super::origin::Origin;
use super::problem::ConfigError;

/// Applies the operations of a patch document in their order.
///
/// # Errors
///
/// The first operation that is malformed, or does not fit the document.
pub(crate) fn apply(root: &mut Node, patch: Node) -> Result<(), ConfigError> {
    let Value::List(operations) = patch.value else {
        return Err(fault(&patch.origin, "a patch is a list of operations"));
    };
    for operation in operations {
        let origin = operation.origin.clone();
        Operation::read(operation)
            .and_then(|operation| operation.apply(root))
            .map_err(|message| fault(&origin, message))?;
    }
    Ok(())
}

fn fault(origin: &Origin, message: impl Into<String>) -> ConfigError {
    ConfigError::Patch {
        origin: origin.clone(),
        message: message.into(),
    }
}

enum Operation {
    Add(Pointer, Node),
    Remove(Pointer),
    Replace(Pointer, Node),
    Move { from: Pointer, to: Pointer },
    Copy { from: Pointer, to: Pointer },
    Test(Pointer, Node),
}

impl Operation {
    fn read(node: Node) -> Result<Self, String> {
        let Value::Map(mut fields) = node.value else {
            return Err("an operation is a mapping with op and path".to_owned());
        };
        let pointer = |name: &str| {
            let field = fields.get(name).and_then(Node::text);
            Pointer::parse(field.ok_or_else(|| format!("the operation has no {name}"))?)
        };
        let op = fields.get("op").and_then(Node::text).unwrap_or_default();
        let path = pointer("path")?;
        match op {
            "remove" => return Ok(Self::Remove(path)),
            "move" => {
                return Ok(Self::Move {
                    from: pointer("from")?,
                    to: path,
                });
            }
            "copy" => {
                return Ok(Self::Copy {
                    from: pointer("from")?,
                    to: path,
                });
            }
            "add" | "replace" | "test" => {}
            _ => return Err(format!("there is no operation {op:?}")),
        }
        let op = op.to_owned();
        let value = fields.remove("value").ok_or("the operation has no value")?;
        Ok(match op.as_str() {
            "add" => Self::Add(path, value),
            "replace" => Self::Replace(path, value),
            _ => Self::Test(path, value),
        })
    }

    fn apply(self, root: &mut Node) -> Result<(), String> {
        match self {
            Self::Add(path, value) => path.add(root, value),
            Self::Remove(path) => path.remove(root).map(drop),
            Self::Replace(path, value) => {
                *path.find(root)? = value;
                Ok(())
            }
            Self::Move { from, to } => {
                if to.0.len() > from.0.len() && to.0.starts_with(&from.0) {
                    return Err(format!("{from} cannot be moved into itself"));
                }
                let value = from.remove(root)?;
                to.add(root, value)
            }
            Self::Copy { from, to } => {
                let value = from.find(root)?.clone();
                to.add(root, value)
            }
            Self::Test(path, value) => {
                if same(path.find(root)?, &value) {
                    Ok(())
                } else {
                    Err(format!("{path} has another value than the patch expects"))
                }
            }
        }
    }
}

/// A JSON pointer (RFC 6901), by its parts.
#[derive(PartialEq)]
struct Pointer(Vec<String>);

impl std::fmt::Display for Pointer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

impl Pointer {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let parts = text
            .strip_prefix('/')
            .ok_or_else(|| format!("{text:?} is no JSON pointer, it has to begin with /"))?;
        Ok(Self(
            parts
                .split('/')
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .collect(),
        ))
    }

    fn find<'a>(&self, root: &'a mut Node) -> Result<&'a mut Node, String> {
        self.descend(root, &self.0)
    }

    fn add(&self, root: &mut Node, added: Node) -> Result<(), String> {
        let Some((target, parents)) = self.0.split_last() else {
            *root = added;
            return Ok(());
        };
        match &mut self.descend(root, parents)?.value {
            Value::Map(map) => {
                map.insert(target.clone(), added);
                Ok(())
            }
            Value::List(list) => {
                let index = match target.as_str() {
                    "-" => list.len(),
                    _ => index(target)
                        .filter(|index| *index <= list.len())
                        .ok_or_else(|| self.missing())?,
                };
                list.insert(index, added);
                Ok(())
            }
            _ => Err(self.missing()),
        }
    }

    fn remove(&self, root: &mut Node) -> Result<Node, String> {
        let (target, parents) = self
            .0
            .split_last()
            .ok_or("the whole document cannot be removed")?;
        let removed = match &mut self.descend(root, parents)?.value {
            Value::Map(map) => map.remove(target),
            Value::List(list) => index(target)
                .filter(|index| *index < list.len())
                .map(|index| list.remove(index)),
            _ => None,
        };
        removed.ok_or_else(|| self.missing())
    }

    fn descend<'a>(&self, root: &'a mut Node, parts: &[String]) -> Result<&'a mut Node, String> {
        let mut node = root;
        for part in parts {
            let next = match &mut node.value {
                Value::Map(map) => map.get_mut(part),
                Value::List(list) => index(part).and_then(|index| list.get_mut(index)),
                _ => None,
            };
            node = next.ok_or_else(|| self.missing())?;
        }
        Ok(node)
    }

    fn missing(&self) -> String {
        format!("there is no {self} in the document")
    }
}

/// An index as RFC 6901 has it: digits without leading zeros.
fn index(part: &str) -> Option<usize> {
    let canonical = part == "0" || !part.starts_with(['0', '+']);
    part.parse().ok().filter(|_| canonical)
}

/// Whether two values are equal by RFC 6902, section 4.6.
fn same(left: &Node, right: &Node) -> bool {
    match (&left.value, &right.value) {
        (Value::Null, Value::Null) => true,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Plain(left), Value::Plain(right)) => {
            left == right
                || matches!((left.parse::<f64>(), right.parse::<f64>()), (Ok(l), Ok(r)) if l.total_cmp(&r).is_eq())
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(l, r))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|((left_key, l), (right_key, r))| left_key == right_key && same(l, r))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
