//! The tests of a document, with the objects and states that they refer to.
//!
//! Definitions stand at the beginning of a document and what they refer to at its end, so it is
//! read twice: first for this. Identifiers are long and mean nothing, so hashes of them are kept.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use crate::xml::{Element, Xml};
use crate::{Document, FeedError, LimitReached, Source, text};

/// The most tests, objects and states. The largest documents have some hundred thousand.
const ENTRIES: usize = 4_000_000;

/// A hash of an identifier.
type Key = u64;

/// All that criteria can refer to.
#[derive(Default)]
pub(super) struct Index {
    hash: RandomState,
    tests: HashMap<Key, Test>,
    /// Tests of something else than packages.
    others: HashSet<Key>,
    objects: HashMap<Key, Box<str>>,
    states: HashMap<Key, State>,
}

/// A test of an rpm package.
struct Test {
    comment: Key,
    is_negative: bool,
    object: Key,
    states: Box<[Key]>,
}

/// What a package has to be like. All that is there has to hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) evr: Option<Value>,
    pub(crate) version: Option<Value>,
    pub(crate) release: Option<Value>,
    pub(crate) arch: Option<Value>,
    /// Signed with a key, which an image does not tell.
    pub(crate) is_signature: bool,
}

/// A value to compare with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Value {
    /// The word of the OVAL schema: `less than`.
    pub(crate) operation: Box<str>,
    pub(crate) value: Box<str>,
}

/// What a criterion refers to.
pub(super) enum Referent<'i> {
    /// A package, of which one state has to hold, and whether none of them must.
    Package {
        name: &'i str,
        states: Vec<&'i State>,
        is_negative: bool,
    },
    /// Something else than a package.
    Other,
    /// Nothing: the document does not have it.
    Missing,
}

impl Index {
    /// Reads all but the definitions of a document.
    ///
    /// # Errors
    ///
    /// When it cannot be read to its end, or has more than we want to hold.
    pub(super) fn read(source: &Source, document: &mut Document) -> Result<Self, FeedError> {
        let location = document.location().to_owned();
        let mut index = Self::default();
        let mut xml = Xml::open(source, document, super::ROOT)?;
        while let Some(section) = xml.next()? {
            if !matches!(section.name.as_str(), "tests" | "objects" | "states") {
                xml.skip()?;
                continue;
            }
            while let Some(start) = xml.next()? {
                let entry = xml.element(start)?;
                index.add(&entry);
                if index.len() > ENTRIES {
                    let limit = LimitReached::Records(ENTRIES as u64);
                    let error = std::io::Error::other(limit);
                    return Err(FeedError::from_read(&source.name, &location, error));
                }
            }
        }
        xml.finish().map(|()| index)
    }

    /// What a criterion refers to by the id of a test. Some documents of ALT Linux use an id for
    /// a test of a package and for one of something else, and only the comment tells them apart.
    pub(super) fn referent(&self, id: &str, comment: &str) -> Referent<'_> {
        let key = self.key(id);
        let is_other = self.others.contains(&key);
        let test = self.tests.get(&key);
        match test.filter(|test| !is_other || test.comment == self.key(comment)) {
            Some(test) => self.package(test).unwrap_or(Referent::Missing),
            None if is_other => Referent::Other,
            None => Referent::Missing,
        }
    }

    fn package(&self, test: &Test) -> Option<Referent<'_>> {
        let states = test.states.iter().map(|state| self.states.get(state));
        Some(Referent::Package {
            name: self.objects.get(&test.object)?,
            states: states.collect::<Option<_>>()?,
            is_negative: test.is_negative,
        })
    }

    fn len(&self) -> usize {
        self.tests.len() + self.others.len() + self.objects.len() + self.states.len()
    }

    fn key(&self, text: &str) -> Key {
        self.hash.hash_one(text)
    }

    fn add(&mut self, entry: &Element) {
        let key = self.key(entry.attribute("id"));
        match entry.name.as_str() {
            "rpminfo_test" => {
                let test = self.test(entry);
                self.tests.insert(key, test);
            }
            "rpminfo_object" => {
                let name = entry.text_of("name");
                if text::is_name(name) {
                    self.objects.insert(key, name.into());
                }
            }
            "rpminfo_state" => {
                // Of two with one id, in documents of ALT Linux, one is not of a package.
                let state = State::read(entry);
                if !state.is_empty() || !self.states.contains_key(&key) {
                    self.states.insert(key, state);
                }
            }
            name if name.ends_with("_test") => {
                self.others.insert(key);
            }
            _ => {}
        }
    }

    fn test(&self, entry: &Element) -> Test {
        // Some documents of ALT Linux refer to objects by the name of the other reference.
        let reference = |element: &Element| {
            let of_object = element.attribute("object_ref");
            let of_state = element.attribute("state_ref");
            self.key(if of_object.is_empty() {
                of_state
            } else {
                of_object
            })
        };
        Test {
            comment: self.key(entry.attribute("comment")),
            is_negative: matches!(entry.attribute("check"), "none satisfy" | "none exist"),
            object: entry.child("object").map_or(0, reference),
            states: entry.children("state").map(reference).collect(),
        }
    }
}

impl State {
    fn read(entry: &Element) -> Self {
        let value = |name: &str| {
            let element = entry.child(name)?;
            let value = element.text.trim();
            let operation = match element.attribute("operation") {
                "" => "equals",
                operation => operation,
            };
            // Longer ones are none, and would only take memory.
            (value.len() <= 1024).then(|| Value {
                operation: text::line(operation).into(),
                value: value.into(),
            })
        };
        Self {
            evr: value("evr"),
            version: value("version"),
            release: value("release"),
            arch: value("arch"),
            is_signature: entry.child("signature_keyid").is_some(),
        }
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
