//! A configuration document as a tree that remembers where each value was written.
//!
//! Files, drop-ins, patches and environment variables are laid over each other as such trees; only
//! the result is decoded. So a message can name the place of a value wherever it came from.

use std::collections::BTreeMap;

use super::origin::{KeyPath, Origin, Step};

/// A value and where it was written. For the value of a key that is the place of the key.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// A value whose type is still open: what a scalar means is up to whoever decodes it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    /// A scalar that may be a truth value or a number, as it was written.
    Plain(String),
    /// A scalar that is a text and nothing else.
    Text(String),
    List(Vec<Node>),
    Map(Map),
}

/// A mapping, by key.
pub(crate) type Map = BTreeMap<String, Node>;

impl Node {
    /// A mapping without keys.
    pub(crate) fn empty(origin: Origin) -> Self {
        Self {
            value: Value::Map(Map::new()),
            origin,
        }
    }

    /// What lies at a path.
    pub(crate) fn get(&self, path: &KeyPath) -> Option<&Self> {
        path.steps().iter().try_fold(self, Self::step)
    }

    /// The place of what lies at a path, or of the nearest that contains it.
    pub(crate) fn nearest(&self, path: &KeyPath) -> &Origin {
        let mut node = self;
        for step in path.steps() {
            match node.step(step) {
                Some(next) => node = next,
                None => break,
            }
        }
        &node.origin
    }

    /// Takes out what lies at a path. The elements of lists cannot be taken out, for that would
    /// change the paths of those behind: they become null.
    pub(crate) fn take(&mut self, path: &KeyPath) -> Option<Self> {
        let (target, parents) = path.steps().split_last()?;
        let mut node = self;
        for step in parents {
            node = node.step_mut(step)?;
        }
        match (target, &mut node.value) {
            (Step::Key(key), Value::Map(map)) => map.remove(key),
            (Step::Index(index), Value::List(list)) => {
                let element = list.get_mut(*index)?;
                let taken = element.clone();
                element.value = Value::Null;
                Some(taken)
            }
            _ => None,
        }
    }

    /// Puts a node at the end of a path of keys, with the mappings that lead there. Gives the node
    /// back if something on the way is no mapping.
    pub(crate) fn put(&mut self, keys: &[&str], node: Self) -> Result<(), Self> {
        let Value::Map(map) = &mut self.value else {
            return Err(node);
        };
        match keys {
            [] => Err(node),
            [key] => {
                map.insert((*key).to_owned(), node);
                Ok(())
            }
            [key, rest @ ..] => {
                let child = map
                    .entry((*key).to_owned())
                    .or_insert_with(|| Self::empty(node.origin.clone()));
                if matches!(child.value, Value::Null) {
                    child.value = Value::Map(Map::new());
                }
                child.put(rest, node)
            }
        }
    }

    /// The scalar as it was written.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Plain(text) | Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn step(&self, step: &Step) -> Option<&Self> {
        match (step, &self.value) {
            (Step::Key(key), Value::Map(map)) => map.get(key),
            (Step::Index(index), Value::List(list)) => list.get(*index),
            _ => None,
        }
    }

    fn step_mut(&mut self, step: &Step) -> Option<&mut Self> {
        match (step, &mut self.value) {
            (Step::Key(key), Value::Map(map)) => map.get_mut(key),
            (Step::Index(index), Value::List(list)) => list.get_mut(*index),
            _ => None,
        }
    }
}

/// Lays `over` onto `node` by the rules of a JSON merge patch (RFC 7386): mappings are merged key
/// by key, null removes, everything else replaces.
pub(crate) fn merge(node: &mut Node, over: Node) {
    let Value::Map(changes) = over.value else {
        *node = over;
        return;
    };
    if !matches!(node.value, Value::Map(_)) {
        *node = Node::empty(over.origin);
    }
    let Value::Map(map) = &mut node.value else {
        return;
    };
    for (key, change) in changes {
        if matches!(change.value, Value::Null) {
            map.remove(&key);
        } else if let Some(present) = map.get_mut(&key) {
            merge(present, change);
        } else {
            let mut added = Node::empty(change.origin.clone());
            merge(&mut added, change);
            map.insert(key, added);
        }
    }
}
